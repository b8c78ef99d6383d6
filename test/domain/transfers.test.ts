import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { expectGraphEqualsLedger } from "../support/graph.ts";
import { addMember, decide, foundOrganization, must, retireEverything } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let carol: Person;
let slug: string;
let path: string;
let scene = 0;

beforeAll(async () => {
  gateway = await startTestGateway();
});
/** Alice owns, Bob is an Admin, Carol a Viewer. */
beforeEach(async () => {
  scene += 1;
  const names = ["alice", "bob", "carol"].map(async (name) => await gateway.person(`${name}-${scene}`));
  [alice, bob, carol] = (await Promise.all(names)) as [Person, Person, Person];
  slug = await foundOrganization(alice);
  path = `/v1/organizations/${slug}`;
  await addMember(alice, slug, bob, "admin");
  await addMember(alice, slug, carol, "viewer");
});
afterAll(async () => await gateway.close());

async function offer(to: Person, by = alice): Promise<string> {
  const made = must(await by.post(`${path}/transfers`, { alias: to.alias }), 201);
  expect(made.body).toMatchObject({ alias: to.alias, offeredBy: by.alias, state: "pending" });
  return String(made.headers.get("location"));
}

const grant = async (to: Person, role: string, by = alice): Promise<unknown> =>
  must(await by.patch(`${path}/members/${to.alias}`, { role }), 200);

async function roles(): Promise<Record<string, string>> {
  const { body } = must(await carol.get(`${path}/members`), 200);
  return Object.fromEntries((body.items as { alias: string; role: string }[]).map(({ alias, role }) => [alias, role]));
}

interface Written {
  readonly version: number;
  readonly filed: number;
  readonly accounts: readonly number[];
  readonly events: readonly { readonly action: string }[];
}

async function written(): Promise<Written> {
  const [row] = await gateway.sql<Written>(
    `select o.version::int as version, o.tuples_filed::int as filed,
      (select json_agg(a.version order by a.alias) from accounts a where a.alias = any ($2)) as accounts,
      (select json_agg(json_build_object('action', e.action, 'version', e.version, 'before', e.before, 'after', e.after)
        order by e.version, e.ordinal) from audit_events e where e.organization_id = o.id) as events
     from organizations o where o.slug = $1`,
    [slug, [alice.alias, bob.alias]],
  );
  if (row === undefined) throw new Error("it is gone");
  return row;
}

describe("An accepted offer", () => {
  test("S0.29 swaps the two in one change: one version, one row of tuples, three audit events, both accounts' versions", async () => {
    const at = await offer(bob);
    const before = await written();
    const accepted = must(await bob.post(`${at}/accept`), 200);
    expect(accepted.body.state).toBe("accepted");
    expect(await roles()).toEqual({ [alice.alias]: "admin", [bob.alias]: "owner", [carol.alias]: "viewer" });
    const after = await written();
    expect([after.version, after.filed]).toEqual([before.version + 1, before.filed + 1]);
    expect(after.accounts).toEqual(before.accounts.map((version) => version + 1));
    const { version } = after;
    expect(after.events.slice(before.events.length)).toEqual([
      { action: "member.change_role", version, before: { role: "admin" }, after: { role: "owner" } },
      { action: "member.change_role", version, before: { role: "owner" }, after: { role: "admin" } },
      { action: "transfer.accept", version, before: { state: "pending" }, after: { state: "accepted" } },
    ]);
    await expectGraphEqualsLedger(gateway);
    expect((await decide(gateway, bob, "invite_viewer", ["organization", slug])).decision).toBe(true);
    expect((await decide(gateway, alice, "invite_viewer", ["organization", slug])).decision).toBe(false);
  });

  test("is accepted again to no effect, and no longer declined or cancelled", async () => {
    const at = await offer(bob);
    const first = must(await bob.post(`${at}/accept`), 200);
    const before = await written();
    const again = must(await bob.post(`${at}/accept`), 200);
    expect([again.body, again.headers.get("etag")]).toEqual([first.body, first.headers.get("etag")]);
    for (const [by, verb] of [
      [bob, "decline"],
      [bob, "cancel"],
      [alice, "cancel"],
    ] as const) {
      const refused = await by.post(`${at}/${verb}`);
      expect([refused.status, refused.body.reasons]).toEqual([
        409,
        [{ code: "TRANSFER_NOT_PENDING", state: "accepted" }],
      ]);
    }
    expect(await written()).toEqual(before);
  });

  test("leaves co-owners what they are: only who offered steps down", async () => {
    await grant(bob, "owner");
    must(await carol.post(`${await offer(carol, bob)}/accept`), 200);
    expect(await roles()).toEqual({ [alice.alias]: "owner", [bob.alias]: "admin", [carol.alias]: "owner" });
  });

  test("names nobody in the audit log's before and after, whatever became of it", async () => {
    const at = await offer(bob);
    must(await bob.post(`${at}/decline`), 200);
    must(await alice.post(`${await offer(bob)}/cancel`), 200);
    must(await bob.post(`${await offer(bob)}/accept`), 200);
    const told = JSON.stringify((await written()).events);
    expect(told).toContain("transfer.offer");
    for (const { alias } of [alice, bob]) expect(told).not.toContain(alias);
    const { body } = must(await bob.get(`${path}/audit?page_size=1`), 200);
    expect(body.items).toMatchObject([{ action: "transfer.accept", actor: { alias: bob.alias } }]);
  });
});

describe("An offer is made", () => {
  test("by an Owner to a member who is none: not by an Admin, not to an Owner, not to oneself", async () => {
    const byAdmin = await bob.post(`${path}/transfers`, { alias: carol.alias });
    expect([byAdmin.status, byAdmin.body.reasons]).toEqual([403, [{ code: "ROLE_TOO_LOW", least: "owner" }]]);
    await grant(carol, "owner");
    for (const { alias } of [alice, carol]) {
      const refused = await alice.post(`${path}/transfers`, { alias });
      expect([refused.status, refused.body.reasons]).toEqual([409, [{ code: "ALREADY_OWNER" }]]);
    }
    await offer(bob);
  });

  test("to nobody else: a person who is no member and an alias that nobody has are not found alike", async () => {
    const stranger = await gateway.person(`mallory-${scene}`);
    const known = await alice.post(`${path}/transfers`, { alias: stranger.alias });
    const unknown = await alice.post(`${path}/transfers`, { alias: "nobody-at-all" });
    expect([known.status, known.body]).toEqual([404, unknown.body]);
  });

  test("one at a time: the next one when it is declined or cancelled", async () => {
    const first = await offer(bob);
    const second = await alice.post(`${path}/transfers`, { alias: carol.alias });
    expect([second.status, second.body.reasons]).toEqual([409, [{ code: "TRANSFER_PENDING" }]]);
    must(await bob.post(`${first}/decline`), 200);
    must(await alice.post(`${await offer(carol)}/cancel`), 200);
    await offer(bob);
  });

  test("and changes nobody's role until it is accepted", async () => {
    const before = await roles();
    await offer(bob);
    expect(await roles()).toEqual(before);
  });
});

describe("An offer is answered", () => {
  test("by its recipient alone: nobody accepts or declines for them", async () => {
    await grant(carol, "owner");
    const at = await offer(bob);
    for (const by of [alice, carol]) {
      for (const verb of ["accept", "decline"]) {
        const refused = await by.post(`${at}/${verb}`);
        expect([refused.status, refused.body.reasons]).toEqual([403, [{ code: "NOT_RECIPIENT" }]]);
      }
    }
    must(await bob.post(`${at}/decline`), 200);
  });

  test("and taken back by who offered or another Owner, not by the recipient", async () => {
    await grant(carol, "owner");
    const refused = await bob.post(`${await offer(bob)}/cancel`);
    expect([refused.status, refused.body.code]).toEqual([403, "ROLE_TOO_LOW"]);
    const [waiting] = must(await carol.get(`${path}/transfers`), 200).body.items as { id: string }[];
    must(await carol.post(`${path}/transfers/${waiting?.id ?? ""}/cancel`), 200);
    const at = await offer(bob);
    await grant(alice, "viewer", carol);
    must(await alice.post(`${at}/cancel`), 200); // no Owner any more: it is still what they offered
    const late = await bob.post(`${at}/accept`);
    expect([late.status, late.body.code]).toEqual([409, "TRANSFER_NOT_PENDING"]);
  });

  test("only while who offered is an Owner", async () => {
    await grant(carol, "owner");
    const at = await offer(bob);
    await grant(alice, "admin", carol);
    const refused = await bob.post(`${at}/accept`);
    expect([refused.status, refused.body.reasons]).toEqual([409, [{ code: "OFFERER_NOT_OWNER" }]]);
    await grant(alice, "owner", carol);
    must(await bob.post(`${at}/accept`), 200);
  });

  test("only while the recipient is a member and no Owner", async () => {
    const at = await offer(bob);
    await grant(bob, "owner");
    const refused = await bob.post(`${at}/accept`);
    expect([refused.status, refused.body.reasons]).toEqual([409, [{ code: "ALREADY_OWNER" }]]);
    must(await bob.delete(`${path}/members/${bob.alias}`), 204);
    const gone = await bob.post(`${at}/accept`);
    expect([gone.status, gone.body.code]).toEqual([403, "ORGANIZATION_NOT_ACCESSIBLE"]);
    expect(must(await bob.get("/v1/me/transfers"), 200).body.items).toEqual([]);
    const id = at.split("/").at(-1) ?? "";
    const asked = await decide(gateway, bob, "accept", ["transfer", id]);
    expect(asked.context.reasons).toEqual([{ code: "RECIPIENT_NOT_MEMBER", kind: "relation" }]);
  });

  test("not by somebody who was removed and has joined again, until it is offered anew", async () => {
    const at = await offer(bob);
    must(await alice.delete(`${path}/members/${bob.alias}`), 204);
    await addMember(alice, slug, bob, "admin");
    const refused = await bob.post(`${at}/accept`);
    expect([refused.status, refused.body.reasons]).toEqual([409, [{ code: "RECIPIENT_NOT_MEMBER" }]]);
    expect(must(await bob.get("/v1/me/transfers"), 200).body.items).toEqual([]);
    must(await alice.post(`${at}/cancel`), 200);
    must(await bob.post(`${await offer(bob)}/accept`), 200);
  });

  test("S0.8 only while the recipient may own one organization more", async () => {
    const at = await offer(bob);
    await gateway.sql("update accounts set max_owned_organizations = 0 where alias = $1", [bob.alias]);
    const refused = await bob.post(`${at}/accept`);
    const reason = { code: "LIMIT_REACHED", limit: "ownedOrganizations", max: 0 };
    expect([refused.status, refused.body.reasons]).toEqual([409, [reason]]);
    await gateway.sql("update accounts set max_owned_organizations = 1 where alias = $1", [bob.alias]);
    must(await bob.post(`${at}/accept`), 200);
  });

  test("S0.35 not while the organization is retired", async () => {
    const at = await offer(bob);
    await retireEverything(alice, slug);
    const answers = [
      await bob.post(`${at}/accept`),
      await bob.post(`${at}/decline`),
      await alice.post(`${at}/cancel`),
      await alice.post(`${path}/transfers`, { alias: carol.alias }),
    ];
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(
      answers.map(() => [409, "ORGANIZATION_RETIRED"]),
    );
    must(await alice.post(`${path}/enable`), 200);
    must(await bob.post(`${at}/accept`), 200);
  });

  test("at the revision that was read", async () => {
    const accept = `${await offer(bob)}/accept`;
    expect((await bob.post(accept, undefined, { "if-match": '"7"' })).status).toBe(412);
    must(await bob.post(accept, undefined, { "if-match": '"1"' }), 200);
  });
});
