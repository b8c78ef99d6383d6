import { spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { startLocalEngines, type LocalEngineOptions, type LocalEngines } from "../../src/local/engines.ts";
import { isSystemError, markOf, waitUntil } from "../../src/local/process-mark.ts";

export const ALL = { postgres: true, openfga: true, cerbos: true };
const GONE_WITHIN_MS = 15_000;

/** A new state directory; `policies` in it is an empty folder for Cerbos. */
export function newStateDir(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "bailiwick-engines-")));
  mkdirSync(join(path, "policies"));
  return path;
}

export function removeStateDir(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}

/** Starts engines for a test: not durable, silent, all of them unless the test says otherwise. */
export async function startForTest(stateDir: string, options: Partial<LocalEngineOptions> = {}): Promise<LocalEngines> {
  return await startLocalEngines({
    stateDir,
    policyDir: join(stateDir, "policies"),
    need: ALL,
    durable: false,
    environment: process.env,
    report: () => undefined,
    ...options,
  });
}

/** The rows of one statement, over a connection of its own. */
export async function query(databaseUrl: string | undefined, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Those of the pids that are processes at this moment. */
export function alive(pids: readonly number[]): number[] {
  return pids.filter((pid) => markOf(pid) !== undefined);
}

/** A signal arrives when it does: waits until a frozen engine answers no more. */
export async function fallsSilent(ask: () => Promise<unknown>): Promise<boolean> {
  const isSilent = async (): Promise<boolean> =>
    await ask().then(
      () => false,
      () => true,
    );
  return await waitUntil(isSilent, { timeoutMs: GONE_WITHIN_MS });
}

/** Waits until none of these pids runs and, where the system tells, nothing else works in the directory (Postgres' backends do). */
export async function allGone(pids: readonly number[], stateDir: string): Promise<boolean> {
  const isGone = (): boolean => alive(pids).length === 0 && processesIn(stateDir).length === 0;
  return await waitUntil(isGone, { timeoutMs: GONE_WITHIN_MS });
}

/** The processes whose working directory is this one or below it; only Linux tells. */
export function processesIn(directory: string): number[] {
  if (process.platform !== "linux") return [];
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  return pids.filter((pid) => `${workingDirectory(pid) ?? ""}/`.startsWith(`${directory}/`));
}

function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ESRCH", "EACCES")) return undefined; // Ended meanwhile, or not ours.
    throw error;
  }
}

export interface StandIn {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly pids: readonly number[];
  readonly pidOf: Readonly<Record<string, number>>;
  readonly lines: AsyncIterator<string>;
}

export interface StandInOptions {
  readonly drains: boolean;
  /** Whether it has a second Cerbos. */
  readonly beside?: boolean;
}

/** Starts a gateway that can be killed, in a process group of its own, and does not wait for its engines. */
export function spawnStandIn(stateDir: string, options: StandInOptions): ChildProcessByStdio<null, Readable, null> {
  const script = fileURLToPath(new URL("./gateway-stand-in.ts", import.meta.url));
  const argument = JSON.stringify({ stateDir, policyDir: join(stateDir, "policies"), ...options });
  return spawn(process.execPath, [script, argument], { stdio: ["ignore", "pipe", "ignore"], detached: true });
}

/** The same, with its engines ready. */
export async function startStandIn(stateDir: string, options: StandInOptions): Promise<StandIn> {
  const child = spawnStandIn(stateDir, options);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await once(child, "spawn");
  const first = await lines.next();
  const pidOf = JSON.parse(String(first.value)) as Record<string, number>;
  if (child.pid === undefined) throw new Error("no pid");
  return { process: child, pid: child.pid, pids: [child.pid, ...Object.values(pidOf)], pidOf, lines };
}

/** A folder with one program, a shell script, for a PATH. */
export function folderWithProgram(parent: string, name: string, script: string): string {
  const folder = mkdtempSync(join(parent, `${name}-`));
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}
