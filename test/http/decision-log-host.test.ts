import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import path from "node:path";
import { lineOf as lineOfAnswer, logged as allLogged } from "../support/decision-lines.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { foundOrganization, must } from "../support/world.ts";

const RECORDS = path.resolve(import.meta.dirname, "../../examples/authzen-certification/policies");
/** A host may know its people by what others must not read. */
const RICK = "rick@the-citadel.com";

let gateway: TestGateway;
let slug: string;
let store: Person;

beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [RECORDS], settings: { DECISION_LOG_MASK: "record.status" } });
  slug = await foundOrganization(await gateway.person("alice"));
  store = await gateway.service("store", {
    scopes: ["entities:write", "authz:evaluate", "authz:search"],
    organizations: [slug],
  });
  const entities = `/v1/organizations/${slug}/entities`;
  must(await store.put(`${entities}/user/${encodeURIComponent(RICK)}`, { attributes: { role: "clerk" } }), 201);
  const owner = [{ type: "user", id: RICK }];
  must(
    await store.put(`${entities}/record/secret-plan`, { attributes: { status: "active" }, relations: { owner } }),
    201,
  );
});
afterAll(async () => await gateway.close());

async function ask(subject: string, action: string, type: string, id: string): Promise<Answered> {
  const question = { subject: { type: "user", id: subject }, action: { name: action }, resource: { type, id } };
  return must(await store.post("/access/v1/evaluation", question), 200);
}

const logged = (): string => allLogged(gateway);
const lineOf = async (answer: Answered): Promise<{ readonly id: string }> => await lineOfAnswer(gateway, answer);

describe("The line of a decision about a thing of a host's kind", () => {
  test("names the subject and the thing by their surrogates, and has the facts that the policy read, masked", async () => {
    const answer = await ask(RICK, "write", "record", "secret-plan");
    expect(answer.body["decision"]).toBe(true);
    expect(await lineOf(answer)).toMatchObject({
      answer: "allow",
      question: {
        subject: { type: "user", id: expect.stringMatching(/^e-/) },
        action: "write",
        resource: { type: "record", id: expect.stringMatching(/^e-/) },
      },
      facts: {
        subject: { role: "none", attributes: { role: "clerk" } },
        resource: { status: "***", relations: { owner: true } },
      },
    });
    expect(logged()).not.toMatch(new RegExp(`${RICK}|secret-plan|${slug}|alice`));
  });

  test.each<[string, string, string, string, string]>([
    ["subject", "morty@the-citadel.com", "write", "record", "secret-plan"],
    ["thing", RICK, "write", "record", "morty@the-citadel.com"],
    ["action", RICK, "morty@the-citadel.com", "record", "secret-plan"],
    ["kind", RICK, "write", "morty@the-citadel.com", "1"],
  ])("has null for a %s that is not known", async (_what, ...question) => {
    const answer = await ask(...question);
    expect(answer.body["decision"]).toBe(false);
    expect(await lineOf(answer)).toMatchObject({ answer: "deny" });
    expect(JSON.stringify(await lineOf(answer))).toMatch(/"question":\{.*null.*\},"facts"/);
    expect(logged()).not.toContain("morty");
  });
});

describe("The line of a search about a host's kind", () => {
  const search = async (what: string, asked: object): Promise<Answered> =>
    must(await store.post(`/access/v1/search/${what}`, asked), 200);
  const rick = { type: "user", id: RICK };
  const plan = { type: "record", id: "secret-plan" };
  const write = { name: "write" };

  test("has the results by their surrogates, and the one organization that was searched", async () => {
    const [organization] = await gateway.sql("select id, version::int, matrix from organizations where slug = $1", [
      slug,
    ]);
    const e = expect.stringMatching(/^e-[0-9a-z]{20}$/);
    const common = { organizations: [organization], cut: null, answer: "found", reasons: [] };
    const [records, users, actions] = await Promise.all([
      search("resource", { subject: rick, action: write, resource: { type: "record" } }),
      search("subject", { subject: { type: "user" }, action: write, resource: plan }),
      search("action", { subject: rick, resource: plan }),
    ]);
    expect(await lineOf(records)).toMatchObject({
      ...{ ...common, search: "resource", candidates: 1, results: [e] },
      question: { subject: { type: "user", id: e }, action: "write", resource: { type: "record", id: null } },
    });
    expect(await lineOf(users)).toMatchObject({
      ...{ ...common, search: "subject", candidates: 1, results: [e] },
      question: { subject: { type: "user", id: null }, action: "write", resource: { type: "record", id: e } },
    });
    expect(await lineOf(actions)).toMatchObject({
      ...{ ...common, search: "action", candidates: 3, results: ["read", "write"] },
      question: { subject: { type: "user", id: e }, action: null, resource: { type: "record", id: e } },
    });
    expect(logged()).not.toMatch(new RegExp(`${RICK}|secret-plan|${slug}|alice`));
  });

  test("has null for what is not known, and no result", async () => {
    const nobody = { type: "user", id: "morty@the-citadel.com" };
    const answer = await search("resource", { subject: nobody, action: write, resource: { type: "record" } });
    expect(await lineOf(answer)).toMatchObject({
      ...{ candidates: 0, results: [], question: { subject: { type: "user", id: null }, action: "write" } },
    });
    const strange = await search("resource", {
      subject: rick,
      action: { name: nobody.id },
      resource: { type: "record" },
    });
    expect(await lineOf(strange)).toMatchObject({ candidates: 0, results: [], question: { action: null } });
    expect(logged()).not.toContain("morty");
  });
});
