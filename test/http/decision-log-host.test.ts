import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { eventually } from "../support/eventually.ts";
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
  store = await gateway.service("store", { scopes: ["entities:write", "authz:evaluate"], organizations: [slug] });
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

function logged(): string {
  const folder = gateway.config.decisionLog?.folder ?? "";
  return readdirSync(folder)
    .map((name) => readFileSync(path.join(folder, name), "utf8"))
    .join("");
}

/** The one line of this answer, once it is written. */
async function lineOf({ body }: Answered): Promise<unknown> {
  const { id } = body["context"] as { id: string };
  return await eventually(() => {
    const found = logged()
      .split("\n")
      .filter((line) => line.includes(id));
    expect(found).toHaveLength(1);
    return JSON.parse(found[0] ?? "") as unknown;
  });
}

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
