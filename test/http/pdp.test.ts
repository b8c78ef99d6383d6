/** AUTHZEN.md: each organization is a PDP of its own at `/o/{slug}/access/v1/…`. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, foundOrganization, undrawn } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let slug: string;
let other: string;
let anchor: string;

beforeAll(async () => {
  gateway = await startTestGateway({ settings: { PUBLIC_URL: "https://authz.example.com" } });
  alice = await gateway.person("alice");
  bob = await gateway.person("bob");
  slug = await foundOrganization(alice);
  other = await foundOrganization(alice);
  anchor = (await addApplication(alice, slug)).anchor;
  for (const each of [slug, other]) await addMember(alice, each, bob, "viewer");
});
afterAll(async () => await gateway.close());

async function ask(at: string, resource: readonly [string, string], by: Person = gateway.shop): Promise<Answered> {
  const [type, id] = resource;
  const question = { subject: { type: "account", id: bob.alias }, action: { name: "view" }, resource: { type, id } };
  return await by.post(`${at}/access/v1/evaluation`, question);
}

describe("A decision point of one organization", () => {
  test("decides about what is in it, as the plain path does", async () => {
    for (const resource of [["application", anchor] as const, ["organization", slug] as const]) {
      const plain = await ask("", resource);
      expect(plain.body).toMatchObject({ decision: true });
      expect(undrawn(await ask(`/o/${slug}`, resource))).toBe(undrawn(plain));
    }
  });

  test("does not know what lies elsewhere, as little as what does not exist", async () => {
    const unknown = await ask(`/o/${other}`, ["application", "app-00000000000000000000"]);
    expect(unknown.body).toMatchObject({ decision: false, context: { reasons: [{ code: "UNKNOWN_RESOURCE" }] } });
    expect(undrawn(await ask(`/o/${other}`, ["application", anchor]))).toBe(undrawn(unknown));
    expect(undrawn(await ask(`/o/${other}`, ["organization", slug]))).toBe(undrawn(unknown));
  });

  test("knows a member by the organization's own slug only, though the alias is a member's of both", async () => {
    expect((await ask(`/o/${slug}`, ["member", `${slug}/bob`])).body).toMatchObject({ decision: true });
    for (const id of [`${other}/bob`, "bob", "/bob", `${slug}/`]) {
      const answer = await ask(`/o/${slug}`, ["member", id]);
      expect([id, answer.body]).toMatchObject([id, { context: { reasons: [{ code: "UNKNOWN_RESOURCE" }] } }]);
    }
  });

  test("that the service is not bound to is one that it knows nothing of", async () => {
    const bound = await gateway.service("bound", { scopes: ["authz:evaluate"], organizations: [slug] });
    expect((await ask(`/o/${slug}`, ["application", anchor], bound)).body).toMatchObject({ decision: true });
    const foreign = await ask(`/o/${other}`, ["organization", other], bound);
    expect(foreign.body).toMatchObject({ context: { reasons: [{ code: "ORGANIZATION_NOT_ACCESSIBLE" }] } });
    expect(undrawn(await ask("/o/no-such-organization", ["organization", other], bound))).toBe(undrawn(foreign));
  });

  test("is named by a slug: what is none is 400", async () => {
    expect((await ask("/o/Not%20A%20Slug", ["organization", slug])).status).toBe(400);
  });
});

test("a member is named by slug and alias: one whose organization is called like it is not found by the alias alone", async () => {
  const [carol, named] = [await gateway.person("carol"), "carol"];
  await carol.post("/v1/organizations", { slug: named, name: "Carol's" });
  await addMember(carol, named, bob, "viewer");
  expect((await ask("", ["member", "carol/carol"])).body).toMatchObject({ decision: true });
  expect((await ask("", ["member", "carol"])).body).toMatchObject({ decision: false });
});

describe("The metadata of a decision point", () => {
  test("names the configured address and only what exists, to everybody, for an hour", async () => {
    for (const at of ["", `/o/${slug}`]) {
      const response = await fetch(`${gateway.url}/.well-known/authzen-configuration${at}`);
      expect(response.headers.get("cache-control")).toBe("public, max-age=3600");
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(await response.json()).toEqual({
        policy_decision_point: `https://authz.example.com${at}`,
        access_evaluation_endpoint: `https://authz.example.com${at}/access/v1/evaluation`,
        access_evaluations_endpoint: `https://authz.example.com${at}/access/v1/evaluations`,
        search_subject_endpoint: `https://authz.example.com${at}/access/v1/search/subject`,
        search_resource_endpoint: `https://authz.example.com${at}/access/v1/search/resource`,
        search_action_endpoint: `https://authz.example.com${at}/access/v1/search/action`,
      });
    }
  });

  test("does not tell whether there is such an organization", async () => {
    const response = await fetch(`${gateway.url}/.well-known/authzen-configuration/o/no-such-organization`);
    expect(response.status).toBe(200);
  });
});

describe("The body of a check", () => {
  const question = (): Record<string, unknown> => ({
    subject: { type: "account", id: bob.alias },
    action: { name: "view" },
    resource: { type: "organization", id: slug },
  });

  test.each([
    [0, 200],
    [1, 413],
  ])("of the most bytes that there may be and %i is answered %i", async (more, status) => {
    const bare = JSON.stringify({ ...question(), padding: "" }).length;
    const answer = await gateway.shop.post("/access/v1/evaluation", {
      ...question(),
      padding: "x".repeat(LIMITS.checkBytes - bare + more),
    });
    expect(answer.status).toBe(status);
  });

  test.each([
    ["objects", (inner: unknown): unknown => ({ inner }), 0, 200],
    ["objects", (inner: unknown): unknown => ({ inner }), 1, 400],
    ["lists", (inner: unknown): unknown => [inner], 0, 200],
    ["lists", (inner: unknown): unknown => [inner], 1, 400],
  ])("of %s as deep as they may be and %i is answered %i", async (_what, wrap, more, status) => {
    let deep: unknown = 1;
    // The body is the first level, and `context` the second.
    for (let level = 2; level < LIMITS.checkDepth + more; level += 1) deep = wrap(deep);
    const answer = await gateway.shop.post("/access/v1/evaluation", { ...question(), context: { deep } });
    expect(answer.status).toBe(status);
  });

  test("that is nothing but depth is refused, and nothing falls over", async () => {
    const body = `{"context":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const headers = { authorization: `Bearer ${gateway.shop.token}`, "content-type": "application/json" };
    const response = await fetch(`${gateway.url}/access/v1/evaluation`, { method: "POST", headers, body });
    expect(response.status).toBe(400);
  });
});
