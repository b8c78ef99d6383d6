import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";

/** A process beyond doubt: a pid alone may since have been given to somebody else, and that one must never be killed. */
export const processMark = z.strictObject({ pid: z.int().positive(), started: z.string() });
export type ProcessMark = z.infer<typeof processMark>;

/** A signal, and how long its receiver has to obey before the next one. */
export interface StopStep {
  readonly signal: NodeJS.Signals;
  readonly withinMs: number;
}

const KILL_WITHIN_MS = 5_000;
const POLL_EVERY_MS = 20;

/** The process with this pid, or undefined when there is none; a zombie is none, for nobody may ever reap it. */
export function markOf(pid: number): ProcessMark | undefined {
  const started = process.platform === "linux" ? startOnLinux(pid) : startElsewhere(pid);
  return started === undefined ? undefined : { pid, started };
}

export function thisProcess(): ProcessMark {
  const mark = markOf(process.pid);
  if (mark === undefined) throw new Error("this process cannot see itself: is /proc mounted?");
  return mark;
}

export function isRunning(mark: ProcessMark): boolean {
  return markOf(mark.pid)?.started === mark.started;
}

/** The command line of a running process, its arguments separated by spaces; empty when it cannot be told. */
export function commandOf(pid: number): string {
  if (process.platform !== "linux") return processStatus(pid, "command=") ?? "";
  return readProc(pid, "cmdline")?.replaceAll("\0", " ").trim() ?? "";
}

/** Ends exactly this process: each step in turn, then SIGKILL. Says whether it is gone. A stopped process is woken to obey. */
export async function endProcess(mark: ProcessMark, steps: readonly StopStep[]): Promise<boolean> {
  for (const { signal, withinMs } of [...steps, { signal: "SIGKILL", withinMs: KILL_WITHIN_MS } as const]) {
    if (!isRunning(mark)) return true;
    signalProcess(mark.pid, signal);
    signalProcess(mark.pid, "SIGCONT");
    if (await waitUntil(() => !isRunning(mark), { timeoutMs: withinMs })) return true;
  }
  return !isRunning(mark);
}

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Asks again and again until the condition holds (true) or the time is over (false). Rejects when the signal aborts. */
export async function waitUntil(condition: () => boolean | Promise<boolean>, options: WaitOptions): Promise<boolean> {
  const end = performance.now() + options.timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    if (await condition()) return true;
    if (performance.now() >= end) return false;
    await delay(options.everyMs ?? POLL_EVERY_MS);
  }
}

/** Field 22 of `/proc/<pid>/stat`, the start in clock ticks since boot (proc_pid_stat(5)). The name before it may hold anything. */
function startOnLinux(pid: number): string | undefined {
  const stat = readProc(pid, "stat");
  if (stat === undefined) return undefined;
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? undefined : fields[18];
}

function startElsewhere(pid: number): string | undefined {
  const status = processStatus(pid, "stat=,lstart=");
  return status === undefined || status.startsWith("Z") ? undefined : status.slice(status.indexOf(" ")).trim();
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}

function processStatus(pid: number, columns: string): string | undefined {
  try {
    return execFileSync("/bin/ps", ["-o", columns, "-p", String(pid)], {
      encoding: "utf8",
      env: { LC_ALL: "C" },
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch (error) {
    // ps ends with 1 when there is no such process.
    if (typeof error === "object" && error !== null && "status" in error && error.status === 1) return undefined;
    throw error;
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!isSystemError(error, "ESRCH")) throw error; // ESRCH: it ended by itself in between.
  }
}

/** Whether the operating system refused with one of these codes. (`instanceof Error` would not know Node's errors within Jest.) */
export function isSystemError(error: unknown, ...codes: readonly string[]): boolean {
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  return typeof error.code === "string" && codes.includes(error.code);
}
