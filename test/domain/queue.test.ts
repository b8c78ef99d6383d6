import { expect, test } from "@jest/globals";
import { deadlineIn } from "../../src/domain/deadline.ts";
import { createQueue } from "../../src/domain/queue.ts";
import { LIMITS } from "../../src/entities/limits.ts";

const LONG = deadlineIn(60_000);

/** A promise that the test resolves when it likes. */
function gate(): { readonly open: () => void; readonly passed: Promise<void> } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, passed };
}

test("changes of one organization come one after the other, in the order of their arrival; another's go on", async () => {
  const queue = createQueue();
  const first = gate();
  const order: string[] = [];
  const run = async (key: string, name: string, until = Promise.resolve()): Promise<boolean> =>
    await queue.run(key, LONG, async (waited) => {
      order.push(name);
      await until;
      return waited;
    });
  const all = [run("acme", "a", first.passed), run("acme", "b"), run("acme", "c"), run("other", "d")];
  expect(await all[3]).toBe(false);
  expect(order).toEqual(["a", "d"]);
  first.open();
  expect(await Promise.all(all)).toEqual([false, true, true, false]);
  expect(order).toEqual(["a", "d", "b", "c"]);
});

test("a failure hands the turn on", async () => {
  const queue = createQueue();
  const failing = queue.run("acme", LONG, async () => await Promise.reject(new Error("no")));
  const next = queue.run("acme", LONG, async () => await Promise.resolve("next"));
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("next");
});

test("who waits past the deadline is told CONTENTION, and those behind keep their place", async () => {
  const queue = createQueue();
  const first = gate();
  const holding = queue.run("acme", LONG, async () => await first.passed);
  const impatient = queue.run("acme", deadlineIn(1), async () => await Promise.resolve("never"));
  const patient = queue.run("acme", LONG, async () => await Promise.resolve("done"));
  await expect(impatient).rejects.toMatchObject({ code: "CONTENTION" });
  first.open();
  await holding;
  expect(await patient).toBe("done");
});

test(`${LIMITS.organizationQueue} changes wait, one more is told CONTENTION at once`, async () => {
  const queue = createQueue();
  const first = gate();
  const holding = queue.run("acme", LONG, async () => await first.passed);
  const waiting = Array.from({ length: LIMITS.organizationQueue }, async () => {
    return await queue.run("acme", LONG, async () => await Promise.resolve("done"));
  });
  const past = queue.run("acme", LONG, async () => await Promise.resolve("never"));
  await expect(past).rejects.toMatchObject({ code: "CONTENTION" });
  first.open();
  await holding;
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(["done"]));
});
