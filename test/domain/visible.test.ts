import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addMember, foundOrganization, must } from "../support/world.ts";

/** The facts of a decision are cut to what who asked may view; each case has the nearest one that is not cut. */

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let slug: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  [alice, bob] = [await gateway.person("alice"), await gateway.person("bob")];
  slug = await foundOrganization(alice);
});
afterAll(async () => await gateway.close());

/** The names of the facts that come with an answer about `subject`. */
async function factNames(by: Person, subject: Person, type: string, id: string): Promise<string[]> {
  const answer = await by.post("/access/v1/evaluation", {
    subject: { type: "account", id: subject.alias },
    ...{ action: { name: "view" }, resource: { type, id } },
  });
  const { context } = must(answer, 200).body as { context: { facts: { resource: object } } };
  return Object.keys(context.facts.resource);
}

describe("What somebody owns elsewhere", () => {
  test("no other member is told, not even an Owner, nor a service of the organization; the member itself and a service for all are", async () => {
    await addMember(alice, slug, bob, "viewer");
    const member = `${slug}/${bob.alias}`;
    const bound = await gateway.service("bound", { scopes: ["authz:evaluate"], organizations: [slug] });
    const owned = ["ownedOrganizations", "maxOwnedOrganizations"];
    expect(await factNames(bob, bob, "member", member)).toEqual(expect.arrayContaining(owned));
    expect(await factNames(gateway.shop, alice, "member", member)).toEqual(expect.arrayContaining(owned));
    for (const by of [alice, bound]) {
      const names = await factNames(by, alice, "member", member);
      expect(names).toContain("transferPending");
      expect(names.filter((name) => owned.includes(name))).toEqual([]);
    }
  });

  test("is in no explanation for a service of the organization, nor what would turn by it; that says that it is not whole", async () => {
    const scopes = ["authz:explain"];
    const bound = await gateway.service("explaining", { scopes, organizations: [slug] });
    const all = await gateway.service("explaining-all", { scopes: [...scopes, "authz:all"] });
    const story = async (by: Person): Promise<{ text: string; isComplete: unknown }> => {
      const question = { action: { name: "grant_owner" }, resource: { type: "member", id: `${slug}/${bob.alias}` } };
      const answer = await by.post("/v1/explain", { subject: { type: "account", id: bob.alias }, ...question });
      return { text: must(answer, 200).text, isComplete: answer.body["isComplete"] };
    };
    expect(await story(bound)).toEqual({
      text: expect.not.stringMatching(/[oO]wnedOrganizations/),
      isComplete: false,
    });
    expect(await story(all)).toEqual({
      text: expect.stringMatching(/"name":"resource.ownedOrganizations"/),
      isComplete: true,
    });
  });

  test("who offers ownership is not told of the recipient, the recipient is", async () => {
    const path = `/v1/organizations/${slug}/transfers`;
    const { id } = must(await alice.post(path, { alias: bob.alias }), 201).body as unknown as { id: string };
    expect(await factNames(alice, alice, "transfer", id)).not.toContain("ownedOrganizations");
    expect(await factNames(bob, bob, "transfer", id)).toContain("ownedOrganizations");
    const bound = await gateway.service("bound", { scopes: ["authz:evaluate"], organizations: [slug] });
    expect(await factNames(bound, bob, "transfer", id)).not.toContain("ownedOrganizations");
    expect(await factNames(gateway.shop, alice, "transfer", id)).toContain("ownedOrganizations");
  });
});

test("who is invited is not told how many members and invitations there are; an Owner is", async () => {
  const carol = await gateway.person("carol");
  const invited = await alice.post(`/v1/organizations/${slug}/invitations`, { alias: carol.alias, role: "viewer" });
  const { id } = must(invited, 201).body as unknown as { id: string };
  const counts = ["members", "maxMembers", "pendingInvitations", "maxPendingInvitations"];
  const names = await factNames(carol, carol, "invitation", id);
  expect(names).toContain("organizationState");
  expect(names.filter((name) => counts.includes(name))).toEqual([]);
  expect(await factNames(alice, alice, "invitation", id)).toEqual(expect.arrayContaining(counts));
});
