/** K9, for every route: what is others' and what does not exist answer alike, whatever else is said. A route unknown here fails. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ROUTES } from "../../src/http/registry.ts";
import { type KeptEntity } from "../support/documents.ts";
import { must } from "../support/world.ts";
import { type CallerRoute, goodPath, isOfEntities, named, type World } from "./route-samples.ts";
import { ask, makeSecrecy, type Secrecy, send, SHARED, type Variant } from "./secrecy-world.ts";

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
/** Reduced, what is dearest is asked in every third variant, another third for each route; always as it should be. */
const TURNS = IS_FULL ? 1 : 3;

let at: Secrecy;
beforeAll(async () => {
  at = await makeSecrecy();
});
afterAll(async () => await at.gateway.close());

/** Every way in which a part of what is named can exist and another not. */
function mixtures(route: CallerRoute): World[] {
  const { foreign, unknown } = at;
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

const KNOWN = /^:(slug|anchor|kid|alias|type|domain)$/;
const KNOWN_IDS =
  /\/(sectors|invitations|transfers|connectors|clients|client-keys|sign-in-methods|entities\/:type)\/:id(\/|$)/;

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

function variantsInTurn(route: CallerRoute): [string, Variant][] {
  return variantsOf(route).filter((_, index) => index === 0 || (index + naming.indexOf(route)) % TURNS === 0);
}

const naming = ROUTES.filter((route): route is CallerRoute => route.access === "caller" && route.path.includes(":"));

/** Reduced, one asker for each route, in turn; all of them as it should be. All of it in the full run. */
function askersOf(route: CallerRoute, variant: Variant): [asker: string, token: string][] {
  const askers = { stranger: at.stranger.token, service: at.bound.token, nobody: "" };
  const turn = naming.indexOf(route) % Object.keys(askers).length;
  const isAsked = (index: number): boolean => IS_FULL || Object.keys(variant).length === 0 || index === turn;
  return Object.entries(askers).filter((_, index) => isAsked(index));
}

describe.each(naming.map((route) => [named(route), route] as const))("%s", (_name, route) => {
  test("names only what this test knows how to ask about", () => requireKnown(route));

  test.each(variantsOf(route))("what is foreign and what is unknown answer alike: %s", async (title, variant) => {
    const worlds = variantsInTurn(route).some(([known]) => known === title)
      ? mixtures(route)
      : [at.foreign, at.unknown];
    for (const [asker, token] of askersOf(route, variant)) {
      const answers: unknown[] = [];
      for (const world of worlds) answers.push(await ask(at, [route, world], variant, token));
      for (const answer of answers) expect({ asker, answer }).toEqual({ asker, answer: answers[0] });
    }
  });
});

/** One's own organization, asked by who may know all of it. */
async function askOwn(route: CallerRoute, world: World, variant: Variant): Promise<unknown> {
  const { token } = isOfEntities(route) ? at.bound : at.stranger;
  return await ask(at, [route, { ...world, slug: at.own }], variant, token);
}

/** What is stored under an id of others is new, and answers by that id. */
const isMade = ({ method, path }: CallerRoute): boolean => method === "put" && path.endsWith("/:id");
const children = naming.filter((route) => /:slug\/.*:(?!type$)[a-z]+(\/[a-z]+)?$/.test(route.path) && !isMade(route));
describe.each(children.map((route) => [named(route), route] as const))("%s", (_name, route) => {
  test("finds nothing of others in one's own organization", async () => {
    const { foreign, unknown } = at;
    const entity: KeptEntity = { type: foreign.entity.type, id: unknown.entity.id }; // kinds are everybody's
    for (const [title, variant] of variantsInTurn(route)) {
      const theirs = await askOwn(route, foreign, variant);
      expect([title, await askOwn(route, { ...unknown, entity }, variant)]).toEqual([title, theirs]);
    }
    const path = goodPath(route.path, { ...foreign, slug: at.own });
    expect([path, await askOwn(route, foreign, {})]).toEqual([path, expect.objectContaining({ status: 404 })]);
  });
});

describe("Entities", () => {
  const theirs = async (): Promise<unknown> => {
    const { body } = must(await at.foreign.keeper.get(`/v1/organizations/${at.foreign.slug}/entities/group`), 200);
    return body;
  };

  test("of one organization are in no list and no export of another, which may have things of the same ids", async () => {
    const path = `/v1/organizations/${at.own}/entities`;
    const { items } = must(await at.bound.get(`${path}/group`), 200).body;
    expect((items as KeptEntity[]).map(({ id }) => id)).toEqual([SHARED]);
    const { text } = must(await at.bound.get(path), 200);
    expect(text.trimEnd().split("\n")).toEqual([expect.stringContaining(`"id":"${SHARED}"`)]);
  });

  test("of one organization stay what they are when another stores, changes or removes things of the same ids", async () => {
    const before = await theirs();
    for (const id of [SHARED, at.foreign.entity.id]) {
      const path = `/v1/organizations/${at.own}/entities/group/${id}`;
      const stored = await at.bound.put(
        path,
        { attributes: { title: "Ours" } },
        id === SHARED ? { "if-match": "*" } : {},
      );
      expect([id, stored.status]).toEqual([id, id === SHARED ? 200 : 201]);
      must(await at.bound.patch(path, { attributes: { title: "Still ours" } }), 200);
      must(await at.bound.delete(path), 204);
    }
    expect(await theirs()).toEqual(before);
  });
});

test("an application cannot be put into a foreign sector, which answers as an unknown one", async () => {
  const request = { method: "POST", path: `/v1/organizations/${at.own}/applications`, token: at.stranger.token };
  const body = (sector: string): string => JSON.stringify({ name: "Shop", kind: "web", sector });
  for (const query of ["", "?dryRun=true"]) {
    const theirs = await send(at, { ...request, query, body: body(at.foreign.sector) });
    expect(theirs).toMatchObject({ status: 404 });
    expect(await send(at, { ...request, query, body: body(at.unknown.sector) })).toEqual(theirs);
  }
});

test("who may not invite does not learn who has an account", async () => {
  const request = {
    method: "POST",
    path: `/v1/organizations/${at.foreign.slug}/invitations`,
    token: at.stranger.token,
  };
  const body = (alias: string): string => JSON.stringify({ alias, role: "viewer" });
  const theirs = await send(at, { ...request, body: body(at.foreign.member.alias) });
  expect(await send(at, { ...request, body: body(at.unknown.member.alias) })).toEqual(theirs);
});
