/** AUTHZEN.md: where things need not be stored, the enforcement point keeps them and sends their properties; what is stored is told apart. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { RECORDS, TICKETS } from "../support/host-folder.ts";
import { foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let store: Person;
let base: string;

beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [TICKETS, RECORDS] });
  const slug = await foundOrganization(await gateway.person("alice"));
  const scopes = ["authz:evaluate", "authz:search", "authz:explain", "entities:write"];
  store = await gateway.service("gate", { scopes, organizations: [slug] });
  base = `/v1/organizations/${slug}/entities`;
  // What names them is stored; they are not.
  const holder = [{ type: "visitor", id: "vera" }];
  must(await store.put(`${base}/ticket/stored`, { attributes: { tier: "gold" }, relations: { holder } }), 201);
  must(await store.put(`${base}/visitor/mona`, { attributes: { role: "manager" } }), 201);
});
afterAll(async () => await gateway.close());

interface Sent {
  readonly subject?: object;
  readonly resource?: object;
  readonly context?: object;
}

async function may(who: string, name: string, ticket: string, sent: Sent = {}): Promise<unknown> {
  const question = {
    subject: { type: "visitor", id: who, properties: sent.subject },
    action: { name },
    resource: { type: "ticket", id: ticket, properties: sent.resource },
    context: sent.context,
  };
  const single = must(await store.post("/access/v1/evaluation", question), 200);
  const batch = must(await store.post("/access/v1/evaluations", { evaluations: [question] }), 200);
  const told = must(await store.post("/v1/explain", question), 200);
  const [item] = batch.body["evaluations"] as { decision: boolean }[];
  const { decision } = single.body;
  expect([item?.decision, told.body["decision"]]).toEqual([decision, decision]);
  return decision;
}

test('of a thing that need not be stored "an unstored one has no stored facts and the policy decides on what was sent"', async () => {
  expect(await may("anybody", "upgrade", "unstored", { resource: { tier: "gold" } })).toBe(true);
  expect(await may("anybody", "upgrade", "unstored", { resource: { tier: "paper" } })).toBe(false);
  expect(await may("anybody", "upgrade", "unstored")).toBe(false);
  expect(await may("anybody", "refund", "unstored", { resource: { tier: "gold" } })).toBe(false);
});

test("a stored thing keeps its facts, whatever is sent under their names", async () => {
  expect(await may("anybody", "refund", "stored", { resource: { tier: "paper" } })).toBe(true);
  expect(await may("anybody", "upgrade", "stored")).toBe(false); // stored is not sent either
});

test('"stored facts are elsewhere (`P.attr`, `R.attr`), so a sent `role` is never taken for a stored one"', async () => {
  expect(await may("mona", "cancel", "unstored", { subject: { role: "visitor" } })).toBe(true);
  expect(await may("vera", "cancel", "unstored", { subject: { role: "manager" } })).toBe(false);
});

test('"A policy that wants to believe a sent property says so": one that does not sees what is stored alone', async () => {
  const gold = { resource: { tier: "gold" }, context: { open: true } };
  // To upgrade is to believe the tier that is sent, to refund the one that is stored.
  expect([await may("vera", "upgrade", "unstored", gold), await may("vera", "refund", "unstored", gold)]).toEqual([
    ...[true, false],
  ]);
  const paper = { resource: { tier: "paper" } };
  expect([await may("vera", "upgrade", "stored", paper), await may("vera", "refund", "stored", paper)]).toEqual([
    ...[false, true],
  ]);
});

test('"A host\'s kind says whether its resources and subjects must be stored": unknown ones are denied, or decided about', async () => {
  const ask = async (subject: object, name: string, resource: object): Promise<unknown> => {
    const question = { subject, action: { name }, resource };
    const { decision, context } = must(await store.post("/access/v1/evaluation", question), 200).body;
    return [decision, (context as { reasons: { code: string }[] }).reasons.map(({ code }) => code)];
  };
  must(await store.put(`${base}/user/u`, { attributes: { role: "admin" } }), 201);
  must(await store.put(`${base}/record/r`, { attributes: { status: "active" } }), 201);
  const [user, record] = [
    { type: "user", id: "u" },
    { type: "record", id: "r" },
  ];
  expect(await ask(user, "read", record)).toEqual([true, []]);
  expect(await ask({ ...user, id: "nobody" }, "read", record)).toEqual([false, ["UNKNOWN_SUBJECT"]]);
  expect(await ask(user, "read", { ...record, id: "nothing" })).toEqual([false, ["UNKNOWN_RESOURCE"]]);
  const ticket = { type: "ticket", id: "nothing", properties: { tier: "gold" } };
  expect(await ask({ type: "visitor", id: "nobody" }, "upgrade", ticket)).toEqual([true, []]);
});

test("a relation to a name that is not stored counts, and one that is sent does not", async () => {
  const context = { open: true };
  expect(await may("vera", "enter", "stored", { context })).toBe(true);
  expect(await may("vera", "enter", "stored", { context: { open: false } })).toBe(false);
  expect(await may("vera", "enter", "unstored", { context })).toBe(false);
  expect(await may("otto", "enter", "stored", { context, resource: { relations: { holder: true } } })).toBe(false);
});

test("what was sent of a wrong type denies", async () => {
  expect(await may("vera", "enter", "stored", { context: { open: "true" } })).toBe(false);
  const question = {
    subject: { type: "visitor", id: "vera" },
    action: { name: "enter" },
    resource: { type: "ticket", id: "stored" },
    context: { open: "true" },
  };
  const { body } = must(await store.post("/access/v1/evaluation", question), 200);
  expect((body["context"] as { reasons: unknown }).reasons).toEqual([
    {
      code: "SENT_INVALID",
      kind: "attribute",
      fact: "/sent/context/open",
      problem: "expected boolean, but got string",
    },
  ]);
  expect(await may("anybody", "upgrade", "unstored", { resource: { tier: ["gold"] } })).toBe(false);
});

test("searches find those that have a name here, with what was sent for all of them", async () => {
  const search = async (what: string, body: object): Promise<unknown> =>
    must(await store.post(`/access/v1/search/${what}`, body), 200).body["results"];
  const visitor = { type: "visitor", id: "vera" };
  const ticket = { type: "ticket", id: "stored" };
  const context = { open: true };
  const enter = { name: "enter" };
  expect(await search("subject", { subject: { type: "visitor" }, action: enter, resource: ticket, context })).toEqual([
    visitor,
  ]);
  expect(await search("subject", { subject: { type: "visitor" }, action: enter, resource: ticket })).toEqual([]);
  const mine = { subject: visitor, action: enter, resource: { type: "ticket" } };
  expect(await search("resource", { ...mine, context })).toEqual([ticket]);
  const gold = { ...ticket, properties: { tier: "gold" } };
  expect(await search("action", { subject: visitor, resource: gold, context })).toEqual([
    enter,
    { name: "refund" },
    { name: "upgrade" },
  ]);
});
