/**
 * The plain way to write this service, to measure the gateway against: Express, a JWT checked with jose, three relation checks
 * and one Cerbos call through the SDKs, a few row reads with pg. The same question, the same policies, the same answer.
 */
import { GRPC } from "@cerbos/grpc";
import { CredentialsMethod, OpenFgaClient } from "@openfga/sdk";
import express, { type ErrorRequestHandler, type Request, type RequestHandler } from "express";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import type { AddressInfo } from "node:net";
import pg from "pg";
import { createNaiveFacts, type Facts, type NaiveFacts } from "./naive-facts.ts";

/** What bench/run.ts orders. */
export interface NaiveOrder {
  readonly databaseUrl: string;
  readonly openfga: { readonly apiUrl: string; readonly presharedKey: string };
  readonly cerbosTarget: string;
  readonly issuer: { readonly issuer: string; readonly audience: string; readonly publicJwks: JSONWebKeySet };
  readonly policiesDir: string;
}

const ROLES = ["owner", "admin", "viewer"] as const;

interface Evaluation {
  readonly subject: { readonly id: string };
  readonly action: { readonly name: string };
  readonly resource: { readonly type: string; readonly id: string };
}

interface Engines {
  readonly facts: NaiveFacts;
  readonly graph: OpenFgaClient;
  readonly cerbos: GRPC;
}

async function start(order: NaiveOrder): Promise<string> {
  const pool = new pg.Pool({ connectionString: order.databaseUrl, max: 16 });
  const engines = {
    facts: await createNaiveFacts(pool, order.policiesDir),
    graph: await connectGraph(order.openfga),
    cerbos: new GRPC(order.cerbosTarget, { tls: false }),
  };
  const app = express();
  app.use(express.json());
  app.post("/access/v1/evaluation", authenticated(order.issuer), async (request, response) => {
    response.json(await evaluate(engines, request.body as Evaluation));
  });
  app.use(failed);
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function connectGraph({ apiUrl, presharedKey }: NaiveOrder["openfga"]): Promise<OpenFgaClient> {
  const credentials = { method: CredentialsMethod.ApiToken, config: { token: presharedKey } } as const;
  const { stores } = await new OpenFgaClient({ apiUrl, credentials }).listStores({ name: "bailiwick" });
  const [store] = stores;
  if (store === undefined) throw new Error("the gateway has made no store");
  const client = new OpenFgaClient({ apiUrl, credentials, storeId: store.id });
  const { authorization_model: model } = await client.readLatestAuthorizationModel();
  if (model === undefined) throw new Error("the gateway has written no model");
  return new OpenFgaClient({ apiUrl, credentials, storeId: store.id, authorizationModelId: model.id });
}

function authenticated({ issuer, audience, publicJwks }: NaiveOrder["issuer"]): RequestHandler {
  const keys = createLocalJWKSet(publicJwks);
  return async (request, response, next) => {
    try {
      const { payload } = await jwtVerify(tokenOf(request), keys, { issuer, audience, algorithms: ["RS256"] });
      if (String(payload["scope"]).split(" ").includes("authz:evaluate")) next();
      else response.status(403).json({ error: "the scope authz:evaluate is missing" });
    } catch {
      response.status(401).json({ error: "the token does not hold" });
    }
  };
}

function tokenOf(request: Request): string {
  return request.headers.authorization?.replace(/^Bearer /, "") ?? "";
}

async function evaluate(engines: Engines, { subject, action, resource }: Evaluation): Promise<object> {
  const facts = await engines.facts(subject.id, resource);
  if (facts === undefined) return denied([{ code: "UNKNOWN_RESOURCE" }]);
  const role = await roleOf(engines.graph, facts);
  const { type: kind } = resource;
  const { attr } = facts;
  const answer = await engines.cerbos.checkResources({
    principal: { id: subject.id, roles: [role] },
    resources: [
      { resource: { kind, id: resource.id, policyVersion: facts.matrix, attr }, actions: [action.name] },
      { resource: { kind: `${kind}_floor`, id: resource.id, policyVersion: "default", attr }, actions: [action.name] },
    ],
  });
  if (answer.results.every((result) => result.isAllowed(action.name)))
    return { decision: true, context: { reasons: [] } };
  return denied(answer.results.flatMap((result) => result.outputs.flatMap((output) => output.value)));
}

function denied(reasons: readonly unknown[]): object {
  return { decision: false, context: { reasons } };
}

async function roleOf(graph: OpenFgaClient, { pseudonym, organization }: Facts): Promise<string> {
  const checks = ROLES.map(async (relation) => {
    const { allowed } = await graph.check({
      user: `account:${pseudonym}`,
      relation,
      object: `organization:${organization}`,
    });
    return allowed === true ? relation : undefined;
  });
  return (await Promise.all(checks)).find((role) => role !== undefined) ?? "none";
}

const failed: ErrorRequestHandler = (error, _request, response, _next) => {
  console.error(error);
  response.status(500).json({ error: "it failed" });
};

process.once("message", (order: NaiveOrder) => {
  void start(order).then((url) => process.send?.(url));
});
process.once("disconnect", () => process.exit());
