/** Reads like the document: `organizations and sectors` of Sudomimus, sentence by sentence (PROMISES.md, S0). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { addConnector } from "../support/connectors.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import {
  addApplication,
  addMember,
  addPlatformApplication,
  decide,
  foundOrganization,
  retireEverything,
  undrawn,
} from "../support/world.ts";

interface Contract {
  readonly servers: readonly unknown[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let carol: Person;
let stranger: Person;

let scene = 0;

beforeAll(async () => {
  gateway = await startTestGateway();
});
/** New people for each promise: what one owns already counts against their limit (S0.8). */
beforeEach(async () => {
  scene += 1;
  const names = ["alice", "bob", "carol", "mallory"].map(async (name) => await gateway.person(`${name}-${scene}`));
  [alice, bob, carol, stranger] = (await Promise.all(names)) as [Person, Person, Person, Person];
});
afterAll(async () => await gateway.close());

/** Alice offers it; gives where the offer is. */
async function offerOwnership(slug: string, to: Person): Promise<string> {
  const made = await alice.post(`/v1/organizations/${slug}/transfers`, { alias: to.alias });
  expect([made.status, made.body.state]).toEqual([201, "pending"]);
  return String(made.headers.get("location"));
}

describe("Organizations", () => {
  test("S0.1 an organization owns applications, sectors and federation connectors; another organization does not", async () => {
    const mine = await foundOrganization(alice);
    const other = await foundOrganization(alice);
    const { anchor, sector } = await addApplication(alice, mine);
    const connector = await addConnector(alice, mine);
    expect((await alice.get(`/v1/organizations/${mine}/connectors`)).body.items).toMatchObject([{ id: connector }]);
    expect((await alice.get(`/v1/organizations/${other}/connectors`)).body.items).toEqual([]);
    expect((await alice.get(`/v1/organizations/${other}/connectors/${connector}`)).status).toBe(404);
    expect((await alice.get(`/v1/organizations/${mine}/applications`)).body.items).toMatchObject([{ anchor }]);
    expect((await alice.get(`/v1/organizations/${mine}/sectors`)).body.items).toMatchObject([{ id: sector }]);
    expect((await alice.get(`/v1/organizations/${other}/applications`)).body.items).toEqual([]);
    expect((await alice.get(`/v1/organizations/${other}/sectors/${sector}`)).status).toBe(404);
    expect((await alice.get(`/v1/organizations/${other}/applications/${anchor}`)).status).toBe(404);
  });

  test("S0.2 any account may create an organization and becomes its first Owner; with a taken slug neither happens", async () => {
    const slug = await foundOrganization(stranger);
    const members = await stranger.get(`/v1/organizations/${slug}/members`);
    expect(members.body.items).toMatchObject([{ alias: stranger.alias, role: "owner" }]);
    const again = await alice.post("/v1/organizations", { slug, name: "Mine now" });
    expect([again.status, again.body.code]).toEqual([409, "SLUG_TAKEN"]);
    expect((await alice.get(`/v1/organizations/${slug}`)).status).toBe(403);
  });

  test("S0.3 an account is a developer by its membership alone, and stops being one without it", async () => {
    const dave = await gateway.person("dave");
    const slug = await foundOrganization(alice);
    const isDeveloper = async (): Promise<unknown> => (await dave.get("/v1/me")).body["developer"];
    expect((await dave.get(`/v1/organizations/${slug}/applications`)).status).toBe(403);
    expect(await isDeveloper()).toBe(false);
    await addMember(alice, slug, dave, "viewer");
    expect((await dave.get(`/v1/organizations/${slug}/applications`)).status).toBe(200);
    expect(await isDeveloper()).toBe(true);
    expect((await dave.delete(`/v1/organizations/${slug}/members/${dave.alias}`)).status).toBe(204);
    expect((await dave.get(`/v1/organizations/${slug}/applications`)).status).toBe(403);
    expect(await isDeveloper()).toBe(false);
    const columns = await gateway.sql("select from information_schema.columns where column_name ~ 'developer'");
    expect(columns).toEqual([]); // no stored flag
  });

  test("S0.4 profile, sign-in methods and data sharing are there for who belongs to nothing, and to a frozen organization", async () => {
    const slug = await foundOrganization(alice);
    await addMember(alice, slug, bob, "viewer");
    await retireEverything(alice, slug);
    expect((await bob.get(`/v1/organizations/${slug}`)).body.state).toBe("retired");
    for (const [person, developer] of [[stranger, false] as const, [bob, true] as const, [alice, true] as const]) {
      const { alias } = person;
      const me = await person.get("/v1/me");
      expect([me.status, me.body]).toEqual([200, expect.objectContaining({ alias, name: null, developer })]);
      const renamed = await person.patch("/v1/me", { name: "Somebody", alias: `${alias}-renamed` });
      expect([renamed.status, renamed.body]).toEqual([
        200,
        expect.objectContaining({ alias: `${alias}-renamed`, name: "Somebody", developer }),
      ]);
      const methods = await person.get("/v1/me/sign-in-methods");
      expect(methods.body.items).toMatchObject([{ subject: alias, current: true }]);
      const token = await gateway.issuer.sign({ subject: `${alias}-elsewhere` });
      const linked = await person.post("/v1/me/sign-in-methods", { token });
      expect([linked.status, linked.body["subject"]]).toEqual([201, `${alias}-elsewhere`]);
      expect((await person.delete(`/v1/me/sign-in-methods/${String(linked.body.id)}`)).status).toBe(204);
      const sharing = await person.get("/v1/me/data-sharing");
      expect([sharing.status, sharing.body]).toEqual([200, { items: [], next_page_token: "" }]);
      expect((await person.get("/v1/me/invitations")).status).toBe(200);
    }
    // The frozen organization itself, by contrast, changes nothing that people ask of it.
    const rename = await alice.patch(`/v1/organizations/${slug}`, { name: "Renamed" });
    expect([rename.status, rename.body.code]).toEqual([409, "ORGANIZATION_RETIRED"]);
    expect((await gateway.shop.get("/v1/me")).body.code).toBe("NOT_A_USER"); // a service has no personal surface
  });

  test("S0.5 the developer surface lists only my organizations; belonging to none is 200 and an empty list", async () => {
    const erin = await gateway.person("erin");
    const none = await erin.get("/v1/me/organizations");
    expect([none.status, none.body]).toEqual([200, { items: [], next_page_token: "" }]);
    const slug = await foundOrganization(erin);
    expect((await erin.get("/v1/me/organizations")).body.items).toMatchObject([{ slug, role: "owner" }]);
    const frank = await gateway.person("frank");
    expect((await frank.get("/v1/me/organizations")).body.items).toEqual([]);
    expect((await frank.get("/v1/me/invitations")).body.items).toEqual([]);
    await retireEverything(erin, slug);
    expect((await erin.get("/v1/me/organizations")).body.items).toMatchObject([{ slug, state: "retired" }]);
    const anonymous = await fetch(`${gateway.url}/v1/me/organizations`);
    expect(anonymous.status).toBe(401);
  });

  test("S0.6 the 25th application of a Free organization is created, the 26th is refused", async () => {
    const slug = await foundOrganization(await gateway.person("limits-applications"));
    const owner = await gateway.person("limits-applications");
    const { sector } = await addApplication(owner, slug);
    for (let count = 2; count <= 25; count += 1) await addApplication(owner, slug, { sector });
    const past = await owner.post(`/v1/organizations/${slug}/applications`, { name: "One more", kind: "web", sector });
    expect(past.status).toBe(409);
    expect(past.body.reasons).toEqual([{ code: "LIMIT_REACHED", limit: "applications", max: 25 }]);
  });

  test("S0.7 the 25th sector of a Free organization is created, the 26th is refused", async () => {
    const owner = await gateway.person("limits-sectors");
    const slug = await foundOrganization(owner);
    for (let count = 1; count <= 25; count += 1) {
      expect((await owner.post(`/v1/organizations/${slug}/sectors`, { name: `Sector ${count}` })).status).toBe(201);
    }
    const past = await owner.post(`/v1/organizations/${slug}/sectors`, { name: "One more" });
    expect([past.status, past.body.code]).toEqual([409, "LIMIT_REACHED"]);
    expect(past.body.reasons).toEqual([{ code: "LIMIT_REACHED", limit: "sectors", max: 25 }]);
  });

  test("S0.8 an account owns at most 10 organizations: creating an 11th, being promoted in one and being handed one are refused", async () => {
    const owner = await gateway.person("limits-owner");
    for (let count = 1; count <= 10; count += 1) await foundOrganization(owner);
    const eleventh = await owner.post("/v1/organizations", { name: "The eleventh" });
    expect([eleventh.status, eleventh.body.code]).toEqual([409, "LIMIT_REACHED"]);
    const slug = await foundOrganization(alice);
    await addMember(alice, slug, owner, "admin");
    const promoted = await alice.patch(`/v1/organizations/${slug}/members/${owner.alias}`, { role: "owner" });
    expect([promoted.status, promoted.body.code]).toEqual([409, "LIMIT_REACHED"]);
    expect((await alice.patch(`/v1/organizations/${slug}/members/${owner.alias}`, { role: "member" })).status).toBe(
      200,
    );
    const offer = await offerOwnership(slug, owner);
    const handed = await owner.post(`${offer}/accept`);
    expect([handed.status, handed.body.code]).toEqual([409, "LIMIT_REACHED"]);
    const [spare] = (await owner.get("/v1/me/organizations")).body.items as { slug: string }[];
    await addMember(owner, spare?.slug ?? "", bob, "owner");
    expect((await owner.delete(`/v1/organizations/${spare?.slug ?? ""}/members/${owner.alias}`)).status).toBe(204);
    expect((await owner.post(`${offer}/accept`)).body.state).toBe("accepted");
  });
});

describe("Applications and sectors", () => {
  test("S0.9 an application is a web app, a game, a CLI or an OIDC relying party, and nothing else", async () => {
    const slug = await foundOrganization(alice);
    for (const kind of ["web", "game", "cli", "oidc"]) {
      const made = await alice.post(`/v1/organizations/${slug}/applications`, { name: kind, kind });
      expect([made.status, made.body.kind]).toEqual([201, kind]);
    }
    const other = await alice.post(`/v1/organizations/${slug}/applications`, { name: "Toaster", kind: "toaster" });
    expect([other.status, other.body.code]).toEqual([400, "INVALID_REQUEST"]);
  });

  test("S0.10 the anchor is permanent: renaming and retiring keep it, and it cannot be set", async () => {
    const slug = await foundOrganization(alice);
    const { anchor } = await addApplication(alice, slug);
    const path = `/v1/organizations/${slug}/applications/${anchor}`;
    expect((await alice.patch(path, { name: "Renamed" })).body).toMatchObject({ anchor, name: "Renamed" });
    expect((await alice.post(`${path}/retire`)).body).toMatchObject({ anchor, state: "retired" });
    expect((await alice.post(`${path}/enable`)).body).toMatchObject({ anchor, state: "enabled" });
    expect((await alice.patch(path, { anchor: "mine" })).status).toBe(400);
  });

  test("S0.13 S0.14 S0.18 an application may be placed in an existing sector, of its own organization only", async () => {
    const mine = await foundOrganization(alice);
    const other = await foundOrganization(alice);
    const shared = await alice.post(`/v1/organizations/${mine}/sectors`, { name: "Shared" });
    const body = { name: "Shop", kind: "web", sector: shared.body.id as string };
    const made = await alice.post(`/v1/organizations/${mine}/applications`, body);
    expect(made.body).toMatchObject({ sector: shared.body.id });
    const path = `/v1/organizations/${mine}/applications/${String(made.body.anchor)}`;
    expect((await alice.patch(path, { sector: shared.body.id })).status).toBe(400); // K15: for ever
    expect((await alice.post(`/v1/organizations/${other}/applications`, body)).status).toBe(404);
  });

  test("S0.17 by default an application gets its own fresh sector; two applications get two", async () => {
    const slug = await foundOrganization(alice);
    const first = await addApplication(alice, slug);
    const second = await addApplication(alice, slug);
    expect(first.sector).not.toBe(second.sector);
    const sectors = await alice.get(`/v1/organizations/${slug}/sectors`);
    const ids = (sectors.body.items as { id: string }[]).map((each) => each.id);
    expect(ids.sort()).toEqual([first.sector, second.sector].sort());
  });

  test("S0.19 the raw account id is in no answer", async () => {
    const slug = await foundOrganization(alice);
    await addMember(alice, slug, bob, "admin");
    const paths = ["", "/members", `/members/${bob.alias}`, "/audit", "/invitations"];
    const mine = ["", "?include=actions", "/sign-in-methods", "/data-sharing", "/organizations", "/invitations"];
    const token = await gateway.issuer.sign({ subject: `${alice.alias}-elsewhere` });
    const answers = await Promise.all([
      ...paths.map(async (path) => await alice.get(`/v1/organizations/${slug}${path}`)),
      ...mine.map(async (path) => await alice.get(`/v1/me${path}`)),
      alice.patch("/v1/me", { name: "Alice" }),
      alice.post("/v1/me/sign-in-methods", { token }),
    ]);
    expect(answers.map(({ status }) => status).filter((status) => status >= 300)).toEqual([]);
    const rows = await gateway.sql<{ id: string; pseudonym: string }>("select id, pseudonym from accounts");
    expect(rows.length).toBeGreaterThan(1);
    for (const { id, pseudonym } of rows) {
      expect(JSON.stringify(answers.map((answer) => answer.body))).not.toContain(id);
      expect(JSON.stringify(answers.map((answer) => answer.body))).not.toContain(pseudonym);
    }
    expect(JSON.stringify(answers.map((answer) => answer.body))).toContain(bob.alias);
  });
});

describe("Roles and membership", () => {
  test("S0.20 membership exists at organization level: an application and a sector have no members", async () => {
    const slug = await foundOrganization(alice);
    const { anchor, sector } = await addApplication(alice, slug);
    expect((await alice.get(`/v1/organizations/${slug}/members`)).status).toBe(200);
    for (const path of [`applications/${anchor}/members`, `sectors/${sector}/members`]) {
      const answer = await alice.get(`/v1/organizations/${slug}/${path}`);
      expect([answer.status, answer.body.code]).toEqual([404, "NO_SUCH_ROUTE"]);
    }
  });

  test("S0.21 a member holds exactly one role, and a higher rank may all that a lower one may", async () => {
    const slug = await foundOrganization(alice);
    const { anchor } = await addApplication(alice, slug);
    await addMember(alice, slug, bob, "viewer");
    const expected = { viewer: [true, false, false], admin: [true, true, false], owner: [true, true, true] };
    for (const [role, allowed] of Object.entries(expected)) {
      expect((await alice.patch(`/v1/organizations/${slug}/members/${bob.alias}`, { role })).body.role).toBe(role);
      const decisions = [
        await decide(gateway, bob, "view", ["application", anchor]),
        await decide(gateway, bob, "rotate_keys", ["application", anchor]),
        await decide(gateway, bob, "invite_viewer", ["organization", slug]),
      ];
      expect(decisions.map((each) => each.decision)).toEqual(allowed);
    }
    const members = await alice.get(`/v1/organizations/${slug}/members`);
    expect((members.body.items as { alias: string }[]).filter((each) => each.alias === bob.alias)).toHaveLength(1);
  });

  test("S0.22 a Viewer views applications, sectors, rules and settings; who is no member does not", async () => {
    const slug = await foundOrganization(alice);
    const { anchor, sector } = await addApplication(alice, slug);
    await addMember(alice, slug, bob, "viewer");
    const paths = ["", "/applications", `/applications/${anchor}`, "/sectors", `/sectors/${sector}`, "/members"];
    for (const path of paths) {
      expect((await bob.get(`/v1/organizations/${slug}${path}`)).status).toBe(200);
      expect((await stranger.get(`/v1/organizations/${slug}${path}`)).status).toBe(403);
    }
    expect((await decide(gateway, bob, "view_rules", ["application", anchor])).decision).toBe(true);
    expect((await decide(gateway, stranger, "view_rules", ["application", anchor])).decision).toBe(false);
    expect((await bob.patch(`/v1/organizations/${slug}/applications/${anchor}`, { name: "No" })).status).toBe(403);
  });

  test("S0.23 an Admin creates and edits applications, configures rules, rotates keys, sets the claim policy; a Viewer does not", async () => {
    const slug = await foundOrganization(alice);
    await addMember(alice, slug, bob, "admin");
    await addMember(alice, slug, carol, "viewer");
    const { anchor } = await addApplication(bob, slug);
    expect((await bob.patch(`/v1/organizations/${slug}/applications/${anchor}`, { name: "Edited" })).status).toBe(200);
    const refused = await carol.post(`/v1/organizations/${slug}/applications`, { name: "No", kind: "web" });
    expect([refused.status, refused.body.reasons]).toEqual([403, [{ code: "ROLE_TOO_LOW", least: "admin" }]]);
    const keys = `/v1/organizations/${slug}/applications/${anchor}/keys`;
    expect((await carol.post(`${keys}/rotate`, {})).body.code).toBe("ROLE_TOO_LOW");
    expect((await bob.post(`${keys}/rotate`, {})).status).toBe(201);
    for (const action of ["edit", "configure_rules", "rotate_keys", "set_claim_policy"]) {
      expect((await decide(gateway, bob, action, ["application", anchor])).decision).toBe(true);
      expect((await decide(gateway, carol, action, ["application", anchor])).decision).toBe(false);
    }
  });

  test("S0.24 an Owner invites, changes roles, removes members and offers ownership; an Admin does not", async () => {
    const slug = await foundOrganization(alice);
    await addMember(alice, slug, bob, "admin");
    await addMember(alice, slug, carol, "viewer");
    const path = `/v1/organizations/${slug}/members/${carol.alias}`;
    const attempts = [
      await bob.post(`/v1/organizations/${slug}/invitations`, { alias: stranger.alias, role: "viewer" }),
      await bob.patch(path, { role: "member" }),
      await bob.delete(path),
      await bob.post(`/v1/organizations/${slug}/transfers`, { alias: carol.alias }),
    ];
    expect(attempts.map((each) => [each.status, each.body.code])).toEqual(attempts.map(() => [403, "ROLE_TOO_LOW"]));
    expect((await alice.patch(path, { role: "member" })).status).toBe(200);
    expect((await alice.delete(path)).status).toBe(204);
    expect((await carol.get(`/v1/organizations/${slug}`)).status).toBe(403);
    expect((await decide(gateway, alice, "invite_member", ["organization", slug])).decision).toBe(true);
  });

  test("S0.25 the sole Owner retires an application, a sector and the organization; an Admin does not", async () => {
    const slug = await foundOrganization(alice);
    const { anchor, sector } = await addApplication(alice, slug);
    await addMember(alice, slug, bob, "admin");
    for (const path of [`/applications/${anchor}`, `/sectors/${sector}`, ""]) {
      const refused = await bob.post(`/v1/organizations/${slug}${path}/retire`);
      expect([refused.status, refused.body.code]).toEqual([403, "ROLE_TOO_LOW"]);
      const retired = await alice.post(`/v1/organizations/${slug}${path}/retire`);
      expect([retired.status, retired.body.state]).toEqual([200, "retired"]);
      expect((await alice.post(`/v1/organizations/${slug}${path}/retire`)).body.state).toBe("retired"); // a retry
    }
  });

  test("S0.26 invitations address the alias; an account id or an e-mail address is refused as what it is, an unknown alias is not found", async () => {
    const slug = await foundOrganization(alice);
    const [row] = await gateway.sql<{ id: string }>("select id from accounts where alias = $1", [bob.alias]);
    const otherwise = { [row?.id ?? ""]: "not the id of an account", "bob@example.com": "not an e-mail address" };
    for (const [alias, what] of Object.entries(otherwise)) {
      const answer = await alice.post(`/v1/organizations/${slug}/invitations`, { alias, role: "viewer" });
      expect([answer.status, answer.body.code]).toEqual([400, "INVALID_REQUEST"]);
      expect(answer.body["issues"]).toEqual([{ path: "body.alias", message: `expected an alias, ${what}` }]);
    }
    const unknown = await alice.post(`/v1/organizations/${slug}/invitations`, {
      alias: "nobody-at-all",
      role: "viewer",
    });
    expect([unknown.status, unknown.body.code]).toEqual([404, "UNKNOWN_ALIAS"]);
    const invited = await alice.post(`/v1/organizations/${slug}/invitations`, { alias: bob.alias, role: "viewer" });
    expect([invited.status, invited.body.state]).toEqual([201, "pending"]);
    const twice = await alice.post(`/v1/organizations/${slug}/invitations`, { alias: bob.alias, role: "admin" });
    expect([twice.status, twice.body.code]).toEqual([409, "ALREADY_INVITED"]);
    expect((await carol.post(`/v1/invitations/${String(invited.body.id)}/accept`)).status).toBe(404);
    expect((await bob.post(`/v1/invitations/${String(invited.body.id)}/decline`)).body.state).toBe("declined");
    const after = await bob.post(`/v1/invitations/${String(invited.body.id)}/accept`);
    expect([after.status, after.body.code]).toEqual([409, "INVITATION_NOT_PENDING"]);
  });

  test("S0.26 no alias reads as an account id: who would be called so is called something else and can be invited", async () => {
    const slug = await foundOrganization(alice);
    for (const [name, isKept] of [
      [`acc-${"0".repeat(20)}`, false],
      [`acc-${"0".repeat(19)}`, true],
    ] as const) {
      const person = await gateway.person(name);
      const own = await foundOrganization(person);
      const { body } = await person.get(`/v1/organizations/${own}/members`);
      const [{ alias } = { alias: "" }] = body.items as { alias: string }[];
      expect([alias === name, alias]).toEqual([isKept, expect.stringMatching(isKept ? /^acc-/ : /^account-/)]);
      const invited = await alice.post(`/v1/organizations/${slug}/invitations`, { alias, role: "viewer" });
      expect([invited.status, invited.body["alias"]]).toEqual([201, alias]);
    }
  });

  test("S0.27 an organization can have several Owners, made by promotion and never by invitation", async () => {
    const slug = await foundOrganization(alice);
    const invited = await alice.post(`/v1/organizations/${slug}/invitations`, { alias: bob.alias, role: "owner" });
    expect([invited.status, invited.body.code]).toEqual([409, "OWNER_NOT_BY_INVITATION"]);
    await addMember(alice, slug, bob, "admin");
    expect((await alice.patch(`/v1/organizations/${slug}/members/${bob.alias}`, { role: "owner" })).status).toBe(200);
    const members = (await bob.get(`/v1/organizations/${slug}/members`)).body.items as { role: string }[];
    expect(members.map((each) => each.role)).toEqual(["owner", "owner"]);
  });

  test("S0.27 ownership can be handed over by offer: who accepts becomes an Owner, who offered an Admin; declined, nobody changes", async () => {
    const slug = await foundOrganization(alice);
    await addMember(alice, slug, bob, "viewer");
    const roles = async (): Promise<string[]> => {
      const { body } = await bob.get(`/v1/organizations/${slug}/members`);
      return (body.items as { role: string }[]).map(({ role }) => role); // by alias: alice, bob
    };
    const declined = await offerOwnership(slug, bob);
    expect((await bob.post(`${declined}/decline`)).body.state).toBe("declined");
    expect(await roles()).toEqual(["owner", "viewer"]);
    const accepted = await offerOwnership(slug, bob);
    expect((await carol.post(`${accepted}/accept`)).status).toBe(403);
    expect((await bob.post(`${accepted}/accept`)).body.state).toBe("accepted");
    expect(await roles()).toEqual(["admin", "owner"]);
  });

  test("S0.28 S0.29 the last Owner is neither removed nor demoted, also not by themselves; one of two is", async () => {
    const slug = await foundOrganization(alice);
    await addMember(alice, slug, bob, "admin");
    const self = `/v1/organizations/${slug}/members/${alice.alias}`;
    for (const attempt of [await alice.delete(self), await alice.patch(self, { role: "admin" })]) {
      expect([attempt.status, attempt.body.code]).toEqual([409, "LAST_OWNER"]);
    }
    await alice.patch(`/v1/organizations/${slug}/members/${bob.alias}`, { role: "owner" });
    expect((await bob.patch(self, { role: "admin" })).status).toBe(200);
    expect((await alice.delete(self)).status).toBe(204);
    const last = await bob.delete(`/v1/organizations/${slug}/members/${bob.alias}`);
    expect([last.status, last.body.code]).toEqual([409, "LAST_OWNER"]);
  });

  test("S0.28 S0.29 a last Owner who has handed ownership over may leave; whoever accepted it is the last one now", async () => {
    const slug = await foundOrganization(alice);
    await addMember(alice, slug, bob, "admin");
    const member = (person: Person): string => `/v1/organizations/${slug}/members/${person.alias}`;
    const offer = await offerOwnership(slug, bob);
    expect((await alice.delete(member(alice))).body.code).toBe("LAST_OWNER"); // an offer is no Owner
    expect((await bob.post(`${offer}/accept`)).status).toBe(200);
    expect((await alice.delete(member(alice))).status).toBe(204);
    for (const attempt of [await bob.delete(member(bob)), await bob.patch(member(bob), { role: "admin" })]) {
      expect([attempt.status, attempt.body.code]).toEqual([409, "LAST_OWNER"]);
    }
  });
});

describe("Retiring resources", () => {
  test("S0.30 nothing is deleted: there is no DELETE, and what is retired is still there", async () => {
    const slug = await foundOrganization(alice);
    const { anchor, sector } = await addApplication(alice, slug);
    for (const path of [`/applications/${anchor}`, `/sectors/${sector}`, ""]) {
      const answer = await alice.delete(`/v1/organizations/${slug}${path}`);
      expect([answer.status, answer.body.code]).toEqual([405, "METHOD_NOT_ALLOWED"]);
    }
    await retireEverything(alice, slug);
    expect((await alice.get(`/v1/organizations/${slug}/applications/${anchor}`)).body.state).toBe("retired");
    expect((await alice.get(`/v1/organizations/${slug}/sectors/${sector}`)).body.state).toBe("retired");
  });

  test("S0.33 a sector retires only when every application in it is retired", async () => {
    const slug = await foundOrganization(alice);
    const { anchor, sector } = await addApplication(alice, slug);
    const refused = await alice.post(`/v1/organizations/${slug}/sectors/${sector}/retire`);
    expect([refused.status, refused.body.reasons]).toEqual([409, [{ code: "LIVE_APPLICATIONS", applications: 1 }]]);
    expect(refused.body.remedies).toMatchObject([{ for: "LIVE_APPLICATIONS", applications: [anchor] }]);
    await alice.post(`/v1/organizations/${slug}/applications/${anchor}/retire`);
    expect((await alice.post(`/v1/organizations/${slug}/sectors/${sector}/retire`)).status).toBe(200);
    const enabled = await alice.post(`/v1/organizations/${slug}/applications/${anchor}/enable`);
    expect([enabled.status, enabled.body.code]).toEqual([409, "SECTOR_RETIRED"]);
    const create = async (): Promise<unknown> => {
      const { status, body } = await alice.post(`/v1/organizations/${slug}/applications`, {
        name: "New",
        kind: "web",
        sector,
      });
      return [status, body.code];
    };
    expect(await create()).toEqual([409, "SECTOR_RETIRED"]);
    expect((await alice.post(`/v1/organizations/${slug}/sectors/${sector}/enable`)).body.state).toBe("enabled");
    expect((await alice.post(`/v1/organizations/${slug}/applications/${anchor}/enable`)).body.state).toBe("enabled");
    expect(await create()).toEqual([201, undefined]);
  });

  test("S0.34 an organization retires only when every application and sector is retired; all reasons are told", async () => {
    const slug = await foundOrganization(alice);
    const { anchor, sector } = await addApplication(alice, slug);
    const retire = async (path: string): Promise<{ status: number; reasons: unknown }> => {
      const answer = await alice.post(`/v1/organizations/${slug}${path}/retire`);
      return { status: answer.status, reasons: answer.body.reasons };
    };
    const both = [
      { code: "LIVE_APPLICATIONS", applications: 1 },
      { code: "LIVE_SECTORS", sectors: 1 },
    ];
    expect(await retire("")).toEqual({ status: 409, reasons: both });
    await retire(`/applications/${anchor}`);
    expect(await retire("")).toEqual({ status: 409, reasons: [{ code: "LIVE_SECTORS", sectors: 1 }] });
    await retire(`/sectors/${sector}`);
    expect((await retire("")).status).toBe(200);
  });

  test("S0.35 S0.36 a retired organization is frozen for member, rename and create operations until it is enabled again", async () => {
    const slug = await foundOrganization(alice);
    await addMember(alice, slug, bob, "admin");
    const path = `/v1/organizations/${slug}`;
    const member = `${path}/members/${bob.alias}`;
    await retireEverything(alice, slug);
    const operations = async (): Promise<number[]> => {
      const answers = [
        await alice.patch(path, { name: "Renamed" }),
        await alice.post(`${path}/sectors`, { name: "Sector" }),
        await alice.post(`${path}/applications`, { name: "Shop", kind: "web" }),
        await alice.post(`${path}/invitations`, { alias: carol.alias, role: "viewer" }),
        await alice.patch(member, { role: "member" }),
        await bob.delete(member),
      ];
      const frozen = answers.filter((each) => each.status === 409);
      expect(frozen.map((each) => each.body.code)).toEqual(frozen.map(() => "ORGANIZATION_RETIRED"));
      return answers.map((each) => each.status);
    };
    expect(await operations()).toEqual([409, 409, 409, 409, 409, 409]);
    expect((await bob.get(path)).body.state).toBe("retired");
    expect((await bob.post(`${path}/enable`)).status).toBe(403);
    expect((await alice.post(`${path}/enable`)).body.state).toBe("active");
    expect(await operations()).toEqual([200, 201, 201, 201, 200, 204]);
  });

  test("S0.37 one co-owner cannot retire a shared resource: adding an Owner turns the same retire into a denial", async () => {
    const slug = await foundOrganization(alice);
    const { anchor, sector } = await addApplication(alice, slug);
    await addMember(alice, slug, bob, "admin");
    const member = `/v1/organizations/${slug}/members/${bob.alias}`;
    for (const path of [`/applications/${anchor}`, `/sectors/${sector}`, ""]) {
      const retire = `/v1/organizations/${slug}${path}/retire`;
      expect((await alice.post(`${retire}?dryRun=true`)).status).toBe(200);
      expect((await alice.patch(member, { role: "owner" })).status).toBe(200);
      for (const owner of [alice, bob]) {
        const refused = await owner.post(retire);
        expect([refused.status, refused.body.reasons]).toEqual([403, [{ code: "NOT_SOLE_OWNER", owners: 2 }]]);
      }
      expect((await alice.patch(member, { role: "admin" })).status).toBe(200);
      expect((await alice.post(retire)).body.state).toBe("retired");
    }
  });

  test("S0.30 S0.36 what is wound down for good is archived, not deleted: typed to confirm, only when retired, its slug kept", async () => {
    const slug = await foundOrganization(alice);
    await addMember(alice, slug, bob, "admin");
    const archive = async (confirm: string): Promise<unknown> => {
      const { status, body } = await alice.post(`/v1/organizations/${slug}/archive`, { confirm });
      return [status, body.code ?? body.state];
    };
    expect(await archive(slug)).toEqual([409, "ORGANIZATION_NOT_RETIRED"]);
    await retireEverything(alice, slug);
    expect(await archive("yes")).toEqual([400, "INVALID_REQUEST"]);
    expect(await archive(slug)).toEqual([200, "archived"]);
    expect((await alice.post(`/v1/organizations/${slug}/enable`)).body.code).toBe("ORGANIZATION_ARCHIVED");
    expect((await bob.get("/v1/me/organizations")).body.items).toEqual([]);
    expect((await stranger.post("/v1/organizations", { slug, name: "Mine" })).body.code).toBe("SLUG_TAKEN");
  });
});

describe("Platform-managed resources", () => {
  test("S0.42 a resource of no organization is the platform's, and no developer's list, count or check shows it; their own they do", async () => {
    const operator = await gateway.service("operator", { scopes: ["platform:admin"] });
    const slug = await foundOrganization(alice);
    const mine = await addApplication(alice, slug);
    const platforms = await addPlatformApplication(operator);
    const { anchor, sector } = platforms;
    const listed = await operator.get("/v1/platform/applications");
    expect(listed.body.items).toContainEqual(expect.objectContaining({ anchor, sector }));
    expect((await alice.get("/v1/platform/applications")).body.code).toBe("NOT_A_CLIENT");

    const path = `/v1/organizations/${slug}`;
    expect((await alice.get(`${path}/applications`)).body.items).toMatchObject([{ anchor: mine.anchor }]);
    expect((await alice.get(`${path}/sectors`)).body.items).toMatchObject([{ id: mine.sector }]);
    expect((await alice.get("/v1/me/organizations")).body.items).toMatchObject([{ slug }]);
    expect((await alice.get(`${path}/applications/${platforms.anchor}`)).body.code).toBe("NOT_FOUND");
    const refused = await alice.post(`${path}/retire`);
    expect(refused.body.reasons).toMatchObject([{ applications: 1 }, { sectors: 1 }]);
    expect((await alice.get("/v1/organizations/platform/applications")).body).toEqual(
      (await alice.get("/v1/organizations/nobodys/applications")).body,
    );
    expect((await decide(gateway, alice, "retire", ["application", mine.anchor])).decision).toBe(true);
  });

  test("S0.42 a check about a platform's resource answers as about one that does not exist, whoever asks", async () => {
    const operator = await gateway.service("operator", { scopes: ["platform:admin"] });
    const { anchor, sector } = await addPlatformApplication(operator);
    const slug = await foundOrganization(alice);
    const scopes = ["authz:evaluate"];
    const askers = {
      alice,
      bound: await gateway.service("bound", { scopes, organizations: [slug] }),
      boundToPlatform: await gateway.service("bound-to-platform", { scopes, organizations: ["platform"] }),
      unbound: gateway.shop,
      operator: await gateway.service("operator", { scopes: [...scopes, "platform:admin"] }),
    };
    for (const [name, by] of Object.entries(askers)) {
      const ask = async (type: string, id: string): Promise<unknown> => {
        const subject = { type: "account", id: alice.alias };
        const question = { subject, action: { name: "view" }, resource: { type, id } };
        const answer = await by.post("/access/v1/evaluation", question);
        return [name, type, answer.status, undrawn(answer)];
      };
      expect(await ask("application", anchor)).toEqual(await ask("application", `app-${"0".repeat(20)}`));
      expect(await ask("sector", sector)).toEqual(await ask("sector", `sec-${"0".repeat(20)}`));
      expect(await ask("organization", "platform")).toEqual(await ask("organization", "nobodys"));
      expect(await ask("member", `platform/${alice.alias}`)).toEqual(await ask("member", `nobodys/${alice.alias}`));
    }
  });
});

describe("Account deletion", () => {
  /** Alice owns it alone, with an application in a sector. */
  async function live(): Promise<{ slug: string; application: string; sector: string }> {
    const slug = await foundOrganization(alice);
    const { anchor, sector } = await addApplication(alice, slug);
    const path = `/v1/organizations/${slug}`;
    return { slug, application: `${path}/applications/${anchor}`, sector: `${path}/sectors/${sector}` };
  }

  /** Asked and tried: both say the same. */
  async function refusal(): Promise<unknown> {
    const asked = await alice.get("/v1/me/erasure");
    const tried = await alice.delete("/v1/me");
    const { reasons, remedies } = tried.body;
    expect(asked.body).toMatchObject({ allowed: false, reasons, remedies });
    return { status: tried.status, code: tried.body.code, reasons, remedies };
  }

  const blockedBy = (...organizations: readonly string[]): object => ({
    status: 409,
    code: "LIVE_ORGANIZATIONS",
    reasons: [{ code: "LIVE_ORGANIZATIONS", organizations: organizations.length }],
    remedies: [expect.objectContaining({ for: "LIVE_ORGANIZATIONS", organizations })],
  });

  test("S0.38 the sole Owner of an organization with an enabled application cannot erase the account; who is only a member can", async () => {
    const { slug } = await live();
    await addMember(alice, slug, bob, "admin");
    expect(await refusal()).toEqual(blockedBy(slug));
    expect((await alice.get(`/v1/organizations/${slug}`)).body.state).toBe("active");
    expect((await bob.delete("/v1/me")).status).toBe(204);
    const members = (await alice.get(`/v1/organizations/${slug}/members`)).body.items;
    expect(members).toMatchObject([{ alias: alice.alias }]);
    expect((await bob.get(`/v1/organizations/${slug}`)).body.code).toBe("ACCOUNT_ERASED");
  });

  test("S0.39 nor with an enabled sector, when the application is retired already; with both retired it can", async () => {
    const { slug, application, sector } = await live();
    expect((await alice.post(`${application}/retire`)).status).toBe(200);
    expect(await refusal()).toEqual(blockedBy(slug));
    expect((await alice.post(`${sector}/retire`)).status).toBe(200);
    expect((await alice.get("/v1/me/erasure")).body).toMatchObject({ allowed: true, reasons: [], archives: [slug] });
    expect((await alice.delete("/v1/me")).status).toBe(204);
    const again = await alice.get(`/v1/organizations/${slug}`);
    expect([again.status, again.body.code]).toEqual([403, "ACCOUNT_ERASED"]);
  });

  test("S0.40 a co-owned organization never blocks: the same erasure is refused before there is a second Owner", async () => {
    const { slug, application } = await live();
    const other = await live();
    await addMember(alice, slug, bob, "admin");
    expect(await refusal()).toEqual(blockedBy(...[slug, other.slug].sort()));
    await alice.patch(`/v1/organizations/${slug}/members/${bob.alias}`, { role: "owner" });
    expect(await refusal()).toEqual(blockedBy(other.slug));
    await addMember(alice, other.slug, bob, "owner");
    expect((await alice.delete("/v1/me")).status).toBe(204);
    expect((await bob.get(application)).body.state).toBe("enabled");
    const members = (await bob.get(`/v1/organizations/${slug}/members`)).body.items;
    expect(members).toMatchObject([{ alias: bob.alias, role: "owner" }]);
    const left = await bob.delete(`/v1/organizations/${slug}/members/${bob.alias}`);
    expect([left.status, left.body.code]).toEqual([409, "LAST_OWNER"]); // S0.28: he is the last one now
  });
});

describe("Where this lives", () => {
  test("S0.41 everything is managed on one base URL: each operation of the contract is there, and nothing beside it", async () => {
    const document = parse(await (await fetch(`${gateway.url}/openapi.yaml`)).text()) as Contract;
    expect(document.servers).toHaveLength(1);
    const nouns = new Set<string>();
    for (const [path, methods] of Object.entries(document.paths)) {
      const at = path.replaceAll(/\{[a-z]+\}/g, "nothing-there");
      for (const method of Object.keys(methods)) {
        const { status } = await fetch(gateway.url + at, { method: method.toUpperCase(), redirect: "manual" });
        expect([method, path, status === 404 || status === 405]).toEqual([method, path, false]);
      }
      nouns.add(/^\/v1\/(?:organizations\/\{slug\}\/)?(\w+)/.exec(path)?.[1] ?? "");
    }
    const managed = ["organizations", "applications", "sectors", "members", "invitations", "transfers", "audit", "me"];
    expect(managed.filter((noun) => !nouns.has(noun))).toEqual([]);
    const beside = await alice.get("/v1/portal");
    expect([beside.status, beside.body.code]).toEqual([404, "NO_SUCH_ROUTE"]);
  });
});
