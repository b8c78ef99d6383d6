import { guardNumber, type Guards, isFence, isGenesis } from "../entities/fence.ts";
import { LIMITS } from "../entities/limits.ts";
import { lotsOf } from "../entities/parallel.ts";
import { type Tuple, tupleKey } from "../entities/tuples.ts";
import type { Transaction } from "../stores/database.ts";
import { readNamed, readSlice } from "../stores/entity-tuples.ts";
import { type LedgerPosition, lockPosition, readLedger } from "../stores/ledger.ts";
import { fileRebuild, fileTuples, pendingDeletes } from "../stores/outbox.ts";
import { inOrganization } from "../stores/scope.ts";
import { tuplesOfEntities } from "./entity-tuples.ts";
import type { ReconcileDeps } from "./reconcile.ts";

export interface Rebuilding {
  readonly organization: string;
  /** Where it was before anybody looked. */
  readonly position: LedgerPosition;
  readonly guards: Guards;
  /** What the graph has and the ledger had not, at some moment since. */
  readonly stale: readonly Tuple[];
}

/**
 * Files a graph that is made again: everything that the ledger has at this moment, and that all goes which it has not. The looks were earlier
 * and need not be repeated: what has come into the ledger since is no longer stale, and what has left it has its rows in the outbox. False when another
 * rebuild came first.
 */
export async function filedRebuild(deps: ReconcileDeps, rebuilding: Rebuilding): Promise<boolean> {
  const { organization, position, guards } = rebuilding;
  return await inOrganization(deps.database, organization, async (tx) => {
    const current = await lockPosition(tx, organization);
    if (current?.epoch !== position.epoch || current.rebuildEpoch !== position.rebuildEpoch) return false;
    const ledger = await readLedger(tx, organization);
    if (ledger === undefined) return false;
    const common = { organization, version: current.version, now: deps.clock() };
    const gone = [...rebuilding.stale, ...(await pendingDeletes(tx, organization, current.applied))];
    const kept = new Set([...ledger.tuples.map(tupleKey), ...(await entityTuplesOn(deps, tx, organization, gone))]);
    const deletes = gone.filter((tuple) => !kept.has(tupleKey(tuple)) && !isFence(tuple) && !isGenesis(tuple)); // its Write sees to these
    const change = { writes: ledger.tuples, deletes };
    await fileRebuild(tx, { ...common, change, ...fresh(current, guards) });
    let after = "";
    for (;;) {
      const slice = { after, entities: LIMITS.entitySlice, tuples: LIMITS.entitySliceTuples };
      const entities = await readSlice(tx, organization, slice);
      const last = entities.at(-1);
      if (last === undefined) return true;
      const { wanted } = tuplesOfEntities(deps.kinds, organization, entities);
      await fileTuples(tx, { ...common, change: { writes: wanted, deletes: [] } });
      after = last.surrogate;
    }
  });
}

/** Of the objects of these tuples: what the ledger has on them. */
async function entityTuplesOn(
  { kinds }: Pick<ReconcileDeps, "kinds">,
  tx: Transaction,
  organization: string,
  tuples: readonly Tuple[],
): Promise<Set<string>> {
  const names = new Set(tuples.map(({ object }) => object.slice(object.indexOf(":") + 1)));
  const held = new Set<string>();
  for (const lot of lotsOf([...names], LIMITS.entitySlice)) {
    const { known } = tuplesOfEntities(kinds, organization, await readNamed(tx, organization, lot));
    for (const key of known) held.add(key);
  }
  return held;
}

/** How far ahead a fence can be of a ledger that was restored from a backup; beyond it somebody has made it up. */
const FENCES_AHEAD = 1_000_000;
const EPOCHS_AHEAD = 1_000;

/** A number and an epoch that no Write has carried yet, also when it is the ledger that was rolled back, not the graph. */
function fresh(position: LedgerPosition, guards: Guards): { from: number; epoch: number } {
  const { filed: numbers, epoch: epochs } = position;
  const fences = guards.fences.map(guardNumber).filter((number) => number <= numbers + FENCES_AHEAD);
  const genesis = guards.genesis.map(guardNumber).filter((epoch) => epoch <= epochs + EPOCHS_AHEAD);
  return { from: Math.max(numbers, ...fences), epoch: Math.max(epochs, ...genesis) + 1 };
}
