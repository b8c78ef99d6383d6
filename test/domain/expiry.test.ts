/** What expires, on a clock that the test holds: just before, and at the very moment. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addMember, foundOrganization, must } from "../support/world.ts";

const HOUR_MS = 60 * 60 * 1000;
const WEEK_MS = 7 * 24 * HOUR_MS;
const clock = { now: Date.parse("2030-01-01T00:00:00.000Z") };

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let slug: string;
let path: string;
let scene = 0;

beforeAll(async () => {
  gateway = await startTestGateway({ clock: () => new Date(clock.now) });
});
beforeEach(async () => {
  scene += 1;
  [alice, bob] = await Promise.all([gateway.person(`alice-${scene}`), gateway.person(`bob-${scene}`)]);
  slug = await foundOrganization(alice);
  path = `/v1/organizations/${slug}`;
});
afterAll(async () => await gateway.close());

const inMs = (ms: number): string => new Date(clock.now + ms).toISOString();

async function invite(guest = bob): Promise<string> {
  const made = must(await alice.post(`${path}/invitations`, { alias: guest.alias, role: "viewer" }), 201);
  expect(made.body["expiresAt"]).toBe(inMs(WEEK_MS));
  return String(made.body.id);
}

describe("An invitation", () => {
  test("waits for 7 days: a millisecond before their end it is accepted", async () => {
    const id = await invite();
    clock.now += WEEK_MS - 1;
    expect(must(await bob.get("/v1/me/invitations"), 200).body.items).toMatchObject([{ id, state: "pending" }]);
    expect(must(await bob.post(`/v1/invitations/${id}/accept`), 200).body.state).toBe("accepted");
  });

  test("has expired after 7 days: it is neither accepted, declined nor revoked, and waits no longer", async () => {
    const id = await invite();
    clock.now += WEEK_MS;
    const accepted = await bob.post(`/v1/invitations/${id}/accept`);
    expect([accepted.status, accepted.body.reasons]).toEqual([409, [{ code: "INVITATION_EXPIRED" }]]);
    const others = [
      await bob.post(`/v1/invitations/${id}/decline`),
      await alice.post(`${path}/invitations/${id}/revoke`),
    ];
    for (const { status, body } of others) {
      expect([status, body.reasons]).toEqual([409, [{ code: "INVITATION_NOT_PENDING", state: "expired" }]]);
    }
    expect(must(await alice.get(`${path}/invitations`), 200).body.items).toMatchObject([{ id, state: "expired" }]);
    expect(must(await bob.get("/v1/me/invitations"), 200).body.items).toEqual([]);
  });

  test("that has expired makes room for another, and does not come back by being sent again", async () => {
    const first = await invite();
    clock.now += WEEK_MS - 1;
    expect((await alice.post(`${path}/invitations`, { alias: bob.alias, role: "admin" })).body.code).toBe(
      "ALREADY_INVITED",
    );
    clock.now += 1;
    await invite();
    const again = await alice.post(`${path}/invitations/${first}/resend`);
    expect([again.status, again.body.reasons]).toEqual([409, [{ code: "INVITATION_NOT_PENDING", state: "revoked" }]]);
  });
});

describe("An invitation that is sent again", () => {
  test("has 7 days from then, pending or expired, at a new revision and with an audit event", async () => {
    const id = await invite();
    for (const wait of [WEEK_MS - 1, WEEK_MS]) {
      const before = inMs(0);
      clock.now += wait;
      const sent = must(await alice.post(`${path}/invitations/${id}/resend`), 200);
      expect(sent.body).toMatchObject({ id, state: "pending", expiresAt: inMs(WEEK_MS) });
      const events = must(await alice.get(`${path}/audit?page_size=1`), 200).body.items;
      const times = { before: { expiresAt: inMs(WEEK_MS - wait) }, after: { expiresAt: inMs(WEEK_MS) } };
      expect([before, events]).toMatchObject([before, [{ action: "invitation.resend", target: { id }, ...times }]]);
    }
    expect((await alice.get(`/v1/invitations/${id}`)).headers.get("etag")).toBe('"3"');
    clock.now += WEEK_MS - 1;
    must(await bob.post(`/v1/invitations/${id}/accept`), 200);
  });

  test("was answered or revoked: it is not sent again", async () => {
    const carol = await gateway.person(`carol-${scene}`);
    const dan = await gateway.person(`dan-${scene}`);
    const [accepted, declined, revoked] = [await invite(bob), await invite(carol), await invite(dan)];
    must(await bob.post(`/v1/invitations/${accepted}/accept`), 200);
    must(await carol.post(`/v1/invitations/${declined}/decline`), 200);
    must(await alice.post(`${path}/invitations/${revoked}/revoke`), 200);
    for (const [id, state] of Object.entries({
      [accepted]: "accepted",
      [declined]: "declined",
      [revoked]: "revoked",
    })) {
      const refused = await alice.post(`${path}/invitations/${id}/resend`);
      expect(refused.status).toBe(409);
      expect(refused.body.reasons).toContainEqual({ code: "INVITATION_NOT_PENDING", state });
    }
  });

  test("by an Owner: not by an Admin, nor by the invited; and counts again where it had expired", async () => {
    const [admin, carol] = [await gateway.person(`admin-${scene}`), await gateway.person(`carol-${scene}`)];
    await addMember(alice, slug, admin, "admin");
    const id = await invite();
    const resend = async (by: Person): Promise<unknown> => {
      const { status, body } = await by.post(`${path}/invitations/${id}/resend`);
      return [status, body.code ?? body.state];
    };
    expect(await resend(admin)).toEqual([403, "ROLE_TOO_LOW"]);
    expect(await resend(bob)).toEqual([403, "ORGANIZATION_NOT_ACCESSIBLE"]);
    clock.now += WEEK_MS;
    const limit = "insert into limits select id, 'pendingInvitations', 1 from organizations where slug = $1";
    await gateway.sql(limit, [slug]);
    const other = await invite(carol); // the expired one does not count
    expect(await resend(alice)).toEqual([409, "LIMIT_REACHED"]);
    must(await alice.post(`${path}/invitations/${other}/revoke`), 200);
    expect(await resend(alice)).toEqual([200, "pending"]);
    expect(await resend(alice)).toEqual([200, "pending"]); // counts itself already
  });
});

describe("An offer of ownership", () => {
  beforeEach(async () => await addMember(alice, slug, bob, "member"));

  async function offer(): Promise<string> {
    const made = must(await alice.post(`${path}/transfers`, { alias: bob.alias }), 201);
    expect(made.body["expiresAt"]).toBe(inMs(24 * HOUR_MS));
    return String(made.headers.get("location"));
  }

  test("waits for 24 hours: a millisecond before their end it is accepted", async () => {
    const at = await offer();
    clock.now += 24 * HOUR_MS - 1;
    expect(must(await bob.get("/v1/me/transfers"), 200).body.items).toHaveLength(1);
    expect((await alice.post(`${path}/transfers`, { alias: bob.alias })).body.code).toBe("TRANSFER_PENDING");
    expect(must(await bob.post(`${at}/accept`), 200).body.state).toBe("accepted");
  });

  test("has expired after 24 hours: it is neither accepted, declined nor cancelled, and makes room for another", async () => {
    const at = await offer();
    clock.now += 24 * HOUR_MS;
    const accepted = await bob.post(`${at}/accept`);
    expect([accepted.status, accepted.body.reasons]).toEqual([409, [{ code: "TRANSFER_EXPIRED" }]]);
    for (const { status, body } of [await bob.post(`${at}/decline`), await alice.post(`${at}/cancel`)]) {
      expect([status, body.reasons]).toEqual([409, [{ code: "TRANSFER_NOT_PENDING", state: "expired" }]]);
    }
    expect(must(await bob.get("/v1/me/transfers"), 200).body.items).toEqual([]);
    const next = await offer();
    expect((await alice.get(at)).body.state).toBe("expired");
    must(await bob.post(`${next}/accept`), 200);
    expect((await bob.get(at)).body.state).toBe("expired");
  });
});
