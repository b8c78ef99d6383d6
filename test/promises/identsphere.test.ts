/** Reads like the document: the authorizer of IdentSphere (PROMISES.md, S2). */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { DOCUMENTS } from "../support/host-folder.ts";
import { addMember, foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let owner: Person;
let viewer: Person;
let slug: string;

beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [DOCUMENTS] });
  [owner, viewer] = [await gateway.person("olga"), await gateway.person("vera")];
  slug = await foundOrganization(owner);
  await addMember(owner, slug, viewer, "viewer");
});
afterAll(async () => await gateway.close());

/** One call, by the caller about itself. */
async function may(by: Person, permission: string, [type, id]: readonly [string, string]): Promise<unknown> {
  const question = {
    subject: { type: "account", id: by.alias },
    action: { name: permission },
    resource: { type, id },
  };
  const { body } = must(await by.post(`/o/${slug}/access/v1/evaluation`, question), 200);
  const { reasons } = body["context"] as { reasons: readonly { code: string }[] };
  return body["decision"] === true ? true : reasons.map(({ code }) => code);
}

test("S2.13 one call answers (caller, permission), and permissions are a closed set: another word is none", async () => {
  const there = ["organization", slug] as const;
  expect(await may(owner, "rename", there)).toBe(true);
  expect(await may(viewer, "rename", there)).toEqual(["ROLE_TOO_LOW"]);
  expect(await may(viewer, "view", there)).toBe(true);
  expect(await may(owner, "Rename", there)).toEqual(["UNKNOWN_ACTION"]);
});

test("S2.14 hosts add their own permissions, which the same call answers by the same roles", async () => {
  const keeper = await gateway.service("keeper", { scopes: ["entities:write"], organizations: [slug] });
  const project = { attributes: { title: "Bridge", state: "active" } };
  must(await keeper.put(`/v1/organizations/${slug}/entities/project/p`, project), 201);
  const there = ["project", "p"] as const;
  expect(await may(owner, "close", there)).toBe(true);
  expect(await may(owner, "reopen", there)).toEqual(["PROJECT_ACTIVE"]);
  expect(await may(owner, "demolish", there)).toEqual(["UNKNOWN_ACTION"]);
  expect(await may(viewer, "close", there)).not.toBe(true);
});
