import type { Graph } from "../engines/openfga.ts";
import { guardNumber, isFence, isGenesis, genesisTuple, type Guards, keptEpochs, standing } from "../entities/fence.ts";
import type { HostKinds } from "../entities/host-kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import { inParallel } from "../entities/parallel.ts";
import { type Tuple, tupleKey } from "../entities/tuples.ts";
import type { Database } from "../stores/database.ts";
import {
  type Ledger,
  type LedgerPosition,
  listOrganizations,
  lockPosition,
  readLedger,
  readPosition,
  samePosition,
} from "../stores/ledger.ts";
import { fileTuples } from "../stores/outbox.ts";
import { inOrganization } from "../stores/scope.ts";
import { endDepartures } from "./departures.ts";
import { ALL_ENTITIES, compareEntities, type EntityScan, scanEntities, type Turn } from "./entity-drift.ts";
import { filedRebuild } from "./file-rebuild.ts";
import { described, type RelayLog } from "./log.ts";

export interface ReconcileDeps {
  /** Connected as `bailiwick_app`: reads the ledger and files repairs, one organization at a time. */
  readonly database: Database;
  /** Connected as `bailiwick_relay`: lists the organizations. */
  readonly relayDatabase: Database;
  readonly graph: Pick<Graph, "guards" | "readOrganization" | "readObjects">;
  /** Those of which the graph has entities. */
  readonly kinds: HostKinds;
  /** The relay's. */
  readonly apply: (organization: string) => Promise<void>;
  readonly clock: () => Date;
  readonly log: RelayLog;
  readonly readTimeoutMs: number; // of each Read
  /** Ends a comparison between two slices of entities. */
  readonly signal?: AbortSignal;
}

export const READ_TIMEOUT_MS = 2_000;

/** What one comparison found and did. */
export interface Report {
  readonly organization: string;
  /** `postponed`: rows are on their way and did not arrive, or the ledger moved each time; nothing was compared. */
  readonly outcome: "agrees" | "repaired" | "rebuilt" | "postponed";
  readonly missing: readonly Tuple[]; // the ledger has them, the graph had not; of entities LIMITS.tuplesReported at most
  readonly injected: readonly Tuple[]; // the other way round
  readonly rebuilt: boolean;
  readonly at: Date;
}

export interface ReconcileOptions {
  /** Takes the graph for lost wherever its fence stands. */
  readonly rebuilds?: boolean;
  /** Whose turn it is of its entities, once its built-in tuples agree or are repaired; all, when nobody says. */
  readonly turns?: Turns;
}

/** Which entities come next, organization by organization. */
export interface Turns {
  of(organization: string, epoch: number): Turn;
  /** Told where the next one begins. */
  ended(organization: string, epoch: number, next: string): void;
}

/**
 * Compares graph and ledger of one organization, its entities too, and files what repairs the graph through the outbox, like any change; it never
 * writes to OpenFGA itself. A graph whose fence is not where the ledger left it was lost or rolled back as a whole and is rebuilt.
 * Before that it ends what points to who has left. The ledger's version is not raised: nothing that decides has changed. Throws CANNOT_DECIDE when an engine does not answer.
 */
export async function reconcile(
  deps: ReconcileDeps,
  organization: string,
  { rebuilds = false, turns }: ReconcileOptions = {},
): Promise<Report> {
  await endDepartures(deps, organization);
  for (let tries = 0; tries < LIMITS.reconcileTries; tries += 1) {
    const ledger = await inOrganization(deps.database, organization, async (tx) => await readLedger(tx, organization));
    if (ledger === undefined) throw new Error(`no organization ${organization}`);
    const guards = await deps.graph.guards(organization, deps.readTimeoutMs);
    const state = rebuilds ? "lost" : stateOf(ledger.position, guards);
    if (state === "pending") {
      if (!(await applied(deps, organization))) break;
      continue;
    }
    if (state === "lost" && !rebuilds && !(await isStillLost(deps, ledger, guards))) continue;
    const graph = await deps.graph.readOrganization(ledger, deps.readTimeoutMs);
    const look = { ledger, guards, drift: compare(ledger, graph, state) };
    const report = state === "lost" ? await rebuilt(deps, look, turns) : await repaired(deps, look, turns);
    if (report === undefined) continue;
    const isNews = report.missing.length + report.injected.length > 0 || (state === "lost" && !rebuilds);
    if (isNews) tell(deps.log, report);
    return report;
  }
  return { organization, outcome: "postponed", missing: [], injected: [], rebuilt: false, at: deps.clock() };
}

/** Where a graph stands to its ledger: comparable, waiting for rows, or not one that the ledger's rows have made. */
function stateOf(position: LedgerPosition, guards: Guards): "holds" | "pending" | "lost" {
  const { applied: number, filed: last, rebuildEpoch } = position;
  const stands = standing(guards, { number: number + 1, rebuildEpoch });
  const isPending = last > number;
  if (stands === "lost" || (stands === "after" && !isPending)) return "lost";
  return isPending ? "pending" : "holds";
}

/** The ledger was read before the fence: rows that were filed or applied in between have moved the fence, and lost nothing. */
async function isStillLost(deps: ReconcileDeps, { organization, position }: Ledger, guards: Guards): Promise<boolean> {
  const now = await inOrganization(deps.database, organization, async (tx) => await readPosition(tx, organization));
  return now?.applied === position.applied && stateOf(now, guards) === "lost";
}

interface Drift {
  readonly missing: readonly Tuple[];
  readonly injected: readonly Tuple[];
}

/** Guards of a lost graph are no drift: the rebuilding Write sets them itself. The fence of one that holds is right. */
function compare(ledger: Ledger, graph: readonly Tuple[], state: "holds" | "lost"): Drift {
  const { organization, position } = ledger;
  const begun = state === "holds" && position.filed > 0;
  const genesis = begun ? keptEpochs(position.epoch).map((epoch) => genesisTuple(organization, epoch)) : [];
  const expected = [...ledger.tuples, ...genesis];
  const isBookkeeping = (tuple: Tuple): boolean =>
    isFence(tuple) || (isGenesis(tuple) && (state === "lost" || guardNumber(tuple) <= position.epoch));
  const wanted = new Set(expected.map(tupleKey));
  const present = new Set(graph.map(tupleKey));
  return {
    missing: expected.filter((tuple) => !present.has(tupleKey(tuple))),
    injected: graph.filter((tuple) => !wanted.has(tupleKey(tuple)) && !isBookkeeping(tuple)),
  };
}

interface Look {
  readonly ledger: Ledger;
  readonly guards: Guards;
  readonly drift: Drift;
}

/** Undefined: another rebuild came first. */
async function rebuilt(
  deps: ReconcileDeps,
  { ledger, guards, drift }: Look,
  turns?: Turns,
): Promise<Report | undefined> {
  const { organization, position } = ledger;
  // Genesis is never deleted: where it is gone with the fence, everything is gone, and what is not the look that follows finds.
  const isEmpty = guards.fences.length + guards.genesis.length === 0;
  const entities: EntityScan = isEmpty ? { missing: [], stale: [] } : await scanEntities(deps, organization);
  const stale = [...drift.injected, ...entities.stale];
  if (!(await filedRebuild(deps, { organization, position, guards, stale }))) return undefined;
  const missing = [...drift.missing, ...entities.missing];
  turns?.ended(organization, position.epoch, ""); // in another epoch now: the next look is at all of them
  await applied(deps, organization);
  return { organization, outcome: "rebuilt", missing, injected: stale, rebuilt: true, at: deps.clock() };
}

/** The built-in tuples, then the entities whose turn it is. Undefined: something moved in between. */
async function repaired(deps: ReconcileDeps, { ledger, drift }: Look, turns?: Turns): Promise<Report | undefined> {
  const { organization, position } = ledger;
  if (drift.missing.length + drift.injected.length > 0) {
    if (!(await filed(deps, ledger, drift))) return undefined;
    await applied(deps, organization);
  }
  const turn = turns?.of(organization, position.epoch) ?? ALL_ENTITIES;
  const entities = await compareEntities(deps, organization, turn);
  turns?.ended(organization, position.epoch, entities.next);
  const missing = [...drift.missing, ...entities.missing];
  const injected = [...drift.injected, ...entities.injected];
  const unrepaired = entities.isComplete ? "agrees" : "postponed";
  const outcome = missing.length + injected.length > 0 ? "repaired" : unrepaired;
  return { organization, outcome, missing, injected, rebuilt: false, at: deps.clock() };
}

/** False when anything moved since the ledger was read: then what was compared are two different moments. */
async function filed(deps: ReconcileDeps, { organization, position }: Ledger, drift: Drift): Promise<boolean> {
  return await inOrganization(deps.database, organization, async (tx) => {
    const current = await lockPosition(tx, organization);
    if (current === undefined || !samePosition(current, position)) return false;
    const change = { writes: drift.missing, deletes: drift.injected };
    await fileTuples(tx, { organization, version: position.version, change, now: deps.clock() });
    return true;
  });
}

/** Not at once is no failure: the relay goes on by itself. */
async function applied(deps: ReconcileDeps, organization: string): Promise<boolean> {
  return await deps.apply(organization).then(
    () => true,
    (error: unknown) => {
      deps.log("warn", "reconcile.not_applied_yet", { organization, ...described(error) });
      return false;
    },
  );
}

function tell(log: RelayLog, report: Report): void {
  const { organization, rebuilt, missing, injected } = report;
  const some = (tuples: readonly Tuple[]): string[] => tuples.slice(0, LIMITS.tuplesLogged).map(tupleKey);
  const counts = { missing: missing.length, injected: injected.length };
  log("warn", "reconcile.drift", {
    organization,
    rebuilt,
    ...counts,
    some: { missing: some(missing), injected: some(injected) },
  });
}

export interface ReconcileAllOptions {
  /** Told of each organization when it is done. */
  readonly onReport?: (report: Report) => void;
  /** Told of one that could not be compared; the others go on. */
  readonly onFailure?: (organization: string, error: unknown) => void;
  /** Ends it between two organizations. */
  readonly signal?: AbortSignal;
  /** The one organization of this slug. */
  readonly slug?: string | undefined;
  /** What is done with each; a comparison when nobody says. */
  readonly work?: (deps: ReconcileDeps, organization: string) => Promise<Report>;
}

/** Compares every organization, page by page. Gives how many there were. */
export async function reconcileAll(deps: ReconcileDeps, options: ReconcileAllOptions): Promise<number> {
  const { slug = null, work = reconcile } = options;
  let after = "";
  let count = 0;
  for (;;) {
    const page = await listOrganizations(deps.relayDatabase, { after, slug, limit: LIMITS.pageSize });
    await inParallel(page, LIMITS.reconcileConcurrency, async (organization) => {
      if (options.signal?.aborted === true) return;
      await work(deps, organization).then(options.onReport, (error: unknown) =>
        options.onFailure?.(organization, error),
      );
      count += 1;
    });
    const last = page.at(-1);
    if (last === undefined || options.signal?.aborted === true) return count;
    after = last;
  }
}
