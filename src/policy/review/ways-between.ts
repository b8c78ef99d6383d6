import { isDeepStrictEqual } from "node:util";
import type { Graph } from "../../engines/openfga.ts";
import type { Model } from "../../engines/openfga-model.ts";
import type { WayBetween } from "./space.ts";
import { toldBeside, toldPair, type ToldWay } from "./way-words.ts";
import { definedIn, isOneSubject, MOST_WAYS, relationsBy, type Way, waysTo } from "./ways.ts";

interface Made extends ToldWay, Pick<Way, "role" | "subject"> {
  readonly base: ReadonlySet<string>;
  readonly head: ReadonlySet<string>;
  /** Of several at a time, the words of those that it is more than; none: it is one. */
  readonly parts: readonly string[];
}

interface OneSide {
  readonly model: Model;
  readonly graph: Graph;
}

export interface WaysBetween {
  readonly ways: readonly WayBetween[];
  /** Are these all that there are? */
  readonly isWhole: boolean;
  /** Did the graph say what every two give, and nobody what three do? */
  readonly isByPairs: boolean;
}

/** Unions of what unchanged ways give; beyond them not all was tried. */
const MOST_UNIONS = 64;

/**
 * The ways to things of this kind of which two models make different relations, and several of them at a time: a model can combine them, and a
 * policy can ask for what one gives beside what another gives.
 */
export async function waysBetween(
  kind: string,
  relations: readonly string[],
  base: OneSide,
  head: OneSide,
): Promise<WaysBetween> {
  const { ways, isWhole } = waysTo([base.model, head.model], kind);
  const [was, is] = await Promise.all(
    [base, head].map(async ({ model, graph }) => await relationsBy(graph, ways, definedIn(model, kind, relations))),
  );
  const made = ways.map(({ pair, ...way }, index): Made => {
    const parts = pair.flatMap((place) => ways[place]?.words ?? []);
    // Of two at a time, one of which a model does not know, it makes what it makes of the other.
    const given = (sides: typeof was): ReadonlySet<string> =>
      sides?.[index] ?? unionOf(pair.flatMap((place) => sides?.[place] ?? []));
    return { ...way, parts, base: given(was), head: given(is) };
  });
  const singles = made.filter(({ parts }) => parts.length === 0);
  const isByPairs = made.length > singles.length;
  const sums = isByPairs ? { sums: made.slice(singles.length), isWhole: true } : sumsOf(kind, singles);
  const all = [...singles, ...sums.sums].filter(isChanged);
  const told = all.slice(0, MOST_WAYS).map(({ words, begins, anyDepth, tried, role, parts, ...each }): WayBetween => {
    const [one = [], other = []] = [each.base, each.head].map(sorted);
    return { words, begins, anyDepth, tried, role, parts, base: one, head: other };
  });
  return { ways: told, isWhole: isWhole && sums.isWhole && all.length <= MOST_WAYS, isByPairs };
}

function sorted(some: ReadonlySet<string>): string[] {
  return [...some].sort();
}

function unionOf(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  return new Set(sets.flatMap((set) => [...set]));
}

function isChanged({ base, head }: Pick<Made, "base" | "head">): boolean {
  return !isDeepStrictEqual(sorted(base), sorted(head));
}

interface Sums {
  readonly sums: readonly Made[];
  readonly isWhole: boolean;
}

/** Several at a time, where the models make the sum of them: one that changes, and what the subject can have beside it. */
function sumsOf(kind: string, singles: readonly Made[]): Sums {
  const changed = singles.filter(isChanged);
  const found = changed.map((one, index): Sums => {
    const others = singles.filter((other) => other !== one && isOneSubject(one, other));
    const isPlain = (other: Made): boolean => !isChanged(other) && other.role === null;
    const pairs = others
      .filter((other) => !isPlain(other) && !changed.slice(0, index).includes(other))
      .map((other) => {
        const told = { ...toldPair(one, other), subject: one.subject, role: one.role ?? other.role };
        return { ...told, parts: [one.words, other.words], ...bothOf(one, other) };
      });
    const { unions, isWhole } = unionsOf(others.filter(isPlain).map(({ base }) => base));
    const beside = [one, ...pairs].flatMap((each) => besides(kind, each, { alone: one, unions }));
    return { sums: [...pairs, ...beside], isWhole };
  });
  return { sums: found.flatMap(({ sums }) => sums), isWhole: found.every(({ isWhole }) => isWhole) };
}

interface Others {
  /** The way that changes, if that is two at a time. */
  readonly alone: Made;
  /** What the others can give: the same on both sides. */
  readonly unions: readonly ReadonlySet<string>[];
}

/** By what the others give, and not one by one. */
function besides(kind: string, one: Made, { alone, unions }: Others): Made[] {
  const wordsOf = (way: Made, relations: ReadonlySet<string>): string[] => {
    const more = relations.difference(way.base.intersection(way.head));
    return more.size === 0 ? [] : [toldBeside(way, sorted(more), kind).words];
  };
  const known = new Set<string>();
  return unions.flatMap((union) => {
    const relations = union.difference(one.base.intersection(one.head));
    const told = toldBeside(one, sorted(relations), kind);
    if (relations.size === 0 || known.has(told.words)) return [];
    known.add(told.words);
    const less = unions.filter((other) => other.isSubsetOf(union));
    const parts = less.flatMap((other) => [...wordsOf(one, other), ...wordsOf(alone, other)]);
    const own = parts.filter((words) => words !== told.words);
    return [
      {
        ...one,
        ...told,
        ...bothOf(one, { base: relations, head: relations }),
        parts: [one.words, ...one.parts, ...own],
      },
    ];
  });
}

type Sides = Pick<Made, "base" | "head">;

function bothOf(one: Sides, other: Sides): Sides {
  return { base: one.base.union(other.base), head: one.head.union(other.head) };
}

/** Every union of some of these sets, each once, but the empty one. */
function unionsOf(sets: readonly ReadonlySet<string>[]): {
  readonly unions: ReadonlySet<string>[];
  readonly isWhole: boolean;
} {
  const found = new Map<string, ReadonlySet<string>>();
  for (const set of sets) {
    for (const known of [new Set<string>(), ...found.values()]) {
      const union = known.union(set);
      if (union.size > 0) found.set(sorted(union).join(), union);
      if (found.size > MOST_UNIONS) return { unions: [...found.values()], isWhole: false };
    }
  }
  return { unions: [...found.values()], isWhole: true };
}
