import { createHash } from "node:crypto";
import type { Reason } from "../../entities/errors.ts";
import { type Cell, fits } from "./cells.ts";
import { causesOf } from "./causes.ts";
import type { Difference, Direction } from "./differences.ts";
import { inWords, valuesInWords } from "./point-words.ts";
import { ROLE, WAY } from "./reads.ts";
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
  /** Roles that it concerns; none: the role does not matter. */
  readonly roles: readonly string[];
  /** Where it is so: in each of these regions, and nowhere else. None of the facts: everywhere. */
  readonly where: readonly Region[];
  readonly example: Example;
  /** The places that did it, each with its file and line. */
  readonly causes: readonly string[];
}

/** Facts, each with its values there, in words; a fact that is left out does not matter. */
export type Region = readonly { readonly fact: string; readonly values: readonly string[] }[];

export interface Example {
  readonly role: string | null;
  /** How the subject is related to the thing, where models differ. */
  readonly way: string | null;
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
  readonly at: readonly number[];
}

function byRoles(differences: readonly Difference[]): Portion[] {
  const [first] = differences;
  if (first === undefined) return [];
  const { dimensions, cells } = first.cells;
  const place = dimensions.findIndex(({ fact }) => fact === ROLE);
  // Of other reasons for the same denial one example is enough.
  if (place === -1 || first.direction === "reasons") return [{ differences, first, roles: [], at: first.at }];
  const byRole = Map.groupBy(first.at, (index) => labelOf(cells[index]?.[place]));
  const portions = new Map<string, Portion>();
  for (const [role, at] of byRole) {
    const key = hashOf(at.map((index) => cells[index]?.toSpliced(place, 1)));
    const known = portions.get(key);
    portions.set(key, {
      differences,
      first,
      roles: [...(known?.roles ?? []), role],
      at: [...(known?.at ?? []), ...at],
    });
  }
  const all = dimensions[place]?.points.length;
  return [...portions.values()].map((portion) => (portion.roles.length === all ? { ...portion, roles: [] } : portion));
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 12);
}

function groupOf({ differences, first, roles, at }: Portion, revisions: Revisions): Group {
  const { direction, kind, version, isNewMatrix, knownTo, cells } = first;
  const actions = differences.map(({ action }) => action);
  const named = at.map((index) => (cells.cells[index] ?? []).map((point) => resolvedOf(point, revisions)));
  const facts = cells.dimensions.map(({ fact }) => fact);

  return {
    id: hashOf([direction, kind, version, actions, facts, named]),
    ...{ direction, kind, version, isNewMatrix, actions, knownTo, roles, cells: at.length, isWhole: cells.isWhole },
    where: boxesOf(first, at).map((box) => regionOf(first, box, revisions)),
    example: exampleOf(first, at, revisions),
    causes: causesOf(first, revisions),
  };
}

/** For each dimension the points that occur. */
type Box = readonly ReadonlySet<Point | undefined>[];

/** Splits a set of cells into sets that are whole: each point of a fact with each of every other. */
function boxesOf(difference: Difference, at: readonly number[]): Box[] {
  const { dimensions, cells } = difference.cells;
  const box = dimensions.map((_dimension, place) => new Set(at.map((index) => cells[index]?.[place])));
  if (box.reduce((product, { size }) => product * size, 1) === at.length) return [box];
  const splits = dimensions.flatMap((_dimension, place) => {
    const slices = slicesOf(cells, at, place);
    return slices.length > 1 ? [slices] : [];
  });
  const [fewest] = splits.sort((one, other) => one.length - other.length);
  return (fewest ?? []).flatMap((slice) => boxesOf(difference, slice));
}

/** Apart by one fact; its points with which everything else is the same stay together. */
function slicesOf(cells: readonly Cell[], at: readonly number[], place: number): number[][] {
  const byPoint = Map.groupBy(at, (index) => cells[index]?.[place]);
  const slices = new Map<string, number[]>();
  for (const some of byPoint.values()) {
    const key = hashOf(some.map((index) => cells[index]?.toSpliced(place, 1)));
    slices.set(key, [...(slices.get(key) ?? []), ...some]);
  }
  return [...slices.values()];
}

function regionOf({ cells: { dimensions } }: Difference, box: Box, revisions: Revisions): Region {
  return dimensions.flatMap(({ fact, points }, place) => {
    const found = points.filter((point) => box[place]?.has(point));
    const isFree = points.filter(fits).every((point) => found.includes(point));
    if ((isFree && fact !== WAY) || fact === ROLE) return [];
    return [{ fact, values: valuesInWords(points, found, revisions) }];
  });
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
    return [{ fact, words: wordsFor(fact, difference.kind, revisions), value: inWords(point, revisions) }];
  });
  const role = cell[dimensions.findIndex(({ fact }) => fact === ROLE)];
  return {
    role: role === undefined ? null : labelOf(role),
    way: cell[0]?.is === "way" ? cell[0].words : null,
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

/** What the schema calls a fact, or its name. */
function wordsFor(fact: string, kind: string, { base, head }: Revisions): string {
  const declared = [head, base].flatMap(({ kinds }) => kinds.get(kind)?.schema.facts.get(fact) ?? []);
  return declared.find(({ words }) => words !== null)?.words ?? fact.replace(/^[RP]\.attr\./, "");
}
