import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import {
  answersHealthy,
  engineEnvironment,
  freshLog,
  launch,
  untilReady,
  type EngineOptions,
  type EngineProcess,
} from "./engine-process.ts";
import { LocalEngineError } from "./error.ts";
import { prepareStateDir, replaceFile } from "./files.ts";
import { freePort, LOOPBACK, onFreePort } from "./ports.ts";

export interface CerbosOptions extends EngineOptions {
  readonly policyDir: string;
  /** Of gRPC, which the gateway speaks. */
  readonly port?: number | undefined;
  readonly httpPort?: number | undefined;
}

export interface CerbosEngine extends EngineProcess {
  readonly name: "cerbos";
  readonly port: number;
  /** `host:port` of gRPC. */
  readonly target: string;
  readonly httpUrl: string;
}

const READY_WITHIN_MS = 30_000;

/** Starts Cerbos on a folder of policies. Policies that do not compile keep it from starting; its log says where. */
export async function startCerbos(given: CerbosOptions): Promise<CerbosEngine> {
  const options = { ...given, stateDir: prepareStateDir(given.stateDir) };
  const command = cerbosProgram();
  const logFile = freshLog(options.stateDir, "cerbos");
  return await onFreePort([options.port, options.httpPort], async () => await startOnce(options, command, logFile));
}

async function startOnce(options: CerbosOptions, command: string, logFile: string): Promise<CerbosEngine> {
  const port = options.port ?? (await freePort());
  const httpPort = options.httpPort ?? (await freePort());
  const configFile = join(options.stateDir, "cerbos.yaml");
  replaceFile(configFile, stringify(cerbosConfiguration(resolve(options.policyDir), port, httpPort)), 0o600);
  const engine = await launch({
    name: "cerbos",
    command,
    args: ["server", `--config=${configFile}`, "--log-level=warn"],
    cwd: CERBOS_CWD,
    logFile,
    environment: { ...engineEnvironment(options), CERBOS_NO_TELEMETRY: "1" },
  });
  options.onLaunch?.(engine);
  const httpUrl = `http://${LOOPBACK}:${httpPort}`;
  await untilReady(engine, {
    isReady: async () => await answersHealthy(`${httpUrl}/_cerbos/health`),
    timeoutMs: READY_WITHIN_MS,
    logFile,
    signal: options.signal,
  });
  return { ...engine, name: "cerbos", port, target: `${LOOPBACK}:${port}`, httpUrl };
}

/** Anywhere but where we are: Cerbos takes its working directory for a URL and panics when there is a `%` or the like in it. */
export const CERBOS_CWD = "/";

/** The binary's own file: to require `cerbos` itself would run it, with Node in between. */
export function cerbosProgram(): string {
  const name = `@cerbos/cerbos-${process.platform}-${process.arch}`;
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    const message = `${name} is not installed: set CERBOS_TARGET to a server of your own`;
    throw new LocalEngineError("UNSUPPORTED_PLATFORM", message, { cause });
  }
}

/** Reloads stay off: a running Cerbos keeps the old set on a broken one, and mixes both while it reloads (ENGINES.md). */
export function cerbosConfiguration(policyDir: string, port: number, httpPort: number): unknown {
  return {
    server: {
      grpcListenAddr: `${LOOPBACK}:${port}`,
      httpListenAddr: `${LOOPBACK}:${httpPort}`,
      requestLimits: { maxActionsPerResource: 50, maxResourcesPerRequest: 50 },
      adminAPI: { enabled: false },
      apiExplorerEnabled: false,
      playgroundEnabled: false,
      metricsEnabled: false,
      logRequestPayloads: false,
      cors: { disabled: true },
    },
    storage: { driver: "disk", disk: { directory: policyDir, watchForChanges: false } },
    schema: { enforcement: "reject" },
    audit: { enabled: false },
    telemetry: { disabled: true },
  };
}
