import { expect, test } from "@jest/globals";
import { coalesced } from "../../src/relay/coalesced.ts";

interface Run {
  readonly key: string;
  readonly end: PromiseWithResolvers<number>;
}

/** Work that ends when the test says so. */
function held(): { runs: Run[]; run: (key: string) => Promise<number> } {
  const runs: Run[] = [];
  const run = coalesced(async (key: string) => {
    const end = Promise.withResolvers<number>();
    runs.push({ key, end });
    return await end.promise;
  });
  return { runs, run };
}

test("who asks while a run is under way shares the next one, never this one", async () => {
  const { runs, run } = held();
  const first = run("a");
  const others = [run("a"), run("a")];
  expect(runs).toHaveLength(1);
  runs[0]?.end.resolve(1);
  expect(await first).toBe(1);
  await Promise.resolve();
  const last = run("a");
  expect(runs).toHaveLength(2);
  runs[1]?.end.resolve(2);
  expect(await Promise.all(others)).toEqual([2, 2]);
  runs[2]?.end.resolve(3);
  expect(await last).toBe(3);
});

test("keys do not wait for each other", async () => {
  const { runs, run } = held();
  const [a, b] = [run("a"), run("b")];
  expect(runs.map(({ key }) => key)).toEqual(["a", "b"]);
  for (const { end } of runs) end.resolve(1);
  expect(await Promise.all([a, b])).toEqual([1, 1]);
});

test("a run that fails fails for those who asked for it, and the next begins all the same", async () => {
  const { runs, run } = held();
  const first = run("a");
  const second = run("a");
  runs[0]?.end.reject(new Error("no"));
  await expect(first).rejects.toThrow("no");
  await Promise.resolve();
  runs[1]?.end.resolve(2);
  expect(await second).toBe(2);
});
