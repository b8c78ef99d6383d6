import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { Explanation } from "../../src/domain/explain.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { roleTupleOf, deleteByHand } from "../support/graph.ts";
import { addApplication, addMember, decide, foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let why: Person;
let alice: Person;
let bob: Person;
let slug: string;
let path: string;
let anchor: string;
let sector: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  why = await gateway.service("why", { scopes: ["authz:explain"] });
  [alice, bob] = [await gateway.person("alice"), await gateway.person("bob")];
});
afterAll(async () => await gateway.close());
beforeEach(async () => {
  await gateway.sql("update accounts set max_owned_organizations = 100");
  slug = await foundOrganization(alice);
  path = `/v1/organizations/${slug}`;
  ({ anchor, sector } = await addApplication(alice, slug));
  await addMember(alice, slug, bob, "viewer");
});

const LIMIT = "insert into limits select id, 'applications', $2 from organizations where slug = $1";

type Resource = readonly [type: string, id: string];

async function asked(by: Person, subject: Person, action: string, [type, id]: Resource): Promise<Answered> {
  const check = { subject: { type: "account", id: subject.alias }, action: { name: action }, resource: { type, id } };
  return await by.post("/v1/explain", check);
}

async function explained(subject: Person, action: string, resource: Resource): Promise<Explanation> {
  return must(await asked(why, subject, action, resource), 200).body as unknown as Explanation; // its contract is checked
}

/** `role viewer > admin`, for each change that turns the answer. */
function turns({ changes }: Explanation): string[] {
  return changes.map(({ name, from, to }) => `${name} ${JSON.stringify(from)} > ${JSON.stringify(to)}`);
}

describe("An explanation", () => {
  test("has each rule with its verdict, its reasons, and which of its conditions held", async () => {
    const { decision, rules } = await explained(bob, "retire", ["sector", sector]);
    expect(decision).toBe(false);
    expect(rules).toEqual([
      {
        ...{ name: "sector#retire", from: "matrix", allowed: false },
        reasons: [{ code: "ROLE_TOO_LOW", kind: "role", least: "owner" }],
        conditions: [
          { name: "isOwner", holds: false },
          { name: "hasSoleOwner", holds: true },
        ],
      },
      {
        ...{ name: "sector_floor#retire", from: "floor", allowed: false },
        reasons: [{ code: "LIVE_APPLICATIONS", kind: "state", applications: 1 }],
        conditions: [
          { name: "isActive", holds: true },
          { name: "hasNoLiveApplications", holds: false },
        ],
      },
    ]);
  });

  test("has each fact with its source and the organization's version; a limit of the organization's own is no plan's", async () => {
    const { facts, context } = await explained(bob, "edit", ["application", anchor]);
    const { version } = context;
    expect(facts).toContainEqual({ name: "subject.role", value: "viewer", source: "ledger", version });
    expect(facts).toContainEqual({ name: "resource.ownerCount", value: 1, source: "ledger", version });
    expect(facts).toContainEqual({ name: "resource.maxApplications", value: 25, source: "plan" });
    await gateway.sql(LIMIT, [slug, 3]);
    expect((await explained(bob, "edit", ["application", anchor])).facts).toContainEqual({
      ...{ name: "resource.maxApplications", value: 3, source: "ledger", version },
    });
  });

  test("has the way from the organization to the subject; a role that the graph does not have is none", async () => {
    const here = { type: "organization", id: slug };
    const related = { object: here, relation: "viewer", subject: { type: "account", id: bob.alias }, isComplete: true };
    const agreeing = await explained(bob, "view", ["sector", sector]);
    expect(agreeing.relations).toEqual([{ ...related, paths: [[{ object: here, relation: "viewer" }]] }]);
    await deleteByHand(gateway.storeId, await roleTupleOf(gateway, slug, bob.alias, "viewer"));
    const lost = await explained(bob, "view", ["sector", sector]);
    expect(lost.context.graph).toBe("disagrees");
    expect(lost.facts[0]).toMatchObject({ name: "subject.role", value: "none", source: "graph" });
    expect(lost.relations).toMatchObject([{ relation: "viewer" }]); // perhaps it is repaired already
    const stranger = await gateway.person("nobodys-member");
    expect((await explained(stranger, "view", ["sector", sector])).relations).toEqual([]);
  });

  test("says of what nobody can change that it cannot be changed, after what can", async () => {
    const { changes } = await explained(bob, "leave", ["member", `${slug}/${alice.alias}`]);
    expect(changes).toEqual([]); // she is the last Owner, and he is not she
    await addMember(alice, slug, await gateway.person("carol"), "viewer");
    const { changes: ofCarol } = await explained(bob, "leave", ["member", `${slug}/carol`]);
    expect(ofCarol).toEqual([
      { of: "fact", name: "resource.self", from: false, to: true, isChangeable: false, along: [] },
    ]);
  });

  test("of what is unknown tells nothing more than the check", async () => {
    for (const [action, resource] of [
      ["fly", ["sector", sector]],
      ["view", ["sector", `sec-${"0".repeat(20)}`]],
      ["view", ["toaster", "1"]],
    ] as const) {
      const story = await explained(bob, action, resource);
      expect(story).toMatchObject({ rules: [], facts: [], relations: [], changes: [] });
      expect(story.context.reasons).toEqual((await decide(gateway, bob, action, resource)).context.reasons);
    }
  });

  test("is counted as a decision, once, like a check", async () => {
    const series = 'bailiwick_decisions_total{decision="deny",reason="ROLE_TOO_LOW"}';
    const count = async (): Promise<number> => {
      const { text } = await gateway.shop.at(gateway.url).get("/metrics");
      return Number(
        text
          .split("\n")
          .find((line) => line.startsWith(series))
          ?.split(" ")[1] ?? 0,
      );
    };
    const before = await count();
    await explained(bob, "rename", ["sector", sector]);
    expect(await count()).toBe(before + 1);
    await decide(gateway, bob, "rename", ["sector", sector]);
    expect(await count()).toBe(before + 2);
  });
});

describe("The smallest change, made for real, turns the answer", () => {
  test("another role: the lowest that will do, and none that is lower", async () => {
    const question = [bob, "edit", ["application", anchor]] as const;
    expect(turns(await explained(...question))).toEqual([
      'subject.role "viewer" > "admin"',
      'subject.role "viewer" > "owner"',
    ]);
    must(await alice.patch(`${path}/members/${bob.alias}`, { role: "member" }), 200);
    expect((await explained(...question)).decision).toBe(false);
    must(await alice.patch(`${path}/members/${bob.alias}`, { role: "admin" }), 200);
    expect((await explained(...question)).decision).toBe(true);
  });

  test("no role will do where another Owner would be one too many", async () => {
    must(await alice.post(`${path}/applications/${anchor}/retire`), 200);
    const question = [bob, "retire", ["sector", sector]] as const;
    expect(turns(await explained(...question))).toEqual([]);
    must(await alice.patch(`${path}/members/${bob.alias}`, { role: "owner" }), 200);
    const asOwner = await explained(...question);
    expect(asOwner.decision).toBe(false);
    expect(turns(asOwner)).toEqual(["resource.ownerCount 2 > 1"]);
    must(await alice.delete(`${path}/members/${alice.alias}`), 204);
    expect((await explained(...question)).decision).toBe(true);
  });

  test("one Owner more makes it impossible to retire, and possible to leave", async () => {
    must(await alice.post(`${path}/applications/${anchor}/retire`), 200);
    const retire = [alice, "retire", ["sector", sector]] as const;
    const leave = [alice, "leave", ["member", `${slug}/${alice.alias}`]] as const;
    const before = [await explained(...retire), await explained(...leave)];
    expect(before.map(({ decision }) => decision)).toEqual([true, false]);
    for (const each of before) expect(turns(each)).toContain("resource.ownerCount 1 > 2");
    must(await alice.patch(`${path}/members/${bob.alias}`, { role: "owner" }), 200);
    expect([(await explained(...retire)).decision, (await explained(...leave)).decision]).toEqual([false, true]);
  });

  test("a sector that is retired, an application that is, an organization that is", async () => {
    const [create, enable, rename] = [
      [alice, "create_application", ["sector", sector]],
      [alice, "enable", ["application", anchor]],
      [alice, "rename", ["organization", slug]],
    ] as const;
    must(await alice.post(`${path}/applications/${anchor}/retire`), 200);
    expect(turns(await explained(...create))).toContain('resource.state "enabled" > "retired"');
    expect(turns(await explained(...enable))).toContain('resource.sectorState "enabled" > "retired"');
    must(await alice.post(`${path}/sectors/${sector}/retire`), 200);
    expect([(await explained(...create)).decision, (await explained(...enable)).decision]).toEqual([false, false]);
    expect(turns(await explained(...create))).toEqual(['resource.state "retired" > "enabled"']);
    expect(turns(await explained(...rename))).toContain('resource.state "active" > "retired"');
    must(await alice.post(`${path}/retire`), 200);
    expect((await explained(...rename)).decision).toBe(false);
    expect(turns(await explained(...rename))).toEqual(['resource.state "retired" > "active"']);
  });

  test("one application fewer, where the plan's limit is reached; or a higher limit", async () => {
    await gateway.sql(LIMIT, [slug, 1]);
    const question = [alice, "create_application", ["organization", slug]] as const;
    expect(turns(await explained(...question))).toEqual([
      "resource.enabledApplications 1 > 0",
      "resource.maxApplications 1 > 2",
    ]);
    must(await alice.post(`${path}/applications/${anchor}/retire`), 200);
    expect((await explained(...question)).decision).toBe(true);
  });
});

describe("Who is told", () => {
  test("no person is, not even about itself", async () => {
    const answer = await asked(alice, alice, "view", ["organization", slug]);
    expect([answer.status, answer.body.code]).toEqual([403, "NOT_A_CLIENT"]);
  });

  test("no service without the scope is, whatever else it may", async () => {
    const other = await gateway.service("other", { scopes: ["authz:evaluate", "authz:search"] });
    const answer = await asked(other, bob, "view", ["organization", slug]);
    expect([answer.status, answer.body.code]).toEqual([403, "SCOPE_MISSING"]);
  });

  test("a service that is bound to the organization is; one that is bound elsewhere cannot tell it from none", async () => {
    const scopes = ["authz:explain"];
    const bound = await gateway.service(`bound-${slug}`, { scopes, organizations: [slug] });
    expect(must(await asked(bound, bob, "view", ["sector", sector]), 200).body).toMatchObject({ decision: true });
    const elsewhere = await gateway.service("elsewhere", { scopes, organizations: ["elsewhere"] });
    const foreign = await asked(elsewhere, bob, "view", ["sector", sector]);
    const unknown = await asked(elsewhere, bob, "view", ["sector", `sec-${"0".repeat(20)}`]);
    expect(foreign.body).toMatchObject({ context: { reasons: [{ code: "ORGANIZATION_NOT_ACCESSIBLE" }] }, facts: [] });
    const withoutId = (text: string): string => text.replace(/"id":"dec-[0-9a-z]{20}"/, "");
    expect(withoutId(unknown.text)).toBe(withoutId(foreign.text));
  });

  test("at an organization's own decision point, what lies elsewhere is unknown", async () => {
    const other = await foundOrganization(alice);
    const check = { subject: { type: "account", id: bob.alias }, action: { name: "view" } };
    const body = { ...check, resource: { type: "sector", id: sector } };
    expect(must(await why.post(`/o/${slug}/v1/explain`, body), 200).body["decision"]).toBe(true);
    const elsewhere = must(await why.post(`/o/${other}/v1/explain`, body), 200).body;
    expect(elsewhere).toMatchObject({
      decision: false,
      context: { reasons: [{ code: "UNKNOWN_RESOURCE" }] },
      rules: [],
    });
  });
});
