import { EventEmitter, once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Express } from "express";
import type { Deps } from "../../src/domain/deps.ts";
import { createFingerprints } from "../../src/domain/fingerprints.ts";
import { hold } from "../../src/domain/held.ts";
import { AppError } from "../../src/entities/errors.ts";
import { createSealing } from "../../src/domain/sealing.ts";
import { createTombstones } from "../../src/domain/tombstones.ts";
import { NO_HOST_KINDS } from "../../src/entities/host-kinds.ts";
import { systemRandom } from "../../src/entities/ids.ts";
import { createApp } from "../../src/http/app.ts";
import type { Authenticate } from "../../src/http/authenticate.ts";
import { type BudgetSizes, createBudgets } from "../../src/http/budgets.ts";
import { createLog } from "../../src/http/log.ts";
import { createMetrics } from "../../src/http/metrics.ts";
import type { DecisionLogStatus, ReadinessChecks } from "../../src/http/readiness.ts";
import { createDrain, createHttpServer, type Drain } from "../../src/http/server.ts";
import { HEALTH_ROUTES } from "../../src/http/health.ts";
import { OBSERVABILITY_ROUTES } from "../../src/http/observability.ts";
import { sampleRoutes } from "./sample-routes.ts";

/** What stands around every route, with routes of the test's own inside: nothing here asks an engine. */

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
}

export interface Came {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** What the sample's routes were asked, and what the test makes them do. */
export interface Stage {
  /** Lines of the log, each as it was written. */
  readonly lines: string[];
  /** What the routes were called with. */
  readonly calls: object[];
  /** What the next call of a route throws. */
  throws: Error | null;
  graph: "applied" | "pending";
  readonly drain: Drain;
  readonly corsOrigins: readonly string[];
  readonly metricsToken: string | null;
  readonly rates: BudgetSizes;
  /** null: it is off. */
  decisionLog: DecisionLogStatus | null;
  readonly checks: { -readonly [Engine in keyof ReadinessChecks]: ReadinessChecks[Engine] };
}

export interface Sample extends Stage {
  readonly server: Server;
  readonly port: number;
  /** The first line that holds this text; waits for it, since an answer is logged when it has gone. */
  lineWith(text: string): Promise<string>;
  send(sent: Sent): Promise<Came>;
  /** Before each test. */
  forget(): void;
  close(): Promise<void>;
}

export const DECIDING = { unit: "0123456789abcdef", commit: null, model: "01JZ8M5T5C3VQ2E0M5S9K7W4XN" };

const nobody = async (): Promise<never> => await Promise.reject(new Error("no engine in this test"));
const DEPS: Deps = {
  database: { query: nobody, transaction: nobody, close: nobody },
  graph: { directRoles: nobody, fence: nobody, holds: nobody, paths: nobody },
  judge: nobody,
  plans: new Map(),
  ...DECIDING,
  kinds: NO_HOST_KINDS,
  rulesFor: () => [],
  factDomains: new Map(),
  clock: () => new Date(0),
  random: systemRandom,
  tombstones: createTombstones(""),
  sealing: createSealing([]),
  fingerprints: createFingerprints([]),
  isOwnIssuer: () => false,
  tokenMaxHours: 24,
  timeouts: { decisionMs: 1, graphReadMs: 1, searchMs: 1, changeMs: 1, graphWaitMs: 1 },
  lookUpTexts: nobody,
  domainRecheckMs: 1,
  queue: { run: nobody },
  applyTuples: nobody,
  requestReconcile: () => undefined,
  deploys: { prepare: nobody },
  admit: async () => await Promise.resolve(),
  decided: () => undefined,
  warn: () => undefined,
};

const identity = { issuer: "urn:test", clientId: null, scopes: [], aliasHint: null, development: null };
/** The token is the caller's name. */
const authenticate: Authenticate = async (authorization) => {
  await Promise.resolve();
  const subject = /^Bearer ([a-z]+)$/.exec(authorization ?? "")?.[1];
  if (subject === undefined) throw new AppError("TOKEN_MISSING", "Send a token.");
  return { ...identity, subject };
};

/** Nothing on its way, nothing amiss. */
export const GRAPH_STATUS = {
  pendingOrganizations: 0,
  oldestPendingSeconds: 0,
  stoppedOrganizations: 0,
  missingTuples: 0,
  injectedTuples: 0,
  rebuiltOrganizations: 0,
};

const UNLIMITED = { questions: 0, changes: 0 };

export async function startSample(
  fittings: Partial<Pick<Stage, "corsOrigins" | "metricsToken" | "rates">> = {},
): Promise<Sample> {
  const up = async (): Promise<void> => await Promise.resolve();
  const checks = { postgres: up, cerbos: async () => await Promise.resolve(DECIDING.unit), openfga: up };
  const stage: Stage = {
    lines: [],
    calls: [],
    throws: null,
    graph: "applied",
    checks,
    decisionLog: null,
    drain: createDrain(),
    corsOrigins: [],
    metricsToken: "",
    rates: { caller: UNLIMITED, organization: UNLIMITED },
    ...fittings,
  };
  const written = new EventEmitter();
  const write = (line: string): void => {
    stage.lines.push(line);
    written.emit("line");
  };
  const server = createHttpServer(appOf(stage, write)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return Object.assign(stage, {
    server,
    port,
    lineWith: async (text: string) => {
      for (;;) {
        const line = stage.lines.find((candidate) => candidate.includes(text));
        if (line !== undefined) return line;
        await once(written, "line");
      }
    },
    send: async (sent: Sent) => await send(port, sent),
    forget: () => {
      stage.lines.length = 0;
      stage.calls.length = 0;
      stage.throws = null;
      stage.graph = "applied";
      stage.decisionLog = null;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  });
}

function appOf(stage: Stage, write: (line: string) => void): Express {
  return createApp({
    served: hold({ deps: DEPS }, 0),
    random: systemRandom,
    authenticate,
    settings: {
      publicUrl: "https://authz.example.com",
      secret: "0123456789abcdefghijklmnopqrstuv",
      corsOrigins: stage.corsOrigins,
      metricsToken: stage.metricsToken,
    },
    drain: stage.drain,
    budgets: createBudgets(stage.rates),
    metrics: createMetrics("0.0.0", DECIDING),
    standing: async () => await Promise.resolve(GRAPH_STATUS),
    readiness: {
      now: async (ask) => {
        const checks = {
          postgres: async (signal: AbortSignal) => await stage.checks.postgres(signal),
          cerbos: async (signal: AbortSignal) => await stage.checks.cerbos(signal),
          openfga: async (signal: AbortSignal) => await stage.checks.openfga(signal),
        };
        return await ask({ deciding: DECIDING, kinds: { served: [], refused: [] }, checks });
      },
      graphStatus: async () => await Promise.resolve(GRAPH_STATUS),
      decisionLog: () => stage.decisionLog,
    },
    log: createLog("info", { write }),
    nouns: [sampleRoutes(stage), HEALTH_ROUTES, OBSERVABILITY_ROUTES],
  });
}

/** `fetch` hides and adds headers; this sends what the test says. */
async function send(port: number, { method = "GET", path, headers = {}, body }: Sent): Promise<Came> {
  const outgoing = httpRequest({ host: "127.0.0.1", port, method, path, headers });
  outgoing.end(body);
  return await new Promise((resolve, reject) => {
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        const isJson = incoming.headers["content-type"]?.includes("json") === true;
        const json = isJson && text !== "" ? (JSON.parse(text) as Came["json"]) : {};
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json });
      });
      incoming.on("error", reject);
    });
  });
}
