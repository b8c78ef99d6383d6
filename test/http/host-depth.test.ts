import { afterAll, beforeAll, expect, test } from "@jest/globals";
import path from "node:path";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { foundOrganization } from "../support/world.ts";

const TREE = path.resolve(import.meta.dirname, "../../examples/document-tree/policies");

let at: TestGateway;
let owner: Person;
let slug: string;
let store: Person;
beforeAll(async () => {
  at = await startTestGateway({ hostPolicies: [TREE] });
  owner = await at.person("owner");
  slug = await foundOrganization(owner);
  store = await at.service("store", { scopes: ["entities:write", "authz:evaluate"], organizations: [slug] });
});
afterAll(async () => await at.close());

/** Folders in folders, the first in the project; gives the innermost. */
async function chain(depth: number): Promise<string> {
  const base = `/v1/organizations/${slug}/entities`;
  await store.put(`${base}/project/p`, { attributes: { title: "P", state: "active" } });
  for (let level = 0; level < depth; level += 1) {
    const parent =
      level === 0 ? { project: [{ type: "project", id: "p" }] } : { parent: [{ type: "folder", id: `f${level - 1}` }] };
    await store.put(`${base}/folder/f${level}`, { attributes: { title: "F" }, relations: parent });
  }
  return `f${depth - 1}`;
}

test("a kind hangs under others as deep as OpenFGA goes; deeper, nobody can decide, and it says so instead of no", async () => {
  const answers: (boolean | number)[] = [];
  for (const depth of [1, 5, 15, 40]) {
    const { status, body } = await store.post(`/o/${slug}/access/v1/evaluation`, {
      subject: { type: "account", id: owner.alias },
      action: { name: "share" },
      resource: { type: "folder", id: await chain(depth) },
    });
    answers.push(status === 200 ? body["decision"] === true : status);
  }
  expect(answers).toEqual([true, true, true, 503]);

  // And however often it is asked, it is no outage: what is less deep goes on being decided.
  const ask = async (id: string): Promise<number> => {
    const resource = { type: "folder", id };
    const question = { subject: { type: "account", id: owner.alias }, action: { name: "share" }, resource };
    return (await store.post(`/o/${slug}/access/v1/evaluation`, question)).status;
  };
  for (let times = 0; times < 5; times += 1) expect(await ask("f39")).toBe(503);
  expect(await ask("f3")).toBe(200);
});
