import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "../support/eventually.ts";
import { type Answered, type Person, PUNCTUAL, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { expectGraphEqualsLedger, expectGraphHoldsLedger, readStore, roleTupleOf } from "../support/graph.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { testEngines } from "../support/test-engines.ts";
import { addMember, decide, foundOrganization, must } from "../support/world.ts";

let proxy: TcpProxy; // between the gateway and OpenFGA
let gateway: TestGateway;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  proxy = await startTcpProxy(testEngines().openfga.apiUrl);
  gateway = await startTestGateway({ settings: { ...PUNCTUAL, OPENFGA_API_URL: proxy.url } });
  [alice, bob] = await Promise.all([gateway.person("alice"), gateway.person("bob")]);
});
afterAll(async () => {
  await gateway.close();
  await proxy.close();
});

/** The change's Write is kept on its way until the relay has given it up and sent another. */
async function delayed(change: () => Promise<Answered>): Promise<void> {
  const caught = proxy.hold("requests", "/write");
  const answer = change();
  await caught;
  proxy.pass();
  expect((await answer).headers.get("Bailiwick-Graph")).toBe("pending");
  await eventually(async () => await expectGraphHoldsLedger(gateway));
}

describe("a Write that was given up and executes late", () => {
  test("does not bring a role back that was taken away since", async () => {
    const slug = await foundOrganization(alice);
    const member = `/v1/organizations/${slug}/members/bob`;
    await addMember(alice, slug, bob, "viewer");
    await expectGraphEqualsLedger(gateway);
    await delayed(async () => must(await alice.patch(member, { role: "admin" }), 200));
    expect((await decide(gateway, bob, "rename", ["organization", slug])).decision).toBe(true);
    must(await alice.patch(member, { role: "viewer" }), 200);
    await expectGraphEqualsLedger(gateway);
    const before = await readStore(gateway.storeId);

    await proxy.release();
    expect(await readStore(gateway.storeId)).toEqual(before);
    await expectGraphHoldsLedger(gateway);
    const denied = await decide(gateway, bob, "rename", ["organization", slug]);
    expect(denied).toMatchObject({
      decision: false,
      context: { graph: "agrees", facts: { subject: { role: "viewer" } } },
    });
  });

  test("as the first of its organization does not bring its founder back", async () => {
    const slug = "late-organization";
    await delayed(async () => must(await alice.post("/v1/organizations", { slug, name: "Late" }), 201));
    expect((await decide(gateway, alice, "rename", ["organization", slug])).decision).toBe(true);
    await addMember(alice, slug, bob, "owner");
    must(await bob.delete(`/v1/organizations/${slug}/members/alice`), 204);
    await expectGraphEqualsLedger(gateway);

    await proxy.release();
    expect(await readStore(gateway.storeId)).not.toContainEqual(await roleTupleOf(gateway, slug, "alice", "owner"));
    await expectGraphHoldsLedger(gateway);
    const denied = await decide(gateway, alice, "rename", ["organization", slug]);
    expect(denied).toMatchObject({
      decision: false,
      context: { graph: "agrees", facts: { subject: { role: "none" } } },
    });
    expect((await decide(gateway, bob, "rename", ["organization", slug])).decision).toBe(true);
  });
});
