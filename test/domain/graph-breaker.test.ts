import { describe, expect, test } from "@jest/globals";
import type { GraphReader } from "../../src/domain/deps.ts";
import { withBreaker } from "../../src/domain/graph-breaker.ts";
import { cannotDecide } from "../../src/entities/errors.ts";
import { LIMITS } from "../../src/entities/limits.ts";

const CANNOT_DECIDE: unknown = expect.objectContaining({ code: "CANNOT_DECIDE" });

interface World {
  readonly reads: PromiseWithResolvers<string[]>[];
  readonly graph: GraphReader;
  readonly advance: (ms: number) => void;
  readonly ask: (timeoutMs?: number) => Promise<readonly string[]>;
  readonly fail: (timeoutMs?: number) => Promise<void>;
}

/** A graph whose Reads end when the test says how, behind a breaker whose clock the test moves. */
function broken(): World {
  const reads: PromiseWithResolvers<string[]>[] = [];
  let now = 0;
  const asked: GraphReader = {
    directRoles: async () => {
      const read = Promise.withResolvers<string[]>();
      reads.push(read);
      return await read.promise;
    },
    fence: async () => await Promise.resolve([1]),
    holds: async () => await Promise.resolve([]),
    paths: async () => await Promise.resolve({ paths: [], isComplete: true }),
  };
  const graph = withBreaker(asked, () => now);
  const ask: World["ask"] = async (timeoutMs = LIMITS.graphFairMs) => await graph.directRoles("p", "o", timeoutMs);
  const fail: World["fail"] = async (timeoutMs) => {
    const answer = ask(timeoutMs);
    reads.at(-1)?.reject(cannotDecide("openfga", new Error("silent")));
    await expect(answer).rejects.toEqual(CANNOT_DECIDE);
  };
  return { reads, graph, advance: (ms) => (now += ms), ask, fail };
}

async function failing(times: number): Promise<World> {
  const world = broken();
  for (let count = 0; count < times; count += 1) await world.fail();
  return world;
}

describe("a graph that fails", () => {
  test("fewer times in a row than the limit is asked each time", async () => {
    const { reads, fail, ask } = await failing(LIMITS.graphFailures - 1);
    const answer = ask();
    reads.at(-1)?.resolve(["owner"]);
    expect(await answer).toEqual(["owner"]);
    for (let count = 1; count < LIMITS.graphFailures; count += 1) await fail();
    expect(reads).toHaveLength(2 * LIMITS.graphFailures - 1);
  });

  test("those who had no time to wait for it is asked on", async () => {
    const { reads, fail } = broken();
    for (let count = 0; count < 2 * LIMITS.graphFailures; count += 1) await fail(LIMITS.graphFairMs - 1);
    expect(reads).toHaveLength(2 * LIMITS.graphFailures);
  });

  test("as often as the limit is left alone until it has rested, its fence too", async () => {
    const { reads, graph, advance, ask } = await failing(LIMITS.graphFailures);
    advance(LIMITS.graphRestMs - 1);
    await expect(ask()).rejects.toEqual(CANNOT_DECIDE);
    await expect(graph.fence("o", 1)).rejects.toEqual(CANNOT_DECIDE);
    expect(reads).toHaveLength(LIMITS.graphFailures);
    advance(1);
    void ask();
    expect(reads).toHaveLength(LIMITS.graphFailures + 1);
  });

  test("is tried by one Read at a time, and rests again when that fails", async () => {
    const { reads, advance, ask, fail } = await failing(LIMITS.graphFailures);
    advance(LIMITS.graphRestMs);
    const probe = ask();
    await expect(ask()).rejects.toEqual(CANNOT_DECIDE);
    reads.at(-1)?.reject(cannotDecide("openfga", new Error("still silent")));
    await expect(probe).rejects.toEqual(CANNOT_DECIDE);
    await expect(ask()).rejects.toEqual(CANNOT_DECIDE);
    expect(reads).toHaveLength(LIMITS.graphFailures + 1);
    advance(LIMITS.graphRestMs);
    await fail();
    expect(reads).toHaveLength(LIMITS.graphFailures + 2);
  });

  test("and answers again is asked by everybody", async () => {
    const { reads, advance, ask } = await failing(LIMITS.graphFailures);
    advance(LIMITS.graphRestMs);
    const probe = ask();
    reads.at(-1)?.resolve([]);
    expect(await probe).toEqual([]);
    void ask();
    void ask();
    expect(reads).toHaveLength(LIMITS.graphFailures + 3);
  });

  test("because of a defect of ours is not left alone", async () => {
    const { reads, ask } = broken();
    for (let count = 0; count <= LIMITS.graphFailures; count += 1) {
      const answer = ask();
      reads.at(-1)?.reject(new TypeError("a defect"));
      await expect(answer).rejects.toThrow("a defect");
    }
    expect(reads).toHaveLength(LIMITS.graphFailures + 1);
  });
});
