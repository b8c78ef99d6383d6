import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Box, boxesOf, clausesOf, type Column, isIn, type Row } from "../../../src/policy/review/boxes.ts";

const column = (size: number, more: Partial<Column> = {}): Column => ({
  ...{ size, free: [...Array(size).keys()], isKept: false, unsaid: [], rank: 1 },
  ...more,
});

function rowsOf(columns: readonly Column[]): Row[] {
  return columns.reduce<number[][]>(
    (rows, { size }) => rows.flatMap((row) => [...Array(size).keys()].map((code) => [...row, code])),
    [[]],
  );
}

const boxesWhere = (columns: readonly Column[], all: readonly Row[], is: (row: Row) => boolean): Box[] =>
  boxesOf(
    columns,
    all.filter(is),
    all.filter((row) => !is(row)),
  );

const drawnColumn = fc
  .record({ size: fc.integer({ min: 1, max: 4 }), unfit: fc.boolean(), isKept: fc.boolean(), rank: fc.nat({ max: 2 }) })
  .map(({ size, unfit, isKept, rank }) => {
    const free = [...Array(size).keys()].filter((code) => !unfit || code > 0);
    return column(size, { free, isKept, rank });
  });

describe("Boxes", () => {
  test("hold all of the rows and none of the others, whatever the rows are and whatever was tried", () => {
    const drawn = fc.array(drawnColumn, { minLength: 1, maxLength: 4 }).chain((columns) =>
      fc.record({
        columns: fc.constant(columns),
        tried: fc.array(fc.constantFrom(0, 1, 2), { minLength: 256, maxLength: 256 }),
      }),
    );
    fc.assert(
      fc.property(drawn, ({ columns, tried }) => {
        const all = rowsOf(columns).map((row, index) => ({ row, is: tried[index] }));
        const [rows, others] = [1, 0].map((is) => all.filter((each) => each.is === is).map(({ row }) => row));
        const boxes = boxesOf(columns, rows ?? [], others ?? []);
        const inSome = (row: Row): boolean => boxes.some((box) => isIn(row, box, columns));
        expect(rows?.every(inSome)).toBe(true);
        expect(others?.some(inSome)).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  test("are few, and leave out what does not matter", () => {
    const columns = [column(3), column(3), column(2)];
    const all = rowsOf(columns);
    expect(boxesWhere(columns, all, () => true)).toEqual([[null, null, null]]);
    expect(boxesWhere(columns, all, ([one]) => one !== 1)).toEqual([[[0, 2], null, null]]);
    const either = boxesWhere(columns, all, ([one, other]) => one === 0 || other === 0);
    expect(either.map(clausesOf)).toEqual([1, 1]); // they overlap, which is shorter than parts that do not
  });

  test("say how two facts stand to each other where that is all that matters, and their values where it is not", () => {
    const columns = [column(4, { rank: 0 }), column(4, { rank: 0 }), column(3, { rank: 2 })];
    const all = rowsOf([column(4), column(4)]).map(([one = 0, other = 0]) => [one, other, 1 + Math.sign(one - other)]);
    expect(boxesWhere(columns, all, ([one = 0, other = 0]) => one < other)).toEqual([[null, null, [0]]]);
    expect(boxesWhere(columns, all, ([one = 0]) => one < 2)).toEqual([[[0, 1], null, null]]);
  });

  test("tell a fact that is missing apart from any that is there", () => {
    const columns = [column(3, { free: [0, 1] }), column(2)];
    const all = rowsOf(columns);
    expect(boxesWhere(columns, all, () => true)).toEqual([
      [null, null],
      [[2], null],
    ]);
    expect(boxesWhere(columns, all, ([one]) => one !== 0)).toEqual([[[1, 2], null]]);
  });
});
