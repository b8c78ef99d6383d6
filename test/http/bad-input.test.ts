/** Every route of the registry, with every standard way to be wrong: the documented problem, no stack, nothing written. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import { NOTHING } from "../../src/http/fields.ts";
import { ROUTES } from "../../src/http/registry.ts";
import { requirePromised } from "../support/contract.ts";
import { type ForeignIssuer, startForeignIssuer } from "../support/foreign-issuer.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, addPlatformApplication, foundOrganization, must } from "../support/world.ts";
import { type CallerRoute, goodPath, goodRequest, named, type World } from "./route-samples.ts";

let gateway: TestGateway;
let issuer: ForeignIssuer;
let stranger: Person;
let world: World;

beforeAll(async () => {
  issuer = await startForeignIssuer();
  gateway = await startTestGateway({ settings: issuer.settings });
  const alice = await gateway.person("alice");
  const member = await gateway.person("bob");
  const invited = await gateway.person("carol");
  stranger = await gateway.person("mallory");
  const operator = await gateway.service("operator", { scopes: ["platform:admin"] });
  const slug = await foundOrganization(alice);
  const { anchor, sector } = await addApplication(alice, slug);
  await addMember(alice, slug, member, "viewer");
  const invitation = await alice.post(`/v1/organizations/${slug}/invitations`, {
    alias: invited.alias,
    role: "viewer",
  });
  const narrow = { clientId: "narrow", subject: "narrow", name: "N", scopes: ["authz:search"] };
  const registration = { issuer: issuer.issuer, ...narrow };
  const client = must(await operator.post("/v1/platform/clients", registration), 201);
  await evaluateOnce(slug);
  const offered = must(await alice.post(`/v1/organizations/${slug}/transfers`, { alias: member.alias }), 201);
  const [method] = await gateway.sql<{ id: string }>("select id from sign_in_methods where subject = 'alice'");
  const proven = { signInMethod: method?.id ?? "", proof: await issuer.sign({ sub: "unseen" }) };
  const ids = {
    invitation: String(invitation.body.id),
    transfer: String(offered.body.id),
    client: String(client.body.id),
  };
  const platform = await addPlatformApplication(operator);
  world = { slug, anchor, sector, ...ids, ...proven, platform, member, alice, shop: gateway.shop, operator };
});
afterAll(async () => {
  await gateway.close();
  await issuer.close();
});

/** The development issuer's services register themselves at first use, which is a write of its own. */
async function evaluateOnce(slug: string): Promise<void> {
  const subject = { type: "account", id: "nobody" };
  await gateway.shop.post("/access/v1/evaluation", {
    ...{ subject, action: { name: "view" } },
    resource: { type: "organization", id: slug },
  });
}

interface Spoiled {
  readonly path?: string;
  readonly token?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Refused {
  readonly status: number;
  readonly code: unknown;
  readonly text: string;
}

/** Sends the route's good request with one thing spoiled; whatever comes is a problem document, and nothing was written. */
async function spoiled(route: CallerRoute, spoil: Spoiled): Promise<Refused> {
  const good = goodRequest(route, world);
  const before = await written();
  const token = spoil.token ?? good.by.token;
  const body = spoil.body ?? (good.body === undefined ? undefined : JSON.stringify(good.body));
  const path = spoil.path ?? good.path;
  const response = await fetch(`${gateway.url}${path}`, {
    method: good.method,
    headers: {
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...spoil.headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const { status: answered, headers } = response;
  const text = await response.text();
  requirePromised({ method: good.method, path, status: answered, headers, text });
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(text).not.toMatch(/\bat .+:\d+:\d+|node_modules|\.ts\b/);
  expect(await written()).toEqual(before);
  const document = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const { type, title, detail, status, code } = document;
  expect([typeof type, typeof title, typeof detail]).toEqual(["string", "string", "string"]);
  expect(status).toBe(response.status);
  return { status: response.status, code, text };
}

/** Every change raises a version, files an audit event or makes a row: the tables' counts and versions tell. */
async function written(): Promise<unknown> {
  const [row] = await gateway.sql(`
    select (select sum(version) from organizations) as organizations, (select count(*) from accounts) as accounts,
      (select sum(version) from accounts) as account_versions, (select count(*) from audit_events) as audit,
      (select count(*) from outbox) as outbox, (select sum(revision) from memberships) as memberships,
      (select sum(revision) from invitations) as invitations, (select sum(revision) from clients) as clients,
      (select sum(revision) from transfers) as transfers,
      (select sum(revision) from accounts) as profiles, (select count(*) from sign_in_methods) as methods`);
  return row;
}

const callerRoutes = ROUTES.filter((route): route is CallerRoute => route.access === "caller");
const table = (routes: readonly CallerRoute[]): [string, CallerRoute][] => routes.map((route) => [named(route), route]);
const withBody = callerRoutes.filter((route) => route.body !== NOTHING);

describe.each(table(callerRoutes))("%s", (_name, route) => {
  test("no token", async () => {
    expect(await spoiled(route, { token: "" })).toMatchObject({ status: 401, code: "TOKEN_MISSING" });
  });

  test("a token that does not hold", async () => {
    const subject = { sub: "mallory" };
    const now = Math.floor(Date.now() / 1000);
    const tokens = [
      await issuer.sign({ ...subject, exp: now - LIMITS.clockSkewSeconds }),
      await issuer.sign({ ...subject, aud: "another" }),
      await issuer.sign({ ...subject, iss: "https://issuer.example.com" }),
      issuer.unsigned(subject),
      `${await issuer.sign(subject)}x`,
      "x".repeat(LIMITS.tokenBytes),
    ];
    for (const token of tokens) {
      expect(await spoiled(route, { token })).toMatchObject({ status: 401, code: "TOKEN_INVALID" });
    }
  });

  test("an unknown query parameter", async () => {
    const path = `${goodRequest(route, world).path}?verbose=1`;
    expect(await spoiled(route, { path })).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  });

  test("a bad id in each place of the path", async () => {
    for (const place of route.path.matchAll(/:[a-z]+/g)) {
      for (const bad of ["%00", "%zz", "Not%20An%20Id", "x".repeat(300)]) {
        const path = goodPath(route.path.replace(place[0], bad), world);
        expect(await spoiled(route, { path })).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
      }
    }
  });
});

describe.each(table(callerRoutes.filter(({ method }) => method !== "get")))("The body of %s", (_name, route) => {
  test("is malformed, or is no object", async () => {
    expect(await spoiled(route, { body: '{"name":' })).toMatchObject({ status: 400, code: "MALFORMED_JSON" });
    for (const body of ["[]", "null", '"text"', "7"]) {
      expect(await spoiled(route, { body })).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
    }
  });

  test("is too large", async () => {
    const most = route.dialect === "authzen" ? LIMITS.checkBytes : LIMITS.bodyBytes;
    const body = JSON.stringify({ padding: "x".repeat(most) });
    expect(await spoiled(route, { body })).toMatchObject({ status: 413, code: "BODY_TOO_LARGE" });
  });

  test("is no JSON by its type", async () => {
    const headers = { "content-type": "text/plain" };
    const status = route.dialect === "authzen" ? 400 : 415;
    expect(await spoiled(route, { body: "{}", headers })).toMatchObject({ status });
  });

  if (route.dialect === "rest") {
    test("has an unknown member", async () => {
      const body = JSON.stringify({ ...goodRequest(route, world).body, admin: true });
      expect(await spoiled(route, { body })).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
    });
  }

  test("comes with a malformed If-Match", async () => {
    expect(await spoiled(route, { headers: { "if-match": "3" } })).toMatchObject({
      status: 400,
      code: "INVALID_REQUEST",
    });
  });
});

describe.each(table(withBody))("The body of %s", (_name, route) => {
  test("lacks a member, or has one of a wrong type", async () => {
    const good = goodRequest(route, world).body ?? {};
    for (const member of Object.keys(good)) {
      for (const wrong of [undefined, null, 7, [], {}, "\u0000", ""]) {
        if (wrong === undefined && route.method === "patch" && route.path.includes("/clients/")) continue; // all optional
        if (Array.isArray(wrong) && member === "scopes") continue; // no scope at all is one way to register
        const body = JSON.stringify({ ...good, [member]: wrong });
        expect(await spoiled(route, { body })).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
      }
    }
  });
});

const onEntity = callerRoutes.filter(({ method, path }) => method !== "get" && /:[a-z]+(\/[a-z]+)?$/.test(path));
const revised = onEntity.filter(({ path }) => !/:slug\/(sectors|applications|invitations|transfers)$/.test(path));
describe.each(table(revised))("%s", (_name, route) => {
  test("with nothing spoiled is stopped by a revision that is not the entity's, or by a rule", async () => {
    const { status } = await spoiled(route, { headers: { "if-match": '"999999"' } });
    expect([403, 409, 412]).toContain(status);
  });
});

const inOrganization = callerRoutes.filter(({ path, dialect }) => dialect === "rest" && path.includes("/:slug"));
describe.each(table(inOrganization))("%s", (_name, route) => {
  test("a foreign organization and one that does not exist answer alike", async () => {
    const { token } = stranger;
    const foreign = await spoiled(route, { token });
    expect(foreign).toMatchObject({ status: 403, code: "ORGANIZATION_NOT_ACCESSIBLE" });
    const { path, body } = goodRequest(route, { ...world, slug: "no-such-organization" });
    expect((await spoiled(route, { token, path, ...(body && { body: JSON.stringify(body) }) })).text).toBe(
      foreign.text,
    );
  });

  test("a service is no person", async () => {
    expect(await spoiled(route, { token: gateway.shop.token })).toMatchObject({ status: 403, code: "NOT_A_USER" });
  });
});

describe("A scope", () => {
  const guarded = callerRoutes.filter(({ path }) => /\/(access\/v1|v1\/platform)\//.test(path));
  test.each(table(guarded))(
    "that the registration lacks does not count, whatever the token says: %s",
    async (_name, route) => {
      const token = await issuer.sign({ sub: "narrow", client_id: "narrow", scope: "authz:evaluate platform:admin" });
      expect(await spoiled(route, { token })).toMatchObject({ status: 403, code: "SCOPE_MISSING" });
    },
  );

  test.each(table(guarded.filter(({ path }) => path.startsWith("/v1/"))))("%s is for clients", async (_name, route) => {
    expect(await spoiled(route, { token: world.alice.token })).toMatchObject({ status: 403, code: "NOT_A_CLIENT" });
  });
});

test("what a caller that nobody has seen sends wrongly makes no account", async () => {
  const [route] = withBody as [CallerRoute];
  expect(await spoiled(route, { token: await issuer.sign({ sub: "zoe" }), body: "{}" })).toMatchObject({ status: 400 });
});
