import { setTimeout as wait } from "node:timers/promises";
import { LIMITS } from "../entities/limits.ts";
import { described } from "./log.ts";
import { rebuild } from "./rebuild.ts";
import { createTurns } from "./turns.ts";
import { reconcile, reconcileAll, type ReconcileAllOptions, type ReconcileDeps, type Report } from "./reconcile.ts";

/** `graph` and `kinds` are read at the beginning of each comparison: they can be others then. */
export interface ReconcilerOptions extends ReconcileDeps {
  /** How long an organization that was compared is left alone, however many ask. */
  readonly restMs?: number;
  /** Where among the entities of an organization the first look begins, a surrogate: elsewhere in each gateway, after each start. */
  readonly beginsAt?: () => string;
}

/** Counts since the start, and the latest drifts. */
export interface ReconcileStatus {
  readonly compared: number;
  readonly repaired: number;
  readonly rebuilt: number;
  readonly postponed: number;
  readonly failed: number;
  readonly missing: number; // tuples
  readonly injected: number; // tuples
  readonly dropped: number; // requests, because too many waited; the next round has them all
  readonly waiting: number; // requests, now
  readonly reports: readonly Report[]; // of drift only; the latest last
}

export interface RoundOptions extends Pick<ReconcileAllOptions, "onReport" | "onFailure" | "slug"> {
  /** Rebuilds the graph although it may be right, and looks until it is. */
  readonly rebuilds?: boolean;
  /** Compares every entity, not only those whose turn it is. */
  readonly allEntities?: boolean;
}

export interface Reconciler {
  /** Asks for a comparison, soon; asking again before it begins asks for the same one. Never throws, never waits. */
  request(organization: string): void;
  /** Compares every organization now, or the one of a slug; or rebuilds the graph of each. Gives how many there were. */
  all(options?: RoundOptions): Promise<number>;
  /** Compares every organization now and again after each interval, until `close`. */
  start(intervalMs: number): void;
  /** Resolves when no request is waiting or under way. */
  idle(): Promise<void>;
  status(): ReconcileStatus;
  /** Begins nothing more, and waits for what is under way. */
  close(): Promise<void>;
}

const REST_MS = 1_000;

type Work = NonNullable<ReconcileAllOptions["work"]>;

/** Compares organizations when somebody asks, all of them from time to time, and keeps count of what was found. */
export function createReconciler(given: ReconcilerOptions): Reconciler {
  const closing = new AbortController();
  const options = { ...given, signal: closing.signal };
  const turns = createTurns(given.beginsAt ?? (() => ""));
  const now = (): ReconcileDeps => ({ ...given, signal: closing.signal });
  const inTurn: Work = async (_deps, organization) => await reconcile(now(), organization, { turns });
  const tally = createTally(options);
  const queue = createQueue({ ...options, work: inTurn }, tally, closing.signal);
  let rounds: Promise<void> | undefined;
  const all: Reconciler["all"] = async ({ slug, rebuilds = false, allEntities = false, onReport, onFailure } = {}) => {
    const looking = rebuilds ? rebuild : reconcile;
    const whole: Work = async (_deps, organization) => await looking(now(), organization);
    return await reconcileAll(options, {
      signal: closing.signal,
      slug,
      work: rebuilds || allEntities ? whole : inTurn,
      onReport: (report) => {
        tally.record(report);
        onReport?.(report);
      },
      onFailure: (organization, error) => {
        tally.fail(organization, error);
        onFailure?.(organization, error);
      },
    });
  };
  const repeat = async (intervalMs: number): Promise<void> => {
    while (!closing.signal.aborted) {
      await all().catch((error: unknown) => tally.fail("*", error)); // the ledger does not answer: the next round
      await wait(intervalMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined); // woken by close
    }
  };
  return {
    request: queue.request,
    all,
    start: (intervalMs) => {
      rounds ??= repeat(intervalMs);
    },
    idle: queue.idle,
    status: () => ({ ...tally.counts, ...queue.counts(), reports: [...tally.reports] }),
    close: async () => {
      closing.abort();
      await Promise.all([rounds, queue.close()]);
    },
  };
}

interface Tally {
  readonly counts: Omit<ReconcileStatus, "dropped" | "waiting" | "reports">;
  readonly reports: readonly Report[];
  readonly record: (report: Report) => void;
  readonly fail: (organization: string, error: unknown) => void;
}

function createTally({ log }: Pick<ReconcileDeps, "log">): Tally {
  const counts = { compared: 0, repaired: 0, rebuilt: 0, postponed: 0, failed: 0, missing: 0, injected: 0 };
  const reports: Report[] = [];
  return {
    counts,
    reports,
    record: (report) => {
      counts.compared += 1;
      counts.missing += report.missing.length;
      counts.injected += report.injected.length;
      if (report.outcome === "agrees") return;
      counts[report.outcome] += 1;
      if (report.outcome === "postponed") return;
      reports.push(report);
      if (reports.length > LIMITS.reportsKept) reports.shift();
    },
    fail: (organization, error) => {
      counts.failed += 1;
      log("warn", "reconcile.failed", { organization, ...described(error) });
    },
  };
}

interface Queue {
  readonly request: (organization: string) => void;
  readonly idle: () => Promise<void>;
  readonly counts: () => Pick<ReconcileStatus, "dropped" | "waiting">;
  readonly close: () => Promise<void>;
}

/** Requests by organization: one comparison at a time for each, then a rest, so that a disagreement cannot become a load. */
function createQueue(options: ReconcilerOptions & { readonly work: Work }, tally: Tally, closing: AbortSignal): Queue {
  const { restMs = REST_MS } = options;
  const waiting = new Set<string>();
  const resting = new Set<string>(); // or under way
  const underWay = new Set<Promise<void>>();
  let dropped = 0;
  let settled = Promise.withResolvers<undefined>();

  const compare = async (organization: string): Promise<void> => {
    await options.work(options, organization).then(tally.record, (error: unknown) => tally.fail(organization, error));
  };
  const begin = (organization: string): void => {
    waiting.delete(organization);
    resting.add(organization);
    const running = compare(organization).finally(() => {
      underWay.delete(running);
      setTimeout(() => {
        resting.delete(organization);
        next();
      }, restMs).unref();
      next();
    });
    underWay.add(running);
  };
  const next = (): void => {
    for (const organization of waiting) {
      if (closing.aborted || underWay.size >= LIMITS.reconcileConcurrency) break;
      if (!resting.has(organization)) begin(organization);
    }
    if (waiting.size + underWay.size > 0) return;
    settled.resolve(undefined);
    settled = Promise.withResolvers();
  };
  return {
    request: (organization) => {
      if (closing.aborted || waiting.has(organization)) return;
      if (waiting.size >= LIMITS.reconcileQueue) dropped += 1;
      else waiting.add(organization);
      next();
    },
    idle: async () => {
      if (waiting.size + underWay.size > 0) await settled.promise;
    },
    counts: () => ({ dropped, waiting: waiting.size }),
    close: async () => {
      waiting.clear();
      await Promise.allSettled(underWay);
    },
  };
}
