import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let slug: string;
let path: string;
let scene = 0;

beforeAll(async () => {
  gateway = await startTestGateway();
});
beforeEach(async () => {
  scene += 1;
  [alice, bob] = await Promise.all([gateway.person(`alice-${scene}`), gateway.person(`bob-${scene}`)]);
  slug = await foundOrganization(alice);
  path = `/v1/organizations/${slug}`;
});
afterAll(async () => await gateway.close());

interface Written {
  readonly version: number;
  readonly filed: number;
  readonly events: number;
}

/** What the ledger holds of the organization, as far as every change moves it. */
async function written(): Promise<Written> {
  const [row] = await gateway.sql<{ version: string; filed: string; events: string }>(
    `select version, tuples_filed as filed, (select count(*) from audit_events e where e.organization_id = o.id) as events
     from organizations o where slug = $1`,
    [slug],
  );
  return { version: Number(row?.version), filed: Number(row?.filed), events: Number(row?.events) };
}

describe("a change", () => {
  test("raises the version by one, appends its events and files its tuples together", async () => {
    const before = await written();
    must(await alice.post(`${path}/applications`, { name: "Shop", kind: "web" }), 201);
    const after = await written(); // the application and its fresh sector: two events, one row of three tuples
    expect(after).toEqual({ version: before.version + 1, filed: before.filed + 1, events: before.events + 2 });
  });

  test("that is refused writes nothing, be it for the role, the state, an unknown alias or a conflict", async () => {
    await addMember(alice, slug, bob, "viewer");
    const before = await written();
    const refused = [
      await bob.post(`${path}/sectors`, { name: "No" }),
      await alice.delete(`${path}/members/${alice.alias}`),
      await alice.post(`${path}/invitations`, { alias: "nobody-here", role: "viewer" }),
      await alice.post(`${path}/invitations`, { alias: bob.alias, role: "viewer" }),
    ];
    const codes = ["ROLE_TOO_LOW", "LAST_OWNER", "UNKNOWN_ALIAS", "ALREADY_MEMBER"];
    expect(refused.map((each) => each.body.code)).toEqual(codes);
    expect(await written()).toEqual(before);
  });

  test("that is made already answers the first result again and writes nothing", async () => {
    const { anchor } = await addApplication(alice, slug);
    const first = must(await alice.post(`${path}/applications/${anchor}/retire`), 200);
    const before = await written();
    const again = must(await alice.post(`${path}/applications/${anchor}/retire`), 200);
    expect([again.body, again.headers.get("etag")]).toEqual([first.body, first.headers.get("etag")]);
    expect(must(await alice.patch(path, { name: "Organization" }), 200).headers.get("etag")).toBe('"1"');
    expect(await written()).toEqual(before);
  });

  test("is made by people: a service's token is refused", async () => {
    const refused = await gateway.shop.post(`${path}/sectors`, { name: "No" });
    expect([refused.status, refused.body.code]).toEqual([403, "NOT_A_USER"]);
  });
});

describe("If-Match", () => {
  test("with the current ETag or * goes on; with an older one it is 412 and writes nothing", async () => {
    const { anchor } = await addApplication(alice, slug);
    const target = `${path}/applications/${anchor}`;
    const etag = must(await alice.get(target), 200).headers.get("etag") ?? "";
    must(await alice.patch(target, { name: "Second" }, { "if-match": etag }), 200);
    const before = await written();
    const stale = await alice.patch(target, { name: "Third" }, { "if-match": etag });
    expect([stale.status, stale.body.code]).toEqual([412, "PRECONDITION_FAILED"]);
    const now = must(await alice.get(target), 200).headers.get("etag");
    expect([stale.headers.get("etag"), stale.headers.get("etag") === etag]).toEqual([now, false]);
    expect((await alice.post(`${target}/retire`, undefined, { "if-match": etag })).status).toBe(412);
    expect(await written()).toEqual(before);
    must(await alice.patch(target, { name: "Third" }, { "if-match": "*" }), 200);
  });

  test("lets one of 16 writers through who all read the same revision", async () => {
    const answers = await Promise.all(
      Array.from({ length: 16 }, async (_, writer) => {
        return await alice.patch(path, { name: `Name ${writer}` }, { "if-match": '"1"' });
      }),
    );
    expect(answers.map((each) => each.status).sort()).toEqual([200, ...Array<number>(15).fill(412)]);
  });

  test("is the entity's own: a change beside it does not make it stale", async () => {
    const { anchor } = await addApplication(alice, slug);
    must(await alice.post(`${path}/sectors`, { name: "Beside" }), 201);
    must(await alice.patch(`${path}/applications/${anchor}`, { name: "New" }, { "if-match": '"1"' }), 200);
  });
});

describe("the audit log", () => {
  test("tells who did what to whom, before and after, newest first, in pages", async () => {
    await addMember(alice, slug, bob, "viewer");
    must(await alice.patch(`${path}/members/${bob.alias}`, { role: "admin" }, { "x-request-id": "change-1" }), 200);
    const events = must(await alice.get(`${path}/audit?page_size=1`), 200);
    expect(events.body.items).toMatchObject([
      {
        actor: { kind: "account", alias: alice.alias },
        action: "member.change_role",
        target: { kind: "member", alias: bob.alias },
        before: { role: "viewer" },
        after: { role: "admin" },
        matrix: "default",
        requestId: "change-1",
      },
    ]);
    const actions: string[] = [];
    let token = events.body.next_page_token ?? "";
    while (token !== "") {
      const page = must(await alice.get(`${path}/audit?page_size=1&page_token=${token}`), 200);
      actions.push(...(page.body.items as { action: string }[]).map((each) => each.action));
      token = page.body.next_page_token ?? "";
    }
    const oldest = ["member.add", "invitation.accept", "member.invite", "member.add", "organization.create"];
    expect(actions).toEqual(oldest);
  });

  test("is for Admins: a Viewer does not read it, an Admin does", async () => {
    await addMember(alice, slug, bob, "viewer");
    const refused = await bob.get(`${path}/audit`);
    expect([refused.status, refused.body.reasons]).toEqual([403, [{ code: "ROLE_TOO_LOW", least: "admin" }]]);
    must(await alice.patch(`${path}/members/${bob.alias}`, { role: "admin" }), 200);
    expect((await bob.get(`${path}/audit`)).status).toBe(200);
  });
});

describe("what a role may not see", () => {
  test("K2 billing views the organization and nothing else; known and unknown children answer alike", async () => {
    const { anchor, sector } = await addApplication(alice, slug);
    await addMember(alice, slug, bob, "billing");
    expect((await bob.get(path)).status).toBe(200);
    for (const [known, unknown] of [
      [`/applications/${anchor}`, "/applications/app-00000000000000000000"],
      [`/sectors/${sector}`, "/sectors/sec-00000000000000000000"],
      [`/members/${alice.alias}`, "/members/nobody-here"],
    ] as const) {
      const answers = [await bob.get(path + known), await bob.get(path + unknown)];
      expect(answers.map((each) => [each.status, each.body.code])).toEqual([
        [403, "ROLE_TOO_LOW"],
        [403, "ROLE_TOO_LOW"],
      ]);
      expect(answers[0]?.body).toEqual(answers[1]?.body);
      expect((await alice.get(path + unknown)).status).toBe(404);
    }
  });

  test("K9 a stranger's change is refused as if there were no organization, whatever it asks for", async () => {
    const { anchor } = await addApplication(alice, slug);
    for (const child of ["", `/applications/${anchor}`]) {
      const foreign = await bob.post(`${path}${child}/retire`);
      const unknown = await bob.post(`/v1/organizations/no-such-organization${child}/retire`);
      expect([foreign.status, foreign.body.code]).toEqual([403, "ORGANIZATION_NOT_ACCESSIBLE"]);
      expect(foreign.body).toEqual(unknown.body);
    }
  });
});
