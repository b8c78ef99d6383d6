/**
 * No route needs more SQL statements or engine calls in an organization with 1,000 members, applications, sectors, invitations and
 * audit events than in one with 10. A route that cannot be asked here fails.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import { ROUTES } from "../../src/http/registry.ts";
import { PREPARE } from "../faults/repeatable-posts.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";
import { type Calls, type Counter, countCalls } from "../support/call-counter.ts";
import { fill } from "../support/crowd.ts";
import { type CallerRoute, goodRequest, named, type World } from "./route-samples.ts";

const SIZES = [10, 1_000] as const;

let gateway: TestGateway;
let operator: Person;
let counter: Counter;
/** For what changes nothing: one world of each size. */
const worlds = new Map<number, World>();
let stages = 0;

beforeAll(async () => {
  gateway = await startTestGateway();
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
  const things = { invitation: String(made.body.id), client: String(client.body.id) };
  return { slug, anchor, sector, ...things, member, alice, shop: gateway.shop, operator };
}

type Ask = () => Promise<Answered>;

/** A request that does what the route is for, in an organization of this size. */
async function prepared(route: CallerRoute, size: number): Promise<Ask> {
  const make = route.method === "post" ? PREPARE[route.path] : undefined;
  if (make !== undefined) {
    stages += 1;
    const name = `stage-${stages}`;
    const [founder, guest] = [await gateway.person(`${name}-founder`), await gateway.person(`${name}-guest`)];
    const sql = async (text: string, values: readonly unknown[]): Promise<unknown> => await gateway.sql(text, values);
    const { by, path, body, slug } = await make({ founder, guest, operator, name, sql });
    // What stands in the way of retiring an organization is no question of size.
    const state = /:slug\/(retire|enable)$/.test(route.path) ? "retired" : "enabled";
    if (slug !== null && slug !== name) await fill(gateway, slug, { size, state });
    return async () => await by.post(path, body);
  }
  const world = route.method === "get" ? (worlds.get(size) ?? (await makeWorld(size))) : await makeWorld(size);
  if (route.method === "get") worlds.set(size, world);
  const { method, path, body, by } = goodRequest(route, world);
  if (method === "GET") return async () => await by.get(path);
  if (method === "DELETE") return async () => await by.delete(path);
  return async () => await by[method === "PATCH" ? "patch" : "post"](path, body);
}

const ASKED = ROUTES.filter((route): route is CallerRoute => route.access === "caller");

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
    if (route.operation === "exportAudit") {
      // The one answer that is as long as the log: a transaction a page, and nothing else that grows.
      const pages = { few: few?.named["begin"] ?? 0, many: many?.named["begin"] ?? 0 };
      expect(pages.many - pages.few).toBe(Math.ceil(SIZES[1] / LIMITS.exportPage));
      expect({ ...many, named: {}, statements: 0 }).toEqual({ ...few, named: {}, statements: 0 });
      expect((many?.statements ?? 0) - (few?.statements ?? 0)).toBe(4 * (pages.many - pages.few));
      return;
    }
    expect(many).toEqual(few);
  });
});
