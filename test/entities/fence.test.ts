import { expect, test } from "@jest/globals";
import {
  fenceHolds,
  fenceTuple,
  genesisTuple,
  guardNumber,
  keptEpochs,
  type RowPosition,
  standing,
} from "../../src/entities/fence.ts";
import { LIMITS } from "../../src/entities/limits.ts";

interface Case {
  readonly graph: string;
  readonly fences: readonly number[];
  readonly epochs: readonly number[];
  readonly row: RowPosition;
  readonly stands: ReturnType<typeof standing>;
}

const first: RowPosition = { number: 1, rebuildEpoch: null };
const fifth: RowPosition = { number: 5, rebuildEpoch: null };
const rebuild: RowPosition = { number: 5, rebuildEpoch: 1 };

test.each<Case>([
  { graph: "an empty graph is before its first row", fences: [], epochs: [], row: first, stands: "before" },
  { graph: "an empty graph that was begun once is lost", fences: [], epochs: [0], row: first, stands: "lost" },
  { graph: "an empty graph is lost to a later row", fences: [], epochs: [0], row: fifth, stands: "lost" },
  { graph: "the fence of the row before it", fences: [4], epochs: [0], row: fifth, stands: "before" },
  { graph: "the row's own fence", fences: [5], epochs: [0], row: fifth, stands: "after" },
  { graph: "a fence two back", fences: [3], epochs: [0], row: fifth, stands: "lost" },
  { graph: "a fence ahead", fences: [6], epochs: [0], row: fifth, stands: "lost" },
  { graph: "the row's own fence and another", fences: [5, 9], epochs: [0], row: fifth, stands: "lost" },
  { graph: "the fence before it and another", fences: [4, 9], epochs: [0], row: fifth, stands: "lost" },
  { graph: "an empty graph can be rebuilt", fences: [], epochs: [], row: rebuild, stands: "before" },
  { graph: "a graph with any fences can be rebuilt", fences: [2, 3], epochs: [0], row: rebuild, stands: "before" },
  { graph: "a rebuilt graph", fences: [5], epochs: [0, 1], row: rebuild, stands: "after" },
  { graph: "a rebuilt graph and another fence", fences: [5, 6], epochs: [0, 1], row: rebuild, stands: "lost" },
  { graph: "a graph of its epoch, not of its number", fences: [2], epochs: [0, 1], row: rebuild, stands: "lost" },
])("$graph: $stands", ({ fences, epochs, row, stands }) => {
  const guards = {
    fences: fences.map((number) => fenceTuple("o", number)),
    genesis: epochs.map((epoch) => genesisTuple("o", epoch)),
  };
  expect(standing(guards, row)).toBe(stands);
});

test.each([
  [[], 0, true],
  [[0], 0, false],
  [[3], 3, true],
  [[3], 4, false],
  [[3, 4], 4, false],
  [[], 4, false],
])("the fences %j hold at %i: %s", (fences, applied, expected) => {
  expect(fenceHolds(fences, applied)).toBe(expected);
});

test.each(["", "x", "01", "-1", "1.5", "1e3", "9999999999999999"])("a fence %j is none that we wrote", (id) => {
  expect(guardNumber({ user: `fence:${id}`, relation: "fence", object: "organization:o" })).toBeNaN();
});

test("a graph keeps the genesis of its first Write and of its latest rebuilds", () => {
  expect(keptEpochs(0)).toEqual([0]);
  expect(keptEpochs(2)).toEqual([0, 1, 2]);
  expect(keptEpochs(LIMITS.epochsKept + 2)).toEqual([
    0,
    ...Array.from({ length: LIMITS.epochsKept + 1 }, (_, i) => i + 2),
  ]);
});
