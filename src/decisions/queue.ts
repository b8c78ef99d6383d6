import { LIMITS } from "../entities/limits.ts";

/** Lines that wait, and how many bytes each has. */
export interface LineQueue {
  readonly lines: readonly string[];
  readonly sizes: readonly number[];
  /** False when it is full. */
  add(line: string): boolean;
  first(count: number): { readonly text: string; readonly sizes: readonly number[] };
  drop(count: number): void;
}

export function createLineQueue(): LineQueue {
  const lines: string[] = [];
  const sizes: number[] = [];
  let bytes = 0;
  return {
    lines,
    sizes,
    add: (line) => {
      const size = Buffer.byteLength(line);
      if (bytes + size > LIMITS.decisionQueueBytes) return false;
      lines.push(line);
      sizes.push(size);
      bytes += size;
      return true;
    },
    first: (count) => ({ text: lines.slice(0, count).join(""), sizes: sizes.slice(0, count) }),
    drop: (count) => {
      lines.splice(0, count);
      for (const size of sizes.splice(0, count)) bytes -= size;
    },
  };
}
