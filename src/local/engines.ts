import { resolve } from "node:path";
import { prepareStateDir } from "./files.ts";
import { thisProcess } from "./process-mark.ts";
import type { Endpoints, StartOrder } from "./protocol.ts";
import { secretsOf } from "./secrets.ts";
import { type Judges, startSupervisor, type Supervisor, type UnexpectedExit } from "./supervisor-client.ts";
import type { Environment } from "./tool.ts";

export type { Judges, UnexpectedExit } from "./supervisor-client.ts";

export interface LocalEngineOptions {
  /** Where everything lives that survives a restart; one gateway at a time. */
  readonly stateDir: string;
  /** The folder that Cerbos reads. */
  readonly policyDir: string;
  /** Which engines the user has not got. */
  readonly need: { readonly postgres: boolean; readonly openfga: boolean; readonly cerbos: boolean };
  /** Takes lines for a person: what is started, where, how long it took. */
  readonly report: (line: string) => void;
  /** This process' environment. The engines see little of it; Go and Docker, which need it, see all. */
  readonly environment: Environment;
  /** False for tests: Postgres does not wait for the disk. */
  readonly durable?: boolean | undefined;
  /** Fixed ports; the others are free ones. `openfga` is its HTTP port, `cerbos` its gRPC port. */
  readonly ports?: Partial<StartOrder["ports"]> | undefined;
  /** Where OpenFGA's tables live when Postgres is the user's own. */
  readonly openfgaDatabaseUrl?: string | undefined;
}

export interface LocalEngines extends Endpoints {
  /** 32 random bytes in base64url, made once for this state directory: the gateway derives its own keys from it. */
  readonly masterSecret: string;
  readonly pids: Partial<Supervisor["pids"]>;
  /** Called for each end that `stop` did not ask for, also for one that came before the call. */
  onUnexpectedExit(callback: (exit: UnexpectedExit) => void): void;
  /** undefined: no engine of our own runs. */
  readonly judges?: Judges;
  stop(): Promise<void>;
}

/**
 * Starts the engines that are needed; they end with `stop`, or with this process however it ends. Throws `LocalEngineError`:
 * OPENFGA_MISSING, STATE_DIRECTORY_IN_USE, PORT_TAKEN and the rest of its list.
 */
export async function startLocalEngines(options: LocalEngineOptions): Promise<LocalEngines> {
  const stateDir = prepareStateDir(options.stateDir);
  const { masterSecret, postgresPassword, openfgaPresharedKey } = secretsOf(stateDir);
  const names = needed(options);
  if (names.length === 0) return noEngines(masterSecret);
  options.report(`Starting ${names.join(", ")} of our own; their state is in ${stateDir}`);
  const supervisor = await startSupervisor(
    {
      stateDir,
      policyDir: resolve(options.policyDir),
      need: options.need,
      durable: options.durable ?? true,
      ports: options.ports ?? {},
      openfgaDatabaseUrl: options.openfgaDatabaseUrl,
      secrets: { postgresPassword, openfgaPresharedKey },
      environment: definedOnly(options.environment),
      gateway: thisProcess(),
    },
    options.report,
  );
  const { endpoints, ...controls } = supervisor;
  return { ...endpoints, ...controls, masterSecret };
}

function needed({ need }: LocalEngineOptions): string[] {
  const names = [need.postgres && "Postgres", need.openfga && "OpenFGA", need.cerbos && "Cerbos"];
  return names.filter((name) => name !== false);
}

function noEngines(masterSecret: string): LocalEngines {
  return { masterSecret, pids: {}, onUnexpectedExit: () => undefined, stop: async () => await Promise.resolve() };
}

function definedOnly(environment: Environment): Record<string, string> {
  const entries = Object.entries(environment);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
