import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { type ForeignIssuer, startForeignIssuer } from "../support/foreign-issuer.ts";
import { type Answered, caller, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addMember, foundOrganization, must } from "../support/world.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

let issuer: ForeignIssuer;
let gateway: TestGateway;
let now = new Date("2026-11-21T12:00:00.000Z");
let alice: Person;
let bob: Person;
let scene = 0;

beforeAll(async () => {
  issuer = await startForeignIssuer();
  gateway = await startTestGateway({ settings: issuer.settings, clock: () => now });
});
beforeEach(async () => {
  scene += 1;
  [alice, bob] = [await gateway.person(`alice-${scene}`), await gateway.person(`bob-${scene}`)];
});
afterAll(async () => {
  await gateway.close();
  await issuer.close();
});

/** A person as the other issuer knows them, by the same name. */
async function elsewhere(name: string): Promise<Person> {
  const token = await issuer.sign({ sub: `${name}-${scene}`, preferred_username: `${name}-${scene}` });
  return caller(gateway.url, `${name}-${scene}`, token);
}

const told = ({ status, body }: Answered): unknown => [status, body.code];

describe("An alias that is changed", () => {
  test("changes again after 30 days, and not one second sooner", async () => {
    const changed = must(await alice.patch("/v1/me", { alias: `${alice.alias}-b` }), 200); // the first is free
    const until = new Date(now.getTime() + 30 * DAY_MS);
    expect(changed.body).toMatchObject({ alias: `${alice.alias}-b`, aliasChangeableAt: until.toISOString() });
    const before = now;
    try {
      now = new Date(until.getTime() - 1000);
      const refused = await alice.patch("/v1/me", { alias: `${alice.alias}-c` });
      expect(told(refused)).toEqual([409, "ALIAS_COOLING_DOWN"]);
      expect(refused.body.reasons).toEqual([{ code: "ALIAS_COOLING_DOWN", until: until.toISOString() }]);
      expect(must(await alice.patch("/v1/me", { name: "Alice" }), 200).body["alias"]).toBe(`${alice.alias}-b`);
      now = until;
      expect(must(await alice.get("/v1/me"), 200).body["aliasChangeableAt"]).toBeNull();
      must(await alice.patch("/v1/me", { alias: `${alice.alias}-c` }), 200);
    } finally {
      now = before;
    }
  });

  test("is given to nobody again: neither to the same person, nor to another, nor to somebody new", async () => {
    must(await alice.patch("/v1/me", { alias: `${alice.alias}-b` }), 200);
    expect(told(await bob.patch("/v1/me", { alias: alice.alias }))).toEqual([409, "ALIAS_TAKEN"]);
    expect(told(await bob.patch("/v1/me", { alias: `${alice.alias}-b` }))).toEqual([409, "ALIAS_TAKEN"]);
    const before = now;
    try {
      now = new Date(now.getTime() + 30 * DAY_MS);
      expect(told(await alice.patch("/v1/me", { alias: alice.alias }))).toEqual([409, "ALIAS_TAKEN"]);
    } finally {
      now = before;
    }
    const namesake = await elsewhere("alice");
    const { body } = must(await namesake.get("/v1/me"), 200);
    expect(body["alias"]).toMatch(new RegExp(`^${alice.alias}-[0-9a-z]{5}$`));
  });

  test.each(["somebody new", "somebody known"])("nor, at that very moment, to %s", async (who) => {
    const client = new pg.Client({ connectionString: gateway.config.databaseUrl ?? "" });
    await client.connect();
    await client.query("begin");
    await client.query("update accounts set alias = $2 where alias = $1", [alice.alias, `${alice.alias}-b`]);
    const digest = Buffer.from(gateway.gateway.deps.tombstones.ofAlias(alice.alias));
    await client.query("insert into alias_tombstones values ($1)", [digest]);
    const isNew = who === "somebody new";
    const asked = isNew ? (await elsewhere("alice")).get("/v1/me") : bob.patch("/v1/me", { alias: alice.alias });
    // Who comes new sees either the account that has it still or its tombstone; who is known has to wait for which it will be.
    await (isNew ? asked : untilSomebodyWaits());
    await client.query("commit");
    await client.end();
    const answer = await asked;
    if (isNew) expect(answer.body["alias"]).toMatch(new RegExp(`^${alice.alias}-[0-9a-z]{5}$`));
    else expect(told(answer)).toEqual([409, "ALIAS_TAKEN"]);
  });

  test("is the new one wherever the account is named, and memberships and invitations are what they were", async () => {
    const carol = await gateway.person(`carol-${scene}`);
    const slug = await foundOrganization(alice);
    await addMember(alice, slug, bob, "admin");
    const path = `/v1/organizations/${slug}`;
    const invited = must(await alice.post(`${path}/invitations`, { alias: carol.alias, role: "viewer" }), 201);
    for (const person of [alice, bob, carol]) must(await person.patch("/v1/me", { alias: `new-${person.alias}` }), 200);
    const [newAlice, newBob, newCarol] = [alice, bob, carol].map(({ alias }) => `new-${alias}`);
    const at = async (rest: string): Promise<Answered> => must(await alice.get(`${path}${rest}`), 200);
    expect((await at("")).body["foundedBy"]).toBe(newAlice);
    expect((await at("/members")).body.items).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ alias: newAlice, role: "owner" }),
        expect.objectContaining({ alias: newBob, role: "admin" }),
      ]),
    );
    expect((await at(`/members/${newBob}`)).body.role).toBe("admin");
    expect(told(await alice.get(`${path}/members/${bob.alias}`))).toEqual([404, "NOT_FOUND"]);
    expect((await at("/invitations")).body.items).toContainEqual(
      expect.objectContaining({ id: invited.body.id, alias: newCarol, invitedBy: newAlice }),
    );
    const [mine] = must(await carol.get("/v1/me/invitations"), 200).body.items as object[];
    expect(mine).toMatchObject({ invitedBy: newAlice });
    for (const text of [(await at("/audit")).text, (await at("/members")).text, (await at("/invitations")).text]) {
      for (const old of [alice, bob, carol]) expect(text).not.toContain(`"${old.alias}"`);
    }
    must(await carol.post(`/v1/invitations/${String(invited.body.id)}/accept`), 200);
    const check = { subject: { type: "account", id: newBob }, action: { name: "create_application" } };
    const decided = await gateway.shop.post("/access/v1/evaluation", {
      ...{ ...check, resource: { type: "organization", id: slug } },
    });
    expect(decided.body).toMatchObject({ decision: true, context: { graph: "agrees" } });
  });
});

async function untilSomebodyWaits(): Promise<void> {
  for (;;) {
    const waiting = await gateway.sql(
      "select from pg_stat_activity where wait_event = 'transactionid' and datname = current_database()",
    );
    if (waiting.length > 0) return;
  }
}
