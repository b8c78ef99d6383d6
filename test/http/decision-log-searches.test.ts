/** Each page of a search leaves one line, as a check does. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { SearchRecord } from "../../src/entities/decisions.ts";
import { lineOf, linesOf, logged } from "../support/decision-lines.ts";
import { eventually } from "../support/eventually.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { testEngines } from "../support/test-engines.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

let judge: TcpProxy;
let gateway: TestGateway;
let alice: Person;
let bob: Person;
let slugs: string[];
let sectors: string[];

beforeAll(async () => {
  const engines = testEngines();
  judge = await startTcpProxy(`http://${engines.cerbosTarget}`);
  gateway = await startTestGateway({ engines: { ...engines, cerbosTarget: new URL(judge.url).host } });
  [alice, bob] = await Promise.all([gateway.person("alice-of-acme"), gateway.person("bob-the-builder")]);
  const made = [await withSector(), await withSector()].sort((a, b) => (a.slug < b.slug ? -1 : 1));
  slugs = made.map(({ slug }) => slug);
  sectors = made.map(({ sector }) => sector);
});
afterAll(async () => {
  await gateway.close();
  await judge.close();
});

/** An organization of Alice's, with a sector that Bob may view. */
async function withSector(): Promise<{ slug: string; sector: string }> {
  const slug = await foundOrganization(alice);
  const { sector } = await addApplication(alice, slug);
  await addMember(alice, slug, bob, "viewer");
  return { slug, sector };
}

const account = ({ alias }: Person): object => ({ type: "account", id: alias });
const sectorsOfBob = (page = {}): object => ({
  ...{ subject: account(bob), action: { name: "view" }, resource: { type: "sector" }, page },
});

async function search(what: string, asked: object, by: Person = gateway.shop): Promise<Answered> {
  return await by.post(`/access/v1/search/${what}`, asked);
}

async function lineFor(what: string, asked: object, by?: Person): Promise<SearchRecord> {
  return await lineOf<SearchRecord>(gateway, must(await search(what, asked, by), 200));
}

async function pseudonymOf({ alias }: Person): Promise<string> {
  const [row] = await gateway.sql<{ pseudonym: string }>("select pseudonym from accounts where alias = $1", [alias]);
  return row?.pseudonym ?? "";
}

async function organizations(): Promise<object[]> {
  return await gateway.sql("select id, version::int, matrix from organizations where slug = any($1) order by slug", [
    slugs,
  ]);
}

describe("The line of a search", () => {
  test("is one for each page, with what was found there and the organizations that it was found in", async () => {
    const [one, other] = await organizations();
    const before = linesOf(gateway).length;
    const first = must(await search("resource", sectorsOfBob({ limit: 1 })), 200);
    const { next_token: token } = first.body["page"] as { next_token: string };
    const next = must(await search("resource", sectorsOfBob({ limit: 1, token })), 200);
    const lines = [await lineOf<SearchRecord>(gateway, first), await lineOf<SearchRecord>(gateway, next)];
    const bobs = { type: "account", id: await pseudonymOf(bob) };
    const { unit, commit, model } = gateway.gateway.deps;
    expect(lines[0]).toEqual({
      ...{ id: expect.stringMatching(/^dec-/), time: expect.any(String), search: "resource" },
      caller: { kind: "client", id: expect.stringMatching(/^cli-/) },
      question: { subject: bobs, action: "view", resource: { type: "sector", id: null } },
      ...{ organizations: [one], candidates: 2, results: [sectors[0]], cut: null, answer: "found", reasons: [] },
      ...{ unit, commit, model, durationMs: expect.any(Number) },
    });
    expect(lines[1]).toMatchObject({ organizations: [other], candidates: 1, results: [sectors[1]], cut: null });
    expect(lines[0]?.id).not.toBe(lines[1]?.id);
    expect(linesOf(gateway)).toHaveLength(before + 2);
    expect(await lineFor("resource", sectorsOfBob(), bob)).toMatchObject({
      ...{ caller: { kind: "account", id: bobs.id }, organizations: [one, other], results: sectors },
    });
  });

  test("for subjects and for actions has the one organization, and the results by pseudonym and by name", async () => {
    const [one] = await organizations();
    const sector = { type: "sector", id: sectors[0] };
    const view = { name: "view" };
    const who = await lineFor("subject", { subject: { type: "account" }, action: view, resource: sector });
    expect({ ...who, results: [...who.results].sort() }).toMatchObject({
      ...{ search: "subject", organizations: [one], candidates: 2 },
      question: { subject: { type: "account", id: null }, action: "view", resource: sector },
      results: (await Promise.all([alice, bob].map(pseudonymOf))).sort(),
    });
    const what = await lineFor("action", { subject: account(bob), resource: sector });
    expect(what).toMatchObject({
      ...{ search: "action", organizations: [one], results: ["view"] },
      question: { subject: { type: "account", id: await pseudonymOf(bob) }, action: null, resource: sector },
    });
    expect(what.candidates).toBeGreaterThan(1);
    const none = await lineFor("action", {
      subject: account(bob),
      resource: { type: "sector", id: "mail@example.com" },
    });
    expect(none).toMatchObject({
      results: [],
      organizations: [],
      question: { resource: { type: "sector", id: null } },
    });
  });

  test.each([
    ["subject", "resource", { subject: { type: "account", id: "mail@example.com" } }],
    ["subject's type", "resource", { subject: { type: "mail@example.com", id: "1" } }],
    ["action", "resource", { action: { name: "mail@example.com" } }],
    ["resource's type", "action", { resource: { type: "mail@example.com", id: "1" } }],
  ])("an unknown %s is null there: what was sent could name somebody", async (_what, kind, strange) => {
    const line = await lineFor(kind, { ...sectorsOfBob(), resource: { type: "sector", id: sectors[0] }, ...strange });
    expect(line).toMatchObject({ answer: "found", results: [], caller: { kind: "client" } });
    expect(JSON.stringify(line.question)).toContain("null");
    expect(logged(gateway)).not.toContain("mail@example.com");
  });

  test("tells that the time was over before the page was full", async () => {
    const { deps } = gateway.gateway;
    const { timeouts } = deps;
    Object.assign(deps, { timeouts: { ...timeouts, searchMs: 0 } });
    try {
      expect(await lineFor("resource", { ...sectorsOfBob({ limit: 1 }), action: { name: "edit" } })).toMatchObject({
        ...{ results: [], cut: "deadline", answer: "found" },
      });
    } finally {
      Object.assign(deps, { timeouts });
    }
  });

  test("tells a page that could not be made, with what was known by then", async () => {
    judge.cut();
    const answer = await search("resource", sectorsOfBob());
    judge.mend();
    expect([answer.status, answer.body.code]).toEqual([503, "CANNOT_DECIDE"]);
    const line = await eventually(() => {
      const found = linesOf<SearchRecord>(gateway).filter((each) => each.answer === "undecided");
      expect(found).toHaveLength(1);
      return found[0];
    });
    expect(line).toMatchObject({
      ...{ search: "resource", candidates: 0, results: [], cut: null, reasons: [{ code: "CANNOT_DECIDE" }] },
      question: { subject: { id: await pseudonymOf(bob) }, action: "view", resource: { type: "sector" } },
    });
  });

  test("is not there for who may not search", async () => {
    await lineFor("resource", sectorsOfBob());
    const before = linesOf(gateway).length;
    must(await search("resource", sectorsOfBob(), alice), 403);
    const bare = await gateway.service("bare", { scopes: ["authz:evaluate"], organizations: [] });
    must(await search("resource", sectorsOfBob(), bare), 403);
    await lineFor("resource", sectorsOfBob());
    expect(linesOf(gateway)).toHaveLength(before + 1);
  });

  test("holds no alias, no id of an account and no slug", async () => {
    const accounts = await gateway.sql<{ id: string; alias: string }>("select id, alias from accounts");
    expect(accounts.length).toBeGreaterThan(1);
    const secret = [...accounts.flatMap(({ id, alias }) => [id, alias]), ...slugs];
    expect(secret.filter((each) => logged(gateway).includes(each))).toEqual([]);
  });
});
