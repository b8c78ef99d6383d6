import express, { type Express } from "express";
import helmet from "helmet";
import type { Deps } from "../domain/deps.ts";
import type { Authenticate } from "./authenticate.ts";
import { accessLog, type Log } from "./log.ts";
import { createPageTokens } from "./page-tokens.ts";
import { noSuchRoute, problems } from "./problem.ts";
import { createReadiness, type Readiness } from "./readiness.ts";
import { requestId } from "./request-id.ts";
import type { Gateway, Route } from "./route.ts";
import { routerOf } from "./router.ts";
import { NOUNS } from "./registry.ts";

export interface AppOptions {
  readonly deps: Deps;
  readonly authenticate: Authenticate;
  readonly settings: {
    /** Where the world finds this service; no trailing slash. */
    readonly publicUrl: string;
    /** At least 32 characters; page tokens are encrypted with a key made of it. */
    readonly secret: string;
  };
  readonly readiness: Readiness;
  readonly log: Log;
  /** Other routes than the service's own, by noun: for tests of what stands around a route. */
  readonly nouns?: readonly (readonly Route[])[];
}

/** The gateway as one ordered list: what comes first sees every request. */
export function createApp({ deps, authenticate, settings, readiness, log, nouns = NOUNS }: AppOptions): Express {
  const gateway: Gateway = {
    deps,
    publicUrl: settings.publicUrl,
    pageTokens: createPageTokens(settings.secret, deps.random),
    readiness: createReadiness(readiness),
  };
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag"); // An entity's ETag is its revision, not a hash of the answer.
  app.set("query parser", "simple");
  app.use(requestId(deps.random));
  app.use(accessLog(log));
  app.use(helmet());
  for (const routes of nouns) app.use(routerOf(routes, gateway, authenticate));
  app.use(noSuchRoute);
  app.use(problems(log));
  return app;
}
