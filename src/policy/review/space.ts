import type { PrincipalRole } from "../../entities/kinds.ts";
import { ROLES } from "../../entities/kinds.ts";
import type { Literal } from "./cel.ts";
import type { Fact } from "./facts.ts";
import { type Comparison, ROLE } from "./reads.ts";

/** One value that a fact is tried with. */
export type Point =
  | { readonly is: "value"; readonly value: unknown }
  /** What a plan of `plans.yaml` allows, which two revisions can differ in. */
  | { readonly is: "limit"; readonly plan: string; readonly limit: string }
  /** `fits`: the schema does not require the fact. */
  | { readonly is: "missing"; readonly fits: boolean }
  | { readonly is: "wrong"; readonly value: unknown }
  /** How the subject is related to the thing, and what each of two models makes of that. */
  | ({ readonly is: "way" } & WayBetween);

export interface WayBetween {
  readonly words: string;
  /** Of the organization, where the way begins with it. */
  readonly role: string | null;
  readonly base: readonly string[];
  readonly head: readonly string[];
}

export interface Dimension {
  readonly fact: string;
  readonly points: readonly Point[];
}

/** By fact. */
export type Space = ReadonlyMap<string, Dimension>;

export type Plans = ReadonlyMap<string, Readonly<Record<string, number>>>;

/** Everything that the space of one kind is made from; of several revisions, all of theirs. */
export interface SpaceSource {
  readonly facts: readonly Fact[];
  readonly comparisons: readonly Comparison[];
  readonly read: ReadonlySet<string>;
  readonly plans: readonly Plans[];
}

export const SUBJECT_ROLES: readonly PrincipalRole[] = [...ROLES, "none", "service"];

/** Strings that no policy names. */
const OTHERS = ["another", "one more"];

/** Every boundary value of each fact that is read: one below, at and above each literal, all that a schema lists, missing, of the wrong type. */
export function spaceOf(source: SpaceSource): Space {
  const space = new Map<string, Dimension>();
  for (const fact of source.read) space.set(fact, { fact, points: distinct(pointsOf(fact, source)) });
  return space;
}

function pointsOf(path: string, source: SpaceSource): Point[] {
  if (path === ROLE) return SUBJECT_ROLES.map((value) => ({ is: "value", value }));
  const declared = source.facts.filter((fact) => fact.path === path);
  const { facts: group, literals } = groupOf(path, source.comparisons);
  const types = new Set(declared.flatMap(({ types: each }) => each));
  const fits = fitting({ path, declared, types, group, literals, source });
  const points: Point[] = [...fits, { is: "missing", fits: declared.every(({ isRequired }) => !isRequired) }];
  if (path.startsWith("R.")) points.push({ is: "wrong", value: wrongFor(types, declared) });
  return points;
}

interface Given {
  readonly path: string;
  readonly declared: readonly Fact[];
  readonly types: ReadonlySet<string>;
  /** Facts that it is compared with, itself among them. */
  readonly group: readonly string[];
  readonly literals: readonly Literal[];
  readonly source: SpaceSource;
}

function fitting(given: Given): Point[] {
  const { path, declared, types, literals, source } = given;
  const listed = declared.flatMap((fact) => fact.listed ?? []);
  if (listed.length > 0) return values(listed);
  const limit = limitOf(path, source.plans);
  if (limit !== null) {
    const plans = [...new Set(source.plans.flatMap((each) => [...each.keys()]))];
    return plans.map((plan) => ({ is: "limit", plan, limit }));
  }
  const found: unknown[] = types.has("null") || literals.includes(null) ? [null] : [];
  if (types.has("boolean") || typed(given, "boolean")) found.push(false, true);
  if (types.has("integer") || types.has("number") || typed(given, "number")) found.push(...numbers(given));
  if (types.has("array")) found.push([], ...[...strings(given)].map((each) => [each]));
  else if (types.has("string") || typed(given, "string") || found.length === 0) found.push(...strings(given));
  return values(found);
}

/** A fact that no schema declares, such as the subject's own, is what it is compared with. */
function typed({ types, literals }: Given, type: "boolean" | "number" | "string"): boolean {
  return types.size === 0 && literals.some((literal) => typeof literal === type);
}

function values(all: readonly unknown[]): Point[] {
  return all.map((value) => ({ is: "value", value }));
}

function numbers({ declared, group, literals, source }: Given): number[] {
  const bounds = literals.filter((literal) => typeof literal === "number");
  const limits = group.flatMap((fact) => allowed(fact, source.plans));
  const compared = group.length > 1 && limits.length === 0 ? [1] : [];
  // The boundary itself comes first: examples are made of what comes first.
  const around = [...limits, ...bounds, ...compared].flatMap((bound) => [bound, bound + 1, bound - 1]);
  const least = Math.min(...declared.map((fact) => fact.least ?? -Infinity));
  const most = Math.max(...declared.map((fact) => fact.most ?? Infinity));
  const all = around.length === 0 ? [Math.max(0, least), Math.max(0, least) + 1] : around;
  return [...new Set(all)].filter((value) => value >= least && value <= most);
}

function strings({ declared, group, literals }: Given): Set<string> {
  const named = literals.filter((literal) => typeof literal === "string");
  const parts = named.flatMap((literal) => [literal, `${literal}x`, `x${literal}`]);
  // Where the schema wants a form, its author's example has it; the others are refused, which is a denial too.
  const formed = declared.flatMap(({ isFormed, example }) =>
    isFormed && typeof example === "string" ? [example] : [],
  );
  return new Set([...parts, ...formed, ...OTHERS.slice(0, group.length > 1 ? 2 : 1), ""]);
}

/** The built-in facts called `max…` are what the plan allows. */
export function limitOf(path: string, plans: readonly Plans[]): string | null {
  const name = /^R\.attr\.max([A-Z]\w*)$/.exec(path)?.[1];
  if (name === undefined) return null;
  const limit = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
  return plans.some((each) => [...each.values()].some((plan) => plan[limit] !== undefined)) ? limit : null;
}

function allowed(path: string, plans: readonly Plans[]): number[] {
  const limit = limitOf(path, plans);
  if (limit === null) return [];
  return plans.flatMap((each) => [...each.values()].flatMap((plan) => plan[limit] ?? []));
}

function wrongFor(types: ReadonlySet<string>, declared: readonly Fact[]): unknown {
  const isText =
    types.has("string") || declared.some(({ listed }) => listed?.some((each) => typeof each === "string") === true);
  return isText ? 0 : "wrong";
}

/** Facts that are compared with each other, directly or by way of others, have each other's boundaries. */
function groupOf(
  path: string,
  comparisons: readonly Comparison[],
): { facts: readonly string[]; literals: readonly Literal[] } {
  const facts = new Set([path]);
  const literals = new Set<Literal>();
  for (let grown = -1; grown !== facts.size;) {
    grown = facts.size;
    for (const comparison of comparisons.filter((each) => each.facts.some((fact) => facts.has(fact)))) {
      for (const fact of comparison.facts) facts.add(fact);
      for (const literal of comparison.literals) literals.add(literal);
    }
  }
  return { facts: [...facts], literals: [...literals] };
}

function distinct(points: readonly Point[]): Point[] {
  return [...new Map(points.map((point) => [JSON.stringify(point), point])).values()];
}
