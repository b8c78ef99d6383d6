/** K8, S0.42: what belongs to no organization. The promise itself is in test/promises; here is what its routes do. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { PLATFORM_SLUG } from "../../src/entities/ids.ts";
import { ROUTES } from "../../src/http/registry.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { expectGraphEqualsLedger } from "../support/graph.ts";
import { addPlatformApplication, foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let operator: Person;
let alice: Person;
beforeAll(async () => {
  gateway = await startTestGateway();
  operator = await gateway.service("operator", { scopes: ["platform:admin"] });
  alice = await gateway.person("alice");
});
afterAll(async () => await gateway.close());

const P = "/v1/platform";

test("every operation of sectors, applications and the audit log is there for the platform too, by the same form", () => {
  const shared = ROUTES.filter(({ path }) => /^\/v1\/organizations\/:slug\/(sectors|applications|audit)/.test(path));
  expect(shared.length).toBeGreaterThan(14);
  for (const { path, method, body, replies, asks } of shared) {
    const twin = ROUTES.find(
      (route) => route.method === method && route.path === path.replace("/organizations/:slug", "/platform"),
    );
    expect([path, twin?.requires]).toEqual([path, "scope platform:admin"]);
    expect([twin?.asks, twin?.replies.map(({ status }) => status)]).toEqual([
      asks,
      replies.map(({ status }) => status),
    ]);
    expect(Object.keys(twin?.body.shape ?? {})).toEqual(Object.keys(body.shape));
  }
});

describe("Who has platform:admin", () => {
  test("creates, reads, lists, edits, retires and enables, by ETag and dry run as everywhere", async () => {
    const made = must(await operator.post(`${P}/applications`, { name: "Console", kind: "web" }), 201);
    const path = `${P}/applications/${String(made.body.anchor)}`;
    const sector = `${P}/sectors/${String(made.body.sector)}`;
    expect(made.headers.get("location")).toBe(path);
    expect(must(await operator.get(path), 200).body).toEqual(made.body);
    expect(must(await operator.get(`${P}/applications`), 200).body.items).toContainEqual({ ...made.body, etag: '"1"' });
    expect(must(await operator.get(`${P}/sectors`), 200).body.items).toMatchObject([{ id: made.body.sector }]);
    expect((await operator.patch(path, { name: "Late" }, { "if-match": '"7"' })).body.code).toBe("PRECONDITION_FAILED");
    expect(must(await operator.patch(path, { name: "Portal" }, { "if-match": '"1"' }), 200).body.name).toBe("Portal");
    expect(must(await operator.patch(sector, { name: "Portals" }), 200).body.name).toBe("Portals");
    expect(must(await operator.post(`${path}/retire?dryRun=true`), 200).body.state).toBe("retired");
    expect(must(await operator.get(path), 200).body.state).toBe("enabled");
    for (const [each, verb, state] of [
      [path, "retire", "retired"],
      [path, "retire", "retired"], // a retry
      [sector, "retire", "retired"],
      [sector, "enable", "enabled"],
      [path, "enable", "enabled"],
    ] as const) {
      expect(must(await operator.post(`${each}/${verb}`), 200).body.state).toBe(state);
    }
    await expectGraphEqualsLedger(gateway);
  });

  test("meets the same floor: live applications, a retired sector, the plan's limit", async () => {
    const { anchor, sector } = await addPlatformApplication(operator);
    const live = await operator.post(`${P}/sectors/${sector}/retire`);
    expect([live.status, live.body.reasons]).toEqual([409, [{ code: "LIVE_APPLICATIONS", applications: 1 }]]);
    const preflight = must(await operator.get(`${P}/sectors/${sector}/retire`), 200).body;
    expect(preflight["blockers"]).toMatchObject([{ kind: "application", href: `${P}/applications/${anchor}` }]);
    for (const { path } of preflight["plan"] as { path: string }[]) must(await operator.post(path), 200);
    const inRetired = await operator.post(`${P}/applications`, { name: "Late", kind: "web", sector });
    expect([inRetired.status, inRetired.body.code]).toEqual([409, "SECTOR_RETIRED"]);
    expect((await operator.post(`${P}/applications/${anchor}/enable`)).body.code).toBe("SECTOR_RETIRED");
    await gateway.sql("insert into limits values ('platform', 'sectors', 0)");
    const full = await operator.post(`${P}/sectors`, { name: "One more" });
    await gateway.sql("delete from limits");
    expect(full.body.reasons).toEqual([{ code: "LIMIT_REACHED", limit: "sectors", max: 0 }]);
    must(await operator.post(`${P}/sectors`, { name: "One more" }), 201);
  });

  test("is not limited by the plan that organizations start with", async () => {
    for (let count = 0; count < 26; count += 1) must(await operator.post(`${P}/sectors`, { name: "Sector" }), 201);
  });

  test("is told what it may do, and that is what the routes then do", async () => {
    const { anchor, sector } = await addPlatformApplication(operator);
    const actions = async (path: string): Promise<string[]> => {
      const shown = must(await operator.get(`${P}/${path}?include=actions`), 200).body["actions"];
      const entries = Object.entries(shown as Record<string, { allowed: boolean }>);
      return entries.filter(([, { allowed }]) => !allowed).map(([action]) => action);
    };
    expect(await actions(`applications/${anchor}`)).toEqual([]);
    expect(await actions(`sectors/${sector}`)).toEqual(["retire"]);
  });

  test("makes a change once for one Idempotency-Key", async () => {
    const key = { "idempotency-key": "once" };
    const first = must(await operator.post(`${P}/sectors`, { name: "Once" }, key), 201);
    const again = must(await operator.post(`${P}/sectors`, { name: "Once" }, key), 201);
    expect(again.body).toEqual(first.body);
    expect((await operator.post(`${P}/sectors`, { name: "Twice" }, key)).body.code).toBe("IDEMPOTENCY_KEY_REUSED");
  });

  test("finds nothing of an organization there, and a missing thing is 404", async () => {
    const slug = await foundOrganization(alice);
    const made = must(await alice.post(`/v1/organizations/${slug}/applications`, { name: "Shop", kind: "web" }), 201);
    for (const id of [String(made.body.anchor), `app-${"0".repeat(20)}`]) {
      const answer = await operator.get(`${P}/applications/${id}`);
      expect([answer.status, answer.body.code]).toEqual([404, "NOT_FOUND"]);
      expect((await operator.post(`${P}/applications/${id}/retire`)).status).toBe(404);
    }
    const foreign = { name: "Console", kind: "web", sector: String(made.body.sector) };
    expect((await operator.post(`${P}/applications`, foreign)).status).toBe(404);
  });
});

test("the key set of what the platform has is for everybody, as any application's is", async () => {
  const { anchor, signingKey } = await addPlatformApplication(operator);
  const response = await fetch(`${gateway.url}/v1/applications/${anchor}/jwks.json`);
  expect([response.status, await response.json()]).toEqual([
    200,
    { keys: [expect.objectContaining({ kid: signingKey })] },
  ]);
});

describe("The platform's log", () => {
  test("tells of its resources by client, policy and request, newest first, page by page", async () => {
    const { anchor, sector } = await addPlatformApplication(operator);
    const { body } = must(await operator.get(`${P}/audit?page_size=3`), 200);
    const [client] = await gateway.sql<{ id: string }>("select id from clients where client_id = 'operator'");
    const actor = { kind: "client", id: client?.id, alias: null };
    const unit = gateway.gateway.deps.unit;
    expect(body.items).toMatchObject([
      { action: "application.add_client_key", actor, target: { kind: "application", id: anchor, alias: null }, unit },
      { action: "application.create", actor, target: { kind: "application", id: anchor, alias: null }, unit },
      { action: "sector.create", actor, target: { kind: "sector", id: sector, alias: null }, matrix: "default" },
    ]);
    expect((await operator.get(`${P}/audit?page_token=${body.next_page_token ?? ""}`)).status).toBe(200);
  });

  test("names an account by its pseudonym in this log alone", async () => {
    const [account] = await gateway.sql<{ id: string }>("select id from accounts where alias = 'alice'");
    await gateway.sql("insert into audit_pseudonyms values ('platform', $1, 'a-7d0vfz2m4k9w1c8h5x3q')", [account?.id]);
    await gateway.sql(
      `insert into audit_events (organization_id, version, ordinal, at, actor_kind, actor, action, target_kind, target_id)
       values ('platform', 1000000, 1, now(), 'account', 'a-7d0vfz2m4k9w1c8h5x3q', 'account.rename', 'account', 'a-7d0vfz2m4k9w1c8h5x3q')`,
    );
    const { body, text } = must(await operator.get(`${P}/audit?page_size=1`), 200);
    const named = { kind: "account", id: "a-7d0vfz2m4k9w1c8h5x3q", alias: null };
    expect(body.items).toMatchObject([{ action: "account.rename", actor: named, target: named }]);
    expect(text).not.toContain("alice");
  });
});

describe("Nobody else", () => {
  const ofPlatform = ROUTES.filter(({ path }) => path.startsWith(`${P}/`));

  test("manages the platform: not a person, not a client whose token or registration lacks the scope", async () => {
    const { anchor } = await addPlatformApplication(operator);
    const without = await gateway.service("operator", { scopes: ["authz:evaluate"] });
    const all = await gateway.service("evaluator", { scopes: ["authz:all", "authz:evaluate", "entities:write"] });
    for (const [by, code] of [
      [alice, "NOT_A_CLIENT"],
      [without, "SCOPE_MISSING"],
      [all, "SCOPE_MISSING"],
    ] as const) {
      for (const path of [
        "audit",
        "sectors",
        "applications",
        `applications/${anchor}`,
        `applications/${anchor}/retire`,
      ]) {
        const answer = await by.get(`${P}/${path}`);
        expect([path, answer.status, answer.body.code]).toEqual([path, 403, code]);
      }
      const made = await by.post(`${P}/sectors`, { name: "Mine" });
      expect([made.status, made.body.code]).toEqual([403, code]);
      expect((await by.post(`${P}/applications/${anchor}/retire`)).status).toBe(403);
    }
    expect(ofPlatform.length).toBeGreaterThan(15);
  });

  test("finds it under /v1/organizations, by whatever name: not even its administrator", async () => {
    for (const by of [alice, operator]) {
      for (const rest of ["", "/sectors", "/applications", "/audit", "/members"]) {
        const [platform, unknown] = [
          await by.get(`/v1/organizations/platform${rest}`),
          await by.get(`/v1/organizations/nobodys${rest}`),
        ];
        expect([rest, platform.status, platform.body]).toEqual([rest, 403, unknown.body]);
      }
      const typed = await by.get(`/v1/organizations/${encodeURIComponent(PLATFORM_SLUG)}/sectors`);
      expect([typed.status, typed.body.code]).toEqual([400, "INVALID_REQUEST"]);
    }
  });
});
