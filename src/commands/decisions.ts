import type { Config } from "../config.ts";
import { findDecision, type Found, lastDecisions, type LoggedDecision } from "../decisions/reading.ts";
import { LIMITS } from "../entities/limits.ts";
import { type Command, readArguments, type Run, UsageError } from "./command.ts";

const HELP = `Reads the log of decisions: what was asked, what was answered, and why. The gateway may run or not.

  npm run decisions -- show <id>          one decision; its id is in the answer, as context.id
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

function print({ found, torn }: Found<LoggedDecision[]>, isJson: boolean, report: (line: string) => void): void {
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
function line({ id, time, answer, question, reasons }: LoggedDecision): string {
  const why = reasons.map(({ code }) => code).join(", ");
  return `${time}  ${id}  ${answer.padEnd(9)}  ${asked(question)}${why === "" ? "" : `  ${why}`}`;
}

function story(decision: LoggedDecision): string {
  const { id, time, answer, durationMs, caller, question, reasons, facts, organization, version } = decision;
  const rows: [string, string][] = [
    ["asked by", caller === null ? "unknown: it failed before" : `${caller.kind} ${caller.id}`],
    ["question", asked(question)],
    ...reasons.map(({ code, ...details }): [string, string] => ["reason", [code, ...pairs(details)].join(" ")]),
    ["organization", organization === null ? "none" : `${organization}, version ${version ?? "?"}`],
    ["subject", facts === null ? "nothing was read" : pairs(facts.subject).join(" ")],
    ["resource", facts === null ? "nothing was read" : pairs(facts.resource).join(" ")],
    ["graph", decision.graph ?? "not asked"],
    ["decided by", `matrix ${decision.matrix ?? "none"}, policies ${decision.unit}, model ${decision.model}`],
  ];
  const body = rows.map(([name, value]) => `  ${name.padEnd(13)} ${value}`).join("\n");
  return `${id}  ${answer}  ${time}  ${durationMs} ms\n${body}`;
}

function asked({ subject, action, resource }: LoggedDecision["question"]): string {
  return `${named(subject)} ${action ?? "unknown action"} ${named(resource)}`;
}

function named({ type, id }: LoggedDecision["question"]["subject"]): string {
  return type === null ? "unknown" : `${type}:${id ?? "unknown"}`;
}

function pairs(values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(values).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
}
