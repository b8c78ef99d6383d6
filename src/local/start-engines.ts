import { startCerbos, type CerbosEngine } from "./cerbos.ts";
import type { EngineOptions, EngineProcess } from "./engine-process.ts";
import { LocalEngineError } from "./error.ts";
import { findOpenfga, OPENFGA_VERSION } from "./openfga-binary.ts";
import { startOpenfga, type OpenfgaEngine } from "./openfga.ts";
import { startPostgres, type PostgresEngine } from "./postgres.ts";
import type { StartOrder } from "./protocol.ts";

export interface StartHooks {
  readonly report: (line: string) => void;
  readonly onLaunch: (engine: EngineProcess) => void;
  readonly signal: AbortSignal;
}

export interface StartedEngines {
  readonly postgres: PostgresEngine | undefined;
  readonly openfga: OpenfgaEngine | undefined;
  readonly cerbos: CerbosEngine | undefined;
}

export type Common = EngineOptions & { readonly report: StartHooks["report"] };

/**
 * Starts what is needed: Postgres before OpenFGA, which lives in it, and Cerbos beside them. The first failure gives everything up;
 * it is thrown when nothing is in flight any more.
 */
export async function startEngines(order: StartOrder, hooks: StartHooks): Promise<StartedEngines> {
  const failure = new AbortController();
  const signal = AbortSignal.any([hooks.signal, failure.signal]);
  const common: Common = { ...hooks, stateDir: order.stateDir, environment: order.environment, signal };
  const postgres = order.need.postgres ? database(order, common) : undefined;
  const cerbos = order.need.cerbos ? startJudge(order, common) : undefined;
  const openfga = order.need.openfga ? graph(order, common, postgres) : undefined;
  const all = [postgres, cerbos, openfga].filter((start) => start !== undefined);
  try {
    await Promise.all(all);
  } catch (error) {
    failure.abort(error);
    await Promise.allSettled(all);
    throw error;
  }
  return { postgres: await postgres, openfga: await openfga, cerbos: await cerbos };
}

async function database({ secrets, ports, durable }: StartOrder, common: Common): Promise<PostgresEngine> {
  const start = performance.now();
  const engine = await startPostgres({ ...common, password: secrets.postgresPassword, port: ports.postgres, durable });
  common.report(`Postgres ${engine.version} on port ${engine.port} ${since(start, engine)}`);
  return engine;
}

/** Also beside one that runs; then its ports are free ones. */
export async function startJudge(
  { policyDir, ports = {} }: Pick<StartOrder, "policyDir"> & Partial<Pick<StartOrder, "ports">>,
  common: Common,
): Promise<CerbosEngine> {
  const start = performance.now();
  const engine = await startCerbos({ ...common, policyDir, port: ports.cerbos, httpPort: ports.cerbosHttp });
  common.report(`Cerbos on port ${engine.port} ${since(start, engine)}`);
  return engine;
}

async function graph(
  { secrets, ports, openfgaDatabaseUrl }: StartOrder,
  common: Common,
  postgres: Promise<PostgresEngine> | undefined,
): Promise<OpenfgaEngine> {
  const [program, server] = await Promise.all([findOpenfga(common), postgres]);
  const databaseUrl = server?.url("openfga") ?? openfgaDatabaseUrl;
  if (databaseUrl === undefined) throw new LocalEngineError("DATABASE_MISSING", "OpenFGA needs a Postgres to live in");
  const start = performance.now();
  const engine = await startOpenfga({
    ...common,
    program,
    databaseUrl,
    presharedKey: secrets.openfgaPresharedKey,
    port: ports.openfga,
    grpcPort: ports.openfgaGrpc,
  });
  common.report(`OpenFGA ${OPENFGA_VERSION} on port ${engine.port} ${since(start, engine)}`);
  return engine;
}

function since(start: number, { pid }: EngineProcess): string {
  return `(pid ${pid}, ${((performance.now() - start) / 1_000).toFixed(1)} s)`;
}
