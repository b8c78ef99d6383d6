import type { PrincipalRole } from "../../entities/kinds.ts";
import { ROLES } from "../../entities/kinds.ts";
import { type Given, groupOf, lists, numbers, strings } from "./boundaries.ts";
import { type Fact, type FactSchema, ordinary } from "./facts.ts";
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
  /** "any `editor` of the project (folder → project)": what the subject is, and how the thing leads there. */
  readonly words: string;
  /** The first half of it. */
  readonly begins: string;
  /** Of the organization, where the way begins with it. */
  readonly role: string | null;
  readonly base: readonly string[];
  readonly head: readonly string[];
  /** The same however often something is in another of its type, and the words of all of those that were tried, itself among them. */
  readonly anyDepth: string;
  readonly tried: readonly string[];
  /** Of several at a time, the words of those that it is more than; none: it is one. */
  readonly parts: readonly string[];
}

/** Of a fact that is not there. */
export const NOWHERE = { is: "missing", fits: false } as const;

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

/** Every boundary value of each fact that is read: one below, at and above each literal, all that a schema lists, missing, of the wrong type. */
export function spaceOf(source: SpaceSource): Space {
  const space = new Map<string, Dimension>();
  for (const fact of source.read) space.set(fact, { fact, points: distinct(pointsOf(fact, source)) });
  return space;
}

function pointsOf(path: string, source: SpaceSource): Point[] {
  if (path === ROLE) return SUBJECT_ROLES.map((value) => ({ is: "value", value }));
  const given = givenOf(path, source);
  const { declared } = given;
  // What is stored of a subject has a schema, what is sent of one has none: it can always be missing.
  const isOptional = path.startsWith("P.") || declared.every(({ isRequired }) => !isRequired);
  return [...fitting(path, given, source), { is: "missing", fits: isOptional }, ...wrongFor(given)];
}

function givenOf(path: string, source: SpaceSource): Given {
  const declared = source.facts.filter((fact) => fact.path === path);
  const group = groupOf(path, source.comparisons, source.facts);
  const compared = source.facts.filter((fact) => group.facts.includes(fact.path));
  const own = declared.flatMap(({ types }) => types);
  // A fact that no schema declares, such as the subject's own, is what it is compared with.
  const others = declared.length > 0 ? [] : compared.flatMap(({ types }) => types.filter((type) => type !== "array"));
  const isList = declared.length === 0 && group.comparisons.some(({ lists: used }) => used.includes(path));
  return {
    ...{ declared, group },
    types: new Set(isList ? ["array"] : [...own, ...others]),
    limits: group.facts.flatMap((fact) => allowed(fact, source.plans)),
    bounds: compared.flatMap(({ bounds }) => bounds),
  };
}

function fitting(path: string, given: Given, { plans }: SpaceSource): Point[] {
  const { declared } = given;
  const isListed = declared.length > 0 && declared.every(({ listed }) => listed !== null && listed.length > 0);
  const listed = declared.flatMap((fact) => fact.listed ?? []);
  if (isListed && path.startsWith("R.")) return values(listed);
  const limit = limitOf(path, plans);
  if (limit !== null) {
    const names = [...new Set(plans.flatMap((each) => [...each.keys()]))];
    return names.map((plan) => ({ is: "limit", plan, limit }));
  }
  const tried = [...listed, ...valuesOf(given), ...declared.flatMap(({ suggested }) => suggested)];
  if (declared.length === 0 || path.startsWith("P.")) return values(tried);
  const taken = tried.filter((value) => declared.some(({ takes }) => takes(value)));
  // None of the boundaries can be: then what can be decides alike, and one of it will do.
  const any = declared.map(ordinary).filter((value) => value !== undefined);
  return values(taken.length > 0 ? taken : any);
}

function valuesOf(given: Given): unknown[] {
  const { types, group } = given;
  const found: unknown[] = types.has("null") || group.literals.includes(null) ? [null] : [];
  const isBare = types.size === 0 && group.facts.length === 1 && group.literals.length === 0; // `has(P.attr.x) && P.attr.x`
  if (types.has("boolean") || typed(given, "boolean") || isBare) found.push(false, true);
  if (types.has("integer") || types.has("number") || typed(given, "number")) found.push(...numbers(given));
  if (types.has("array")) found.push(...lists(given));
  if (types.has("string") || typed(given, "string") || isBare || found.length === 0) found.push(...strings(given));
  return found;
}

function typed({ types, group: { literals } }: Given, type: "boolean" | "number" | "string"): boolean {
  return types.size === 0 && literals.some((literal) => typeof literal === type);
}

function values(all: readonly unknown[]): Point[] {
  return all.map((value) => ({ is: "value", value }));
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

/** A value that no schema takes; where none says a type, of another one than the fact is compared with. */
function wrongFor(given: Given): Point[] {
  const { types, declared } = given;
  const isText =
    types.has("string") ||
    typed(given, "string") ||
    declared.some(({ listed }) => listed?.some((each) => typeof each === "string") === true);
  const all: unknown[] = [isText ? 0 : "wrong", isText ? "wrong" : 0, []];
  const wrong = all.find((value) => types.size === 0 || declared.every(({ takes }) => !takes(value)));
  return wrong === undefined ? [] : [{ is: "wrong", value: wrong }];
}

/** Facts whose schema is another one, without any value among those tried that only one of the two takes. */
export function unseenChanges(changed: ReadonlySet<string>, schemas: readonly FactSchema[], space: Space): string[] {
  return [...changed].filter((path) => {
    const declared = schemas.flatMap(({ facts }) => facts.get(path) ?? []);
    const differs = (of: (fact: Fact) => boolean): boolean => new Set(declared.map(of)).size > 1;
    if (differs(({ isRequired }) => isRequired)) return false;
    const points = space.get(path)?.points ?? [];
    return !points.some(
      (point) => (point.is === "value" || point.is === "wrong") && differs(({ takes }) => takes(point.value)),
    );
  });
}

function distinct(points: readonly Point[]): Point[] {
  return [...new Map(points.map((point) => [JSON.stringify(point), point])).values()];
}
