import type { Config } from "../config.ts";
import { findDecision, type Found, lastDecisions, type LoggedLine, type LoggedSearch } from "../decisions/reading.ts";
import { LIMITS } from "../entities/limits.ts";
import { type Command, readArguments, type Run, UsageError } from "./command.ts";

const HELP = `Reads the log of decisions: what was asked, what was answered, and why. The gateway may run or not.

  npm run decisions -- show <id>          one decision, or page of a search; its id is in the answer, as context.id
  npm run decisions -- list               the last 20 of all gateways that log into this folder, the oldest first
  npm run decisions -- list --last <n>    the last n, at most ${LIMITS.decisionsListed}

  --json    one JSON object a line, as it stands in the log
  --help    this text

Reads the folder of DECISION_LOG, by default decisions in STATE_DIR, also what was rotated. Exit status 1 when there is no such decision.
`;

const DEFAULT_LAST = "20";

export const decisionsCommand: Command = ([verb, ...rest]) => {
  if (verb === "--help") return HELP;
  if (verb === "show") return show(rest);
  if (verb === "list") return list(rest);
  throw new UsageError(
    verb === undefined ? "show or list is missing" : `decisions can show and list, not "${verb}"`,
    HELP,
  );
};

function show(args: readonly string[]): string | Run {
  const options = { json: { type: "boolean" } } as const;
  const read = readArguments(args, { help: HELP, options, words: ["the id of a decision"] });
  if (read === undefined) return HELP;
  const [id = ""] = read.words;
  if (!/^dec-[0-9a-z]{20}$/.test(id))
    throw new UsageError(`"${id}" is no id of a decision: dec- and 20 characters`, HELP);
  return async (config, { report }) => {
    const folder = folderOf(config, report);
    if (folder === undefined) return 1;
    const { found, files } = await findDecision(folder, id);
    if (found !== undefined) {
      console.log(read.values.json === true ? JSON.stringify(found) : story(found));
      return 0;
    }
    if (!isEmpty(folder, files, report)) {
      report(
        `There is no decision ${id} in the ${files} files of ${folder}: it was rotated away or lost, or another folder has it`,
      );
    }
    return 1;
  };
}

function list(args: readonly string[]): string | Run {
  const options = { json: { type: "boolean" }, last: { type: "string" } } as const;
  const read = readArguments(args, { help: HELP, options, words: [] });
  if (read === undefined) return HELP;
  const { last = DEFAULT_LAST, json: isJson = false } = read.values;
  const count = /^[0-9]{1,6}$/.test(last) ? Number(last) : 0;
  if (count < 1 || count > LIMITS.decisionsListed) {
    throw new UsageError(`--last takes a whole number from 1 to ${LIMITS.decisionsListed}`, HELP);
  }
  return async (config, { report }) => {
    const folder = folderOf(config, report);
    if (folder === undefined) return 1;
    const found = await lastDecisions(folder, count);
    if (isEmpty(folder, found.files, report)) return 1;
    print(found, isJson, report);
    return 0;
  };
}

function print({ found, torn }: Found<LoggedLine[]>, isJson: boolean, report: (line: string) => void): void {
  for (const decision of found) console.log(isJson ? JSON.stringify(decision) : line(decision));
  if (torn > 0) report(`Lines that cannot be read: ${torn}. A gateway or the machine ended while it wrote`);
}

function folderOf({ decisionLog }: Config, report: (line: string) => void): string | undefined {
  if (decisionLog === null) report("The log of decisions is off: DECISION_LOG names no folder");
  return decisionLog?.folder;
}

function isEmpty(folder: string, files: number, report: (line: string) => void): boolean {
  if (files === 0) report(`No decision has been logged in ${folder} yet`);
  return files === 0;
}

/** One decision in a line. */
function line(logged: LoggedLine): string {
  const { id, time, answer, reasons } = logged;
  const why = [...reasons.map(({ code }) => code), ...("search" in logged ? [counted(logged)] : [])].join(", ");
  return `${time}  ${id}  ${answer.padEnd(9)}  ${asked(logged)}${why === "" ? "" : `  ${why}`}`;
}

function counted({ search, candidates, results, cut }: LoggedSearch): string {
  const end = cut === null ? "" : `, cut by the ${cut}`;
  return `${search} search: ${results.length} found, ${candidates} decided${end}`;
}

type Row = readonly [name: string, value: string];

/** What is told of a decision and of a search in different ways. */
function parts(logged: LoggedLine): readonly Row[] {
  if ("search" in logged) {
    const organizations = logged.organizations.map(({ id, version, matrix }): Row => [
      "organization",
      `${id}, version ${version}, matrix ${matrix}`,
    ]);
    const results = logged.results.map((result): Row => ["result", result]);
    return [["page", counted(logged)], ...results, ...organizations, ["decided by", enginesOf(logged)]];
  }
  const { organization, version, facts, graph, matrix } = logged;
  return [
    ["organization", organization === null ? "none" : `${organization}, version ${version ?? "?"}`],
    ["subject", facts === null ? "nothing was read" : pairs(facts.subject).join(" ")],
    ["resource", facts === null ? "nothing was read" : pairs(facts.resource).join(" ")],
    ["graph", graph ?? "not asked"],
    ["decided by", `matrix ${matrix ?? "none"}, ${enginesOf(logged)}`],
  ];
}

function enginesOf({ unit, commit, model }: LoggedLine): string {
  const parts = [`policies ${unit}`, ...(commit ? [`commit ${commit}`] : []), `model ${model}`];
  return parts.join(", ");
}

function story(logged: LoggedLine): string {
  const { id, time, answer, durationMs, caller, reasons } = logged;
  const rows: Row[] = [
    ["asked by", caller === null ? "unknown: it failed before" : `${caller.kind} ${caller.id}`],
    ["question", asked(logged)],
    ...reasons.map(({ code, ...details }): Row => ["reason", [code, ...pairs(details)].join(" ")]),
    ...parts(logged),
  ];
  const body = rows.map(([name, value]) => `  ${name.padEnd(13)} ${value}`).join("\n");
  return `${id}  ${answer}  ${time}  ${durationMs} ms\n${body}`;
}

function asked(logged: LoggedLine): string {
  const { subject, action, resource } = logged.question;
  const wanted = "search" in logged ? logged.search : null;
  const who = wanted === "subject" ? `any ${subject.type ?? "unknown"}` : named(subject);
  const does = action ?? (wanted === "action" ? "any action" : "unknown action");
  return `${who} ${does} ${wanted === "resource" ? `any ${resource.type ?? "unknown"}` : named(resource)}`;
}

function named({ type, id }: LoggedLine["question"]["subject"]): string {
  return type === null ? "unknown" : `${type}:${id ?? "unknown"}`;
}

function pairs(values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(values).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
}
