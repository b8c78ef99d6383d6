/** The gateway's front: routes, readiness, metrics and the socket, on what assemble.ts has made. */
import { once } from "node:events";
import type { Server } from "node:http";
import type { Config } from "./config.ts";
import type { Core } from "./assemble.ts";
import { createApp } from "./http/app.ts";
import { createAuthenticator, type TrustedIssuer } from "./http/authenticate.ts";
import type { Log } from "./http/log.ts";
import type { Standing } from "./http/metrics.ts";
import { type Drain, createHttpServer } from "./http/server.ts";
import type { Engines } from "./local/chosen-engines.ts";
import { LocalEngineError } from "./local/error.ts";
import { loadDevelopmentIssuer } from "./local/issuer.ts";

export interface Fittings {
  readonly log: Log;
  readonly drain: Drain;
}

/** Listens. Throws PORT_TAKEN. */
export async function listen(config: Config, engines: Engines, core: Core, { log, drain }: Fittings): Promise<Server> {
  const { deps, graph, cerbos } = core;
  const app = createApp({
    deps,
    authenticate: createAuthenticator({ issuers: await trustedIssuers(config), tokenMaxHours: config.tokenMaxHours }),
    settings: {
      publicUrl: config.publicUrl,
      secret: engines.secret,
      corsOrigins: config.corsOrigins,
      metricsToken: config.metricsToken,
    },
    readiness: {
      checks: {
        postgres: async () => await deps.database.query({ name: "ping", text: "select", values: [] }),
        cerbos: async () => await cerbos.ping(config.timeouts.decisionMs),
        openfga: async () => await graph.ping(config.timeouts.decisionMs),
      },
      graphStatus: async () => await standing(core),
      kinds: { served: [...deps.kinds.served.keys()], refused: [...deps.kinds.refused.keys()] },
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
