/** An explanation about a thing of a host's kind, by the example of the document tree: relations that cross levels, states, attributes. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import path from "node:path";
import type { Explanation } from "../../src/domain/explain.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addMember, foundOrganization, must } from "../support/world.ts";

const TREE = path.join(import.meta.dirname, "../../examples/document-tree/policies");

let gateway: TestGateway;
let keeper: Person;
let bob: Person;
let slug: string;
let other: string;

beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [TREE] });
  const alice = await gateway.person("alice");
  bob = await gateway.person("bob");
  slug = await foundOrganization(alice);
  other = await foundOrganization(alice);
  const scopes = ["entities:write", "authz:evaluate", "authz:explain"];
  keeper = await gateway.service("keeper", { scopes, organizations: [slug, other] });
  for (const each of [slug, other]) {
    await addMember(alice, each, bob, "viewer");
    const inner = [{ type: "account", id: bob.alias }];
    await put(each, "group/inner", { title: "Inner" }, { member: inner });
    await put(
      each,
      "group/outer",
      { title: "Outer" },
      { member: [{ type: "group", id: "inner", relation: "member" }] },
    );
    const shared = [{ type: "group", id: "outer", relation: "member" }];
    await put(each, "project/plan", { title: "Plan", state: "active" }, {});
    const within = { project: [{ type: "project", id: "plan" }] };
    await put(each, "folder/top", { title: "Top" }, each === slug ? { ...within, shared_with: shared } : within);
    const facts = { title: "Memo", state: "open", classification: "internal" };
    await put(each, "document/memo", facts, { folder: [{ type: "folder", id: "top" }] });
  }
});
afterAll(async () => await gateway.close());

async function put(at: string, entity: string, attributes: object, relations: object): Promise<void> {
  const response = await fetch(`${gateway.url}/v1/organizations/${at}/entities/${entity}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${keeper.token}`, "content-type": "application/json" },
    body: JSON.stringify({ attributes, relations }),
  });
  if (response.status !== 201 && response.status !== 200) throw new Error(`${entity}: ${await response.text()}`);
}

async function explained(at: string, action: string): Promise<{ story: Explanation; text: string }> {
  const subject = { type: "account", id: bob.alias };
  const check = { subject, action: { name: action }, resource: { type: "document", id: "memo" } };
  const { body, text } = must(await keeper.post(`/o/${at}/v1/explain`, check), 200);
  return { story: body as unknown as Explanation, text };
}

test("tells the way from the document to the account, through folder and groups, by the host's own ids", async () => {
  const { story, text } = await explained(slug, "view");
  expect(story.decision).toBe(true);
  const viewer = story.relations.find(({ object, relation }) => object.type === "document" && relation === "viewer");
  expect(viewer).toMatchObject({
    object: { type: "document", id: "memo" },
    subject: { type: "account", id: bob.alias },
  });
  expect(viewer?.paths.map((way) => way.map(({ object }) => `${object.type}:${object.id ?? "?"}`))).toEqual([
    ["document:memo", "folder:top", "folder:top", "group:outer", "group:inner"],
  ]);
  expect(text).not.toMatch(/\b(p|acc|org|e)-[0-9a-z]{20}\b/);
});

test("names the relation that decides, and the fact that does; each turns it", async () => {
  const { story } = await explained(slug, "view");
  const names = story.changes.map(({ of, name }) => `${of} ${name}`);
  expect(names).toContain("relation resource.relations.viewer");
  expect(story.facts).toContainEqual(
    expect.objectContaining({ name: "resource.relations.viewer", value: true, source: "graph" }),
  );
  expect(story.changes).toContainEqual(
    expect.objectContaining({ name: "resource.classification", from: "internal", to: "confidential" }),
  );
});

test("of the same ids in another organization tells only what is so there", async () => {
  const { story } = await explained(other, "view");
  expect(story.decision).toBe(false);
  expect(story.context.reasons).toContainEqual({ code: "NOT_RELATED", kind: "relation", relation: "viewer" });
  expect(story.relations.map(({ relation }) => relation)).toEqual(["viewer"]); // his role in the organization
  expect(story.relations[0]?.object).toEqual({ type: "organization", id: other });
  expect(story.changes[0]).toMatchObject({ of: "relation", name: "resource.relations.viewer", from: false, to: true });
});
