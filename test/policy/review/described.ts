import { fits, type Cell } from "../../../src/policy/review/cells.ts";
import type { Difference } from "../../../src/policy/review/differences.ts";
import type { Group } from "../../../src/policy/review/groups.ts";
import { inWords } from "../../../src/policy/review/point-words.ts";
import type { Region } from "../../../src/policy/review/regions.ts";
import type { Revisions } from "../../../src/policy/review/revision.ts";
import type { Dimension, Point } from "../../../src/policy/review/space.ts";

/** The difference that a group tells, and of its cells those that its words describe beside those that differ. */
export interface Described {
  readonly action: string;
  readonly said: readonly number[];
  readonly differing: readonly number[];
}

/** Reads the words of a group back, action by action. */
export function describedBy(group: Group, differences: readonly Difference[], revisions: Revisions): Described[] {
  const own = differences.filter((each) => {
    const isIts = (["direction", "kind", "version", "knownTo"] as const).every((name) => each[name] === group[name]);
    const isByWays = each.cells.dimensions[0]?.points[0]?.is === "way";
    return isIts && group.actions.includes(each.action) && isByWays === group.ways.length > 0;
  });
  return own.map(({ action, cells: { dimensions, cells }, at }) => {
    const isMeant = (cell: Cell): boolean =>
      cell.every((point, place) => {
        if (point.is === "way") return group.ways.includes(point.begins);
        const isRole = dimensions[place]?.fact === "role";
        return !isRole || group.roles.length === 0 || group.roles.includes(String(valueOf(point, revisions)));
      });
    const meant = [...cells.entries()].filter(([_index, cell]) => isMeant(cell));
    const said = meant.filter(([_index, cell]) =>
      group.where.some((region) => holds(region, cell, dimensions, revisions)),
    );
    const differs = new Set(at);
    return {
      action,
      said: said.map(([index]) => index),
      differing: meant.flatMap(([index]) => (differs.has(index) ? [index] : [])),
    };
  });
}

function holds(region: Region, cell: Cell, dimensions: readonly Dimension[], revisions: Revisions): boolean {
  const pointOf = (fact: string): Point | undefined => cell[dimensions.findIndex((each) => each.fact === fact)];
  const isFree = dimensions.every(({ fact }, place) => {
    const isNamed = region.some((clause) => "values" in clause && clause.fact === fact);
    return isNamed || fits(cell[place] ?? { is: "missing", fits: false });
  });
  return (
    isFree &&
    region.every((clause) => {
      const point = pointOf(clause.fact);
      if (point === undefined) return false;
      if ("values" in clause) return clause.values.some((words) => isSaid(words, point, revisions));
      const [one, other] = [point, pointOf(clause.to)].map((each) => each && valueOf(each, revisions));
      if (typeof one === "number" && typeof other === "number") {
        return clause.stands.includes(one < other ? "below" : one > other ? "above" : "equal");
      }
      return (
        typeof one === "string" &&
        typeof other === "string" &&
        clause.stands.includes(one === other ? "equal" : "unequal")
      );
    })
  );
}

function valueOf(point: Point, { head }: Revisions): unknown {
  if (point.is === "limit") return head.plans.get(point.plan)?.[point.limit];
  return point.is === "value" ? point.value : undefined;
}

/** "25 to 29", "2 or more", "24 or less" of numbers. */
function isSaid(words: string, point: Point, revisions: Revisions): boolean {
  if (point.is === "way") return words === point.words || words === point.anyDepth;
  if (point.is !== "value" || typeof point.value !== "number") return words === inWords(point, revisions);
  const [, from, to] = /^(-?\d+) to (-?\d+)$/.exec(words) ?? [words, words, words];
  const [, least] = /^(-?\d+) or more$/.exec(words) ?? [];
  const [, most] = /^(-?\d+) or less$/.exec(words) ?? [];
  if (least !== undefined) return point.value >= Number(least);
  if (most !== undefined) return point.value <= Number(most);
  return point.value >= Number(from) && point.value <= Number(to);
}
