import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { ACTIONS } from "../../src/entities/kinds.ts";
import { type ForeignIssuer, startForeignIssuer } from "../support/foreign-issuer.ts";
import { type Answered, caller, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, foundOrganization, must } from "../support/world.ts";
import { attempt } from "./action-requests.ts";

const METHODS = "/v1/me/sign-in-methods";

let issuer: ForeignIssuer;
let gateway: TestGateway;
let alice: Person;
let bob: Person;
let scene = 0;

beforeAll(async () => {
  issuer = await startForeignIssuer();
  gateway = await startTestGateway({ settings: issuer.settings });
});
beforeEach(async () => {
  scene += 1;
  [alice, bob] = [await gateway.person(`alice-${scene}`), await gateway.person(`bob-${scene}`)];
});
afterAll(async () => {
  await gateway.close();
  await issuer.close();
});

/** A person as the other issuer knows them. */
async function elsewhere(name: string): Promise<Person> {
  const token = await issuer.sign({ sub: `${name}-${scene}`, preferred_username: `${name}-${scene}` });
  return caller(gateway.url, `${name}-${scene}`, token);
}

const told = ({ status, body }: Answered): unknown => [status, body.code];

describe("PATCH /v1/me", () => {
  test("changes the name alone, takes it away again, and an unknown revision stops it", async () => {
    const named = must(await alice.patch("/v1/me", { name: "Alice" }), 200);
    expect(named.body).toMatchObject({ alias: alice.alias, name: "Alice", aliasChangeableAt: null });
    expect(told(await alice.patch("/v1/me", { name: "Ann" }, { "if-match": '"1"' }))).toEqual([
      412,
      "PRECONDITION_FAILED",
    ]);
    const etag = named.headers.get("etag") ?? "";
    expect(must(await alice.patch("/v1/me", { name: null }, { "if-match": etag }), 200).body.name).toBeNull();
  });

  test("a retry changes nothing: the same revision, and no second event", async () => {
    const body = { name: "Alice", alias: `${alice.alias}-new` };
    const first = must(await alice.patch("/v1/me", body), 200);
    const again = must(await alice.patch("/v1/me", body), 200); // the cool-down has begun
    expect([again.body, again.headers.get("etag")]).toEqual([first.body, first.headers.get("etag")]);
    expect(await eventsOf(body.alias)).toEqual([["account.edit", { fields: ["name", "alias"] }]]);
  });

  test("of nothing, or of an alias that is none, is refused by its form", async () => {
    const reserved = `acc-${"0".repeat(20)}`; // reads as the id of an account (S0.26)
    for (const body of [{}, { alias: "Alice" }, { alias: "ab" }, { alias: null }, { alias: reserved }, { name: " " }]) {
      expect(told(await alice.patch("/v1/me", body))).toEqual([400, "INVALID_REQUEST"]);
    }
  });
});

/** What the platform's log has of an account, oldest first. */
async function eventsOf(alias: string): Promise<unknown[]> {
  const rows = await gateway.sql<{ action: string; before: unknown; after: unknown }>(
    `select e.action, e.before, e.after
     from audit_events e
     join audit_pseudonyms p on p.organization_id = e.organization_id and p.pseudonym = e.target_id
     join accounts a on a.id = p.account_id
     where e.organization_id = 'platform' and a.alias = $1 order by e.version, e.ordinal`,
    [alias],
  );
  expect(rows.map(({ before }) => before)).toEqual(rows.map(() => null));
  return rows.map(({ action, after }) => [action, after]);
}

describe("GET /v1/me/data-sharing", () => {
  test("shows the applications that know the caller, retired ones too, and nobody else's", async () => {
    const slug = await foundOrganization(bob);
    const { anchor } = await addApplication(bob, slug);
    expect(must(await alice.get("/v1/me/data-sharing"), 200).body).toEqual({ items: [], next_page_token: "" });
    await gateway.sql(
      `insert into data_sharing (account_id, application_anchor, first_at, last_at)
       select id, $2, $3, $4 from accounts where alias = $1`,
      [alice.alias, anchor, new Date("2026-11-01T08:00:00Z"), new Date("2026-11-20T08:00:00Z")],
    );
    must(await bob.post(`/v1/organizations/${slug}/applications/${anchor}/retire`), 200);
    expect(must(await alice.get("/v1/me/data-sharing?page_size=1"), 200).body.items).toEqual([
      {
        ...{ application: anchor, applicationName: "Shop", organization: slug, organizationName: "Organization" },
        ...{ claims: [], firstAt: "2026-11-01T08:00:00.000Z", lastAt: "2026-11-20T08:00:00.000Z", withdrawnAt: null },
      },
    ]);
    expect(must(await bob.get("/v1/me/data-sharing"), 200).body.items).toEqual([]);
  });
});

describe("The actions of an account", () => {
  /** The request that each stands for. */
  const requests = (method: string, token: string) =>
    ({
      view: ["get", "/v1/me"],
      create_organization: ["post", "/v1/organizations", { name: "Another" }],
      edit: ["patch", "/v1/me", { name: "Renamed" }],
      change_alias: ["patch", "/v1/me", { alias: `other-${scene}` }],
      link_sign_in_method: ["post", METHODS, { token }],
      unlink_sign_in_method: ["delete", `${METHODS}/${method}`],
      erase: ["delete", "/v1/me"],
    }) as const;

  test("are by ?include=actions, by route and by check the same: at first, and when nothing more can be done", async () => {
    const { token } = await elsewhere("unseen");
    const compare = async (): Promise<string[]> => {
      const shown = must(await alice.get("/v1/me?include=actions"), 200).body["actions"];
      const actions = shown as Record<string, { allowed: boolean; reasons: unknown }>;
      expect(Object.keys(actions).sort()).toEqual([...ACTIONS.account].sort());
      const [method] = must(await alice.get(METHODS), 200).body.items as { id: string }[];
      const alias = must(await alice.get("/v1/me"), 200).body["alias"];
      for (const [name, request] of Object.entries(requests(method?.id ?? "", token))) {
        const answer = await attempt(alice, request);
        const said = { allowed: answer.status < 300, reasons: answer.body.reasons ?? [] };
        expect({ name, ...actions[name] }).toEqual({ name, ...said });
        const account = { type: "account", id: alias };
        const check = { subject: account, action: { name }, resource: account };
        for (const by of [alice, gateway.shop]) {
          const { decision, context } = must(await by.post("/access/v1/evaluation", check), 200).body;
          // A check says besides what each refusal is about.
          const reasons = (context as { reasons: { kind: string }[] }).reasons.map(({ kind: _, ...reason }) => reason);
          expect({ name, allowed: decision, reasons }).toEqual({ name, ...said });
        }
      }
      return Object.keys(actions).filter((name) => actions[name]?.allowed === true);
    };
    expect(await compare()).toEqual(ACTIONS.account.filter((name) => name !== "unlink_sign_in_method"));
    must(await alice.patch("/v1/me", { alias: `${alice.alias}-b` }), 200);
    for (let count = 2; count <= 10; count += 1)
      must(await alice.post(METHODS, { token: (await elsewhere(`x-${count}`)).token }), 201);
    await addApplication(alice, await foundOrganization(alice));
    await gateway.sql("update accounts set max_owned_organizations = 0 where alias = $1", [`${alice.alias}-b`]);
    expect(await compare()).toEqual(["view", "edit", "unlink_sign_in_method"]);
  });

  test("are nobody else's", async () => {
    for (const name of ACTIONS.account) {
      const check = {
        subject: { type: "account", id: bob.alias },
        action: { name },
        resource: { type: "account", id: alice.alias },
      };
      const answer = must(await gateway.shop.post("/access/v1/evaluation", check), 200).body;
      expect(answer).toMatchObject({
        decision: false,
        context: { reasons: expect.arrayContaining([{ code: "NOT_SELF", kind: "relation" }]) },
      });
      expect(must(await bob.post("/access/v1/evaluation", check), 200).body).toMatchObject({
        ...{ decision: false, context: { reasons: [{ code: "ORGANIZATION_NOT_ACCESSIBLE" }] } },
      });
    }
  });
});

test("GET /v1/me says what follows from memberships at once: its ETag answers no `not modified`", async () => {
  const first = must(await alice.get("/v1/me"), 200);
  await foundOrganization(alice);
  const second = await alice.get("/v1/me", { "if-none-match": first.headers.get("etag") ?? "" });
  expect([second.status, first.body["developer"], second.body["developer"]]).toEqual([200, false, true]);
});
