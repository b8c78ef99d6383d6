/** K9, for every route: what is others' and what does not exist answer alike, whatever else is said. A route unknown here fails. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { KINDS, type Kind } from "../../src/entities/kinds.ts";
import { ROUTES } from "../../src/http/registry.ts";
import { requirePromised } from "../support/contract.ts";
import { caller, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, addPlatformApplication, foundOrganization, must } from "../support/world.ts";
import { type CallerRoute, goodPath, goodRequest, named, type World } from "./route-samples.ts";

let gateway: TestGateway;
let stranger: Person;
let bound: Person;
let own: string;
/** Exists, and is none of the stranger's business. */
let foreign: World;
/** Of the same forms, and nothing of it exists. */
let unknown: World;

beforeAll(async () => {
  gateway = await startTestGateway();
  const alice = await gateway.person("alice");
  const member = await gateway.person("bob");
  const carol = await gateway.person("carol");
  stranger = await gateway.person("mallory");
  own = await foundOrganization(stranger);
  const operator = await gateway.service("operator", { scopes: ["platform:admin"] });
  const scopes = "evaluate search explain".split(" ").map((scope) => `authz:${scope}`);
  bound = await gateway.service("bound", { scopes, organizations: [own] });
  const slug = await foundOrganization(alice);
  const { anchor, sector } = await addApplication(alice, slug);
  await addMember(alice, slug, member, "viewer");
  const invited = { alias: carol.alias, role: "viewer" };
  const made = must(await alice.post(`/v1/organizations/${slug}/invitations`, invited), 201);
  const offered = must(await alice.post(`/v1/organizations/${slug}/transfers`, { alias: member.alias }), 201);
  const clients = must(await operator.get("/v1/platform/clients"), 200).body.items as { id: string }[];
  const [method] = must(await alice.get("/v1/me/sign-in-methods"), 200).body.items as { id: string }[];
  const offers = { invitation: String(made.body.id), transfer: String(offered.body.id) };
  const ids = { ...offers, client: clients[0]?.id ?? "", signInMethod: method?.id ?? "" };
  const platform = await addPlatformApplication(operator);
  const people = { member, alice, shop: gateway.shop, operator, proof: stranger.token };
  foreign = { slug, anchor, sector, ...ids, platform, ...people };
  const nobody = caller(gateway.url, "nobody-at-all", "");
  const none = {
    ...{ anchor: absent("app-"), sector: absent("sec-"), client: absent("cli-"), signInMethod: absent("sim-") },
    ...{ invitation: absent("inv-"), transfer: absent("tra-") },
  };
  const nothing = { anchor: none.anchor, sector: none.sector };
  unknown = { ...foreign, slug: "no-such-organization", ...none, platform: nothing, member: nobody };
});
afterAll(async () => await gateway.close());
const absent = (prefix: string): string => `${prefix}${"0".repeat(20)}`;

/** What a request says beside whom it asks about. */
interface Variant {
  readonly method?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the route's good one. */
  readonly body?: string;
}

interface Request extends Variant {
  readonly method: string;
  readonly path: string;
  readonly token: string;
}

/** Of each answer: these are the request's own, or the moment's. */
const PASSING = ["date", "x-request-id"];

async function send(request: Request): Promise<unknown> {
  const { method, token, body, headers = {}, query = "" } = request;
  const path = `${request.path}${query}`;
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    headers: {
      ...(token !== "" && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    body: body ?? null,
  });
  const text = await response.text();
  requirePromised({ method, path, status: response.status, headers: response.headers, text });
  const came = [...response.headers].filter(([name]) => !PASSING.includes(name));
  return { status: response.status, headers: came, text: text.replace(/"id":"dec-[0-9a-z]{20}"/, "") }; // drawn for each
}
const ask = async (route: CallerRoute, world: World, variant: Variant, token: string): Promise<unknown> => {
  const { method, path, body } = goodRequest(route, world);
  return await send({ method, path, token, ...(body && { body: JSON.stringify(body) }), ...variant });
};

/** Every way in which a part of what is named can exist and another not. */
function mixtures(route: CallerRoute): World[] {
  const { slug, ...things } = unknown;
  const isInside = route.path.includes(":slug") && route.path !== "/v1/organizations/:slug";
  return [
    foreign,
    unknown,
    ...(isInside
      ? [
          { ...foreign, ...things },
          { ...foreign, slug },
        ]
      : []),
  ];
}

const KNOWN = /^:(slug|anchor|alias)$/;
const KNOWN_IDS = /\/(sectors|invitations|transfers|clients|sign-in-methods)\/:id(\/|$)/;

function requireKnown(route: CallerRoute): void {
  for (const [place] of route.path.matchAll(/:[a-z]+/gi)) {
    const isKnown = KNOWN.test(place) || (place === ":id" && KNOWN_IDS.test(route.path));
    if (!isKnown) throw new Error(`${named(route)}: what does ${place} name? Say so here and in route-samples.ts.`);
  }
}

function variantsOf(route: CallerRoute): [string, Variant][] {
  const bodies = ["", "{", "[]", "{}", '{"admin":true}', JSON.stringify({ name: 7, role: "king" })];
  const revisions = ['"1"', '"999999"', "*", "3"];
  const shared: [string, Variant][] = [
    ["as it should be", {}],
    ["with an unknown parameter", { query: "?verbose=1" }],
    ["by a method that the path does not know", { method: "PUT" }],
    ["for what the path allows", { method: "OPTIONS" }],
  ];
  if (route.method === "get") {
    const queries = Object.keys(route.query.shape).flatMap((name) => [`?${name}=actions`, `?${name}=1`, `?${name}=x`]);
    return [
      ...shared,
      ["by HEAD", { method: "HEAD" }],
      ...queries.map((query): [string, Variant] => [`with ${query}`, { query }]),
      ...revisions.map((tag): [string, Variant] => [`If-None-Match: ${tag}`, { headers: { "if-none-match": tag } }]),
    ];
  }
  return [
    ...shared,
    ["as a dry run", { query: "?dryRun=true" }],
    ["as a dry run that is none", { query: "?dryRun=maybe" }],
    ...revisions.map((tag): [string, Variant] => [`If-Match: ${tag}`, { headers: { "if-match": tag } }]),
    ["with a key", { headers: { "idempotency-key": "once" } }],
    ["with the same key again", { headers: { "idempotency-key": "once" } }],
    ["with the same key and another body", { headers: { "idempotency-key": "once" }, body: '{"name":"Other"}' }],
    ["with a key that is none", { headers: { "idempotency-key": "a b" } }],
    ["with text for a body", { headers: { "content-type": "text/plain" }, body: "{}" }],
    ...bodies.map((body): [string, Variant] => [`with the body ${body || "that is empty"}`, { body }]),
  ];
}

const naming = ROUTES.filter((route): route is CallerRoute => route.access === "caller" && route.path.includes(":"));

describe.each(naming.map((route) => [named(route), route] as const))("%s", (_name, route) => {
  test("names only what this test knows how to ask about", () => requireKnown(route));

  test.each(variantsOf(route))("what is foreign and what is unknown answer alike: %s", async (_title, variant) => {
    const askers = { stranger: stranger.token, service: bound.token, nobody: "" };
    for (const [asker, token] of Object.entries(askers)) {
      const answers: unknown[] = [];
      for (const world of mixtures(route)) answers.push(await ask(route, world, variant, token));
      for (const answer of answers) expect({ asker, answer }).toEqual({ asker, answer: answers[0] });
    }
  });
});

const children = naming.filter(({ path }) => /:slug\/.*:/.test(path));
describe.each(children.map((route) => [named(route), route] as const))("%s", (_name, route) => {
  test("finds nothing of others in one's own organization", async () => {
    for (const [title, variant] of variantsOf(route)) {
      const theirs = await ask(route, { ...foreign, slug: own }, variant, stranger.token);
      expect([title, await ask(route, { ...unknown, slug: own }, variant, stranger.token)]).toEqual([title, theirs]);
    }
    const { path } = { path: goodPath(route.path, { ...foreign, slug: own }) };
    const refused = await ask(route, { ...foreign, slug: own }, {}, stranger.token);
    expect([path, refused]).toEqual([path, expect.objectContaining({ status: 404 })]);
  });
});

test("an application cannot be put into a foreign sector, which answers as an unknown one", async () => {
  const at = { method: "POST", path: `/v1/organizations/${own}/applications`, token: stranger.token };
  const body = (sector: string): string => JSON.stringify({ name: "Shop", kind: "web", sector });
  for (const query of ["", "?dryRun=true"]) {
    const theirs = await send({ ...at, query, body: body(foreign.sector) });
    expect(theirs).toMatchObject({ status: 404 });
    expect(await send({ ...at, query, body: body(unknown.sector) })).toEqual(theirs);
  }
});

test("who may not invite does not learn who has an account", async () => {
  const at = { method: "POST", path: `/v1/organizations/${foreign.slug}/invitations`, token: stranger.token };
  const body = (alias: string): string => JSON.stringify({ alias, role: "viewer" });
  const theirs = await send({ ...at, body: body(foreign.member.alias) });
  expect(await send({ ...at, body: body(unknown.member.alias) })).toEqual(theirs);
});

/** AUTHZEN.md: what names a resource of the kind. */
const IDS: Readonly<Record<Kind, (world: World) => string>> = {
  account: ({ member }) => member.alias,
  organization: ({ slug }) => slug,
  sector: ({ sector }) => sector,
  application: ({ anchor }) => anchor,
  member: ({ slug, member }) => `${slug}/${member.alias}`,
  invitation: ({ invitation }) => invitation,
  transfer: ({ transfer }) => transfer,
};

const SEARCHES = ["subject", "resource", "action"].map((what) => `search/${what}`);
const CHECKS = ["/v1/explain", ...["evaluation", "evaluations", ...SEARCHES].map((path) => `/access/v1/${path}`)];

describe("A check", () => {
  test("is asked only where this test knows", () => {
    const authzen = ROUTES.filter((route) => route.access === "caller" && route.dialect === "authzen");
    const asked = CHECKS.flatMap((path) => ["", "/o/:slug"].map((at) => `POST ${at}${path}`));
    expect(authzen.map(named).sort()).toEqual(asked.sort());
  });

  test.each(KINDS)("about a foreign %s answers as about an unknown one", async (type) => {
    const variants = [{}, { query: "?verbose=1" }, { headers: { "if-match": '"1"', "idempotency-key": "once" } }];
    for (const name of ["view", "retire", "accept", "list_members", "fly"]) {
      for (const [by, path] of [stranger, bound].flatMap((each) => CHECKS.map((path) => [each, path] as const))) {
        for (const subject of [stranger.alias, foreign.member.alias, unknown.member.alias]) {
          for (const variant of variants) {
            const check = { subject: { type: "account", id: subject }, action: { name } };
            const asked = (world: World): Request => {
              const body = JSON.stringify({ ...check, resource: { type, id: IDS[type](world) } });
              return { method: "POST", path, token: by.token, body, ...variant };
            };
            const theirs = await send(asked(foreign));
            expect([by.alias, check, await send(asked(unknown))]).toEqual([by.alias, check, theirs]);
            if (type !== "member") continue;
            expect(await send(asked({ ...foreign, member: unknown.member }))).toEqual(theirs);
          }
        }
      }
    }
  });

  test("by a person about somebody else is refused whether they exist or not", async () => {
    const asked = (id: string): Request => {
      const resource = { type: "organization", id: own };
      const body = JSON.stringify({ subject: { type: "account", id }, action: { name: "view" }, resource });
      return { method: "POST", path: "/access/v1/evaluation", token: stranger.token, body };
    };
    const theirs = await send(asked(foreign.member.alias));
    expect(theirs).toMatchObject({ status: 403 });
    expect(await send(asked(unknown.member.alias))).toEqual(theirs);
  });
});
