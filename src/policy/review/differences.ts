import { isDeepStrictEqual } from "node:util";
import type { Reason } from "../../entities/errors.ts";
import type { Judge } from "../../entities/judge.ts";
import { ask, type Cell, type Cells, cellsOf, partsOf, type Part } from "./cells.ts";
import { spaceOfKind } from "./evaluated.ts";
import type { KindPolicies, Revision } from "./revision.ts";
import type { Space } from "./space.ts";

/** One of two revisions, with a Cerbos that serves it. */
export interface Side {
  readonly revision: Revision;
  readonly judge: Judge;
}

export type Direction = "widened" | "narrowed" | "reasons" | "errors";

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

/** Combinations of all the facts that any rule about an action reads, on either side. */
const MOST_TOGETHER = 400_000;

/** Everything that the two say differently about one kind. */
export async function differencesOf(kind: string, base: Side, head: Side): Promise<Difference[]> {
  const kinds = [base, head].flatMap(({ revision }) => {
    const found = revision.kinds.get(kind);
    return found === undefined ? [] : [{ kind: found, plans: revision.plans }];
  });
  const space = spaceOfKind(kinds);
  const [was, is] = [base.revision.kinds.get(kind), head.revision.kinds.get(kind)];
  const found: Difference[] = [];
  for (const version of versionsOf(was, is)) {
    const one = partsOfKind(was, was?.matrices.has(version) === true || is === undefined ? version : "default");
    const other = partsOfKind(is, version);
    const actions = new Set([...one, ...other].flatMap((part) => part.actions));
    for (const together of alike([...actions], one, other)) {
      const pair = { kind, version, isNewMatrix: was !== undefined && !was.matrices.has(version), actions: together };
      found.push(
        ...(await differencesIn(pair, { ...base, kind: was, parts: one }, { ...head, kind: is, parts: other }, space)),
      );
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

async function differencesIn(pair: Pair, base: SideOfKind, head: SideOfKind, space: Space): Promise<Difference[]> {
  const { actions, ...which } = pair;
  const about = (side: SideOfKind): Part[] =>
    side.parts.filter((part) => actions.some((action) => part.actions.includes(action)));
  const parts = { base: about(base), head: about(head) };
  const facts = new Set([...parts.base, ...parts.head].flatMap(({ reads }) => [...reads]));
  const cells = cellsOf(facts, space, MOST_TOGETHER);
  const [was, is] = await Promise.all([saysOf(base, parts.base, cells), saysOf(head, parts.head, cells)]);
  return actions.flatMap((action) => {
    const knownTo = !knows(parts.base, action) ? "head" : !knows(parts.head, action) ? "base" : "both";
    const at: Record<Direction, number[]> = { widened: [], narrowed: [], reasons: [], errors: [] };
    for (const index of cells.cells.keys()) {
      const direction = directionOf(was(index, action), is(index, action), knownTo);
      if (direction !== null) at[direction].push(index);
    }
    const directions = Object.entries(at) as [Direction, number[]][]; // Object.entries forgets its keys
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
        if (!projected.has(key))
          projected.set(
            key,
            places.flatMap((place) => cell[place] ?? []),
          );
        return key;
      });
      const distinct = [...projected.keys()];
      const said = await ask({ judge, kind, plans: revision.plans }, part, {
        dimensions: own,
        cells: [...projected.values()],
        isWhole,
      });
      return { part, keys, said: new Map(distinct.map((key, index) => [key, said[index]])) };
    }),
  );
  return (index, action) => {
    const about = asked.filter(({ part }) => part.actions.includes(action));
    if (!about.some(({ part }) => part.from === "matrix")) return UNKNOWN;
    return about.flatMap(({ keys, said }) => said.get(keys[index] ?? "")?.get(action) ?? []);
  };
}

const NOWHERE = { is: "missing", fits: false } as const;

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
function comparable(reasons: readonly Reason[]): Reason[] {
  const plain = reasons.map((reason) => (reason.code === "FACT_INVALID" ? { code: reason.code } : reason));
  return plain.filter((reason, index) => plain.findIndex((other) => isDeepStrictEqual(other, reason)) === index);
}
