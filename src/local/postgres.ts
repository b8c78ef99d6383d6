import { join } from "node:path";
import { ensureDatabases } from "./databases.ts";
import {
  engineEnvironment,
  freshLog,
  launch,
  untilReady,
  type EngineOptions,
  type EngineProcess,
} from "./engine-process.ts";
import { LocalEngineError } from "./error.ts";
import { prepareStateDir, readIfThere } from "./files.ts";
import { freePort, LOOPBACK, onFreePort } from "./ports.ts";
import { postgresRunner } from "./postgres-account.ts";
import { endLeftoverServer, ensureCluster, isAccepting, postgresPrograms, SUPERUSER } from "./postgres-cluster.ts";
import { waitUntil } from "./process-mark.ts";
import type { Account } from "./tool.ts";

export interface PostgresOptions extends EngineOptions {
  readonly password: string;
  readonly port?: number | undefined;
  /** False for tests: faster, and a crash of the machine may cost the data. A crash of Postgres does not. */
  readonly durable?: boolean | undefined;
}

export interface PostgresEngine extends EngineProcess {
  readonly name: "postgres";
  readonly port: number;
  readonly version: string;
  /** The superuser's URL of one of its databases. */
  url(database: PostgresDatabase): string;
}

export const DATABASES = ["bailiwick", "openfga"] as const;
export type PostgresDatabase = (typeof DATABASES)[number];

/** After an unclean end Postgres replays its log first. */
const READY_WITHIN_MS = 60_000;
/** A server that was killed leaves backends behind that end by themselves, usually within milliseconds. */
const BACKENDS_END_WITHIN_MS = 10_000;

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: LOOPBACK,
  unix_socket_directories: "",
  max_connections: "300",
  shared_buffers: "128MB",
  timezone: "UTC",
  log_timezone: "UTC",
  log_checkpoints: "off", // The log has no rotation while the server runs: what is not news stays out of it.
  jit: "off", // Small questions only; compiling them costs more than it saves.
  wal_level: "minimal", // Nobody replicates from here.
  max_wal_senders: "0",
};
/** What was committed survives the death of every process, not that of the machine: tests kill Postgres and count on its answers. */
const NOT_DURABLE: Readonly<Record<string, string>> = { fsync: "off", full_page_writes: "off" };

interface Prepared {
  readonly options: PostgresOptions;
  readonly dataDir: string;
  readonly command: readonly string[];
  readonly account: Account | undefined;
  /** A process that only looks like a server: it has got the pid of one that is gone. */
  readonly recycledPid: number | undefined;
  readonly logFile: string;
}

/** Starts Postgres on `<stateDir>/postgres`, made at the first start, on the loopback interface alone. */
export async function startPostgres(given: PostgresOptions): Promise<PostgresEngine> {
  const options = { ...given, stateDir: prepareStateDir(given.stateDir) };
  const { stateDir, password, durable = true, signal } = options;
  const dataDir = join(stateDir, "postgres");
  const runner = await postgresRunner({ ...options, programs: await postgresPrograms() });
  const environment = engineEnvironment(options);
  await ensureCluster({ stateDir, dataDir, password, durable, runner, environment, signal });
  const prepared: Prepared = {
    options,
    dataDir,
    command: [...runner.prefix, runner.programs.postgres],
    account: runner.spawnAs,
    recycledPid: await endLeftoverServer(dataDir),
    logFile: freshLog(stateDir, "postgres"),
  };
  return await onFreePort([options.port], async () => await startWhenBackendsEnded(prepared));
}

async function startWhenBackendsEnded(prepared: Prepared): Promise<PostgresEngine> {
  const started: { engine?: PostgresEngine | undefined } = {};
  const attempt = async (): Promise<boolean> => {
    started.engine = await startOnce(prepared);
    return started.engine !== undefined;
  };
  await waitUntil(attempt, { timeoutMs: BACKENDS_END_WITHIN_MS, signal: prepared.options.signal });
  if (started.engine !== undefined) return started.engine;
  const message = `backends of an earlier Postgres on ${prepared.dataDir} do not end; see ${prepared.logFile}`;
  throw new LocalEngineError("ENGINE_DID_NOT_START", message);
}

/** Undefined when Postgres found backends of an earlier server still at work. */
async function startOnce(prepared: Prepared): Promise<PostgresEngine | undefined> {
  const { options, dataDir, logFile } = prepared;
  const port = options.port ?? (await freePort());
  const logged = (readIfThere(logFile) ?? "").length;
  const engine = await launchServer(prepared, port);
  options.onLaunch?.(engine);
  try {
    const isReady = (): boolean => isAccepting(dataDir, engine.pid);
    await untilReady(engine, { isReady, timeoutMs: READY_WITHIN_MS, logFile, signal: options.signal });
    const url = (database: string): string =>
      `postgres://${SUPERUSER}:${options.password}@${LOOPBACK}:${port}/${database}`;
    const version = await ensureDatabases(url("postgres"), DATABASES);
    return { ...engine, name: "postgres", port, version, url };
  } catch (error) {
    await engine.stop();
    if ((readIfThere(logFile) ?? "").slice(logged).includes("pre-existing shared memory block")) return undefined;
    throw error;
  }
}

async function launchServer(prepared: Prepared, port: number): Promise<EngineProcess> {
  const { options, recycledPid } = prepared;
  const settings = { ...SETTINGS, ...(options.durable === false ? NOT_DURABLE : {}) };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const [command = "", ...args] = [...prepared.command, "-D", prepared.dataDir, "-p", String(port), ...flags];
  return await launch({
    name: "postgres",
    command,
    args,
    cwd: options.stateDir,
    account: prepared.account,
    logFile: prepared.logFile,
    environment: {
      ...engineEnvironment(options),
      // By this variable pg_ctl tells Postgres which process is certainly not another server.
      PG_GRANDPARENT_PID: recycledPid === undefined ? undefined : String(recycledPid),
    },
  });
}
