import {
  answersHealthy,
  engineEnvironment,
  freshLog,
  launch,
  untilReady,
  type EngineOptions,
  type EngineProcess,
} from "./engine-process.ts";
import { favourKeys } from "./databases.ts";
import { LocalEngineError } from "./error.ts";
import { prepareStateDir } from "./files.ts";
import type { OpenfgaProgram } from "./openfga-binary.ts";
import { containerName, openfgaCommand, removeLeftoverContainer } from "./openfga-command.ts";
import { freePort, LOOPBACK, onFreePort } from "./ports.ts";
import { runTool, type Environment } from "./tool.ts";

export interface OpenfgaOptions extends EngineOptions {
  readonly program: OpenfgaProgram;
  /** Where its tables live; null: in memory, for as long as it runs. */
  readonly databaseUrl: string | null;
  readonly presharedKey: string;
  /** Of HTTP, which the gateway speaks. */
  readonly port?: number | undefined;
  readonly grpcPort?: number | undefined;
}

export interface OpenfgaEngine extends EngineProcess {
  readonly name: "openfga";
  readonly port: number;
  readonly apiUrl: string;
  readonly presharedKey: string;
}

const READY_WITHIN_MS = 30_000;
const MIGRATE_TIMEOUT_MS = 60_000;

/** Brings the tables up to date and starts the server. */
export async function startOpenfga(given: OpenfgaOptions): Promise<OpenfgaEngine> {
  const options = { ...given, stateDir: prepareStateDir(given.stateDir) };
  const logFile = freshLog(options.stateDir, "openfga");
  if (options.databaseUrl !== null) {
    await migrate(options);
    await favourKeys(options.databaseUrl);
  }
  return await onFreePort([options.port, options.grpcPort], async () => await startOnce(options, logFile));
}

/** Always, without asking whether it is needed: on tables that are up to date it takes 40 ms. */
async function migrate(options: OpenfgaOptions): Promise<void> {
  const container = `${containerName(options.stateDir)}-migrate`;
  const run = { args: ["migrate", "--datastore-engine=postgres"], environment: environmentOf(options), ports: [] };
  await removeLeftoverContainer(options.program, container, run.environment);
  const { command, args, environment } = openfgaCommand(options.program, run, container);
  const limits = { timeoutMs: MIGRATE_TIMEOUT_MS, cwd: options.stateDir, signal: options.signal };
  const result = await runTool(command, args, { environment, ...limits });
  if (result.succeeded) return;
  throw new LocalEngineError("ENGINE_DID_NOT_START", `OpenFGA cannot make its tables:\n${result.output}`);
}

async function startOnce(options: OpenfgaOptions, logFile: string): Promise<OpenfgaEngine> {
  const { program, presharedKey } = options;
  const port = options.port ?? (await freePort());
  const grpcPort = options.grpcPort ?? (await freePort());
  const flags = openfgaFlags(port, grpcPort, options.databaseUrl === null ? "memory" : "postgres");
  const run = { args: ["run", ...flags], environment: environmentOf(options), ports: [port] };
  const container = containerName(options.stateDir);
  await removeLeftoverContainer(program, container, run.environment);
  const command = openfgaCommand(program, run, container);
  const engine = await launch({ name: "openfga", ...command, cwd: options.stateDir, logFile });
  options.onLaunch?.(engine);
  const apiUrl = `http://${LOOPBACK}:${port}`;
  await untilReady(engine, {
    isReady: async () => await answersHealthy(`${apiUrl}/healthz`),
    timeoutMs: READY_WITHIN_MS,
    logFile,
    signal: options.signal,
  });
  return { ...engine, name: "openfga", port, apiUrl, presharedKey };
}

/** Docker's client needs the environment that it was set up with; the binary gets nothing but what we say. */
function environmentOf(options: OpenfgaOptions): Environment {
  return {
    ...(options.program.kind === "container" ? options.environment : engineEnvironment(options)),
    GOGC: "400", // Its heap is small, and collecting it every few megabytes took a fifth of its time.
    ...(options.databaseUrl !== null && { OPENFGA_DATASTORE_URI: options.databaseUrl }),
    OPENFGA_AUTHN_PRESHARED_KEYS: options.presharedKey,
  };
}

/** Every flag that matters, also where it repeats the default: OpenFGA's defaults are open, and they change. */
export function openfgaFlags(port: number, grpcPort: number, engine: "postgres" | "memory" = "postgres"): string[] {
  return [
    `--http-addr=${LOOPBACK}:${port}`,
    `--grpc-addr=${LOOPBACK}:${grpcPort}`,
    "--http-cors-allowed-origins=http://127.0.0.1", // No page of the web talks to it; an empty list would mean all.
    "--authn-method=preshared",
    "--playground-enabled=false",
    "--profiler-enabled=false",
    "--metrics-enabled=false",
    "--trace-enabled=false",
    "--log-level=warn",
    "--log-format=json",
    `--datastore-engine=${engine}`,
    "--datastore-max-open-conns=20",
    "--datastore-max-idle-conns=20",
    "--datastore-conn-max-idle-time=5m",
    "--datastore-conn-max-lifetime=30m",
    "--request-timeout=3s",
    "--http-upstream-timeout=3s",
    "--shutdown-timeout=2s",
    "--max-tuples-per-write=100",
    "--max-checks-per-batch-check=50",
    "--max-types-per-authorization-model=100",
    "--resolve-node-limit=25",
    "--listObjects-max-results=1000",
    "--listObjects-deadline=3s",
    "--changelog-horizon-offset=0",
    // Answers must be of now (DESIGN.md): no cache of any kind.
    "--check-query-cache-enabled=false",
    "--check-iterator-cache-enabled=false",
    "--list-objects-iterator-cache-enabled=false",
    "--cache-controller-enabled=false",
    "--shared-iterator-enabled=false",
  ];
}
