import { AppError } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Deadline } from "./deadline.ts";

/**
 * One change at a time for each organization in this gateway, in the order of their arrival: a change that waits does not race,
 * so nobody is starved by somebody else's loop. Correctness does not need it; the versions see to that.
 */
export interface Queue {
  /** Runs `work` when its turn comes and says whether it had to wait. Throws CONTENTION when the turn comes too late. */
  run<Result>(key: string, deadline: Deadline, work: (waited: boolean) => Promise<Result>): Promise<Result>;
}

interface Line {
  readonly waiting: (() => void)[];
}

export function createQueue(): Queue {
  const lines = new Map<string, Line>();
  return {
    async run(key, deadline, work) {
      const line = lines.get(key);
      if (line === undefined) lines.set(key, { waiting: [] });
      else await turn(line, deadline);
      try {
        return await work(line !== undefined);
      } finally {
        const next = lines.get(key)?.waiting.shift();
        if (next === undefined) lines.delete(key);
        else next();
      }
    },
  };
}

async function turn(line: Line, deadline: Deadline): Promise<void> {
  if (line.waiting.length >= LIMITS.organizationQueue) throw contention();
  await new Promise<void>((resolve, reject) => {
    const go = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(
      () => {
        line.waiting.splice(line.waiting.indexOf(go), 1);
        reject(contention());
      },
      Math.max(0, deadline()),
    );
    line.waiting.push(go);
  });
}

export function contention(): AppError {
  return new AppError("CONTENTION", "Too many changes of this organization at once. Nothing was written; try again.");
}
