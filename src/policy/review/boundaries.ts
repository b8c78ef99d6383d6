import type { Literal } from "./cel.ts";
import type { Fact } from "./facts.ts";
import type { Comparison } from "./reads.ts";

/** What a fact is compared with, directly or by way of others, itself among it: all of these have each other's boundaries. */
export interface Group {
  readonly facts: readonly string[];
  readonly comparisons: readonly Comparison[];
  /** Those of the comparisons, and all that a schema lists of a fact in it. */
  readonly literals: readonly Literal[];
}

/** What the values of one fact are made from. */
export interface Given {
  /** By each revision that does. */
  readonly declared: readonly Fact[];
  readonly types: ReadonlySet<string>;
  readonly group: Group;
  /** What the plans allow of the facts in the group. */
  readonly limits: readonly number[];
  /** Where the schemas of the group's facts begin and end to take a number. */
  readonly bounds: readonly number[];
}

/** Strings that no policy names. */
export const OTHERS: readonly string[] = ["another", "one more"];

/** @param among the facts that anything declares */
export function groupOf(path: string, comparisons: readonly Comparison[], among: readonly Fact[]): Group {
  const facts = new Set([path]);
  const found = new Set<Comparison>();
  for (let grown = -1; grown !== facts.size;) {
    grown = facts.size;
    for (const comparison of comparisons.filter((each) => each.facts.some((fact) => facts.has(fact)))) {
      found.add(comparison);
      for (const fact of comparison.facts) facts.add(fact);
    }
  }
  const compared = [...found].flatMap(({ literals }) => literals);
  const declared = among.filter((fact) => facts.has(fact.path));
  const listed = declared.flatMap((fact) => [...(fact.listed ?? []), ...fact.elements]);
  return { facts: [...facts], comparisons: [...found], literals: [...new Set([...compared, ...listed])] };
}

/** One below, at and above each boundary; between two whole numbers too, where there can be something between them. */
export function numbers({ declared, types, group, limits, bounds }: Given): number[] {
  const literals = group.literals.filter((literal) => typeof literal === "number");
  const compared = group.facts.length > 1 && limits.length === 0 ? [1, ...bounds.filter((bound) => bound !== 0)] : [];
  const isFractional = types.has("number");
  // The boundary itself comes first: examples are made of what comes first.
  const around = [...limits, ...literals, ...compared, ...differing(declared, ({ bounds: own }) => own)].flatMap(
    (bound) => {
      if (isFractional) return [bound, bound + 1, bound - 1, bound + 0.5, bound - 0.5];
      return [...new Set([Math.floor(bound), Math.ceil(bound)])].flatMap((each) => [each, each + 1, each - 1]);
    },
  );
  const least = Math.max(0, ...declared.map((fact) => fact.least ?? 0));
  return around.length > 0 ? around : [least, least + 1, ...(isFractional ? [least + 0.5] : [])];
}

/** Numbers that one revision's schema of a fact names and another's does not. */
function differing(declared: readonly Fact[], of: (fact: Fact) => readonly number[]): number[] {
  return declared.flatMap(of).filter((bound) => !declared.every((fact) => of(fact).includes(bound)));
}

/** Comparisons of strings as wholes: what is next to a literal is like any other. */
const WHOLE = ["_==_", "_!=_", "@in", "hasIntersection", "isSubset"];

/** Each literal, and next to it; what begins, holds and ends with those that are asked of a part; as short and as long as schemas differ in. */
export function strings({ declared, group }: Given): string[] {
  const named = group.literals.filter((literal) => typeof literal === "string");
  const isWhole = group.comparisons.every(({ name }) => WHOLE.includes(name));
  const near = isWhole ? named : named.flatMap((literal) => [literal, `${literal}x`, `x${literal}`]);
  const [starts = [], parts = [], ends = []] = ["startsWith", "contains", "endsWith"].map((name) => {
    const literals = group.comparisons.filter((each) => each.name === name).flatMap((each) => each.literals);
    return ["", ...literals.filter((literal) => typeof literal === "string")];
  });
  const composed = starts.flatMap((start) =>
    [...parts, parts.join("")].flatMap((part) => ends.map((end) => `${start}${part}${end}`)),
  );
  const lengths = differing(declared, (fact) => fact.lengths).flatMap((length) => [length - 1, length, length + 1]);
  const sized = lengths.filter((length) => length >= 0).map((length) => "x".repeat(length));
  return [...near, ...composed, ...OTHERS.slice(0, group.facts.length > 1 ? 2 : 1), "", ...sized];
}

/** Nothing, each by itself, every two, all but one, and all, with something else beside them and without. */
export function lists({ declared, group }: Given): unknown[][] {
  const own = new Set(declared.flatMap(({ elements }) => elements));
  const named: readonly Literal[] = own.size > 0 ? [...own] : group.literals.filter((literal) => literal !== null);
  const others = own.size > 0 ? [] : OTHERS.slice(0, group.facts.length > 1 ? 2 : 1);
  const singles = [...named, ...others].map((each) => [each]);
  const twos = named.flatMap((one, index) => named.slice(index + 1).map((other) => [one, other]));
  const allButOne = named.length > 3 ? named.map((_each, index) => named.toSpliced(index, 1)) : [];
  return [[], ...singles, ...twos, ...allButOne, [...named], [...named, ...others]];
}
