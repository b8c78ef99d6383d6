import express, { type Express } from "express";
import helmet, { type HelmetOptions } from "helmet";
import type { Deps } from "../domain/deps.ts";
import type { Held } from "../domain/held.ts";
import type { RandomBytes } from "../entities/ids.ts";
import type { Authenticate } from "./authenticate.ts";
import { crossOrigin } from "./cross-origin.ts";
import { accessLog, type Log } from "./log.ts";
import type { Budgets } from "./budgets.ts";
import type { Metrics, Standing } from "./metrics.ts";
import { metricsFor } from "./observability.ts";
import { tracing } from "./tracing.ts";
import { createPageTokens } from "./page-tokens.ts";
import { noSuchRoute, problems } from "./problem.ts";
import { createReadiness, type Readiness } from "./readiness.ts";
import { requestId } from "./request-id.ts";
import type { Gateway, Route } from "./route.ts";
import type { Drain } from "./server.ts";
import { routerOf } from "./router.ts";
import { NOUNS } from "./registry.ts";

export interface AppOptions {
  /** What each request takes at its beginning and keeps to its end. */
  readonly served: Held<{ readonly deps: Deps }>;
  readonly random: RandomBytes;
  readonly authenticate: Authenticate;
  readonly settings: {
    /** Where the world finds this service; no trailing slash. */
    readonly publicUrl: string;
    /** At least 32 characters; page tokens are encrypted with a key made of it. */
    readonly secret: string;
    /** Origins whose pages may call; none: no page of another origin can. */
    readonly corsOrigins: readonly string[];
    /** Who asks for the metrics must bring it; null: nobody is told, "" everybody. */
    readonly metricsToken: string | null;
  };
  readonly readiness: Readiness;
  readonly drain: Drain;
  readonly budgets: Budgets;
  readonly metrics: Metrics;
  readonly standing: () => Promise<Standing>;
  readonly log: Log;
  /** Other routes than the service's own, by noun: for tests of what stands around a route. */
  readonly nouns?: readonly (readonly Route[])[];
}

/** The gateway as one ordered list: what comes first sees every request. */
export function createApp(options: AppOptions): Express {
  const { served, random, authenticate, settings, drain, budgets, metrics, log, nouns = NOUNS } = options;
  const gateway: Omit<Gateway, "deps"> = {
    publicUrl: settings.publicUrl,
    pageTokens: createPageTokens(settings.secret, random),
    readiness: createReadiness(options.readiness, drain),
    budgets,
    metrics: metricsFor(settings.metricsToken, async () => await metrics.expose(options.standing)),
  };
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag"); // An entity's ETag is its revision, not a hash of the answer.
  app.set("query parser", "simple");
  app.use(requestId(random, drain));
  app.use(tracing());
  app.use(accessLog(log, metrics));
  app.use(helmet(headersFor(settings.publicUrl)));
  if (settings.corsOrigins.length > 0) app.use(crossOrigin(settings.corsOrigins));
  for (const routes of nouns) app.use(routerOf(routes, { gateway, served, authenticate }));
  app.use(noSuchRoute);
  app.use(problems(log));
  return app;
}

/** Over plain HTTP nothing may send a browser to HTTPS: it would find nobody there. */
function headersFor(publicUrl: string): HelmetOptions {
  if (publicUrl.startsWith("https:")) return {};
  return { strictTransportSecurity: false, contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } };
}
