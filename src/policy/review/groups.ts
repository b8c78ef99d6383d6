import { createHash } from "node:crypto";
import type { Reason } from "../../entities/errors.ts";
import { type Cell, fits } from "./cells.ts";
import { causesOf } from "./causes.ts";
import type { Difference, Direction } from "./differences.ts";
import { inWords } from "./point-words.ts";
import { ROLE, WAY } from "./reads.ts";
import { type ReasonChange, reasonChanges } from "./reason-changes.ts";
import { type Region, regionsOf, wordsFor } from "./regions.ts";
import type { Revisions } from "./revision.ts";
import type { Dimension, Point } from "./space.ts";

/** What changes in one way, for a reviewer to read in one go. */
export interface Group {
  /** Of exactly these cells: an approval names it. */
  readonly id: string;
  readonly direction: Direction;
  readonly kind: string;
  readonly version: string;
  readonly isNewMatrix: boolean;
  readonly actions: readonly string[];
  readonly knownTo: Difference["knownTo"];
  readonly cells: number;
  /** Was every combination tried? If not, every pair of values was. */
  readonly isWhole: boolean;
  /** Is it a permission that they did not have at all, or have in more cases, …? Null: it takes and gives nothing. */
  readonly access: Access | null;
  /** Roles that it concerns; none: the role does not matter. */
  readonly roles: readonly string[];
  /** What the subject is, where models differ: "any `editor` of the project". */
  readonly ways: readonly string[];
  /** Where it is so: in each of these regions, and nowhere else. Of other reasons for a denial it is not worked out: none. */
  readonly where: readonly Region[];
  readonly example: Example;
  /** How the reasons change, where it is denied. */
  readonly reasons: readonly ReasonChange[];
  /** The places that did it, each with its file and line. */
  readonly causes: readonly string[];
}

export type Access = "gained" | "widened" | "narrowed" | "lost";

export interface Example {
  readonly role: string | null;
  readonly facts: readonly { readonly fact: string; readonly words: string; readonly value: string }[];
  readonly was: readonly Reason[];
  readonly is: readonly Reason[];
}

/** Differences of the same cells are one group, whatever they are about. */
export function groupsOf(differences: readonly Difference[], revisions: Revisions): Group[] {
  const groups = new Map<string, Difference[]>();
  for (const difference of differences) {
    const { direction, kind, version, knownTo, at, cells, parts } = difference;
    const shape = parts.base
      .concat(parts.head)
      .map(({ document, rules }) => [document.file, rules.map(({ name }) => name)]);
    const key = JSON.stringify([
      direction,
      kind,
      version,
      knownTo,
      shape,
      hashOf(at.map((index) => cells.cells[index])),
    ]);
    groups.set(key, [...(groups.get(key) ?? []), difference]);
  }
  return [...groups.values()].flatMap((some) => byRoles(some).map((each) => groupOf(each, revisions)));
}

/** Those of one group that concern the same states are told together; roles with other states apart. */
interface Portion {
  readonly differences: readonly Difference[];
  readonly first: Difference;
  readonly roles: readonly string[];
  readonly access: Access | null;
  readonly at: readonly number[];
}

function byRoles(differences: readonly Difference[]): Portion[] {
  const [first] = differences;
  if (first === undefined) return [];
  const { dimensions, cells } = first.cells;
  const place = dimensions.findIndex(({ fact }) => fact === ROLE);
  if (isDenied(first)) return [{ differences, first, roles: [], access: null, at: first.at }];
  if (place === -1) return [{ differences, first, roles: [], access: accessOf(first, first.at), at: first.at }];
  const byRole = Map.groupBy(first.at, (index) => labelOf(cells[index]?.[place]));
  const portions = new Map<string, Portion>();
  for (const [role, at] of byRole) {
    const access = accessOf(first, at);
    const key = `${access ?? ""} ${hashOf(at.map((index) => cells[index]?.toSpliced(place, 1)))}`;
    const known = portions.get(key);
    const [roles, all] = [
      [...(known?.roles ?? []), role],
      [...(known?.at ?? []), ...at],
    ];
    portions.set(key, { differences, first, roles, access, at: all });
  }
  const all = dimensions[place]?.points.length;
  return [...portions.values()].map((portion) => (portion.roles.length === all ? { ...portion, roles: [] } : portion));
}

/** On both sides, in every cell: one example is enough. */
export function isDenied({ direction }: Pick<Difference, "direction">): boolean {
  return direction === "reasons" || direction === "actions";
}

/** What the change does to those whom these cells are about, all of one role: could they at all before, can they still? */
function accessOf(
  { direction, cells: { dimensions, cells }, base, head }: Difference,
  at: readonly number[],
): Access | null {
  const places = dimensions.flatMap(({ fact }, place) => (fact === ROLE || fact === WAY ? [place] : []));
  const whose = places.map((place) => ({ place, points: new Set(at.map((index) => cells[index]?.[place])) }));
  const can = (side: Difference["base"]): boolean =>
    cells.some(
      (cell, index) => whose.every(({ place, points }) => points.has(cell[place])) && side(index).length === 0,
    );
  if (direction === "widened") return can(base) ? "widened" : "gained";
  if (at.every((index) => base(index).length > 0)) return null;
  return can(head) ? "narrowed" : "lost";
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 12);
}

function groupOf({ differences, first, roles, access, at }: Portion, revisions: Revisions): Group {
  const { direction, kind, version, isNewMatrix, knownTo, cells } = first;
  const actions = differences.map(({ action }) => action);
  const named = at.map((index) => (cells.cells[index] ?? []).map((point) => resolvedOf(point, revisions)));
  const facts = cells.dimensions.map(({ fact }) => fact);
  const ways = at.flatMap((index) => cells.cells[index]?.find((point) => point.is === "way") ?? []);
  // A way that begins with a role in the organization says it.
  const isSaid = ways.length > 0 && ways.every(({ role }) => role !== null);
  return {
    id: hashOf([direction, kind, version, actions, facts, named]),
    ...{ direction, kind, version, isNewMatrix, actions, knownTo, access, cells: at.length, isWhole: cells.isWhole },
    roles: isSaid ? [] : roles,
    ways: [...new Set(ways.map(({ begins }) => begins))],
    where: isDenied(first) ? [] : regionsOf(first, at, revisions),
    example: exampleOf(first, at, revisions),
    reasons: direction === "actions" ? [] : reasonChanges(first, at),
    causes: causesOf(first, revisions),
  };
}

/** The cell with the fewest facts out of the ordinary, told by those that matter in it. */
function exampleOf(difference: Difference, at: readonly number[], revisions: Revisions): Example {
  const { dimensions, cells } = difference.cells;
  // What an organization's plan is comes before what it has: the first plan is everybody's.
  const weight = (point: Point): number => (point.is === "limit" ? 10 : 1);
  const strangeness = (index: number): number =>
    (cells[index] ?? []).reduce(
      (sum, point, place) =>
        sum + (dimensions[place]?.points.indexOf(point) ?? 0) * weight(point) + (fits(point) ? 0 : 100),
      0,
    );
  const index = at.reduce((best, each) => (strangeness(each) < strangeness(best) ? each : best), at[0] ?? 0);
  const cell = cells[index] ?? [];
  const others = new Set(at);
  const matters = (place: number): boolean =>
    neighboursOf(cells, cell, place, dimensions).some((neighbour) => !others.has(neighbour));
  const facts = dimensions.flatMap(({ fact }, place) => {
    const point = cell[place];
    if (fact === ROLE || fact === WAY || point === undefined || !matters(place)) return [];
    return [{ fact, words: wordsFor(fact, { kind: difference.kind, revisions }), value: inWords(point, revisions) }];
  });
  const role = cell[dimensions.findIndex(({ fact }) => fact === ROLE)];
  return {
    role: role === undefined ? null : labelOf(role),
    facts,
    was: difference.base(index),
    is: difference.head(index),
  };
}

/** The cells that differ from one in this fact alone. */
function neighboursOf(cells: readonly Cell[], cell: Cell, place: number, dimensions: readonly Dimension[]): number[] {
  const wanted = new Set((dimensions[place]?.points ?? []).filter((point) => point !== cell[place] && fits(point)));
  return [...cells.keys()].filter((index) => {
    const other = cells[index] ?? [];
    const point = other[place];
    return point !== undefined && wanted.has(point) && other.every((each, at) => at === place || each === cell[at]);
  });
}

function labelOf(point: Point | undefined): string {
  return point?.is === "value" ? String(point.value) : "none";
}

/** A plan's limit by what it is on either side, so that raising it makes another group. */
function resolvedOf(point: Point, { base, head }: Revisions): unknown {
  if (point.is !== "limit") return point;
  return [point, ...[base, head].map(({ plans }) => plans.get(point.plan)?.[point.limit] ?? null)];
}
