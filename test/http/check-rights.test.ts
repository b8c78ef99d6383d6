/** Who may ask what, on every route of a decision point and of entities: by scope, organization and kind; people about themselves. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { RECORDS } from "../support/host-folder.ts";
import { foundOrganization, must } from "../support/world.ts";

const ALL = ["authz:evaluate", "authz:search", "authz:explain", "entities:write"];

let gateway: TestGateway;
let alice: Person;
let slug: string;
let other: string;
let all: Person;

beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [RECORDS] });
  alice = await gateway.person("alice");
  await gateway.person("bob");
  slug = await foundOrganization(alice);
  other = await foundOrganization(alice);
  all = await gateway.service("all", { scopes: ALL, organizations: [slug] });
  const base = `/v1/organizations/${slug}/entities`;
  must(await all.put(`${base}/user/u`, { attributes: { role: "clerk" } }), 201);
  const relations = { owner: [{ type: "user", id: "u" }] };
  must(await all.put(`${base}/record/r`, { attributes: { status: "active" }, relations }), 201);
});
afterAll(async () => await gateway.close());

type Route = readonly [path: string, scope: string, body: (question: Question) => object];

interface Question {
  readonly subject: { readonly type: string; readonly id: string };
  readonly action: object;
  readonly resource: { readonly type: string; readonly id: string };
}

const ROUTES: readonly Route[] = [
  ["/access/v1/evaluation", "authz:evaluate", (question) => question],
  ["/access/v1/evaluations", "authz:evaluate", (question) => ({ evaluations: [question] })],
  ["/access/v1/search/subject", "authz:search", (question) => question],
  ["/access/v1/search/resource", "authz:search", (question) => question],
  ["/access/v1/search/action", "authz:search", (question) => question],
  ["/v1/explain", "authz:explain", (question) => question],
];
const PLACES = ["", "/o"] as const;
const EVERYWHERE = ROUTES.flatMap((route) => PLACES.map((place) => [`${place}${route[0]}`, place, route] as const));

const record = (): Question => ({
  subject: { type: "user", id: "u" },
  action: { name: "read" },
  resource: { type: "record", id: "r" },
});
const organization = (alias: string): Question => ({
  subject: { type: "account", id: alias },
  action: { name: "view" },
  resource: { type: "organization", id: slug },
});

interface Asking {
  readonly by: Person;
  readonly place: string;
  readonly route: Route;
}

async function ask({ by, place, route: [path, , body] }: Asking, question: Question): Promise<Answered> {
  return await by.post(`${place === "" ? "" : `/o/${slug}`}${path}`, body(question));
}

describe.each(EVERYWHERE)("%s", (_path, place, route) => {
  test("needs its scope, which no other replaces, whatever is asked about", async () => {
    const [path, scope] = route;
    const name = `without-${scope.replace(":", "-")}`;
    const by = await gateway.service(name, { scopes: ALL.filter((each) => each !== scope), organizations: [slug] });
    const only = await gateway.service(`only-${name}`, { scopes: [scope], organizations: [slug] });
    for (const question of [record(), organization("alice")]) {
      const refused = await ask({ by, place, route }, question);
      expect([path, refused.status, refused.body.code]).toEqual([path, 403, "SCOPE_MISSING"]);
      expect((await ask({ by: only, place, route }, question)).status).toBe(200);
    }
  });

  test("is for the kinds that a client is bound to, where it is bound to any", async () => {
    const by = await gateway.service("kindred", { scopes: ALL, organizations: [slug] });
    must(await ask({ by, place, route }, record()), 200);
    await gateway.sql("update clients set kinds = '{record}' where client_id = 'kindred'");
    must(await ask({ by, place, route }, record()), 200);
    for (const type of ["organization", "sector", "user", "spaceship"]) {
      const refused = await ask({ by, place, route }, { ...record(), resource: { type, id: slug } });
      expect([type, refused.status, refused.body.code]).toEqual([type, 403, "KIND_NOT_BOUND"]);
    }
    await gateway.sql("update clients set kinds = '{}' where client_id = 'kindred'");
  });

  test("is for people only about themselves, and not at all to find people or explanations", async () => {
    const [path] = route;
    const isTheirs = path !== "/v1/explain" && !path.endsWith("/subject");
    const questions: [Question, boolean][] = [
      [organization("alice"), true],
      [organization("bob"), false],
      [organization("nobody-at-all"), false],
      [record(), false],
      [{ ...record(), subject: { type: "user", id: "alice" } }, false],
      [{ ...record(), subject: { type: "account", id: "bob" } }, false],
      [{ ...organization("bob"), resource: { type: "spaceship", id: "1" } }, false],
    ];
    for (const [question, isOwn] of questions) {
      const answer = await ask({ by: alice, place, route }, question);
      const expected = !isTheirs ? "NOT_A_CLIENT" : isOwn ? undefined : "NOT_ABOUT_SELF";
      expect([question, answer.status, answer.body.code]).toEqual([question, isTheirs && isOwn ? 200 : 403, expected]);
    }
  });
});

test("a client that is bound to a kind finds who may do something to things of it, and learns of other kinds ids alone", async () => {
  const by = await gateway.service("records-only", { scopes: ALL, organizations: [slug] });
  const told = async (): Promise<[facts: unknown, names: string, found: unknown]> => {
    const check = must(await by.post("/access/v1/evaluation", record()), 200);
    const story = must(await by.post("/v1/explain", record()), 200);
    const found = must(await by.post("/access/v1/search/subject", record()), 200);
    const { facts } = check.body["context"] as { facts: { subject: object } };
    return [facts.subject, story.text, found.body["results"]];
  };
  const found = [{ type: "user", id: "u" }];
  const clerk = '{"name":"subject.role","value":"clerk"';
  expect(await told()).toEqual([
    { role: "none", attributes: { role: "clerk" } },
    expect.stringContaining(clerk),
    found,
  ]);
  await gateway.sql("update clients set kinds = '{record}' where client_id = 'records-only'");
  expect(await told()).toEqual([{ role: "none" }, expect.not.stringMatching(/clerk|"admin"/), found]);
  await gateway.sql("update clients set kinds = '{record,user}' where client_id = 'records-only'");
  expect(await told()).toEqual([
    { role: "none", attributes: { role: "clerk" } },
    expect.stringContaining(clerk),
    found,
  ]);
});

describe('"A credential bound to one organization makes the plain paths mean it", to two or none "neither: 400 that says so"', () => {
  test.each(ROUTES.map((route) => [route[0], route] as const))("%s", async (_path, route) => {
    const of = async (name: string, organizations: readonly string[]): Promise<Answered> => {
      const by = await gateway.service(name, { scopes: ALL, organizations });
      return await ask({ by, place: "", route }, record());
    };
    must(await of("bound-to-one", [slug]), 200);
    for (const answer of [await of("bound-to-two", [slug, other]), await of("bound-to-none", [])]) {
      expect([answer.status, answer.body.code]).toEqual([400, "INVALID_REQUEST"]);
      expect(answer.text).toContain("/o/{slug}/access/v1/");
    }
    // Registered for all organizations as well: what counts is whether its token says so, too.
    const wide = await gateway.service("wide", { scopes: [...ALL, "authz:all"], organizations: [slug] });
    expect((await ask({ by: wide, place: "", route }, record())).body.code).toBe("INVALID_REQUEST");
    must(await of("wide", [slug]), 200);
    const about = await ask(
      { by: alice, place: "", route },
      { ...record(), subject: { type: "account", id: "alice" } },
    );
    const isTheirs = route[0].startsWith("/access") && !route[0].endsWith("/subject");
    expect(about.status).toBe(isTheirs ? 400 : 403);
  });
});

describe("Entities", () => {
  test("are kept by who is bound to their kind: each route, each line, and what is exported", async () => {
    const by = await gateway.service("clerk", { scopes: ["entities:write"], organizations: [slug] });
    const base = `/v1/organizations/${slug}/entities`;
    must(await by.get(`${base}/user/u`), 200);
    await gateway.sql("update clients set kinds = '{user}' where client_id = 'clerk'");
    const facts = { attributes: { status: "active" } };
    const refused = [
      await by.get(`${base}/record`),
      await by.get(`${base}/record/r`),
      await by.put(`${base}/record/r`, facts, { "if-match": "*" }),
      await by.patch(`${base}/record/r`, facts),
      await by.delete(`${base}/record/r`),
      await by.get(`${base}?type=record`),
    ];
    for (const { status, body } of refused) expect([status, body.code]).toEqual([403, "KIND_NOT_BOUND"]);
    must(await by.get(`${base}/user`), 200);
    must(await by.put(`${base}/user/v`, {}), 201);
    const exported = must(await by.get(base), 200).text;
    expect(exported).toContain('"type":"user"');
    expect(exported).not.toContain("record");
    const response = await fetch(gateway.url + base, {
      method: "POST",
      headers: { authorization: `Bearer ${by.token}`, "content-type": "application/x-ndjson" },
      body: '{"type":"record","id":"x","attributes":{"status":"active"}}\n{"type":"user","id":"x"}\n',
    });
    const report = (await response.text()).trimEnd().split("\n");
    expect(report.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { refused: { line: 1, code: "KIND_NOT_BOUND" } },
      { done: { lines: 2, stored: 1, refused: 1 } },
    ]);
    expect((await all.get(`${base}/record/x`)).status).toBe(404);
  });
});
