import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { CERBOS_CWD, cerbosProgram } from "../local/cerbos.ts";
import { LocalEngineError } from "../local/error.ts";
import { type PolicyFile, writeSet } from "./policy-set.ts";
import type { Fault } from "./positioned.ts";

/** What Cerbos has against a file of the set; null: it names none. */
export interface CompileFault {
  readonly to: string | null;
  readonly fault: Fault;
}

const TIMEOUT_MS = 60_000;
const MOST_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Whether this machine has a Cerbos to compile with; a container that has its Cerbos elsewhere does not. */
export function canCompile(): boolean {
  try {
    cerbosProgram();
    return true;
  } catch (error) {
    if (error instanceof LocalEngineError) return false;
    throw error;
  }
}

/** Compiles the built-in policies with a host's files, and runs the host's tests. None: all is well. */
export async function compileSet(policiesDir: string, files: readonly PolicyFile[]): Promise<readonly CompileFault[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "bailiwick-compile-"));
  try {
    await writeSet(folder, policiesDir, files);
    return await compile(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compile(folder: string): Promise<readonly CompileFault[]> {
  const args = ["compile", "--color=never", "--output=json", folder];
  const options = { cwd: CERBOS_CWD, timeout: TIMEOUT_MS, maxBuffer: MOST_OUTPUT_BYTES };
  try {
    await promisify(execFile)(cerbosProgram(), args, options);
    return [];
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string }; // what execFile rejects with
    const faults = await readFaults(folder, stdout);
    return faults.length > 0
      ? faults
      : [unplaced(`cerbos compile: ${stderr.trim()}\n${stdout.slice(0, 2_000)}`.trim())];
  }
}

function unplaced(problem: string): CompileFault {
  return { to: null, fault: { line: null, problem } };
}

const Position = z.object({ line: z.int(), column: z.int().optional() }).optional();
/** Cerbos says it in several forms; each has the file, and most have a line. */
const Said = z.object({
  file: z.string().optional(),
  importing_file: z.string().optional(),
  error: z.string().optional(),
  desc: z.string().optional(),
  description: z.string().optional(),
  position: Position,
  error_details: z.object({ position: Position }).optional(),
});
const Named = z.object({ name: z.string() });
const Case = Named.extend({
  principals: z.array(
    Named.extend({
      resources: z.array(
        Named.extend({ actions: z.array(Named.extend({ details: z.object({ result: z.string() }) })).default([]) }),
      ),
    }),
  ),
});
const Output = z.object({
  lintErrors: z.record(z.string(), z.array(Said)).optional(),
  compileErrors: z.object({ errors: z.array(Said) }).optional(),
  suites: z
    .array(
      z.object({
        file: z.string(),
        error: z.string().optional(),
        summary: z.object({ overallResult: z.string() }),
        testCases: z.array(Case).optional(),
      }),
    )
    .optional(),
});
type Suite = NonNullable<z.infer<typeof Output>["suites"]>[number];

const GOOD = ["RESULT_PASSED", "RESULT_SKIPPED"];

async function readFaults(folder: string, stdout: string): Promise<CompileFault[]> {
  const output = Output.safeParse(parsed(stdout));
  if (!output.success) return [];
  const { lintErrors = {}, compileErrors, suites = [] } = output.data;
  const said = [...Object.values(lintErrors).flat(), ...(compileErrors?.errors ?? [])];
  const failed = suites.filter(({ summary }) => !GOOD.includes(summary.overallResult));
  return [...said.map(faultOf), ...(await Promise.all(failed.map(async (suite) => await suiteFault(folder, suite))))];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // it said something else: the caller tells all of it
  }
}

function faultOf(said: z.infer<typeof Said>): CompileFault {
  const { file, importing_file: importing, error, desc, description, position, error_details: details } = said;
  const at = position ?? details?.position;
  const problem = [error, desc, description].filter((part) => part !== undefined).join(": ") || "is defined twice";
  return { to: file ?? importing ?? null, fault: { line: at?.line ?? null, column: at?.column, problem } };
}

async function suiteFault(folder: string, { file, error, testCases = [] }: Suite): Promise<CompileFault> {
  if (error !== undefined)
    return { to: file, fault: { line: Number(/line (\d+)/.exec(error)?.[1] ?? 1), problem: error } };
  const [first] = testCases.flatMap(({ name, principals }) =>
    principals.flatMap((principal) =>
      principal.resources.flatMap((resource) =>
        resource.actions
          .filter(({ details }) => !GOOD.includes(details.result))
          .map((action) => ({ name, asked: `${principal.name} ${action.name} ${resource.name}` })),
      ),
    ),
  );
  if (first === undefined) return { to: file, fault: { line: null, problem: "the tests fail" } };
  const lines = (await readFile(path.join(folder, file), "utf8")).split("\n");
  const index = lines.findIndex((line) => /^\s*(- )?name:/.test(line) && line.includes(first.name));
  return {
    to: file,
    fault: { line: index + 1, problem: `the test "${first.name}" fails: ${first.asked}` },
  };
}
