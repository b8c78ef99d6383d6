import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, renameSync } from "node:fs";
import { join } from "node:path";
import { LocalEngineError } from "./error.ts";
import { readIfThere } from "./files.ts";
import { endProcess, isSystemError, markOf, waitUntil, type ProcessMark, type StopStep } from "./process-mark.ts";
import type { Account, Environment } from "./tool.ts";

export type EngineName = "postgres" | "openfga" | "cerbos";

export interface EngineExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running engine. `exited` settles whoever ends it; `stop` is graceful, then SIGKILL, and may be called again. */
export interface EngineProcess {
  readonly name: EngineName;
  readonly pid: number;
  readonly mark: ProcessMark;
  readonly exited: Promise<EngineExit>;
  stop(): Promise<void>;
}

/** What the start of every engine needs. */
export interface EngineOptions {
  readonly stateDir: string;
  /** The environment of this process, for what an engine cannot do without (PATH); its own settings are never taken from it. */
  readonly environment: Environment;
  /** Told of the process the moment it exists, long before it is ready, so that it can be ended whatever happens. */
  readonly onLaunch?: ((engine: EngineProcess) => void) | undefined;
  /** Gives the start up; what has been launched is stopped. */
  readonly signal?: AbortSignal | undefined;
}

/** SIGINT is Postgres' fast shutdown, SIGQUIT its immediate one, after which the next start recovers from the log. */
export const STOP_STEPS: Readonly<Record<EngineName, readonly StopStep[]>> = {
  postgres: [
    { signal: "SIGINT", withinMs: 8_000 },
    { signal: "SIGQUIT", withinMs: 2_000 },
  ],
  openfga: [{ signal: "SIGTERM", withinMs: 3_000 }],
  cerbos: [{ signal: "SIGTERM", withinMs: 3_000 }],
};

const LOG_TAIL_CHARACTERS = 1_500;

export interface Launch {
  readonly name: EngineName;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Environment;
  readonly logFile: string;
  readonly account?: Account | undefined;
}

/** The log file of an engine, empty; that of the start before is kept as `<name>.previous.log`, and no more than that. */
export function freshLog(stateDir: string, name: EngineName): string {
  const path = join(stateDir, "logs", `${name}.log`);
  try {
    renameSync(path, join(stateDir, "logs", `${name}.previous.log`));
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error; // ENOENT: the first start.
  }
  return path;
}

/** Starts the process. It writes to its log file directly, so that it outlives nobody's pipe and waits for nobody's reader. */
export async function launch(options: Launch): Promise<EngineProcess> {
  const log = openSync(options.logFile, "a", 0o600);
  try {
    const child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: options.environment,
      stdio: ["ignore", log, log],
      ...options.account,
    });
    const exited = exitOf(child);
    await once(child, "spawn");
    return engineOf(options.name, child, exited);
  } catch (cause) {
    throw new LocalEngineError("ENGINE_DID_NOT_START", `${options.name}: ${options.command} cannot be run`, { cause });
  } finally {
    closeSync(log);
  }
}

function engineOf(name: EngineName, child: ChildProcess, exited: Promise<EngineExit>): EngineProcess {
  const { pid } = child;
  if (pid === undefined) throw new Error("a spawned process without a pid");
  // Not yet waited for, so the pid is still its own even if it has ended already.
  const mark = markOf(pid) ?? { pid, started: "ended at once" };
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await endProcess(mark, STOP_STEPS[name]);
    await exited;
  };
  return { name, pid, mark, exited, stop: async () => await (stopping ??= stop()) };
}

async function exitOf(child: ChildProcess): Promise<EngineExit> {
  return await new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
}

export interface Readiness {
  readonly isReady: () => boolean | Promise<boolean>;
  readonly timeoutMs: number;
  readonly logFile: string;
  readonly signal?: AbortSignal | undefined;
}

/** Returns once the engine is ready. Otherwise stops it and throws PORT_TAKEN or ENGINE_DID_NOT_START with the end of its log. */
export async function untilReady(engine: EngineProcess, readiness: Readiness): Promise<void> {
  const seen: { exit?: EngineExit; isReady: boolean } = { isReady: false };
  void engine.exited.then((exit) => (seen.exit = exit));
  const settled = async (): Promise<boolean> => {
    seen.isReady = await readiness.isReady();
    return seen.isReady || seen.exit !== undefined;
  };
  try {
    await waitUntil(settled, readiness);
  } catch (error) {
    await engine.stop();
    throw error;
  }
  if (seen.isReady) return;
  const failure = notReady(engine, readiness, seen.exit);
  await engine.stop();
  throw failure;
}

function notReady({ name }: EngineProcess, { logFile, timeoutMs }: Readiness, exit?: EngineExit): LocalEngineError {
  const tail = (readIfThere(logFile) ?? "").slice(-LOG_TAIL_CHARACTERS).trim();
  const what = exit === undefined ? `was not ready within ${timeoutMs} ms` : `ended (${describeExit(exit)})`;
  const isPortTaken = /address already in use/i.test(tail);
  const message = `${name} ${isPortTaken ? "found its port taken" : what}. The end of ${logFile}:\n${tail}`;
  return new LocalEngineError(isPortTaken ? "PORT_TAKEN" : "ENGINE_DID_NOT_START", message);
}

function describeExit({ code, signal }: EngineExit): string {
  return signal === null ? `exit code ${code ?? "unknown"}` : `by ${signal}`;
}

const HEALTH_TIMEOUT_MS = 1_000;

/** Whether an HTTP health endpoint answers with 200. */
export async function answersHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // Nobody listens yet, or nobody answers: not ready is what this function is there to say.
  }
}

/** What an engine gets to see of our environment: too little to configure it by accident. */
export function engineEnvironment(options: EngineOptions): Environment {
  const { PATH, TMPDIR } = options.environment;
  return { PATH, TMPDIR, HOME: options.stateDir, LC_ALL: "C", TZ: "UTC" };
}
