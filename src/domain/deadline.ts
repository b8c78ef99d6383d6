import { performance } from "node:perf_hooks";

/** Milliseconds that are left; zero or less when the time is over. Monotonic: a clock that is set does not matter. */
export type Deadline = () => number;

export function deadlineIn(milliseconds: number): Deadline {
  const end = performance.now() + milliseconds;
  return () => end - performance.now();
}
