/** The gateway's front: routes, readiness, metrics and the socket, on what assemble.ts has made. */
import { once } from "node:events";
import type { Server } from "node:http";
import type { Config } from "./config.ts";
import type { Core } from "./assemble.ts";
import { createApp } from "./http/app.ts";
import { createAuthenticator, type TrustedIssuer } from "./http/authenticate.ts";
import type { Log } from "./http/log.ts";
import type { Standing } from "./http/metrics.ts";
import type { Current } from "./http/readiness.ts";
import { type Drain, createHttpServer } from "./http/server.ts";
import type { Engines } from "./local/chosen-engines.ts";
import { LocalEngineError } from "./local/error.ts";
import { loadDevelopmentIssuer } from "./local/issuer.ts";
import type { Unit } from "./served.ts";
import type { Database } from "./stores/database.ts";

export interface Fittings {
  readonly log: Log;
  readonly drain: Drain;
}

/** Listens. Throws PORT_TAKEN. */
export async function listen(config: Config, engines: Engines, core: Core, { log, drain }: Fittings): Promise<Server> {
  const { served } = core;
  const { database, random } = served.current.deps;
  const app = createApp({
    served,
    random,
    authenticate: createAuthenticator({ issuers: await trustedIssuers(config), tokenMaxHours: config.tokenMaxHours }),
    settings: {
      publicUrl: config.publicUrl,
      secret: engines.secret,
      corsOrigins: config.corsOrigins,
      metricsToken: config.metricsToken,
    },
    readiness: {
      now: async (ask) => await served.use(async (unit) => await ask(currentOf(unit, database, config))),
      graphStatus: async () => await standing(core),
      decisionLog: () => core.decisions?.status() ?? null,
    },
    standing: async () => await standing(core),
    budgets: core.budgets,
    metrics: core.metrics,
    drain,
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

function currentOf({ policies, model, cerbos, graph }: Unit, database: Database, { timeouts }: Config): Current {
  const { unit, commit, kinds } = policies;
  return {
    deciding: { unit, commit, model },
    kinds: { served: [...kinds.served.keys()], refused: [...kinds.refused.keys()] },
    checks: {
      postgres: async () => await database.query({ name: "ping", text: "select", values: [] }),
      cerbos: async () => await cerbos.unit(timeouts.decisionMs),
      openfga: async () => await graph.ping(timeouts.decisionMs),
    },
  };
}

async function standing({ relay, reconciler }: Core): Promise<Standing> {
  const { pending, oldest, stopped } = await relay.status();
  const { missing, injected, rebuilt } = reconciler.status();
  return {
    pendingOrganizations: pending,
    oldestPendingSeconds: oldest === null ? 0 : Math.max(0, (Date.now() - oldest.getTime()) / 1000),
    stoppedOrganizations: stopped.length,
    missingTuples: missing,
    injectedTuples: injected,
    rebuiltOrganizations: rebuilt,
  };
}

/** Where it listens. */
export function urlOf(server: Server): string {
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
