import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { type ForeignIssuer, startForeignIssuer } from "../support/foreign-issuer.ts";
import {
  type Answered,
  caller,
  type Person,
  startBeside,
  startTestGateway,
  type TestGateway,
} from "../support/gateway.ts";
import { must } from "../support/world.ts";

const METHODS = "/v1/me/sign-in-methods";
const NOW = new Date("2026-11-21T12:00:00.000Z");

let issuer: ForeignIssuer;
let gateway: TestGateway;
let alice: Person;
let bob: Person;
let scene = 0;
const logged: string[] = [];

beforeAll(async () => {
  issuer = await startForeignIssuer();
  gateway = await startTestGateway({
    settings: issuer.settings,
    clock: () => NOW,
    logged: (line) => logged.push(line),
  });
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
  const token = await issuer.sign({ sub: `${name}-${scene}` });
  return caller(gateway.url, `${name}-${scene}`, token);
}

const told = ({ status, body }: Answered): unknown => [status, body.code];

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

async function untilWaiting(count: number): Promise<void> {
  const text = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  for (;;) if ((await gateway.sql(text)).length >= count) return;
}

describe("A way to sign in", () => {
  const link = async (by: Person, other: Person, headers = {}): Promise<Answered> =>
    await by.post(METHODS, { token: other.token }, headers);
  const idsOf = async (by: Person): Promise<string[]> =>
    (must(await by.get(METHODS), 200).body.items as { id: string }[]).map(({ id }) => id);

  test("that is linked by both tokens signs in to the same account, and shows which one was used", async () => {
    const other = await elsewhere("anna");
    const made = must(await link(alice, other), 201);
    expect(made.body).toMatchObject({ issuer: issuer.issuer, subject: other.alias, current: false });
    expect(made.headers.get("location")).toBe(`${METHODS}/${String(made.body.id)}`);
    expect(must(await alice.get(`${METHODS}/${String(made.body.id)}`), 200).body).toEqual(made.body);
    expect(must(await other.get("/v1/me"), 200).body).toMatchObject({ alias: alice.alias });
    const items = must(await other.get(METHODS), 200).body.items as { id: string; current: boolean }[];
    expect(items.filter(({ current }) => current).map(({ id }) => id)).toEqual([made.body.id]);
    expect(items).toContainEqual(expect.objectContaining({ subject: alice.alias, current: false }));
    expect(await eventsOf(alice.alias)).toEqual([["account.link_sign_in_method", { signInMethod: made.body.id }]]);
  });

  test("that is linked again is the first one, also when no more could be linked", async () => {
    const other = await elsewhere("anna");
    const made = must(await link(alice, other), 201);
    expect((await link(alice, other)).body).toEqual(made.body);
    for (let count = 3; count <= 10; count += 1) must(await link(alice, await elsewhere(`anna-${count}`)), 201);
    const past = await link(alice, await elsewhere("anna-11"));
    expect([told(past), past.body.reasons]).toEqual([
      [409, "LIMIT_REACHED"],
      [{ code: "LIMIT_REACHED", limit: "signInMethods", max: 10 }],
    ]);
    expect(must(await link(alice, other), 201).body).toEqual(made.body);
    const own = must(await link(alice, alice), 201); // it is linked since the first request
    expect(await idsOf(alice)).toContain(own.body.id);
    expect(await idsOf(alice)).toHaveLength(10);
  });

  test("that two accounts want at once is one's", async () => {
    const other = await elsewhere("anna");
    const answers = await Promise.all([link(alice, other), link(bob, other), link(alice, other), link(bob, other)]);
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, 201, 409, 409]);
    expect([...(await idsOf(alice)), ...(await idsOf(bob))]).toHaveLength(3);
  });

  test("that is another account's, a service's or an erased one's is refused, and so is a bad token", async () => {
    expect(told(await link(alice, bob))).toEqual([409, "SIGN_IN_METHOD_TAKEN"]);
    expect(told(await link(alice, gateway.shop))).toEqual([403, "NOT_A_USER"]);
    const operator = await gateway.service("operator", { scopes: ["platform:admin"] });
    const registration = {
      issuer: issuer.issuer,
      clientId: `c-${scene}`,
      subject: `c-${scene}`,
      name: "C",
      scopes: [],
    };
    must(await operator.post("/v1/platform/clients", registration), 201);
    const client = await issuer.sign({ sub: `c-${scene}`, client_id: `c-${scene}` });
    expect(told(await alice.post(METHODS, { token: client }))).toEqual([403, "NOT_A_USER"]);
    const user = await issuer.sign({ sub: `u-${scene}`, client_id: `c-${scene}` }); // a person who uses the client
    expect((await alice.post(METHODS, { token: user })).status).toBe(201);

    const erased = await elsewhere("erased");
    const identity = { issuer: issuer.issuer, subject: erased.alias };
    const digest = Buffer.from(gateway.gateway.deps.tombstones.ofIdentity(identity));
    await gateway.sql("insert into identity_tombstones values ($1, $2)", [digest, new Date(NOW.getTime() + 1)]);
    expect(told(await link(alice, erased))).toEqual([403, "ACCOUNT_ERASED"]);
    await gateway.sql("update identity_tombstones set until = $2 where digest = $1", [digest, NOW]);
    expect((await link(alice, erased)).status).toBe(201);

    const late = await issuer.sign({ sub: "late", exp: Math.floor(Date.now() / 1000) - 60 });
    const long = await issuer.sign({ sub: "long", exp: Math.floor(Date.now() / 1000) + 25 * 3600 });
    const bad = [late, long, issuer.unsigned({ sub: "anna" }), `${alice.token}x`, "a b", "x"];
    for (const token of bad) {
      const refused = await alice.post(METHODS, { token });
      expect(told(refused)).toEqual([400, "INVALID_REQUEST"]);
      expect(refused.body["issues"]).toEqual([{ path: "body.token", message: expect.stringMatching(/not accepted/) }]);
      expect(refused.text).not.toContain(`"${token}"`);
    }
    expect(told(await gateway.shop.post(METHODS, { token: alice.token }))).toEqual([403, "NOT_A_USER"]);
  });

  test("that is unlinked signs in to the account no more; the last one stays, and an unknown one is none", async () => {
    const other = await elsewhere("anna");
    const [first = ""] = await idsOf(alice);
    expect(told(await alice.delete(`${METHODS}/${first}`))).toEqual([409, "LAST_SIGN_IN_METHOD"]);
    expect(told(await alice.delete(`${METHODS}/sim-${"0".repeat(20)}`))).toEqual([404, "NOT_FOUND"]);
    const { id } = must(await link(alice, other), 201).body;
    const [theirs = ""] = await idsOf(bob);
    expect(told(await alice.delete(`${METHODS}/${theirs}`))).toEqual([404, "NOT_FOUND"]);
    expect((await alice.delete(`${METHODS}/${first}`)).status).toBe(204); // its own: the other is left
    expect(told(await other.delete(`${METHODS}/${String(id)}`))).toEqual([409, "LAST_SIGN_IN_METHOD"]);
    expect(must(await other.get("/v1/me"), 200).body["alias"]).toBe(alice.alias);
    expect(must(await alice.get("/v1/me"), 200).body["alias"]).not.toBe(alice.alias);
    expect((await eventsOf(alice.alias)).at(-1)).toEqual(["account.unlink_sign_in_method", { signInMethod: first }]);
  });

  test("of two that are unlinked at once one is left", async () => {
    const other = await elsewhere("anna");
    const { id } = must(await link(alice, other), 201).body;
    const [own = ""] = (await idsOf(alice)).filter((each) => each !== id);
    const beside = await startBeside(gateway); // within one gateway they would wait for each other before they decide
    const client = new pg.Client({ connectionString: gateway.config.databaseUrl ?? "" });
    await client.connect();
    await client.query("begin");
    await client.query("select from accounts where alias = $1 for no key update", [alice.alias]);
    const both = [alice.delete(`${METHODS}/${own}`), alice.at(beside.url).delete(`${METHODS}/${String(id)}`)];
    await untilWaiting(2);
    await client.query("commit");
    await client.end();
    const statuses = (await Promise.all(both)).map(({ status }) => status);
    await beside.close();
    expect(statuses.filter((status) => status === 204)).toHaveLength(1);
    const left = await gateway.sql("select from sign_in_methods where id = any ($1)", [[own, id]]);
    expect(left).toHaveLength(1);
  });

  test("is linked by a token of which nothing is kept: neither in the ledger nor in the log nor in an answer", async () => {
    const other = await elsewhere("anna");
    const key = { "idempotency-key": `link-${scene}` };
    const made = must(await link(alice, other, key), 201);
    const again = await link(alice, other, key);
    expect([again.text, again.headers.get("location")]).toEqual([made.text, made.headers.get("location")]);
    expect(told(await link(alice, bob, key))).toEqual([422, "IDEMPOTENCY_KEY_REUSED"]);
    const tables = await gateway.sql<{ name: string }>(
      "select quote_ident(tablename) as name from pg_tables where schemaname = 'public'",
    );
    const parts = [other.token, ...other.token.split(".").slice(1)];
    for (const { name } of tables) {
      const found = await gateway.sql(
        `select from ${name} t where exists (select from unnest($1::text[]) part where strpos(t::text, part) > 0)`,
        [parts],
      );
      expect([name, found.length]).toEqual([name, 0]);
    }
    const refused = await alice.post(METHODS, { token: `${other.token}x` });
    expect(refused.status).toBe(400);
    const lines = logged.filter((line) => line.includes(METHODS));
    expect(lines.length).toBeGreaterThanOrEqual(4);
    for (const part of parts)
      expect([...logged, made.text, refused.text].filter((text) => text.includes(part))).toEqual([]);
  });
});
