import { spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, resolve as resolvePath } from "node:path";
import { isSystemError } from "./process-mark.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The account that a program runs as, where that is not our own. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface ToolOptions {
  readonly environment: Environment;
  readonly timeoutMs: number;
  readonly cwd?: string | undefined;
  readonly account?: Account | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ToolResult {
  readonly succeeded: boolean;
  /** The end of what it printed on both streams; `no time` or the system's error when it could not run to its end. */
  readonly output: string;
}

const MAX_OUTPUT_CHARACTERS = 8_000;

/** Runs a program to its end. One that fails, cannot be run or runs too long is a value, not an exception; an abort is one. */
export async function runTool(command: string, args: readonly string[], options: ToolOptions): Promise<ToolResult> {
  options.signal?.throwIfAborted();
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  const result = await runUnlessAborted(command, args, { ...options, signal });
  options.signal?.throwIfAborted();
  return deadline.aborted ? { succeeded: false, output: `no time: ${options.timeoutMs} ms were not enough` } : result;
}

type Bounded = ToolOptions & { readonly signal: AbortSignal };

async function runUnlessAborted(command: string, args: readonly string[], options: Bounded): Promise<ToolResult> {
  const { account, signal } = options;
  try {
    const child = spawn(command, args, {
      cwd: options.cwd ?? "/",
      env: options.environment,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // A group of its own, so that the compilers under `go build` end with it.
      ...account,
    });
    const kill = (): void => killGroup(child);
    signal.addEventListener("abort", kill, { once: true });
    const result = await finished(child);
    signal.removeEventListener("abort", kill);
    return result;
  } catch (error) {
    // Node throws some refusals of the system at once (a file that is no program for this machine) and emits the rest.
    if (isSystemError(error, "ENOEXEC", "EISDIR", "ELOOP", "ENOTDIR"))
      return { succeeded: false, output: String(error) };
    throw error;
  }
}

async function finished(child: ChildProcess): Promise<ToolResult> {
  return await new Promise((resolve) => {
    let output = "";
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString("utf8")).slice(-MAX_OUTPUT_CHARACTERS);
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    child.once("error", (error) => resolve({ succeeded: false, output: error.message }));
    child.once("close", (code) => resolve({ succeeded: code === 0, output: output.trim() }));
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    if (!isSystemError(error, "ESRCH")) throw error;
  }
}

/** Where the PATH of this environment has a program; undefined when it has none. */
export function findOnPath(name: string, environment: Environment): string | undefined {
  const candidates = (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return candidates.map((folder) => resolvePath(folder, name)).find(isProgram);
}

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    if (isSystemError(error, "ENOENT", "EACCES", "ENOTDIR")) return false;
    throw error;
  }
}
