/** What a search about a host's kind asks the graph: only what can decide; a single question, which is shown, all of it. And its pages of actions. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { SearchRecord } from "../../src/entities/decisions.ts";
import { LIMITS } from "../../src/entities/limits.ts";
import { lineOf } from "../support/decision-lines.ts";
import { type Documents, documentLine, foundDocuments, type Line } from "../support/document-world.ts";
import { DOCUMENTS } from "../support/documents.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addMember, must } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let documents: Documents;
/** The relations of documents that the graph was asked about, with how often. */
let asked: string[] = [];

beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [DOCUMENTS] });
  alice = await gateway.person("alice");
  documents = await foundDocuments(gateway, alice);
  await documents.store([documentLine("d-1", alice.alias), documentLine("d-2"), documentLine("d-3", alice.alias)]);
  const { deps } = gateway.gateway;
  const { graph } = deps;
  const holds: typeof graph.holds = async (tuples, timeoutMs) => {
    asked.push(...tuples.filter(({ object }) => object.startsWith("document:")).map(({ relation }) => relation));
    return await graph.holds(tuples, timeoutMs);
  };
  Object.assign(deps, { graph: { ...graph, holds } });
});
afterAll(async () => await gateway.close());

async function found(what: string, question: object): Promise<unknown> {
  asked = [];
  const { body } = must(await documents.keeper.post(`/o/${documents.slug}/access/v1/search/${what}`, question), 200);
  return (body["results"] as { id?: string; name?: string }[]).map(({ id, name }) => id ?? name);
}

const counted = (): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(asked, (relation) => relation)].map(([relation, all]) => [relation, all.length]));

test("a search for documents asks about those that the subject's tuples lead to, and as one for people does about the relations that the rules read", async () => {
  const subject = { type: "account", id: alice.alias };
  const viewing = { action: { name: "view" }, resource: { type: "document" } };
  expect(await found("resource", { subject, ...viewing })).toEqual(["d-1", "d-3"]);
  expect(counted()).toEqual({ viewer: 2, insider: 2 });
  expect(await found("resource", { subject, ...viewing, action: { name: "share" } })).toEqual([]);
  expect(counted()).toEqual({});
  const who = { subject: { type: "account" }, action: { name: "view" }, resource: { type: "document", id: "d-1" } };
  expect(await found("subject", who)).toEqual([alice.alias]);
  expect(counted()).toEqual({ viewer: 1, insider: 1 });
});

test("where a subject's tuples lead to more than is followed, it is asked about what hangs under that; else about everything; all find the same, and no relation is asked about that they do not lead to", async () => {
  const bob = await gateway.person("bob");
  await addMember(alice, documents.slug, bob, "member");
  const folder = { type: "folder", id: "f-1" };
  const shared = { shared_with: [{ type: "account", id: bob.alias }] };
  const inFolder = (id: string): Line => ({ ...documentLine(id), relations: { folder: [folder] } });
  const ids = Array.from({ length: 12 }, (_, index) => `s-${String(index).padStart(2, "0")}`);
  await documents.store([
    { ...folder, attributes: { title: "Plans" }, relations: shared },
    ...ids.map((id, index) => (index < 4 ? documentLine(id, bob.alias) : inFolder(id))),
    ...["a-none", "t-none"].map((id) => documentLine(id)),
  ]);
  const subject = { type: "account", id: bob.alias };
  const question = { subject, action: { name: "view" }, resource: { type: "document" } };
  const { searchReach } = LIMITS;
  try {
    for (const [most, times] of [
      [searchReach, { viewer: 12, insider: 4 }],
      [3, { viewer: 12, insider: 4 }],
      [1, { viewer: 17, insider: 17 }],
    ] as const) {
      Object.assign(LIMITS, { searchReach: most });
      expect([most, await found("resource", question)]).toEqual([most, ids]);
      expect([most, counted()]).toEqual([most, times]);
    }
  } finally {
    Object.assign(LIMITS, { searchReach });
  }
});

test("a search for people asks about those that tuples lead to from the document; where that is too much about every member; both find the same", async () => {
  const [cas, dan] = await Promise.all(["cas", "dan"].map(async (name) => await gateway.person(name)));
  if (cas === undefined || dan === undefined) throw new Error("there are two");
  await addMember(alice, documents.slug, cas, "member");
  await addMember(alice, documents.slug, dan, "billing");
  const group = (id: string, member: object): Line => ({
    ...{ type: "group", id, attributes: { title: id }, relations: { member: [member] } },
  });
  const membersOf = (id: string): object => ({ type: "group", id, relation: "member" });
  const shared = { shared_with: [membersOf("g-outer"), { type: "account", id: dan.alias }] };
  const lines = [group("g-inner", { type: "account", id: cas.alias }), group("g-outer", membersOf("g-inner"))];
  await documents.store([...lines, { ...documentLine("d-shared"), relations: shared }]);
  const who = {
    subject: { type: "account" },
    action: { name: "view" },
    resource: { type: "document", id: "d-shared" },
  };
  const { searchReach } = LIMITS;
  const everybody = must(await alice.get(`/v1/organizations/${documents.slug}/members?page_size=100`), 200).body[
    "items"
  ] as unknown[];
  try {
    for (const [most, viewer] of [
      [searchReach, 2],
      [1, everybody.length],
    ] as const) {
      Object.assign(LIMITS, { searchReach: most });
      const people = (await found("subject", who)) as string[];
      expect([most, people.sort()]).toEqual([most, [cas.alias, dan.alias].sort()]);
      expect([most, counted()["viewer"]]).toEqual([most, viewer]);
    }
  } finally {
    Object.assign(LIMITS, { searchReach });
  }
  expect(await found("subject", { ...who, resource: { type: "document", id: "nobody-stored-it" } })).toEqual([]);
  expect(counted()).toEqual({});
});

test("a search for people looks at those alone that have a role which the action needs", async () => {
  const project = { type: "project", id: "p-closing", attributes: { title: "Plant", state: "active" } };
  await documents.store([project]);
  const question = {
    subject: { type: "account" },
    action: { name: "close" },
    resource: { type: "project", id: "p-closing" },
  };
  const path = `/o/${documents.slug}/access/v1/search/subject`;
  const answer = must(await documents.keeper.post(path, question), 200);
  expect(answer.body["results"]).toEqual([{ type: "account", id: alice.alias }]);
  expect((await lineOf<SearchRecord>(gateway, answer)).candidates).toBe(1);
});

test("a search for actions asks about all that one of them reads, a question about all that it shows", async () => {
  const about = { subject: { type: "account", id: alice.alias }, resource: { type: "document", id: "d-1" } };
  expect(await found("action", about)).toEqual(["view"]);
  const all = { manager: 1, editor: 1, viewer: 1, insider: 1 };
  expect(counted()).toEqual(all);
  asked = [];
  expect(await documents.may(alice.alias, "view", "d-1")).toBe(true);
  expect(counted()).toEqual(all);
});

test("pages of actions go on by name, also where the action that the last one ended with has gone meanwhile", async () => {
  const author = { author: [{ type: "account", id: alice.alias }] };
  await documents.store([{ ...documentLine("d-own"), relations: author }]);
  const search = async (page: object): Promise<{ names: string[]; token: string }> => {
    const question = {
      subject: { type: "account", id: alice.alias },
      resource: { type: "document", id: "d-own" },
      page,
    };
    const path = `/o/${documents.slug}/access/v1/search/action`;
    const { body } = must(await documents.keeper.post(path, question), 200);
    const names = (body["results"] as { name: string }[]).map(({ name }) => name);
    return { names, token: (body["page"] as { next_token: string }).next_token };
  };
  const first = await search({ limit: 2 });
  expect(first.names).toEqual(["edit", "lock"]);
  const rest = { limit: 5, token: first.token };
  expect(await search(rest)).toEqual({ names: ["share", "view"], token: "" });
  const { deps } = gateway.gateway;
  const { kinds } = deps;
  const served = new Map(kinds.served);
  const kind = served.get("document");
  if (kind === undefined) throw new Error("there are no documents");
  served.set("document", { ...kind, actions: kind.actions.filter((action) => action !== "lock") });
  Object.assign(deps, { kinds: { ...kinds, served } });
  try {
    expect(await search(rest)).toEqual({ names: ["share", "view"], token: "" });
  } finally {
    Object.assign(deps, { kinds });
  }
});
