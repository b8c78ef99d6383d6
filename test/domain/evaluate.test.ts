import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let stranger: Person;
let slug: string;
let foreign: string;
let anchor: string;
let sector: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  [alice, bob, stranger] = await Promise.all([
    gateway.person("alice"),
    gateway.person("bob"),
    gateway.person("mallory"),
  ]);
  slug = await foundOrganization(alice);
  foreign = await foundOrganization(stranger);
  ({ anchor, sector } = await addApplication(alice, slug));
  await addMember(alice, slug, bob, "admin");
});
afterAll(async () => await gateway.close());

interface Asked {
  readonly subject?: readonly [type: string, id: string];
  readonly action?: string;
  readonly resource?: readonly [type: string, id: string];
}

/** What is not said is: may Bob edit the application? */
async function ask(by: Person, asked: Asked = {}): Promise<Answered> {
  const [subjectType, subjectId] = asked.subject ?? ["account", bob.alias];
  const [type, id] = asked.resource ?? ["application", anchor];
  return await by.post("/access/v1/evaluation", {
    subject: { type: subjectType, id: subjectId },
    action: { name: asked.action ?? "edit" },
    resource: { type, id },
  });
}

interface Context {
  readonly reasons: readonly { readonly code: string }[];
  readonly [member: string]: unknown;
}

function contextOf(answer: Answered): Context {
  return answer.body["context"] as Context;
}

/** But for the id, which is drawn for each decision. */
function unnamed(answer: Answered): object {
  return { ...answer.body, context: { ...contextOf(answer), id: "" } };
}

function codesOf(answer: Answered): string[] {
  expect([answer.status, answer.body["decision"]]).toEqual([200, false]);
  return contextOf(answer).reasons.map((reason) => reason.code);
}

describe("a service that may ask everywhere", () => {
  test("gets the decision with the facts, the version, the matrix and the policy unit", async () => {
    const answer = must(await ask(gateway.shop), 200);
    expect(answer.body["decision"]).toBe(true);
    expect(contextOf(answer)).toEqual({
      id: expect.stringMatching(/^dec-[0-9a-z]{20}$/),
      reasons: [],
      facts: {
        subject: { role: "admin" },
        resource: {
          state: "enabled",
          sectorState: "enabled",
          organizationState: "active",
          ownerCount: 1,
          organizationApplications: 1,
          maxApplications: 25,
        },
      },
      rules: ["application#edit", "application_floor#edit"],
      graph: "agrees",
      version: expect.any(Number),
      matrix: "default",
      unit: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
  });

  test("is told what each refusal is about, and by which rules it was decided", async () => {
    const answer = await ask(gateway.shop, { action: "archive", resource: ["organization", slug] });
    expect(contextOf(answer).reasons).toEqual([
      { code: "ROLE_TOO_LOW", kind: "role", least: "owner" },
      { code: "ORGANIZATION_NOT_RETIRED", kind: "state" },
    ]);
    expect(contextOf(answer)["rules"]).toEqual(["organization#retire", "organization_floor#archive"]);
    const unknown = await ask(gateway.shop, { action: "fly" });
    expect(contextOf(unknown)).toMatchObject({ reasons: [{ code: "UNKNOWN_ACTION", kind: "unknown" }] });
    expect(contextOf(unknown)).not.toHaveProperty("rules");
  });

  test("is told of a frozen organization that it is frozen, of an active one nothing of the kind", async () => {
    const retired = await foundOrganization(alice);
    const rename = {
      subject: ["account", alice.alias],
      action: "rename",
      resource: ["organization", retired],
    } as const;
    expect(contextOf(await ask(gateway.shop, rename)).reasons).toEqual([]);
    must(await alice.post(`/v1/organizations/${retired}/retire`), 200);
    expect(contextOf(await ask(gateway.shop, rename)).reasons).toEqual([
      { code: "ORGANIZATION_RETIRED", kind: "frozen" },
    ]);
  });

  test("about somebody who is no member: only an invitation helps, not a higher role", async () => {
    await gateway.person("newcomer");
    const stranger = await ask(gateway.shop, { subject: ["account", "newcomer"], action: "retire" });
    const admin = await ask(gateway.shop, { action: "retire" });
    const helps = (answer: Answered): unknown => (contextOf(answer)["remedies"] as { message: string }[])[0]?.message;
    expect(helps(stranger)).toBe("The subject is no member: an Owner must invite it first, then make it an Owner.");
    expect(helps(admin)).toBe("At least the role owner is needed; an Owner can grant it.");
  });

  test.each([
    ["UNKNOWN_SUBJECT", { subject: ["account", "nobody"] }],
    ["UNKNOWN_SUBJECT", { subject: ["robot", "bob"] }],
    ["UNKNOWN_RESOURCE", { resource: ["application", "app-nothing"] }],
    ["UNKNOWN_RESOURCE", { resource: ["organization", "no-such-slug"] }],
    ["UNKNOWN_RESOURCE", { resource: ["toaster", "1"] }],
    ["UNKNOWN_ACTION", { action: "fly" }],
    ["UNKNOWN_ACTION", { action: "bailiwick:ranks" }],
    ["UNKNOWN_ACTION", { action: "toString" }],
  ] as const)("is told %s for %j", async (code, asked) => {
    expect(codesOf(await ask(gateway.shop, asked))).toEqual([code]);
  });

  test("is told every reason that holds, the matrix' before the floor's", async () => {
    const answer = await ask(gateway.shop, { action: "retire", resource: ["organization", slug] });
    expect(codesOf(answer)).toEqual(["ROLE_TOO_LOW", "LIVE_APPLICATIONS", "LIVE_SECTORS"]);
    expect(contextOf(answer)["remedies"]).toMatchObject([
      { for: "ROLE_TOO_LOW" },
      { for: "LIVE_APPLICATIONS", applications: [anchor] },
      { for: "LIVE_SECTORS", sectors: [sector] },
    ]);
  });

  test("asks about members, invitations and accounts by the ids that people type", async () => {
    const member = `${slug}/${bob.alias}`;
    const owner = { subject: ["account", alice.alias] } as const;
    const decisions = [
      await ask(gateway.shop, { ...owner, action: "remove", resource: ["member", member] }),
      await ask(gateway.shop, { action: "leave", resource: ["member", member] }),
      await ask(gateway.shop, { action: "remove", resource: ["member", member] }),
      await ask(gateway.shop, { action: "create_organization", resource: ["account", bob.alias] }),
      await ask(gateway.shop, { action: "create_organization", resource: ["account", alice.alias] }),
    ];
    expect(decisions.map((each) => each.body["decision"])).toEqual([true, true, false, true, false]);
  });

  test("what it sends as properties changes nothing that is stored", async () => {
    const question = {
      subject: { type: "account", id: stranger.alias, properties: { role: "owner" } },
      action: { name: "view", properties: { role: "owner" } },
      resource: { type: "application", id: anchor, properties: { state: "enabled", ownerCount: 1 } },
      context: { role: "owner" },
    };
    const answer = await gateway.shop.post("/access/v1/evaluation", question);
    expect(codesOf(answer)).toEqual(["ROLE_TOO_LOW"]);
  });
});

describe("a service that is bound to one organization", () => {
  test("asks about that one; a foreign and an unknown resource answer alike", async () => {
    const bound = await gateway.service("bound", { scopes: ["authz:evaluate"], organizations: [slug] });
    expect((await ask(bound)).body["decision"]).toBe(true);
    const subject = ["account", stranger.alias] as const;
    const foreignAnswer = await ask(bound, { subject, action: "view", resource: ["organization", foreign] });
    const unknownAnswer = await ask(bound, { subject, action: "view", resource: ["organization", "no-such"] });
    expect(codesOf(foreignAnswer)).toEqual(["ORGANIZATION_NOT_ACCESSIBLE"]);
    expect(unnamed(foreignAnswer)).toEqual(unnamed(unknownAnswer));
  });

  test("and without the scope authz:evaluate it asks about nothing", async () => {
    const other = await gateway.service("other", { scopes: ["authz:search"], organizations: [slug] });
    const answer = await ask(other);
    expect([answer.status, answer.body.code]).toEqual([403, "SCOPE_MISSING"]);
  });
});

describe("a person", () => {
  test("asks about themselves and gets the reasons", async () => {
    expect((await ask(bob)).body["decision"]).toBe(true);
    expect(codesOf(await ask(bob, { action: "retire" }))).toEqual(["ROLE_TOO_LOW"]);
  });

  test("asks about nobody else, whether they exist or not", async () => {
    const answers = [
      await ask(bob, { subject: ["account", alice.alias] }),
      await ask(bob, { subject: ["account", "no"] }),
    ];
    expect(answers.map((each) => [each.status, each.body.code])).toEqual([
      [403, "NOT_ABOUT_SELF"],
      [403, "NOT_ABOUT_SELF"],
    ]);
    expect(answers[0]?.body).toEqual(answers[1]?.body);
  });

  test("learns nothing about what they may not view: foreign and unknown answer alike", async () => {
    const subject = ["account", stranger.alias] as const;
    const foreignAnswer = await ask(stranger, { subject, resource: ["application", anchor] });
    const unknownAnswer = await ask(stranger, { subject, resource: ["application", "app-nothing"] });
    expect(codesOf(foreignAnswer)).toEqual(["ORGANIZATION_NOT_ACCESSIBLE"]);
    expect(unnamed(foreignAnswer)).toEqual(unnamed(unknownAnswer));
  });
});

test("a question is one SQL statement, one OpenFGA call and one Cerbos call, and writes nothing", async () => {
  const { deps } = gateway.gateway;
  const calls: PropertyKey[] = [];
  const watched = <Target extends object>(target: Target): Target =>
    new Proxy(target, {
      get: (_, key) => {
        calls.push(key);
        return Reflect.get(target, key) as unknown;
      },
    });
  const { database, graph, judge } = deps;
  const counting: typeof judge = async (question, timeoutMs) => {
    calls.push("judge");
    return await judge(question, timeoutMs);
  };
  Object.assign(deps, { database: watched(database), graph: watched(graph), judge: counting });
  try {
    must(await ask(gateway.shop), 200);
    expect(calls).toEqual(["query", "directRoles", "judge"]);
  } finally {
    Object.assign(deps, { database, graph, judge });
  }
});
