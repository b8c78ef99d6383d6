import type { Authored } from "./policies.ts";
import type { Batching } from "./batches.ts";
import type { Importing } from "./library.ts";
import type { Listing } from "./lists.ts";
import { median } from "./load.ts";
import { isVoid, NAIVE_AT_LEAST, type Rates, type Results } from "./results.ts";
import type { Searched } from "./searches.ts";
import type { Secrecy } from "./secrecy.ts";

/** One table for people. */
export function tableOf(results: Results): string {
  const { start, questions, changes, lists = [], secrecy = [], batches = [], imports = [], searches = [] } = results;
  const { policies = [] } = results;
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
    ...(batches.length > 0 ? [batchesTable(batches)] : []),
    ...(imports.length > 0 ? [importsTable(imports)] : []),
    ...(searches.length > 0 ? [searchesTable(searches)] : []),
    ...(policies.length > 0 ? [policiesTable(policies)] : []),
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

function othersCell(others: number): string {
  return `${percent(others)}${others > BUSY ? " BUSY" : ""}`;
}

function batchesTable(batches: readonly Batching[]): string {
  const head = [
    "",
    "questions a request",
    "requests a second",
    "decisions a second",
    "p50 ms",
    "p99 ms",
    "others' CPU",
  ];
  const rows = batches.map(({ name, questions, rates }) => [
    ...[name, String(questions), count(rates.perSecond), count(rates.perSecond * questions)],
    ...[rates.p50.toFixed(1), rates.p99.toFixed(1), rates.others.map(percent).join(" ")],
  ]);
  return aligned([head, ...rows], 5);
}

function importsTable(imports: readonly Importing[]): string {
  const rows = imports.map(({ lines, seconds: took, others }) => [
    ...[
      "import, graph included",
      lines.toLocaleString("en-US"),
      took.toFixed(1),
      count(lines / took),
      othersCell(others),
    ],
  ]);
  return aligned([["", "lines", "seconds", "lines a second", "others' CPU"], ...rows], 3);
}

function searchesTable(searches: readonly Searched[]): string {
  const head = ["a page of 50", "of", "found", "p50 ms", "worst ms", "requests", "CPU ms", "others' CPU"];
  const rows = searches.map(({ name, of, found, due, p50, worst, requests, cpuMs, others }) => [
    ...[
      name,
      of.toLocaleString("en-US"),
      found < due ? `${found}, given up` : String(found),
      p50.toFixed(1),
      worst.toFixed(1),
      String(requests),
    ],
    cpuMs.toFixed(1),
    othersCell(others),
  ]);
  return aligned([head, ...rows], 6);
}

function policiesTable(policies: readonly Authored[]): string {
  const rows = policies.map(({ name, goalSeconds, ofEachRound, others }) => {
    const took = median(ofEachRound);
    const goal = `${goalSeconds}${took > goalSeconds ? " MISSED" : ""}`;
    return [
      name,
      took.toFixed(1),
      goal,
      ofEachRound.map((each) => each.toFixed(1)).join(" "),
      others.map(percent).join(" "),
    ];
  });
  return aligned([["npm run policies", "seconds", "goal", "each round", "others' CPU"], ...rows], 2);
}

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
