import { isDeepStrictEqual } from "node:util";
import type { Reason } from "../../entities/errors.ts";
import type { Judge } from "../../entities/judge.ts";
import { ask, type Cell, type Cells, cellsOf, partsOf, type Part } from "./cells.ts";
import { type Both, isUnchanged } from "./unchanged.ts";
import { spaceOfKind } from "./evaluated.ts";
import { changedFacts } from "./facts.ts";
import type { KindPolicies, Revision } from "./revision.ts";
import { NOWHERE, type Space, unseenChanges, type WayBetween } from "./space.ts";
import { MOST_TOGETHER, relatedBy, untold, waysIn } from "./way-cells.ts";
import { short } from "./words.ts";

/** One of two revisions, with a Cerbos that serves it. */
export interface Side {
  readonly revision: Revision;
  readonly judge: Judge;
}

/** `actions`: one comes or goes, and is denied in every case. */
export type Direction = "widened" | "narrowed" | "actions" | "reasons" | "errors";

/** What two revisions say about an action differently, cell by cell. */
export interface Difference {
  readonly direction: Direction;
  readonly kind: string;
  /** The head's; the base may have none of that version, and is then looked at by its `default`. */
  readonly version: string;
  readonly isNewMatrix: boolean;
  readonly action: string;
  /** `both`, or the one side that knows the action. */
  readonly knownTo: "both" | "base" | "head";
  readonly cells: Cells;
  /** Indices of those that differ. */
  readonly at: readonly number[];
  /** What each side says, matrix before floor, by index. */
  readonly base: (index: number) => readonly Reason[];
  readonly head: (index: number) => readonly Reason[];
  readonly parts: { readonly base: readonly Part[]; readonly head: readonly Part[] };
}

interface Between {
  /** Of which the two models make different relations. */
  readonly ways: readonly WayBetween[];
  /** Told what was not tried. */
  readonly onLimit: (words: string) => unknown;
}

/** Everything that the two say differently about one kind. */
export async function differencesOf(kind: string, base: Side, head: Side, between: Between): Promise<Difference[]> {
  const kinds = [base, head].flatMap(({ revision }) => {
    const found = revision.kinds.get(kind);
    return found === undefined ? [] : [{ kind: found, plans: revision.plans }];
  });
  const space = spaceOfKind(kinds);
  const schemas = kinds.map((each) => each.kind.schema);
  const changed = changedFacts(schemas);
  for (const fact of unseenChanges(changed, schemas, space))
    between.onLimit(
      `${kind}: the schema of ${short(fact)} is another one, and no value that was tried tells them apart`,
    );
  const [was, is] = [base.revision.kinds.get(kind), head.revision.kinds.get(kind)];
  const found: Difference[] = [];
  for (const version of versionsOf(was, is)) {
    const partsAt = (side: KindPolicies | undefined, at: string): Part[] =>
      partsOfKind(side, at).map((part) => ({ ...part, reads: new Set([...part.reads, ...changed]) }));
    const one = partsAt(was, was?.matrices.has(version) === true || is === undefined ? version : "default");
    const other = partsAt(is, version);
    const actions = new Set([...one, ...other].flatMap((part) => part.actions));
    for (const together of alike([...actions], one, other)) {
      const pair = { kind, version, isNewMatrix: was !== undefined && !was.matrices.has(version), actions: together };
      const sides = { base: { ...base, kind: was, parts: one }, head: { ...head, kind: is, parts: other } };
      found.push(...(await differencesIn(pair, sides, space, { ...between, ways: [] })));
      if (between.ways.length > 0) found.push(...(await differencesIn(pair, sides, space, between)));
    }
  }
  return found;
}

function versionsOf(was: KindPolicies | undefined, is: KindPolicies | undefined): Set<string> {
  return new Set([...(was?.matrices.keys() ?? []), ...(is?.matrices.keys() ?? [])]);
}

function partsOfKind(kind: KindPolicies | undefined, version: string): Part[] {
  const matrix = kind?.matrices.get(version);
  if (kind === undefined || matrix === undefined) return [];
  return [...partsOf("matrix", matrix), ...(kind.floor === null ? [] : partsOf("floor", kind.floor))];
}

/** Actions that the same rules are about on both sides are asked about together. */
function alike(actions: readonly string[], ...sides: readonly (readonly Part[])[]): string[][] {
  const groups = new Map<string, string[]>();
  for (const action of actions) {
    const key = sides
      .map((parts) => parts.flatMap((part, index) => (part.actions.includes(action) ? [index] : [])).join())
      .join("/");
    groups.set(key, [...(groups.get(key) ?? []), action]);
  }
  return [...groups.values()];
}

interface SideOfKind extends Side {
  readonly kind: KindPolicies | undefined;
  readonly parts: readonly Part[];
}

interface Pair extends Pick<Difference, "kind" | "version" | "isNewMatrix"> {
  readonly actions: readonly string[];
}

async function differencesIn(
  pair: Pair,
  sides: Both<SideOfKind>,
  space: Space,
  { ways, onLimit }: Between,
): Promise<Difference[]> {
  const { actions, ...which } = pair;
  const about = (side: SideOfKind): Part[] =>
    side.parts.filter((part) => actions.some((action) => part.actions.includes(action)));
  const parts = { base: about(sides.base), head: about(sides.head) };
  if (ways.length === 0 && isUnchanged(sides, parts)) return [];
  const facts = new Set([...parts.base, ...parts.head].flatMap(({ reads }) => [...reads]));
  const cells = ways.length === 0 ? cellsOf(facts, space, MOST_TOGETHER) : waysIn(ways, facts, space);
  if (!cells.isWhole)
    onLimit(`${pair.kind}, ${actions.join(", ")}: too many states to try each; every pair of values was`);
  const said = async (side: "base" | "head"): Promise<Says> =>
    await saysOf(sides[side], parts[side], ways.length === 0 ? cells : relatedBy(side, cells, facts, space));
  const [was, is] = await Promise.all([said("base"), said("head")]);
  return actions.flatMap((action) => {
    const knownTo = !knows(parts.base, action) ? "head" : !knows(parts.head, action) ? "base" : "both";
    const at: Record<Direction, number[]> = { widened: [], narrowed: [], actions: [], reasons: [], errors: [] };
    for (const index of cells.cells.keys()) {
      const direction = directionOf(was(index, action), is(index, action), knownTo);
      if (direction !== null) at[direction].push(index);
    }
    const isSilent = Object.values(at).every((indices) => indices.length === 0);
    if (knownTo !== "both" && isSilent && ways.length === 0) at.actions.push(...cells.cells.keys());
    const directions = Object.entries(at).map(([name, indices]) => [name, untold(indices, cells)]) as [
      Direction,
      number[],
    ][]; // Object.entries forgets its keys
    const common = {
      ...which,
      action,
      knownTo,
      cells,
      parts,
      base: (index: number) => was(index, action),
      head: (index: number) => is(index, action),
    } as const;
    return directions.flatMap(([direction, indices]) =>
      indices.length === 0 ? [] : [{ ...common, direction, at: indices }],
    );
  });
}

function knows(parts: readonly Part[], action: string): boolean {
  return parts.some((part) => part.from === "matrix" && part.actions.includes(action));
}

const UNKNOWN: readonly Reason[] = [{ code: "UNKNOWN_ACTION" }];

type Says = (index: number, action: string) => readonly Reason[];

/** What a side says of each cell; none: it allows. Each part is asked once about the facts that it reads. */
async function saysOf(
  { judge, kind, revision }: SideOfKind,
  parts: readonly Part[],
  { dimensions, cells, isWhole }: Cells,
): Promise<Says> {
  if (kind === undefined) return () => UNKNOWN;
  const asked = await Promise.all(
    parts.map(async (part) => {
      const places = dimensions.flatMap(({ fact }, index) => (part.reads.has(fact) ? [index] : []));
      const own = dimensions.filter(({ fact }) => part.reads.has(fact));
      const projected = new Map<string, Cell>();
      const keys = cells.map((cell) => {
        const key = places.map((place) => dimensions[place]?.points.indexOf(cell[place] ?? NOWHERE)).join();
        const seen = places.flatMap((place) => cell[place] ?? []);
        if (!projected.has(key)) projected.set(key, seen);
        return key;
      });
      const ownCells = { dimensions: own, cells: [...projected.values()], isWhole };
      const said = await ask({ judge, kind, plans: revision.plans }, part, ownCells);
      return { part, keys, said: new Map([...projected.keys()].map((key, index) => [key, said[index]])) };
    }),
  );
  return (index, action) => {
    const about = asked.filter(({ part }) => part.actions.includes(action));
    const isAbout = (from: Part["from"]): boolean => about.some(({ part }) => part.from === from);
    if (!isAbout("matrix")) return UNKNOWN;
    // Both must allow: what a floor has no rule for it denies, and nobody says why.
    const unsaid = kind.floor !== null && !isAbout("floor") ? [{ code: "NO_REASON_GIVEN" }] : [];
    return [...about.flatMap(({ keys, said }) => said.get(keys[index] ?? "")?.get(action) ?? []), ...unsaid];
  };
}

function directionOf(was: readonly Reason[], is: readonly Reason[], knownTo: Difference["knownTo"]): Direction | null {
  if (was.length > 0 && is.length === 0) return "widened";
  if (was.length === 0 && is.length > 0) return isDefect(is) ? "errors" : "narrowed";
  if (was.length === 0 || knownTo !== "both") return null;
  const [one, other] = [was, is].map(comparable);
  if (isDeepStrictEqual(one, other)) return null;
  return isDefect(is) && !isDefect(was) ? "errors" : "reasons";
}

/** A denial that no rule has given a reason for. */
function isDefect(reasons: readonly Reason[]): boolean {
  return reasons.some(({ code }) => code === "NO_REASON_GIVEN");
}

/** Of a fact that does not fit, Cerbos' words are nobody's rule. Matrix and floor can say the same. */
export function comparable(reasons: readonly Reason[]): Reason[] {
  const plain = reasons.map((reason) => (reason.code === "FACT_INVALID" ? { code: reason.code } : reason));
  return plain.filter((reason, index) => plain.findIndex((other) => isDeepStrictEqual(other, reason)) === index);
}
