import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { z } from "zod";
import { isCode, type LogFile, logFiles } from "./folder.ts";

const thing = z.object({ type: z.string().nullable(), id: z.string().nullable() });
const words = z.record(z.string(), z.unknown());

/** Lines of the log, as src/entities/decisions.ts has them. */
const HEAD = {
  id: z.string(),
  time: z.iso.datetime(),
  caller: z.object({ kind: z.enum(["account", "client"]), id: z.string() }).nullable(),
};
const question = z.object({ subject: thing, action: z.string().nullable(), resource: thing });
const TAIL = {
  reasons: z.array(z.looseObject({ code: z.string() })),
  unit: z.string(),
  commit: z.string().nullish(), // older lines have none
  model: z.string(),
  durationMs: z.number(),
};
const Decided = z.object({
  ...HEAD,
  organization: z.string().nullable(),
  question,
  facts: z.object({ subject: words, resource: words }).nullable(),
  graph: z.string().nullable(),
  version: z.number().nullable(),
  matrix: z.string().nullable(),
  answer: z.enum(["allow", "deny", "undecided"]),
  ...TAIL,
});
const Searched = z.object({
  ...HEAD,
  search: z.enum(["subject", "resource", "action"]),
  question,
  organizations: z.array(z.object({ id: z.string(), version: z.number(), matrix: z.string() })),
  candidates: z.number(),
  results: z.array(z.string()),
  cut: z.string().nullable(),
  answer: z.enum(["found", "undecided"]),
  ...TAIL,
});
const Logged = z.union([Decided, Searched]);
export type LoggedSearch = z.infer<typeof Searched>;
export type LoggedLine = z.infer<typeof Logged>;

export interface Found<What> {
  readonly found: What;
  readonly files: number;
  /** Lines that are none: what a gateway that was killed had begun to write. */
  readonly torn: number;
}

/** The decision, or the search, with this id; undefined when no file has it, or no longer. */
export async function findDecision(folder: string, id: string): Promise<Found<LoggedLine | undefined>> {
  const files = await logFilesIfAny(folder);
  const start = `{"id":${JSON.stringify(id)},`;
  for (const file of files.toReversed()) {
    for await (const line of linesOf(file)) {
      const found = line.startsWith(start) ? parsed(line) : undefined;
      if (found !== undefined) return { found, files: files.length, torn: 0 };
    }
  }
  return { found: undefined, files: files.length, torn: 0 };
}

/** The last so many decisions of all gateways, the oldest first. */
export async function lastDecisions(folder: string, count: number): Promise<Found<LoggedLine[]>> {
  const files = await logFilesIfAny(folder);
  let last: LoggedLine[] = [];
  let torn = 0;
  for (const file of files.toSorted((a, b) => b.changedAt - a.changedAt)) {
    const [oldest] = last;
    // All of its lines, and of those after it, are older than what is listed already.
    if (last.length === count && oldest !== undefined && file.changedAt < Date.parse(oldest.time)) break;
    const own: LoggedLine[] = [];
    for await (const line of linesOf(file)) {
      const decision = parsed(line);
      if (decision === undefined) torn += 1;
      else own.push(decision);
      if (own.length > 2 * count) own.splice(0, own.length - count);
    }
    last = [...last, ...own.slice(-count)].sort((a, b) => compare(a.time, b.time)).slice(-count);
  }
  return { found: last, files: files.length, torn };
}

/** None when nothing was ever logged there. */
async function logFilesIfAny(folder: string): Promise<LogFile[]> {
  try {
    return await logFiles(folder);
  } catch (error) {
    if (isCode(error, "ENOENT")) return [];
    throw error;
  }
}

async function* linesOf({ path }: LogFile): AsyncGenerator<string> {
  try {
    yield* createInterface({ input: createReadStream(path), crlfDelay: Infinity });
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error; // rotated away meanwhile
  }
}

function parsed(line: string): LoggedLine | undefined {
  try {
    return Logged.parse(JSON.parse(line));
  } catch {
    return undefined; // counted by who asks
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
