import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { eventually } from "../support/eventually.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { track } from "../support/footprint.ts";
import { expectGraphEqualsLedger } from "../support/graph.ts";
import { addApplication, addMember, foundOrganization, must, retireEverything } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let carol: Person;
let scene = 0;

beforeAll(async () => {
  gateway = await startTestGateway();
});
beforeEach(async () => {
  scene += 1;
  const names = ["alice", "bob", "carol"].map(async (name) => await gateway.person(`${name}-${scene}`));
  [alice, bob, carol] = (await Promise.all(names)) as [Person, Person, Person];
});
afterAll(async () => await gateway.close());

interface Call {
  readonly method: "POST" | "DELETE";
  readonly path: string;
}

async function stateOf(slug: string): Promise<string | undefined> {
  const rows = await gateway.sql<{ state: string }>("select state from organizations where slug = $1", [slug]);
  return rows[0]?.state;
}

type AuditItem = Readonly<Record<"actor" | "target", { kind: string; id: string; alias: string | null }>> & {
  readonly action: string;
};

async function auditOf(by: Person, slug: string): Promise<readonly AuditItem[]> {
  return must(await by.get(`/v1/organizations/${slug}/audit?page_size=100`), 200).body.items as AuditItem[];
}

describe("GET /v1/me/erasure", () => {
  test("S0.38 S0.39 names what stands in the way, and a plan that works when it is executed", async () => {
    const slug = await foundOrganization(alice);
    const path = `/v1/organizations/${slug}`;
    const { anchor, sector } = await addApplication(alice, slug);
    const second = must(await alice.post(`${path}/sectors`, { name: "Second" }), 201).body.id as string;
    const idle = await foundOrganization(alice);
    const shared = await foundOrganization(alice);
    await addApplication(alice, shared);
    await addMember(alice, shared, bob, "owner");
    const { body } = must(await alice.get("/v1/me/erasure"), 200);
    expect(body).toMatchObject({
      allowed: false,
      reasons: [{ code: "LIVE_ORGANIZATIONS", organizations: 1 }],
      remedies: [{ for: "LIVE_ORGANIZATIONS", organizations: [slug] }],
      organizations: [
        {
          slug,
          href: path,
          applications: [{ id: anchor, href: `${path}/applications/${anchor}` }],
          sectors: [sector, second].sort().map((id) => ({ id, href: `${path}/sectors/${id}` })),
        },
      ],
      archives: [idle],
      plan: [
        { method: "POST", path: `${path}/applications/${anchor}/retire` },
        ...[sector, second].sort().map((id) => ({ method: "POST", path: `${path}/sectors/${id}/retire` })),
        { method: "DELETE", path: "/v1/me" },
      ],
    });
    for (const call of body["plan"] as Call[]) {
      const answer = call.method === "POST" ? await alice.post(call.path) : await alice.delete(call.path);
      expect([call.path, answer.status]).toEqual([call.path, call.method === "POST" ? 200 : 204]);
    }
    expect([await stateOf(slug), await stateOf(idle), await stateOf(shared)]).toEqual([
      ...["archived", "archived", "active"],
    ]);
  });

  test("says that nothing stands in the way of who belongs nowhere, and that a service has no account", async () => {
    const { body } = must(await bob.get("/v1/me/erasure"), 200);
    const plan = [{ method: "DELETE", path: "/v1/me" }];
    expect(body).toEqual({ allowed: true, reasons: [], remedies: [], organizations: [], archives: [], plan });
    for (const answer of [await gateway.shop.get("/v1/me/erasure"), await gateway.shop.delete("/v1/me")]) {
      expect([answer.status, answer.body.code]).toEqual([403, "NOT_A_USER"]);
    }
  });

  test("which organizations an account owns is not told to a service that asks about it", async () => {
    const slug = await foundOrganization(alice);
    await addApplication(alice, slug);
    const question = {
      ...{ subject: { type: "account", id: alice.alias }, action: { name: "erase" } },
      resource: { type: "account", id: alice.alias },
    };
    const everywhere = await gateway.service("everywhere", { scopes: ["authz:evaluate", "authz:all"] });
    for (const by of [alice, everywhere]) {
      const { body } = must(await by.post("/access/v1/evaluation", question), 200);
      expect(body).toMatchObject({ decision: false, context: { facts: { resource: { blockingOrganizations: 1 } } } });
      expect([by.alias, JSON.stringify(body).includes(slug)]).toEqual([by.alias, by === alice]);
    }
  });
});

describe("DELETE /v1/me", () => {
  test("with a stale If-Match is 412; with the account's ETag, or *, it goes on", async () => {
    const stale = await alice.delete("/v1/me", { "if-match": '"2"' });
    expect([stale.status, stale.body.code]).toEqual([412, "PRECONDITION_FAILED"]);
    expect((await alice.delete("/v1/me", { "if-match": '"1"' })).status).toBe(204);
    expect((await bob.delete("/v1/me", { "if-match": "*" })).status).toBe(204);
  });

  test("a dry run leaves every table and OpenFGA's log as they were", async () => {
    const slug = await foundOrganization(alice);
    await addMember(alice, slug, bob, "owner");
    await foundOrganization(alice);
    const tracker = track(gateway);
    await expectGraphEqualsLedger(gateway);
    const before = await tracker.footprint();
    const dry = await alice.delete("/v1/me?dryRun=true");
    expect([dry.status, dry.headers.get("bailiwick-dry-run")]).toEqual([204, "true"]);
    expect(await tracker.footprint()).toEqual(before);
    expect((await alice.delete("/v1/me")).status).toBe(204);
    expect(await tracker.footprint()).not.toEqual(before);
  });

  test("K12 ends memberships everywhere, in a frozen organization too, and tells each as the system; others stay", async () => {
    const frozen = await foundOrganization(bob);
    await addMember(bob, frozen, alice, "admin");
    await retireEverything(bob, frozen);
    const active = await foundOrganization(bob);
    await addMember(bob, active, alice, "viewer");
    const beside = await foundOrganization(bob);
    const invited = must(
      await bob.post(`/v1/organizations/${beside}/invitations`, { alias: alice.alias, role: "viewer" }),
      201,
    );
    expect((await alice.delete(`/v1/organizations/${frozen}/members/${alice.alias}`)).body.code).toBe(
      "ORGANIZATION_RETIRED",
    );
    const versions = await versionsOf([frozen, active, beside]);
    expect((await alice.delete("/v1/me")).status).toBe(204);

    expect(await versionsOf([frozen, active, beside])).toEqual(versions.map((version) => version + 1));
    for (const slug of [frozen, active]) {
      const members = must(await bob.get(`/v1/organizations/${slug}/members`), 200).body.items;
      expect(members).toMatchObject([{ alias: bob.alias }]);
      const [event] = await auditOf(bob, slug);
      expect(event).toMatchObject({ action: "member.erase", actor: { kind: "system", alias: null } });
    }
    expect((await auditOf(bob, beside))[0]).toMatchObject({
      action: "invitation.erase",
      target: { kind: "invitation" },
    });
    expect((await bob.get(`/v1/invitations/${String(invited.body.id)}`)).status).toBe(404);
    expect(must(await bob.get(`/v1/organizations/${beside}/invitations`), 200).body.items).toEqual([]);
    expect((await alice.get("/v1/me/organizations")).body.code).toBe("ACCOUNT_ERASED");
    expect((await alice.delete("/v1/me")).body.code).toBe("ACCOUNT_ERASED");
    await expectGraphEqualsLedger(gateway);
  });

  test("K11 archives what has no other Owner, be it active or retired, and nothing else", async () => {
    const [active, retired, shared] = [
      ...[await foundOrganization(alice), await foundOrganization(alice), await foundOrganization(alice)],
    ] as [string, string, string];
    await addMember(alice, active, bob, "admin");
    await retireEverything(alice, retired);
    await addMember(alice, shared, bob, "owner");
    expect((await alice.delete("/v1/me")).status).toBe(204);
    expect([await stateOf(active), await stateOf(retired), await stateOf(shared)]).toEqual([
      ...["archived", "archived", "active"],
    ]);
    const archived = await bob.get(`/v1/organizations/${active}`);
    expect([archived.status, archived.body.code]).toEqual([409, "ORGANIZATION_ARCHIVED"]);
    expect((await carol.post("/v1/organizations", { slug: active, name: "Mine" })).body.code).toBe("SLUG_TAKEN"); // K13
    expect(must(await bob.get(`/v1/organizations/${shared}`), 200).body).toMatchObject({ foundedBy: null });
    await expectGraphEqualsLedger(gateway);
  });

  test("invitations that it sent stay, and name nobody as who invited; they can be accepted", async () => {
    const slug = await foundOrganization(bob);
    await addMember(bob, slug, alice, "owner");
    const path = `/v1/organizations/${slug}`;
    const sent = must(await alice.post(`${path}/invitations`, { alias: carol.alias, role: "viewer" }), 201);
    const etag = must(await carol.get(`/v1/invitations/${String(sent.body.id)}`), 200).headers.get("etag") ?? "";
    expect((await alice.delete("/v1/me")).status).toBe(204);
    const lists = [await bob.get(`${path}/invitations`), await carol.get("/v1/me/invitations")];
    for (const { body } of lists) expect(body.items).toMatchObject([{ id: sent.body.id, invitedBy: null }]);
    const seen = await carol.get(`/v1/invitations/${String(sent.body.id)}`, { "if-none-match": etag });
    expect([seen.status, seen.body["invitedBy"]]).toEqual([200, null]); // who had it does not keep the name
    expect((await carol.post(`/v1/invitations/${String(sent.body.id)}/accept`)).body.state).toBe("accepted");
  });

  test("an Idempotency-Key of others that told of it is forgotten; one that told of others still answers", async () => {
    const slug = await foundOrganization(bob);
    const path = `/v1/organizations/${slug}`;
    const invite = async (person: Person): Promise<number> => {
      const body = { alias: person.alias, role: "viewer" };
      return (await bob.post(`${path}/invitations`, body, { "idempotency-key": `for-${person.alias}` })).status;
    };
    expect([await invite(alice), await invite(carol), await invite(alice)]).toEqual([201, 201, 201]);
    expect((await alice.delete("/v1/me")).status).toBe(204);
    expect([await invite(alice), await invite(carol)]).toEqual([404, 201]);
  });

  test("meeting an invitation that was on its way it is decided on anew, with the lock of that organization too", async () => {
    const slug = await foundOrganization(bob);
    const { deps } = gateway.gateway;
    const { judge } = deps;
    let decisions = 0;
    Object.assign(deps, {
      judge: async (...asked: Parameters<typeof judge>) => ((decisions += 1), await judge(...asked)),
    });
    const inviting = new pg.Client(gateway.config.databaseUrl ?? "");
    await inviting.connect();
    try {
      await inviting.query("begin");
      await inviting.query(
        `insert into invitations (id, organization_id, account_id, role, state, expires_at, created_at, updated_at)
         select 'inv-met', o.id, a.id, 'viewer', 'pending', now(), now(), now()
         from organizations o, accounts a where o.slug = $1 and a.alias = $2`,
        [slug, alice.alias],
      );
      const erasing = alice.delete("/v1/me");
      await eventually(async () => {
        const waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and query like '%for update%'";
        expect(await gateway.sql(waiting)).toHaveLength(1);
      });
      expect(decisions).toBe(1);
      await inviting.query("commit");
      expect([(await erasing).status, decisions]).toEqual([204, 2]);
    } finally {
      Object.assign(deps, { judge });
      await inviting.end();
    }
    expect(must(await bob.get(`/v1/organizations/${slug}/invitations`), 200).body.items).toEqual([]);
  });
});

async function versionsOf(slugs: readonly string[]): Promise<number[]> {
  const rows = await gateway.sql<{ version: number }>(
    "select version::int from organizations where slug = any ($1) order by array_position($1, slug)",
    [slugs],
  );
  return rows.map(({ version }) => version);
}
