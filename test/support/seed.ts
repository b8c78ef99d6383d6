import { randomInt } from "node:crypto";

/** Choices that are the same again for the same seed. */
export interface Chance {
  /** From 0 up to but not including this. */
  below(end: number): number;
}

/** Of the randomness of a test: BAILIWICK_SEED repeats what failed. It is printed whenever it is taken. */
export function takeSeed(test: string): number {
  const seed = Number(process.env["BAILIWICK_SEED"] ?? randomInt(2 ** 31));
  process.stderr.write(`${test}: BAILIWICK_SEED=${seed}\n`);
  return seed;
}

/** mulberry32: small, and good enough to choose with. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return {
    below: (end) => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
    },
  };
}
