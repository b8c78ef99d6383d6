import { availableParallelism } from "node:os";
import type { Authored } from "./policies.ts";
import type { Batching } from "./batches.ts";
import type { CpuTimes } from "./cpu.ts";
import type { Measured } from "./exchange.ts";
import type { Importing } from "./library.ts";
import type { Listing } from "./lists.ts";
import type { Searched } from "./searches.ts";
import type { Secrecy } from "./secrecy.ts";
import { concatenated, median, quantile } from "./load.ts";

/** One measurement: a load, and the CPU time that went by meanwhile. */
export interface Round {
  readonly measured: Measured;
  readonly cpu: CpuTimes;
}

export interface Rates {
  /** The median of the rounds. */
  readonly perSecond: number;
  readonly ofEachRound: readonly number[];
  /** Milliseconds, over the answers of all rounds. */
  readonly p50: number;
  readonly p99: number;
  readonly answers: number;
  /** Of the answers, those that came before OpenFGA had the tuples. */
  readonly pending: number;
  /** 503, not among the answers. */
  readonly undecided: number;
  /** CPU milliseconds for each answer, by process. */
  readonly cpuMs: CpuTimes;
  /** Of each round, the part of this machine's CPU time that somebody else used. */
  readonly others: readonly number[];
}

export function ratesOf(rounds: readonly Round[]): Rates {
  const latencies = concatenated(rounds.map(({ measured }) => measured.latencies));
  const ofEachRound = rounds.map(({ measured }) => measured.latencies.length / measured.seconds);
  const names = Object.keys(rounds[0]?.cpu ?? {}).filter((name) => name !== "machine");
  const used = (name: string): number => rounds.reduce((sum, { cpu }) => sum + (cpu[name] ?? 0), 0);
  return {
    perSecond: median(ofEachRound),
    ofEachRound,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    answers: latencies.length,
    pending: rounds.reduce((sum, { measured }) => sum + measured.pending, 0),
    undecided: rounds.reduce((sum, { measured }) => sum + measured.undecided, 0),
    cpuMs: Object.fromEntries(names.map((name) => [name, used(name) / latencies.length])),
    others: rounds.map(({ cpu, measured }) => othersOf(cpu, measured.seconds)),
  };
}

/** The part of the machine's CPU time that nobody of ours used. */
export function othersOf({ machine = 0, ...ours }: CpuTimes, seconds: number): number {
  const rest = machine - Object.values(ours).reduce((sum, ms) => sum + ms, 0);
  return Math.max(0, rest / (seconds * 1_000 * availableParallelism()));
}

export interface Results {
  start?: { readonly coldMs: readonly number[]; readonly warmMs: readonly number[] };
  questions?: { readonly gateway: Rates; readonly naive: Rates; readonly ratio: number };
  changes?: { readonly one: Rates; readonly hundred: Rates };
  lists?: readonly Listing[];
  batches?: readonly Batching[];
  imports?: readonly Importing[];
  searches?: readonly Searched[];
  secrecy?: readonly Secrecy[];
  policies?: readonly Authored[];
}

/** A naive service that is slower than it should be says that the machine was busy with something else. */
export const NAIVE_AT_LEAST = 450;

export function isVoid({ questions }: Results): boolean {
  return questions !== undefined && questions.naive.perSecond < NAIVE_AT_LEAST;
}
