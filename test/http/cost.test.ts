/**
 * No route needs more SQL statements or engine calls in an organization with 1,000 members, applications, sectors, invitations,
 * entities and audit events than in one with 10. A route that cannot be asked here fails.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import { ROUTES } from "../../src/http/registry.ts";
import type { Route } from "../../src/http/route.ts";
import { PREPARE, type Stage } from "../faults/repeatable-posts.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import {
  addApplication,
  addMember,
  addPlatformApplication,
  foundOrganization,
  keysOf,
  must,
} from "../support/world.ts";
import { addConnector } from "../support/connectors.ts";
import { adoptShown } from "../support/domains.ts";
import { addEntity, addKeeper, DOCUMENTS } from "../support/documents.ts";
import { type Calls, type Counter, countCalls } from "../support/call-counter.ts";
import { fill } from "../support/crowd.ts";
import { EXPECTED } from "./audited-events.ts";
import type { Asked } from "./audited-request.ts";
import { type CallerRoute, goodRequest, named, type World } from "./route-samples.ts";

const SIZES = [10, 1_000] as const;

let gateway: TestGateway;
let operator: Person;
let counter: Counter;
/** For what changes nothing: one world of each size. */
const worlds = new Map<number, World>();
let stages = 0;

beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [DOCUMENTS] });
  operator = await gateway.service("operator", { scopes: ["platform:admin"] });
  must(await operator.get("/v1/platform/clients"), 200);
  await gateway.sql("update accounts set max_owned_organizations = 1000000");
  await gateway.shop.get("/v1/me/organizations"); // it registers itself at its first request
  counter = countCalls(gateway);
});
afterAll(async () => await gateway.close());

/** A world of its own, with so many of each thing. */
async function makeWorld(size: number): Promise<World> {
  stages += 1;
  const [alice, member, invited] = await Promise.all(
    ["alice", "bob", "carol"].map(async (name) => await gateway.person(`${name}-${stages}`)),
  );
  if (alice === undefined || member === undefined || invited === undefined) throw new Error("nobody came");
  const slug = await foundOrganization(alice);
  const { anchor, sector } = await addApplication(alice, slug);
  await addMember(alice, slug, member, "viewer");
  const invitation = { alias: invited.alias, role: "viewer" };
  const made = must(await alice.post(`/v1/organizations/${slug}/invitations`, invitation), 201);
  const ids = {
    issuer: "https://id.example.com",
    clientId: `client-${stages}`,
    subject: `client-${stages}`,
    name: "N",
  };
  const client = must(await operator.post("/v1/platform/clients", { ...ids, scopes: ["authz:evaluate"] }), 201);
  await fill(gateway, slug, { size, state: "enabled" });
  const [method] = await gateway.sql<{ id: string }>(
    "select s.id from sign_in_methods s join accounts a on a.id = s.account_id where a.alias = $1 order by s.id limit 1",
    [alice.alias],
  );
  const offered = must(await alice.post(`/v1/organizations/${slug}/transfers`, { alias: member.alias }), 201);
  const offers = { invitation: String(made.body.id), transfer: String(offered.body.id) };
  const things = { ...offers, client: String(client.body.id), signInMethod: method?.id ?? "" };
  const proof = await gateway.issuer.sign({ subject: `${alice.alias}-elsewhere` });
  const platform = await addPlatformApplication(operator);
  const keys = await keysOf(alice, `/v1/organizations/${slug}/applications/${anchor}`);
  const keeper = await addKeeper(gateway, `keeper-${stages}`, [slug]);
  const entity = await addEntity(keeper, slug, "editors");
  const { domain } = await adoptShown(gateway.dns, alice, slug);
  const connector = await addConnector(alice, slug);
  const people = { member, alice, shop: gateway.shop, operator, keeper };
  return { slug, domain, anchor, sector, connector, ...keys, ...things, platform, proof, entity, ...people };
}

type Ask = () => Promise<Answered>;

/** A request that does what the route is for, in an organization of this size. */
async function prepared(route: CallerRoute, size: number): Promise<Ask> {
  const make = EXPECTED[named(route)]?.ask ?? (route.method === "post" ? PREPARE[route.path] : undefined);
  if (make !== undefined) {
    const asked = await make(await makeStage());
    await fillAround(route, asked, size);
    return async () => await send(route, asked);
  }
  const world = worlds.get(size) ?? (await makeWorld(size));
  worlds.set(size, world);
  const { by, path, body = {}, headers } = goodRequest(route, world);
  // A page of a search costs what is on it: it is as full here with few as with many.
  const page = path.includes("/search/") ? { page: { limit: 2 } } : {};
  // The crowd are viewers whom the graph does not know: who asks for admins looks at none of them.
  const admins = path.includes("/search/subject") ? { action: { name: "rename" } } : {};
  return async () =>
    await send(route, { by, path, headers, body: typeof body === "string" ? body : { ...body, ...page, ...admins } });
}

async function makeStage(): Promise<Stage> {
  stages += 1;
  const name = `stage-${stages}`;
  const [founder, guest] = [await gateway.person(`${name}-founder`), await gateway.person(`${name}-guest`)];
  const unseen = await gateway.issuer.sign({ subject: `${name}-unseen` });
  const keeperOf = async (slug: string): Promise<Person> => await addKeeper(gateway, `${name}-keeper`, [slug]);
  return {
    founder,
    guest,
    operator,
    name,
    unseen,
    dns: gateway.dns,
    keeperOf,
    sql: async (...asked) => await gateway.sql(...asked),
  };
}

/** The organization that the request is about, if it is about one that is there. */
async function fillAround(route: Route, asked: Asked & { readonly slug?: string | null }, size: number): Promise<void> {
  const slug = asked.slug ?? /^\/v1\/organizations\/([^/]+)/.exec(asked.path)?.[1];
  const [found] = await gateway.sql("select from organizations where slug = $1 and slug <> 'platform'", [slug]);
  // What stands in the way of retiring an organization is no question of size.
  const state = /:slug\/(retire|enable)$/.test(route.path) ? "retired" : "enabled";
  if (slug !== undefined && found !== undefined) await fill(gateway, slug, { size, state });
}

async function send({ method }: Route, { by, path, body, headers }: Asked): Promise<Answered> {
  if (method === "get" || method === "delete") return await by[method](path, headers);
  return await by[method](path, body, headers);
}

const ASKED = ROUTES.filter((route): route is CallerRoute => route.access === "caller");

/** The answers that are as long as what they tell: by the page, and nothing else grows. Of entities each page is decided anew. */
const PAGED: Readonly<
  Record<string, { readonly size: number; readonly statements: number; readonly policies: number }>
> = {
  exportAudit: { size: LIMITS.exportPage, statements: 4, policies: 0 },
  exportEntities: { size: LIMITS.exportEntities, statements: 5, policies: 1 },
};

describe.each(ASKED.map((route) => [named(route), route] as const))("%s", (_name, route) => {
  test(`asks no more of Postgres, OpenFGA and Cerbos with ${SIZES[1]} of everything than with ${SIZES[0]}`, async () => {
    const costs: Calls[] = [];
    for (const size of SIZES) {
      const ask = await prepared(route, size);
      await counter.settled();
      const { answer, calls } = await counter.counted(ask);
      expect([answer.status < 300, answer.body.code]).toEqual([true, undefined]);
      expect(calls.statements).toBeGreaterThan(0);
      costs.push(calls);
    }
    const [few, many] = costs;
    const paged = PAGED[route.operation];
    if (paged !== undefined) {
      const pages = (many?.named["begin"] ?? 0) - (few?.named["begin"] ?? 0);
      expect(pages).toBe(Math.ceil(SIZES[1] / paged.size));
      const grown = { statements: paged.statements * pages, policies: paged.policies * pages };
      const more = {
        statements: (few?.statements ?? 0) + grown.statements,
        policies: (few?.policies ?? 0) + grown.policies,
      };
      expect({ ...many, named: {} }).toEqual({ ...few, named: {}, ...more });
      return;
    }
    expect(many).toEqual(few);
  });
});
