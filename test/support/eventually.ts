import { setTimeout as wait } from "node:timers/promises";

const EVERY_MS = 20;

/** Asks until the claim holds, and gives what it gave; throws what it threw last when it does not hold in time. */
export async function eventually<Value>(claim: () => Value | Promise<Value>, withinMs = 15_000): Promise<Value> {
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      return await claim();
    } catch (error) {
      if (performance.now() >= end) throw error;
      await wait(EVERY_MS);
    }
  }
}
