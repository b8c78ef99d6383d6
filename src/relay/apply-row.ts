import type { Graph } from "../engines/openfga.ts";
import { cannotDecide } from "../entities/errors.ts";
import {
  fenceTuple,
  genesisTuple,
  guardNumber,
  type Guards,
  keptEpochs,
  type RowPosition,
  standing,
} from "../entities/fence.ts";
import { LIMITS } from "../entities/limits.ts";
import { type TupleChange, tupleKey } from "../entities/tuples.ts";

export interface Row extends RowPosition {
  readonly change: TupleChange;
}

export interface Applying {
  readonly graph: Pick<Graph, "guards" | "exists" | "write">;
  readonly organization: string;
  readonly row: Row;
  /** An earlier try of this row had no known end: the fence is read before anything is sent. */
  readonly isRetry: boolean;
  readonly writeTimeoutMs: number;
  readonly readTimeoutMs: number;
}

export type RowOutcome =
  | { readonly outcome: "applied" }
  /** The graph's fence is not where this row could begin. */
  | { readonly outcome: "lost"; readonly fences: readonly number[] }
  /** OpenFGA will never take this row. */
  | { readonly outcome: "impossible"; readonly reason: string };

/**
 * Brings one outbox row into the graph, by a Write that can happen only once (docs/decisions/0001-fence.md). Sends it at once, and
 * looks only when it is refused: at the fence, then at which of its tuples are so already (written or deleted by hand). Throws
 * CANNOT_DECIDE when nobody knows what became of it.
 */
export async function applyRow(applying: Applying): Promise<RowOutcome> {
  const { graph, organization, row, writeTimeoutMs, readTimeoutMs } = applying;
  let looksFirst = applying.isRetry || row.rebuildEpoch !== null;
  let refusal: string | undefined;
  for (let tries = 0; tries < LIMITS.relayTries; tries += 1) {
    const guards = looksFirst ? await graph.guards(organization, readTimeoutMs) : undefined;
    const stands = guards === undefined ? "before" : standing(guards, row);
    if (stands === "after") return { outcome: "applied" };
    if (stands === "lost") return { outcome: "lost", fences: (guards?.fences ?? []).map(guardNumber) };
    if (guards !== undefined && guards.fences.length > LIMITS.fencesCleared) {
      return { outcome: "impossible", reason: `${guards.fences.length} fence tuples are in the graph` };
    }
    const change = refusal === undefined ? row.change : await remaining(applying);
    const result = await graph.write(fenced(applying, change, guards), writeTimeoutMs);
    if (result.outcome === "applied") return { outcome: "applied" };
    if (result.outcome === "invalid" && refusal !== undefined) return { outcome: "impossible", reason: result.reason };
    refusal = result.outcome === "conflict" ? "it met another Write" : result.reason;
    looksFirst = true;
  }
  throw cannotDecide("openfga", new Error(`refused ${LIMITS.relayTries} times, at last: ${refusal ?? ""}`));
}

/** The row without what is so already. Only the fence may not be missing. */
async function remaining({ graph, row, readTimeoutMs }: Applying): Promise<TupleChange> {
  const { writes, deletes } = row.change;
  const present = await graph.exists([...deletes, ...writes], readTimeoutMs);
  return {
    writes: writes.filter((tuple) => !present.has(tupleKey(tuple))),
    deletes: deletes.filter((tuple) => present.has(tupleKey(tuple))),
  };
}

/** Adds what lets the Write happen once: the fence's swap; for a Write that begins a graph, its genesis. */
function fenced({ organization, row }: Applying, change: TupleChange, guards: Guards | undefined): TupleChange {
  const fence = fenceTuple(organization, row.number);
  if (row.rebuildEpoch !== null) {
    const epochs = new Set(guards?.genesis.map(guardNumber));
    const missing = keptEpochs(row.rebuildEpoch).filter((epoch) => !epochs.has(epoch));
    return {
      writes: [fence, ...missing.map((epoch) => genesisTuple(organization, epoch)), ...change.writes],
      deletes: [...(guards?.fences ?? []), ...change.deletes],
    };
  }
  if (row.number === 1)
    return { writes: [fence, genesisTuple(organization, 0), ...change.writes], deletes: change.deletes };
  return { writes: [fence, ...change.writes], deletes: [fenceTuple(organization, row.number - 1), ...change.deletes] };
}
