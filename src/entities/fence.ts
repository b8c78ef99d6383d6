import { LIMITS } from "./limits.ts";
import type { Tuple } from "./tuples.ts";

/**
 * The relay's bookkeeping inside the graph (docs/decisions/0001-fence.md has the argument). Per organization:
 *   fence#n     exactly one: n is the number of the last outbox row that the graph has; every Write swaps it
 *   genesis#e   for each rebuild e (0: the first Write ever); never deleted, so a Write that begins a graph happens once
 */
export interface Guards {
  readonly fences: readonly Tuple[];
  readonly genesis: readonly Tuple[];
}

/** What the fence must know of an outbox row. */
export interface RowPosition {
  readonly number: number;
  /** Set on the row that begins a rebuilt graph. */
  readonly rebuildEpoch: number | null;
}

export function fenceTuple(organization: string, number: number): Tuple {
  return { user: `fence:${number}`, relation: "fence", object: `organization:${organization}` };
}

export function genesisTuple(organization: string, epoch: number): Tuple {
  return { user: `epoch:${epoch}`, relation: "genesis", object: `organization:${organization}` };
}

export function isFence(tuple: Tuple): boolean {
  return tuple.relation === "fence" && tuple.object.startsWith("organization:");
}

export function isGenesis(tuple: Tuple): boolean {
  return tuple.relation === "genesis" && tuple.object.startsWith("organization:");
}

/** The number that a fence or genesis tuple carries; NaN, which equals nothing, for one that we cannot have written. */
export function guardNumber(tuple: Tuple): number {
  const text = tuple.user.slice(tuple.user.indexOf(":") + 1);
  return /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : Number.NaN;
}

/** Is the graph's fence where the ledger left it? An organization of which nothing was ever filed has none. */
export function fenceHolds(fences: readonly number[], applied: number): boolean {
  return applied === 0 ? fences.length === 0 : fences.length === 1 && fences[0] === applied;
}

/**
 * Where the graph stands to an outbox row: `before` (it can be applied), `after` (it has been), or `lost`: the graph is not one
 * that the rows up to here have made.
 */
export function standing(guards: Guards, row: RowPosition): "before" | "after" | "lost" {
  const fences = guards.fences.map(guardNumber);
  const epochs = guards.genesis.map(guardNumber);
  if (fenceHolds(fences, row.number)) return "after";
  if (row.rebuildEpoch !== null) {
    return fences.includes(row.number) || epochs.includes(row.rebuildEpoch) ? "lost" : "before";
  }
  if (row.number === 1 && epochs.includes(0)) return "lost";
  return fenceHolds(fences, row.number - 1) ? "before" : "lost";
}

/** The epochs whose genesis a graph of this epoch must have: the first, and the latest ones. */
export function keptEpochs(epoch: number): number[] {
  const from = Math.max(1, epoch - LIMITS.epochsKept);
  return [0, ...Array.from({ length: epoch - from + 1 }, (_, index) => from + index)];
}
