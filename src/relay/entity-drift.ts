import { LIMITS } from "../entities/limits.ts";
import { type Tuple, tupleKey } from "../entities/tuples.ts";
import type { Transaction } from "../stores/database.ts";
import { type GraphedEntity, readNamed, readSlice } from "../stores/entity-tuples.ts";
import { type LedgerPosition, lockPosition, readPosition, samePosition } from "../stores/ledger.ts";
import { fileTuples } from "../stores/outbox.ts";
import { inOrganization } from "../stores/scope.ts";
import { tuplesOfEntities } from "./entity-tuples.ts";
import type { ReconcileDeps } from "./reconcile.ts";

/** Which entities of an organization a comparison looks at: so many behind a surrogate. */
export interface Turn {
  readonly after: string; // "": from the first
  readonly most: number; // Infinity: to the last
}

export const ALL_ENTITIES: Turn = { after: "", most: Infinity };

/** What differed, LIMITS.tuplesReported of it at most. */
export interface EntityDrift {
  readonly missing: readonly Tuple[];
  readonly injected: readonly Tuple[];
  /** False: the organization moved each time, and some of it was left to the next comparison. */
  readonly isComplete: boolean;
  /** Where the next turn goes on; "": at the first. */
  readonly next: string;
}

/**
 * Compares entities, slice by slice, by a Read for each, and files what repairs the graph. A graph that lost its fence meanwhile takes
 * none of it, and is rebuilt. Throws CANNOT_DECIDE when an engine does not answer.
 */
export async function compareEntities(deps: ReconcileDeps, organization: string, turn: Turn): Promise<EntityDrift> {
  const missing: Tuple[] = [];
  const injected: Tuple[] = [];
  let isComplete = true;
  const next = await inSlices(deps, organization, turn, async (look) => {
    const drift = await repaired(deps, organization, look);
    isComplete &&= drift !== undefined;
    keep(missing, drift?.missing ?? []);
    keep(injected, drift?.injected ?? []);
  });
  return { missing, injected, isComplete, next };
}

/** What a rebuild must know of entities beforehand: `stale`, all that the graph has and the ledger had not when it was looked at. */
export interface EntityScan extends Pick<EntityDrift, "missing"> {
  readonly stale: readonly Tuple[];
}

/** Looks at every entity and files nothing. */
export async function scanEntities(deps: ReconcileDeps, organization: string): Promise<EntityScan> {
  const missing: Tuple[] = [];
  const stale: Tuple[] = [];
  await inSlices(deps, organization, ALL_ENTITIES, async (look) => {
    keep(missing, look.missing);
    stale.push(...look.injected);
    if (stale.length > LIMITS.graphTuples) throw new Error(`more than ${LIMITS.graphTuples} tuples were injected`);
    await Promise.resolve();
  });
  return { missing, stale };
}

function keep(kept: Tuple[], tuples: readonly Tuple[]): void {
  kept.push(...tuples.slice(0, Math.max(0, LIMITS.tuplesReported - kept.length)));
}

/** Gives where the next turn goes on. */
async function inSlices(
  deps: ReconcileDeps,
  organization: string,
  turn: Turn,
  work: (look: Look) => Promise<void>,
): Promise<string> {
  let { after, most } = turn;
  while (most > 0) {
    deps.signal?.throwIfAborted();
    const slice = { after, entities: Math.min(most, LIMITS.entitySlice), tuples: LIMITS.entitySliceTuples };
    const look = await lookAt(deps, organization, async (tx) => await readSlice(tx, organization, slice));
    if (look.last === undefined) return "";
    await work(look);
    after = look.last;
    most -= look.entities;
  }
  return after;
}

interface Look {
  /** Before anything else was read; of an organization that is gone there is none. */
  readonly position: LedgerPosition | undefined;
  readonly missing: readonly Tuple[];
  readonly injected: readonly Tuple[];
  readonly entities: number;
  readonly last: string | undefined;
}

type ReadEntities = (tx: Transaction) => Promise<readonly GraphedEntity[]>;

async function lookAt(deps: ReconcileDeps, organization: string, read: ReadEntities): Promise<Look> {
  const { position, entities } = await inOrganization(deps.database, organization, async (tx) => {
    return { position: await readPosition(tx, organization), entities: await read(tx) };
  });
  const { objects, known, wanted } = tuplesOfEntities(deps.kinds, organization, entities);
  const graph = await deps.graph.readObjects(objects, deps.readTimeoutMs);
  const present = new Set(graph.map(tupleKey));
  return {
    position,
    missing: wanted.filter((tuple) => !present.has(tupleKey(tuple))),
    injected: graph.filter((tuple) => !known.has(tupleKey(tuple))),
    entities: entities.length,
    last: entities.at(-1)?.surrogate,
  };
}

type Repaired = Pick<Look, "missing" | "injected">;

/** Looks again at what differed, and at nothing else, until nothing moved in between. Undefined: it moved each time. */
async function repaired(deps: ReconcileDeps, organization: string, first: Look): Promise<Repaired | undefined> {
  let look = first;
  for (let tries = 0; tries < LIMITS.reconcileTries; tries += 1) {
    const drifted = [...look.missing, ...look.injected];
    if (drifted.length === 0) return look;
    const isFiled = await filed(deps, organization, look);
    await deps.apply(organization).catch(() => undefined); // not at once is no failure: the relay goes on by itself
    if (isFiled) return look;
    const names = new Set(drifted.map(({ object }) => object.slice(object.indexOf(":") + 1)));
    look = await lookAt(deps, organization, async (tx) => await readNamed(tx, organization, [...names]));
  }
  return undefined;
}

/** False when something moved since, or was on its way then: what was compared are two different moments. */
async function filed(deps: ReconcileDeps, organization: string, look: Look): Promise<boolean> {
  const { position, missing, injected } = look;
  if (position === undefined || position.applied !== position.filed) return false;
  return await inOrganization(deps.database, organization, async (tx) => {
    const current = await lockPosition(tx, organization);
    if (current === undefined || !samePosition(current, position)) return false;
    const change = { writes: missing, deletes: injected };
    await fileTuples(tx, { organization, version: position.version, change, now: deps.clock() });
    return true;
  });
}
