/** What a stranger asks ends before an engine is asked: an outage of Cerbos does not tell what exists either. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Gateway, startGateway } from "../../src/assemble.ts";
import { createLog } from "../../src/http/log.ts";
import { type Answered, type Person, PUNCTUAL, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { testEngines } from "../support/test-engines.ts";
import { addApplication, foundOrganization, must, undrawn } from "../support/world.ts";

let gateway: TestGateway;
/** Beside it, and without a Cerbos since its start. */
let crippled: Gateway;
let alice: Person;
let mallory: Person;
let invited: Person;
let slug: string;
let anchor: string;
let invitation: string;

beforeAll(async () => {
  gateway = await startTestGateway({ settings: PUNCTUAL });
  alice = await gateway.person("alice");
  mallory = await gateway.person("mallory");
  invited = await gateway.person("carol");
  slug = await foundOrganization(alice);
  ({ anchor } = await addApplication(alice, slug));
  const made = await alice.post(`/v1/organizations/${slug}/invitations`, { alias: "carol", role: "viewer" });
  invitation = String(must(made, 201).body.id);
  const way = await startTcpProxy(`http://${testEngines().cerbosTarget}`);
  const cerbos = { target: new URL(way.url).host, tls: false };
  crippled = await startGateway({ ...gateway.config, cerbos }, { report: () => undefined, log: createLog("silent") });
  await way.close();
});
afterAll(async () => {
  await crippled.close();
  await gateway.close();
});

const check = (by: Person, id: string): [string, object] => {
  const subject = { type: "account", id: by.alias };
  return ["/access/v1/evaluation", { subject, action: { name: "view" }, resource: { type: "application", id } }];
};
const essence = (answer: Answered): unknown => [answer.status, undrawn(answer)];

describe("without Cerbos", () => {
  test("a stranger gets what it gets for what does not exist; a member gets 503", async () => {
    const [stranger, member] = [mallory.at(crippled.url), alice.at(crippled.url)];
    for (const [of, none] of [
      [`/v1/organizations/${slug}`, "/v1/organizations/no-such"],
      [`/v1/organizations/${slug}/applications/${anchor}`, `/v1/organizations/no-such/applications/${anchor}`],
    ] as const) {
      const foreign = await stranger.get(of);
      expect(foreign.status).toBe(403);
      expect(essence(await stranger.get(none))).toEqual(essence(foreign));
      expect((await member.get(of)).status).toBe(503);
    }
    const changes = await Promise.all([slug, "no-such"].map((of) => stranger.post(`/v1/organizations/${of}/retire`)));
    expect(changes.map(({ status }) => status)).toEqual([403, 403]);
    expect((await member.post(`/v1/organizations/${slug}/retire`)).status).toBe(503);
  });

  test("so does who asks about an invitation of others; the invited get 503", async () => {
    const path = `/v1/invitations/${invitation}`;
    const foreign = await mallory.at(crippled.url).get(path);
    expect(foreign.status).toBe(404);
    const unknown = await mallory.at(crippled.url).get(`/v1/invitations/inv-${"0".repeat(20)}`);
    expect(essence(unknown)).toEqual(essence(foreign));
    expect((await invited.at(crippled.url).get(path)).status).toBe(503);
  });

  test("so do checks, of persons and of services that are bound elsewhere; others get 503", async () => {
    const scopes = ["authz:evaluate"];
    const elsewhere = await gateway.service("elsewhere", { scopes, organizations: ["elsewhere"] });
    const here = await gateway.service("here", { scopes, organizations: [slug] });
    await gateway.service("wide", { scopes }).then(async (wide) => await wide.post(...check(alice, anchor)));
    const narrowed = await gateway.service("wide", { scopes, organizations: ["elsewhere"] }); // than its registration
    for (const by of [mallory, elsewhere, narrowed].map((each) => each.at(crippled.url))) {
      const about = by.alias === mallory.alias ? by : alice; // a person asks about itself only
      const foreign = await by.post(...check(about, anchor));
      expect(foreign).toMatchObject({ status: 200, body: { decision: false } });
      expect(essence(await by.post(...check(about, `app-${"0".repeat(20)}`)))).toEqual(essence(foreign));
    }
    for (const by of [alice, here, gateway.shop].map((each) => each.at(crippled.url))) {
      expect((await by.post(...check(alice, anchor))).status).toBe(503);
    }
  });
});
