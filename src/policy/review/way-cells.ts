import { type Cell, type Cells, cellsOf } from "./cells.ts";
import { relationOf, ROLE, WAY } from "./reads.ts";
import { NOWHERE, type Point, type Space, type WayBetween } from "./space.ts";

/** Combinations of all the facts that any rule about an action reads, on either side. */
export const MOST_TOGETHER = 400_000;

/** Instead of each relation by itself: the ways that there are. A role that a way begins with is the subject's. */
export function waysIn(ways: readonly WayBetween[], facts: ReadonlySet<string>, space: Space): Cells {
  const others = new Set([...facts].filter((fact) => relationOf(fact) === null));
  const { dimensions, cells, isWhole } = cellsOf(others, space, MOST_TOGETHER / Math.max(1, ways.length));
  const points = ways.map((way): Point => ({ is: "way", ...way }));
  const place = dimensions.findIndex(({ fact }) => fact === ROLE);
  const isSo = (way: Point, cell: Cell): boolean => {
    const role = cell[place];
    return (
      way.is !== "way" || way.role === null || role === undefined || (role.is === "value" && role.value === way.role)
    );
  };
  const combined = points.flatMap((way) => cells.filter((cell) => isSo(way, cell)).map((cell) => [way, ...cell]));
  return { dimensions: [{ fact: WAY, points }, ...dimensions], cells: combined, isWhole };
}

/** Of several ways at a time, what one of them, or some, tell already is left out. */
export function untold(indices: readonly number[], { cells }: Cells): number[] {
  const keyOf = (words: string, others: Cell): string => JSON.stringify([words, others]);
  const told = new Set(
    indices.flatMap((index) => {
      const [way, ...others] = cells[index] ?? [];
      return way?.is === "way" ? [keyOf(way.words, others)] : [];
    }),
  );
  return indices.filter((index) => {
    const [way, ...others] = cells[index] ?? [];
    return way?.is !== "way" || !way.parts.some((words) => told.has(keyOf(words, others)));
  });
}

/** The same cells as one side's model sees them. */
export function relatedBy(side: "base" | "head", cells: Cells, facts: ReadonlySet<string>, space: Space): Cells {
  const relations = [...facts].filter((fact) => relationOf(fact) !== null).flatMap((fact) => space.get(fact) ?? []);
  const dimensions = [...relations, ...cells.dimensions.slice(1)];
  const seen = cells.cells.map(([way, ...others]) => {
    const held = way?.is === "way" ? way[side] : [];
    const truths = relations.map(({ fact, points }) => {
      const isHeld = held.includes(relationOf(fact) ?? "");
      return points.find((point) => point.is === "value" && point.value === isHeld) ?? NOWHERE;
    });
    return [...truths, ...others];
  });
  return { dimensions, cells: seen, isWhole: cells.isWhole };
}
