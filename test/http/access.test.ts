import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, foundOrganization, undrawn } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let slug: string;
let anchor: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  alice = await gateway.person("alice");
  bob = await gateway.person("bob");
  slug = await foundOrganization(alice);
  anchor = (await addApplication(alice, slug)).anchor;
  await addMember(alice, slug, bob, "viewer");
});
afterAll(async () => await gateway.close());

interface Question {
  readonly subject?: unknown;
  readonly action?: unknown;
  readonly resource?: unknown;
}

/** Bob views the application, with one thing replaced. */
async function ask(changes: Question = {}, by: Person = gateway.shop, headers = {}): Promise<Answered> {
  const good = { subject: { type: "account", id: bob.alias }, resource: { type: "application", id: anchor } };
  return await by.post("/access/v1/evaluation", { ...good, action: { name: "view" }, ...changes }, headers);
}

describe("Evaluation", () => {
  test("comes with what decided it, be it an allow or a denial", async () => {
    const yes = await ask();
    expect(yes.status).toBe(200);
    expect(yes.body).toMatchObject({
      decision: true,
      context: {
        reasons: [],
        facts: { subject: { role: "viewer" }, resource: { state: "enabled" } },
        matrix: "default",
        unit: expect.any(String),
      },
    });
    const no = await ask({ action: { name: "edit" } });
    expect([no.status, no.body["decision"]]).toEqual([200, false]);
    expect(no.body).toMatchObject({ context: { reasons: [{ code: "ROLE_TOO_LOW", least: "admin" }] } });
  });

  test("nothing of it is stored on the way, and the request's id is echoed", async () => {
    const { headers } = await ask({}, gateway.shop, { "x-request-id": "check-1" });
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-request-id")).toBe("check-1");
    expect(headers.get("content-type")).toBe("application/json");
  });

  test("properties are taken for no facts", async () => {
    const owner = { role: "owner", ownerCount: 1 };
    const more = {
      ...{ subject: { type: "account", id: bob.alias, properties: owner, more: 1 }, more: 1, options: {} },
      ...{ resource: { type: "application", id: anchor, properties: owner }, context: { role: "owner" } },
    };
    expect((await ask({ ...more, action: { name: "view", properties: {} } })).body["decision"]).toBe(true);
    expect((await ask({ ...more, action: { name: "edit" } })).body["decision"]).toBe(false);
  });

  test.each<[string, Question]>([
    ["no subject", { subject: undefined }],
    ["a subject that is text", { subject: "bob" }],
    ["a subject without a type", { subject: { id: "bob" } }],
    ["a subject without an id", { subject: { type: "account" } }],
    ["an empty id", { subject: { type: "account", id: "" } }],
    ["an id that is a number", { subject: { type: "account", id: 7 } }],
    ["an id of 257 bytes", { resource: { type: "application", id: "x".repeat(257) } }],
    ["an id of 86 characters and 258 bytes", { resource: { type: "application", id: "\u20ac".repeat(86) } }],
    ["an id with a NUL", { resource: { type: "application", id: "a\0" } }],
    ["an id with a lone surrogate", { resource: { type: "application", id: "\ud800" } }],
    ["no action", { action: undefined }],
    ["an action without a name", { action: {} }],
    ["an empty action", { action: { name: "" } }],
    ["properties that are a list", { action: { name: "view", properties: [] } }],
    ["no resource", { resource: undefined }],
  ])("%s is 400", async (_what, changes) => {
    const answer = await ask(changes);
    expect([answer.status, answer.body.code]).toEqual([400, "INVALID_REQUEST"]);
  });

  test.each([["x".repeat(256)], ["a/b:c#d@e{f} g"], ["\u{1f600}"], ["app-00000000000000000000"]])(
    "the resource %s is an id like any other: unknown, so denied",
    async (id) => {
      const answer = await ask({ resource: { type: "application", id } });
      expect([answer.status, answer.body["decision"]]).toEqual([200, false]);
    },
  );

  test.each<[string, Question, string]>([
    ["resource", { resource: { type: "application", id: "app-00000000000000000000" } }, "UNKNOWN_RESOURCE"],
    ["type of resource", { resource: { type: "building", id: "1" } }, "UNKNOWN_RESOURCE"],
    ["type of subject", { subject: { type: "robot", id: "1" } }, "UNKNOWN_SUBJECT"],
    ["subject", { subject: { type: "account", id: "nobody-here" } }, "UNKNOWN_SUBJECT"],
    ["action", { action: { name: "fly" } }, "UNKNOWN_ACTION"],
  ])(
    '"an unknown resource of a built-in kind is a denial with a reason", as is what else is unknown: %s',
    async (_what, changes, code) => {
      const answer = await ask(changes);
      expect([answer.status, answer.body["decision"]]).toEqual([200, false]);
      expect(answer.body).toMatchObject({ context: { reasons: [{ code }] } });
    },
  );

  test("a service that is bound elsewhere cannot tell a foreign thing from one that does not exist", async () => {
    const other = await gateway.service("other", { scopes: ["authz:evaluate"], organizations: ["elsewhere"] });
    const foreign = await ask({}, other);
    const unknown = await ask({ resource: { type: "application", id: "app-00000000000000000000" } }, other);
    expect(foreign.body).toMatchObject({
      decision: false,
      context: { reasons: [{ code: "ORGANIZATION_NOT_ACCESSIBLE" }] },
    });
    expect(undrawn(unknown)).toBe(undrawn(foreign));
    const bound = await gateway.service("bound", { scopes: ["authz:evaluate"], organizations: [slug] });
    expect((await ask({}, bound)).body["decision"]).toBe(true);
  });

  test("people ask about themselves, and about nobody else", async () => {
    expect((await ask({}, bob)).body["decision"]).toBe(true);
    expect((await ask({}, alice)).body.code).toBe("NOT_ABOUT_SELF");
  });
});
