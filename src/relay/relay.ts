import { setTimeout as wait } from "node:timers/promises";
import type { Graph } from "../engines/openfga.ts";
import { AppError, cannotDecide } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import { inParallel } from "../entities/parallel.ts";
import type { Database } from "../stores/database.ts";
import {
  type Backlog,
  type Claim,
  claimRows,
  listDue,
  readBacklog,
  readRelayPosition,
  recordApplied,
  recordFailed,
  recordStopped,
  releaseLease,
  resumeStopped,
} from "../stores/positions.ts";
import { applyRow, type RowOutcome } from "./apply-row.ts";
import { coalesced } from "./coalesced.ts";
import { described, type RelayLog } from "./log.ts";
import { recovered } from "./recovery.ts";

export type { RelayLog } from "./log.ts";

export interface RelayOptions {
  /** Connected as `bailiwick_relay`. */
  readonly database: Database;
  /** Read at the beginning of each run: it can be another one then, under another model. */
  readonly graph: Pick<Graph, "guards" | "exists" | "write">;
  /** Who holds the leases: another one for each relay that ever runs. */
  readonly owner: string;
  readonly clock: () => Date;
  /** Gives a number in [0, 1), for the back-off's jitter. */
  readonly jitter: () => number;
  readonly log: RelayLog;
  /** Told of an organization whose graph and ledger should be compared: it was lost, or has just been rebuilt. */
  readonly requestReconcile: (organization: string) => void;
  readonly writeTimeoutMs?: number;
  readonly readTimeoutMs?: number;
  /** How often it looks for organizations that nobody applies. */
  readonly pollMs?: number;
  /** How long `apply` waits for a relay that is at work on the same organization. */
  readonly patienceMs?: number;
}

export interface Relay {
  /**
   * Resolves when everything filed for the organization before the call is in OpenFGA. Throws CANNOT_DECIDE when that does not
   * happen soon: OpenFGA fails, or has just failed and is not seen to be back, the graph waits for its rebuild, the organization is stopped.
   */
  apply(organization: string): Promise<void>;
  /** Gives what was stopped another try and picks up whatever is due from here on, until `close`. */
  start(): void;
  status(): Promise<Backlog>;
  /** Begins nothing more, and waits for what is under way. */
  close(): Promise<void>;
}

const DEFAULTS = { writeTimeoutMs: 2_000, readTimeoutMs: 1_000, pollMs: 500, patienceMs: 1_000 };
const LEASE_POLL_MS = 25;
const STOPPED_NAMED = 20;

type Settings = Required<RelayOptions> & { readonly closing: AbortSignal };
/** Why a run ended: everything is applied, or the reason why not. */
type End = "applied" | { readonly reason: string };
const BACKING_OFF: End = { reason: "backing off" };

/** Carries outbox rows into OpenFGA, in their order, each once. */
export function createRelay(options: RelayOptions): Relay {
  const closing = new AbortController();
  const settings: Settings = { ...DEFAULTS, ...options, closing: closing.signal };
  const underWay = new Set<Promise<unknown>>();
  const run = coalesced(async (organization: string) => {
    const running = drained({ ...settings, graph: options.graph }, organization);
    underWay.add(running);
    return await running.finally(() => underWay.delete(running));
  });
  const isBack = coalesced(async (organization) => {
    return await recovered({ ...settings, graph: options.graph }, organization);
  });
  let loop: Promise<void> | undefined;
  return {
    apply: async (organization) => {
      let end = await run(organization);
      if (end === BACKING_OFF && (await isBack(organization))) end = await run(organization);
      if (end !== "applied") throw cannotDecide("openfga", new Error(end.reason));
    },
    start: () => {
      loop ??= poll(settings, run);
    },
    status: async () => await readBacklog(settings.database, STOPPED_NAMED),
    close: async () => {
      closing.abort();
      await loop;
      await Promise.allSettled(underWay);
    },
  };
}

async function poll(settings: Settings, run: (organization: string) => Promise<End>): Promise<void> {
  const { database, clock, pollMs, closing, log } = settings;
  const tell = (about: object, error: unknown): void =>
    log("error", "relay.poll_failed", { ...about, ...described(error) });
  let resumed = false;
  while (!closing.aborted) {
    try {
      if (!resumed) await resumeStopped(database);
      resumed = true;
      const due = await listDue(database, clock(), LIMITS.relayOrganizations);
      await inParallel(due, LIMITS.relayConcurrency, async (organization) => {
        await run(organization).catch((error: unknown) => tell({ organization }, error));
      });
    } catch (error) {
      tell({}, error);
    }
    await wait(pollMs, undefined, { signal: closing, ref: false }).catch(() => undefined); // woken by close
  }
}

/** Applies rows until none is left, or until one cannot be applied now. Throws when Postgres fails. */
async function drained(settings: Settings, organization: string): Promise<End> {
  const { database, owner, clock, closing } = settings;
  const deadline = clock().getTime() + settings.patienceMs;
  for (let claims = 0; claims < LIMITS.relayClaims; claims += 1) {
    if (closing.aborted) return { reason: "the relay is closing" };
    const now = clock();
    const limit = LIMITS.relayBatch;
    const claim = await claimRows(database, { organization, owner, now, leaseUntil: leaseFrom(now), limit });
    if (claim === undefined) {
      const end = await whyNothing(settings, organization);
      if (end !== "leased") return end;
      if (clock().getTime() >= deadline) return { reason: "another relay is at work on it" };
      await wait(LEASE_POLL_MS);
      continue;
    }
    const end = await applyRows(settings, claim);
    if (end === "moved") continue;
    if (end !== "applied" || claim.rows.length < limit) return end;
  }
  return { reason: "more rows than one run applies" };
}

async function whyNothing({ database, clock }: Settings, organization: string): Promise<End | "leased"> {
  const position = await readRelayPosition(database, organization);
  if (position === undefined) throw new Error(`no organization ${organization}`);
  if (position.applied >= position.filed) return "applied";
  if (position.stopped !== null) return { reason: `stopped: ${position.stopped}` };
  if (position.nextAttemptAt !== null && position.nextAttemptAt > clock()) return BACKING_OFF;
  return "leased"; // or it was, a moment ago
}

/** Applies the rows of a claim. `moved`: the position is not what the claim said; claim again. */
async function applyRows(settings: Settings, claim: Claim): Promise<End | "moved"> {
  const { database, owner, clock, requestReconcile } = settings;
  const { organization } = claim;
  if (claim.rows.length === 0) {
    await releaseLease(database, organization, owner);
    return "moved";
  }
  for (const [index, row] of claim.rows.entries()) {
    const applied = claim.applied + index;
    if (row.number !== applied + 1)
      return await stop(settings, { organization, applied }, `row ${applied + 1} is missing`);
    const outcome = await tryRow(settings, claim, index);
    if (outcome instanceof AppError)
      return await backOff(settings, claim, applied, described(outcome).cause ?? outcome.message);
    if (outcome.outcome === "impossible") return await stop(settings, { organization, applied }, outcome.reason);
    if (outcome.outcome === "lost") return await lost(settings, claim, applied, outcome.fences);
    const isLast = index === claim.rows.length - 1;
    const leaseUntil = isLast ? null : leaseFrom(clock());
    await recordApplied(database, { organization, number: row.number, owner, leaseUntil });
    // Before this row an older Write could still have changed something; from here on none can, so that a look is final.
    if (row.rebuildEpoch !== null) requestReconcile(organization);
  }
  return "applied";
}

async function tryRow(settings: Settings, claim: Claim, index: number): Promise<RowOutcome | AppError> {
  const { graph, writeTimeoutMs, readTimeoutMs } = settings;
  const row = claim.rows[index];
  if (row === undefined) throw new Error(`a claim has no row ${index}`);
  const { organization } = claim;
  try {
    const isRetry = index === 0 && claim.attempts > 0;
    return await applyRow({ graph, organization, row, isRetry, writeTimeoutMs, readTimeoutMs });
  } catch (error) {
    if (error instanceof AppError && error.code === "CANNOT_DECIDE") return error;
    throw error;
  }
}

async function backOff(settings: Settings, claim: Claim, applied: number, reason: string): Promise<End> {
  const { database, owner, clock, jitter, log } = settings;
  const attempts = applied === claim.applied ? claim.attempts : 0;
  const longest = Math.min(LIMITS.backoffMostMs, LIMITS.backoffFirstMs * 2 ** Math.min(attempts, 16));
  const nextAttemptAt = new Date(clock().getTime() + longest * (0.5 + jitter() / 2));
  const { organization } = claim;
  log("warn", "relay.failed", { organization, row: applied + 1, attempts: attempts + 1, nextAttemptAt, reason });
  await recordFailed(database, { organization, owner, applied, nextAttemptAt });
  return { reason };
}

async function stop(settings: Settings, at: { organization: string; applied: number }, reason: string): Promise<End> {
  const { organization, applied } = at;
  settings.log("error", "relay.stopped", { organization, row: applied + 1, reason });
  await recordStopped(settings.database, { ...at, owner: settings.owner, reason });
  return { reason };
}

/** The fence was read before the position: if that has not moved, nobody else has moved the fence either. */
async function lost(
  settings: Settings,
  claim: Claim,
  applied: number,
  fences: readonly number[],
): Promise<End | "moved"> {
  const position = await readRelayPosition(settings.database, claim.organization);
  if (position?.applied !== applied) return "moved";
  settings.log("error", "relay.graph_lost", { organization: claim.organization, applied, fences });
  const end = await backOff(settings, claim, applied, "the graph was lost; it waits for its rebuild");
  settings.requestReconcile(claim.organization);
  return end;
}

function leaseFrom(now: Date): Date {
  return new Date(now.getTime() + LIMITS.relayLeaseMs);
}
