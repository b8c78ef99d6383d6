import { isDeepStrictEqual } from "node:util";
import type { Graph } from "../../engines/openfga.ts";
import type { Model } from "../../engines/openfga-model.ts";
import type { WayBetween } from "./space.ts";
import { toldBeside, toldPair, type ToldWay } from "./way-words.ts";
import { isOneSubject, MOST_WAYS, relationsBy, type Way, waysTo } from "./ways.ts";

interface Made extends ToldWay, Pick<Way, "role" | "subject"> {
  readonly base: ReadonlySet<string>;
  readonly head: ReadonlySet<string>;
  /** Of several at a time, the words of those that it is more than; none: it is one. */
  readonly parts: readonly string[];
}

/**
 * The ways to things of this kind of which two models make different relations, and several of them at a time: a model can combine them, and a
 * policy can ask for what one gives beside what another gives.
 */
export async function waysBetween(
  kind: string,
  relations: readonly string[],
  base: { readonly model: Model; readonly graph: Graph },
  head: { readonly model: Model; readonly graph: Graph },
): Promise<{ readonly ways: readonly WayBetween[]; readonly isWhole: boolean }> {
  const { ways, isWhole } = waysTo([base.model, head.model], kind);
  const [was, is] = await Promise.all([
    relationsBy(base.graph, ways, relations),
    relationsBy(head.graph, ways, relations),
  ]);
  const made = ways.map(({ pair, ...way }, index): Made => {
    const parts = pair.flatMap((place) => ways[place]?.words ?? []);
    return { ...way, parts, base: was[index] ?? new Set(), head: is[index] ?? new Set() };
  });
  const singles = made.filter(({ parts }) => parts.length === 0);
  const asked = made.filter(({ parts }) => parts.length > 0);
  const all = [...singles, ...(asked.length > 0 ? asked : sumsOf(kind, singles))].filter(isChanged);
  const told = all.slice(0, MOST_WAYS).map(({ words, begins, anyDepth, tried, role, parts, ...each }): WayBetween => {
    const [one = [], other = []] = [each.base, each.head].map(sorted);
    return { words, begins, anyDepth, tried, role, parts, base: one, head: other };
  });
  return { ways: told, isWhole: isWhole && all.length <= MOST_WAYS };
}

function sorted(some: ReadonlySet<string>): string[] {
  return [...some].sort();
}

function isChanged({ base, head }: Pick<Made, "base" | "head">): boolean {
  return !isDeepStrictEqual(sorted(base), sorted(head));
}

/** Several at a time, where the models make the sum of them: one that changes, and what the subject can have beside it. */
function sumsOf(kind: string, singles: readonly Made[]): Made[] {
  const changed = singles.filter(isChanged);
  return changed.flatMap((one, index) => {
    const others = singles.filter((other) => other !== one && isOneSubject(one, other));
    const isPlain = (other: Made): boolean => !isChanged(other) && other.role === null;
    const pairs = others
      .filter((other) => !isPlain(other) && !changed.slice(0, index).includes(other))
      .map((other) => {
        const told = { ...toldPair(one, other), subject: one.subject, role: one.role ?? other.role };
        return { ...told, parts: [one.words, other.words], ...bothOf(one, other) };
      });
    return [...besides(kind, one, others.filter(isPlain)), ...pairs];
  });
}

/** By what the others give, and not one by one: they are the same on both sides. */
function besides(kind: string, one: Made, others: readonly Made[]): Made[] {
  const fixed = one.base.intersection(one.head);
  const sums = unionsOf(others.map(({ base }) => base.difference(fixed))).map((relations) => {
    const told = toldBeside(one, sorted(relations), kind);
    return { ...one, ...told, ...bothOf(one, { base: relations, head: relations }), relations };
  });
  return sums.map(({ relations, ...sum }) => {
    const less = sums.filter((other) => other.relations !== relations && other.relations.isSubsetOf(relations));
    return { ...sum, parts: [one.words, ...less.map(({ words }) => words)] };
  });
}

type Sides = Pick<Made, "base" | "head">;

function bothOf(one: Sides, other: Sides): Sides {
  return { base: one.base.union(other.base), head: one.head.union(other.head) };
}

/** Every union of some of these sets, each once, but the empty one. */
function unionsOf(sets: readonly ReadonlySet<string>[]): ReadonlySet<string>[] {
  const found = new Map<string, ReadonlySet<string>>();
  for (const set of sets) {
    for (const known of [new Set<string>(), ...found.values()]) {
      const union = known.union(set);
      if (union.size > 0) found.set(sorted(union).join(), union);
    }
  }
  return [...found.values()];
}
