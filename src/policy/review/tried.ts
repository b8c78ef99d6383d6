import { fits } from "./cells.ts";
import type { Difference } from "./differences.ts";
import { inWords } from "./point-words.ts";
import { ROLE, WAY } from "./reads.ts";
import { wordsFor } from "./regions.ts";
import type { Revisions } from "./revision.ts";

/** What was asked about a kind: what a difference rests on. */
export interface Tried {
  readonly kind: string;
  /** Every combination; or, where those are too many, every pair of values. */
  readonly isWhole: boolean;
  readonly facts: readonly TriedFact[];
  /** Were the model's relations tried, way by way? */
  readonly isByWays: boolean;
}

interface TriedFact {
  readonly fact: string;
  readonly words: string;
  readonly values: readonly string[];
}

/** By kind, every value of each fact that an action was asked about which is decided differently. */
export function triedIn(differences: readonly Difference[], revisions: Revisions): Tried[] {
  return [...Map.groupBy(differences, ({ kind }) => kind)].map(([kind, some]) => {
    const dimensions = some.flatMap(({ cells }) => cells.dimensions);
    const byFact = Map.groupBy(dimensions, ({ fact }) => fact);
    byFact.delete(WAY);
    const facts = [...byFact].map(([fact, each]) => {
      const points = each.flatMap((dimension) => dimension.points.filter(fits));
      const told = points.map((point) => inWords(point, revisions));
      const isNumbers = points.every((point) => point.is === "value" && typeof point.value === "number");
      const words = fact === ROLE ? "the role" : wordsFor(fact, { kind, revisions });
      return { fact, words, values: [...new Set(isNumbers ? told.sort((a, b) => Number(a) - Number(b)) : told)] };
    });
    const isWhole = some.every(({ cells }) => cells.isWhole);
    return { kind, isWhole, facts, isByWays: dimensions.some(({ fact }) => fact === WAY) };
  });
}
