import type { Load, Measured } from "./exchange.ts";
import { startHelper } from "./processes.ts";

export const CONNECTIONS = 32;

/** Measures in a process of its own. Throws when an answer is wrong: a fast wrong answer is worth nothing. */
export async function measure(load: Load): Promise<Measured> {
  const generator = await startHelper<Measured>("generator.ts", load);
  await generator.stop();
  const measured = generator.result;
  if (measured.wrong === 0) return measured;
  throw new WrongAnswer(measured);
}

export class WrongAnswer extends Error {
  override readonly name = "WrongAnswer";

  constructor({ wrong, latencies, complaints }: Measured) {
    super(`${wrong} of ${latencies.length} answers are wrong, for example:\n  ${complaints.join("\n  ")}`);
  }
}

/** The values dealt out, one each in turn. */
export function dealt<Value>(values: readonly Value[], hands: number): Value[][] {
  return Array.from({ length: hands }, (_, hand) => values.filter((_value, index) => index % hands === hand));
}

/** The value that this part of the values is not above; `part` from 0 to 1. */
export function quantile(values: Float64Array, part: number): number {
  const sorted = values.toSorted();
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

export function concatenated(parts: readonly Float64Array[]): Float64Array {
  return Float64Array.from(parts.flatMap((part) => [...part]));
}
