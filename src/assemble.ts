/** Assembles engines, domain, relay and HTTP, and listens: the one file that constructs things. */
import { once } from "node:events";
import type { Server } from "node:http";
import path from "node:path";
import type { Config } from "./config.ts";
import { registerPlatformClient } from "./domain/clients.ts";
import type { Deps } from "./domain/deps.ts";
import { withBreaker } from "./domain/graph-breaker.ts";
import { createQueue } from "./domain/queue.ts";
import { type Cerbos, connectCerbos } from "./engines/cerbos.ts";
import { buildModel, prepareStore, readModules } from "./engines/openfga-model.ts";
import { type Graph, openGraph } from "./engines/openfga.ts";
import { newId, systemRandom } from "./entities/ids.ts";
import { createApp } from "./http/app.ts";
import { createAuthenticator, type TrustedIssuer } from "./http/authenticate.ts";
import type { Log } from "./http/log.ts";
import type { GraphStatus } from "./http/readiness.ts";
import { createHttpServer, drain } from "./http/server.ts";
import { type Engines, startEngines } from "./local/chosen-engines.ts";
import { LocalEngineError } from "./local/error.ts";
import { loadDevelopmentIssuer } from "./local/issuer.ts";
import { readPlans } from "./policy/plans.ts";
import { policyUnit } from "./policy/unit.ts";
import { createReconciler, type Reconciler } from "./relay/reconciler.ts";
import { createRelay, type Relay, type RelayLog } from "./relay/relay.ts";
import { type Database, type DatabaseOptions, openDatabase } from "./stores/database.ts";
import { migrate } from "./stores/migrate.ts";

const DRAIN_MS = 10_000;
const STORE_TIMEOUT_MS = 10_000;
const LOCK_TIMEOUT_MS = 2_000;
const GRAPH_CONNECTIONS = 64;
/** Whose statements wait for whom: nobody's question waits behind a comparison of a large organization. */
const POOLS: Readonly<Record<"gateway" | "relay" | "reconciler", Pool>> = {
  gateway: { role: "bailiwick_app", connections: 16 },
  relay: { role: "bailiwick_relay", connections: 4 },
  reconciler: { role: "bailiwick_app", connections: 2, statementTimeoutMs: 10_000 },
};

type Pool = Pick<DatabaseOptions, "role" | "connections"> & { readonly statementTimeoutMs?: number };

export interface Gateway {
  readonly url: string;
  readonly deps: Deps;
  readonly relay: Relay;
  readonly reconciler: Reconciler;
  /** Resolves with the name of an embedded engine that ended by itself. */
  readonly engineLost: Promise<string>;
  /** Finishes what is under way, then closes everything, the embedded engines last. */
  close(): Promise<void>;
}

/** What talks to the engines, assembled: everything but HTTP. */
export interface Core {
  readonly deps: Deps;
  readonly graph: Graph;
  readonly cerbos: Cerbos;
  readonly relay: Relay;
  readonly reconciler: Reconciler;
  close(): Promise<void>;
}

export interface Reporting {
  /** Takes lines for a person. */
  readonly report: (line: string) => void;
  readonly log: Log;
}

/** Starts what is needed and listens. Throws LocalEngineError, or what an engine of one's own says. */
export async function startGateway(config: Config, reporting: Reporting): Promise<Gateway> {
  const engines = await startEngines(config, reporting.report);
  try {
    const core = await assemble(config, engines, reporting);
    const server = await listen(config, engines, core, reporting.log).catch(async (error: unknown) => {
      await core.close();
      throw error;
    });
    const { deps, relay, reconciler } = core;
    relay.start();
    reconciler.start(config.reconcileIntervalMs);
    const close = async (): Promise<void> => {
      await drain(server, DRAIN_MS);
      await core.close();
      await engines.stop();
    };
    return { url: urlOf(server), deps, relay, reconciler, engineLost: engines.lost, close };
  } catch (error) {
    await engines.stop();
    throw error;
  }
}

export async function assemble(config: Config, engines: Engines, { report, log }: Reporting): Promise<Core> {
  await migrate(engines.databaseUrl, report);
  const graph = await connectGraph(config, engines);
  const cerbos = connectCerbos(engines.cerbos.target, engines.cerbos.tls);
  const database = openLedger(config, engines.databaseUrl, "gateway");
  const writeLog: RelayLog = (level, event, detail) => log[level]({ ...detail, event }, event);
  const carriers = openCarriers(config, engines, graph, writeLog);
  const { relay, reconciler } = carriers;
  const deps: Deps = {
    database,
    graph: withBreaker(graph, () => performance.now()),
    judge: cerbos.judge,
    plans: await readPlans(config.policiesDir),
    unit: await policyUnit(config.policiesDir),
    clock: now,
    random: systemRandom,
    timeouts: config.timeouts,
    queue: createQueue(),
    applyTuples: async (organization) => await relay.apply(organization),
    requestReconcile: (organization) => reconciler.request(organization),
    warn: (event, detail) => writeLog("warn", event, detail),
  };
  if (config.platformClient !== null) await registerPlatformClient(deps, config.platformClient);
  const close = async (): Promise<void> => {
    await carriers.close();
    await Promise.all([graph.close(), database.close()]);
    cerbos.close();
  };
  return { deps, graph, cerbos, relay, reconciler, close };
}

const now = (): Date => new Date();

/** What carries tuples from ledger to graph, and what compares the two; each tells the other where to look. */
function openCarriers(
  config: Config,
  engines: Engines,
  graph: Graph,
  log: RelayLog,
): Pick<Core, "relay" | "reconciler" | "close"> {
  const relayDatabase = openLedger(config, engines.databaseUrl, "relay");
  const database = openLedger(config, engines.databaseUrl, "reconciler");
  const apply = async (organization: string): Promise<void> => await relay.apply(organization);
  const reconciler = createReconciler({ database, relayDatabase, graph, apply, clock: now, log });
  const relay = createRelay({
    database: relayDatabase,
    graph,
    owner: newId(systemRandom, "rel-"),
    clock: now,
    jitter: Math.random,
    log,
    requestReconcile: (organization) => reconciler.request(organization),
  });
  const close = async (): Promise<void> => {
    await Promise.all([reconciler.close(), relay.close()]);
    await Promise.all([relayDatabase.close(), database.close()]);
  };
  return { relay, reconciler, close };
}

function openLedger(config: Config, url: string, user: keyof typeof POOLS): Database {
  const { statementTimeoutMs = config.timeouts.decisionMs, ...pool } = POOLS[user];
  return openDatabase({ url, ...pool, statementTimeoutMs, lockTimeoutMs: LOCK_TIMEOUT_MS });
}

async function connectGraph(config: Config, engines: Engines): Promise<Graph> {
  const { apiUrl } = engines.openfga;
  const presharedKey = engines.openfga.presharedKey ?? null;
  const at = { apiUrl, presharedKey };
  const { storeId, modelId } = await prepareStore({
    ...at,
    storeId: config.openfga?.storeId ?? null,
    modelId: config.openfga?.modelId ?? null,
    storeName: "bailiwick",
    model: buildModel(await readModules([path.join(config.policiesDir, "openfga")])),
    timeoutMs: STORE_TIMEOUT_MS,
  });
  return openGraph({ ...at, storeId, modelId, connections: GRAPH_CONNECTIONS });
}

async function listen(config: Config, engines: Engines, core: Core, log: Log): Promise<Server> {
  const { deps, graph, cerbos } = core;
  const app = createApp({
    deps,
    authenticate: createAuthenticator({ issuers: await trustedIssuers(config) }),
    settings: { publicUrl: config.publicUrl, secret: engines.secret },
    readiness: {
      checks: {
        postgres: async () => await deps.database.query({ name: "ping", text: "select", values: [] }),
        cerbos: async () => await cerbos.ping(config.timeouts.decisionMs),
        openfga: async () => await graph.ping(config.timeouts.decisionMs),
      },
      graphStatus: async () => await graphStatus(core),
    },
    log,
  });
  const server = createHttpServer(app);
  server.listen(config.port, config.host);
  await once(server, "listening").catch((error: unknown) => {
    throw new LocalEngineError("PORT_TAKEN", `cannot listen on ${config.host}:${config.port}; set PORT to a free one`, {
      cause: error,
    });
  });
  return server;
}

async function graphStatus({ relay, reconciler }: Core): Promise<GraphStatus> {
  const { pending, stopped } = await relay.status();
  const { missing, injected, rebuilt } = reconciler.status();
  return {
    pendingOrganizations: pending,
    stoppedOrganizations: stopped.length,
    missingTuples: missing,
    injectedTuples: injected,
    rebuiltOrganizations: rebuilt,
  };
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  const host = address.address.includes(":") ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

async function trustedIssuers(config: Config): Promise<TrustedIssuer[]> {
  const { oidc, aliasClaim } = config;
  const issuers: TrustedIssuer[] = [];
  if (oidc !== null) issuers.push({ ...oidc, jwks: oidc.jwksUrl ?? "discovery", aliasClaim, development: false });
  if (config.isDevelopmentIssuerOn) {
    const { issuer, audience, publicJwks } = await loadDevelopmentIssuer(config.stateDir);
    issuers.push({ issuer, audience, jwks: publicJwks, aliasClaim, development: true });
  }
  return issuers;
}
