import { availableParallelism } from "node:os";
import type { CpuTimes } from "./cpu.ts";
import type { Measured } from "./exchange.ts";
import type { Listing } from "./lists.ts";
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
  secrecy?: readonly Secrecy[];
}

/** A naive service that is slower than it should be says that the machine was busy with something else. */
export const NAIVE_AT_LEAST = 450;

export function isVoid({ questions }: Results): boolean {
  return questions !== undefined && questions.naive.perSecond < NAIVE_AT_LEAST;
}

/** One table for people. */
export function tableOf(results: Results): string {
  const { start, questions, changes, lists = [], secrecy = [] } = results;
  const rows: string[][] = [["", "a second", "p50 ms", "p99 ms", "each round", "others' CPU", "CPU ms an answer"]];
  if (questions !== undefined) {
    rows.push(row("questions, gateway", questions.gateway), row("questions, naive", questions.naive));
    rows.push(["  gateway : naive", `${questions.ratio.toFixed(2)} : 1`, "", "", "", "", ""]);
  }
  if (changes !== undefined) {
    rows.push(row("changes, one organization", changes.one), row("changes, a hundred", changes.hundred));
  }
  if (start !== undefined) {
    rows.push(["cold start", seconds(start.coldMs), "", "", start.coldMs.map(inSeconds).join(" "), "", ""]);
    rows.push(["warm start", seconds(start.warmMs), "", "", start.warmMs.map(inSeconds).join(" "), "", ""]);
  }
  const tables = [
    ...(rows.length > 1 ? [aligned(rows, 3)] : []),
    ...(lists.length > 0 ? [listsTable(lists)] : []),
    ...(secrecy.length > 0 ? [secrecyTable(secrecy)] : []),
  ];
  return [...tables, ...notes(results)].join("\n");
}

function row(name: string, rates: Rates): string[] {
  const { perSecond, p50, p99, ofEachRound, cpuMs, others } = rates;
  const used = Object.entries(cpuMs).filter(([, ms]) => ms >= 0.005);
  const cpu = used.map(([process, ms]) => `${process} ${ms.toFixed(2)}`).join(", ");
  const rounds = ofEachRound.map(count).join(" ");
  return [name, count(perSecond), p50.toFixed(1), p99.toFixed(1), rounds, others.map(percent).join(" "), cpu];
}

/** A page of the audit log, by the log's length. */
function listsTable(lists: readonly Listing[]): string {
  const lengths = lists[0]?.logs.map(({ events }) => `${events.toLocaleString("en-US")} events`) ?? [];
  const head = ["", ...lengths.flatMap((length) => [`p50 ms, ${length}`, `p99 ms`]), "others' CPU"];
  const rows = lists.map(({ name, logs, others }) => {
    const times = logs.flatMap(({ p50, p99 }) => [p50.toFixed(2), p99.toFixed(2)]);
    return [name, ...times, `${percent(others)}${others > BUSY ? " BUSY" : ""}`];
  });
  return aligned([head, ...rows], 4);
}

const BUSY = 0.05;

function secrecyTable(secrecy: readonly Secrecy[]): string {
  const head = [
    "",
    "foreign ms",
    "unknown ms",
    "difference µs",
    "95% interval",
    "seen from µs",
    "slower",
    "p",
    "others' CPU",
  ];
  const rows = secrecy.map(({ name, medians, difference, interval, seen, above, p, others }) => [
    name,
    ...medians.map((ms) => ms.toFixed(3)),
    difference.toFixed(1),
    interval.map((edge) => edge.toFixed(1)).join(" … "),
    seen.toFixed(1),
    `${(above * 100).toFixed(1)}%`,
    p.toPrecision(2),
    `${percent(others)}${others > BUSY ? " BUSY" : ""}`,
  ]);
  return aligned([head, ...rows], 7);
}

function notes(results: Results): string[] {
  const { questions, changes } = results;
  const lines: string[] = [];
  if (changes !== undefined) {
    const late = [changes.one, changes.hundred].map(({ pending, answers }) => `${pending} of ${answers}`).join(" and ");
    lines.push(`Changes answered before OpenFGA had their tuples: ${late}; it has them all now.`);
  }
  for (const [name, rates] of Object.entries({ ...questions, ...changes })) {
    if (typeof rates === "object" && rates.undecided > 0) {
      lines.push(`${name}: ${rates.undecided} times 503, not counted. Was the machine busy?`);
    }
  }
  if (isVoid(results)) {
    lines.push(`VOID: naive did less than ${NAIVE_AT_LEAST} a second. Was the machine busy? Run it again.`);
  }
  return lines;
}

const count = (perSecond: number): string => Math.round(perSecond).toLocaleString("en-US");
const percent = (part: number): string => `${Math.round(part * 100)}%`;
const inSeconds = (ms: number): string => (ms / 1_000).toFixed(1);
const seconds = (ms: readonly number[]): string => `${inSeconds(median(ms))} s`;

/** Markdown, also for people without it. Figures stand to the right. */
function aligned(rows: readonly (readonly string[])[], figures: number): string {
  const [head = [], ...body] = rows;
  const isFigure = (column: number): boolean => column >= 1 && column <= figures;
  const widths = head.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? "";
      return isFigure(column) ? cell.padStart(width) : cell.padEnd(width);
    });
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, column) => (isFigure(column) ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  return [line(head), line(rule), ...body.map(line)].join("\n");
}
