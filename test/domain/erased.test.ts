/** What is left of a person who was erased: nothing that names them, and what keeps their name and identity from coming back. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { caller, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { changesOf, expectGraphEqualsLedger, readStore } from "../support/graph.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

const HOUR_MS = 60 * 60 * 1000;
const TOKEN_HOURS = 3;

let gateway: TestGateway;
let bob: Person;
let carol: Person;
let scene = 0;
const logged: string[] = [];
/** How far the gateway's clock is ahead. */
let aheadMs = 0;

beforeAll(async () => {
  gateway = await startTestGateway({
    settings: { TOKEN_MAX_HOURS: String(TOKEN_HOURS) },
    clock: () => new Date(Date.now() + aheadMs),
    logged: (line) => logged.push(line),
  });
});
beforeEach(async () => {
  scene += 1;
  aheadMs = 0;
  [bob, carol] = await Promise.all([gateway.person(`bob-${scene}`), gateway.person(`carol-${scene}`)]);
});
afterAll(async () => await gateway.close());

/** Somebody with this subject and this alias, which are not the same. */
async function stranger(subject: string, alias: string): Promise<Person> {
  const token = await gateway.issuer.sign({ subject, claims: { preferred_username: alias } });
  return caller(gateway.url, alias, token);
}

type AuditItem = Readonly<Record<"actor" | "target", { kind: string; id: string; alias: string | null }>> & {
  readonly action: string;
};

async function auditOf(by: Person, slug: string): Promise<readonly AuditItem[]> {
  return must(await by.get(`/v1/organizations/${slug}/audit?page_size=100`), 200).body.items as AuditItem[];
}

describe("after an erasure", () => {
  test("its alias is never given again, and its identity makes a new account when the longest token has expired", async () => {
    const person = await stranger(`subject-${scene}`, `phoenix-${scene}`);
    await foundOrganization(person);
    expect((await person.delete("/v1/me")).status).toBe(204);
    const namesake = await stranger(`other-subject-${scene}`, person.alias);
    const theirs = await foundOrganization(namesake);
    expect(await membersOf(namesake, theirs)).toEqual([expect.stringMatching(new RegExp(`^${person.alias}-.{5}$`))]);
    const invited = await namesake.post(`/v1/organizations/${theirs}/invitations`, {
      ...{ alias: person.alias, role: "viewer" },
    });
    expect([invited.status, invited.body.code]).toEqual([404, "UNKNOWN_ALIAS"]);

    aheadMs = TOKEN_HOURS * HOUR_MS + 100_000; // and twice the skew of clocks
    const early = await person.get("/v1/me/organizations");
    expect([early.status, early.body.code]).toEqual([403, "ACCOUNT_ERASED"]);
    aheadMs = TOKEN_HOURS * HOUR_MS + 121_000;
    expect(must(await person.get("/v1/me/organizations"), 200).body.items).toEqual([]);
    const anew = await foundOrganization(person);
    expect(await membersOf(person, anew)).toEqual([expect.stringMatching(new RegExp(`^${person.alias}-.{5}$`))]);
  });

  test("offers of ownership that wait vanish, whoever made them; those that were answered stay and name nobody", async () => {
    const [answered, waiting] = [await foundOrganization(bob), await foundOrganization(bob)];
    const alice = await gateway.person(`alice-${scene}`);
    await addMember(bob, answered, alice, "owner");
    await addMember(bob, answered, carol, "viewer");
    await addMember(bob, waiting, alice, "viewer");
    const at = (slug: string): string => `/v1/organizations/${slug}/transfers`;
    const made = must(await alice.post(at(answered), { alias: carol.alias }), 201).body;
    must(await carol.post(`${at(answered)}/${String(made.id)}/decline`), 200);
    must(await bob.post(at(waiting), { alias: alice.alias }), 201);
    const next = must(await alice.post(at(answered), { alias: carol.alias }), 201).body;
    expect(must(await carol.get("/v1/me/transfers"), 200).body.items).toMatchObject([{ id: next.id }]);
    expect((await alice.delete("/v1/me")).status).toBe(204);
    expect(must(await carol.get("/v1/me/transfers"), 200).body.items).toEqual([]);
    expect(must(await bob.get(at(waiting)), 200).body.items).toEqual([]);
    expect(must(await bob.get(at(answered)), 200).body.items).toMatchObject([
      { id: made.id, alias: carol.alias, offeredBy: null, state: "declined" },
    ]);
    const actions = (await auditOf(bob, waiting)).map(({ action }) => action);
    expect(actions.slice(0, 2).sort()).toEqual(["member.erase", "transfer.erase"]);
    must(await bob.post(at(answered), { alias: carol.alias }), 201); // there is room for the next one
  });

  test("S0.19 nothing of the person is in any table, tuple, answer, metric or line of the log, and the audit log is as long as it was", async () => {
    const person = await stranger(`sub-zebedee-${scene}`, `zebedee-${scene}`);
    const slug = await foundOrganization(bob);
    must(await person.get("/v1/me/organizations"), 200);
    await addMember(bob, slug, person, "owner");
    await usedEverywhere(person, slug);
    const second = await stranger(`sub-second-${scene}`, "unseen");
    must(await person.post("/v1/me/sign-in-methods", { token: second.token }, { "idempotency-key": "link" }), 201);
    const alias = `zeb-${scene}`;
    must(await person.patch("/v1/me", { name: "Zebedee Quirk", alias }), 200);
    const { account, pseudonym } = await accountOf(alias);
    const links = await gateway.sql<{ pseudonym: string }>(
      "select pseudonym from audit_pseudonyms where account_id = $1",
      [account],
    );
    const subjects = [`sub-zebedee-${scene}`, `sub-second-${scene}`];
    const needles = [account, pseudonym, person.alias, alias, "Zebedee Quirk", ...subjects];
    for (const needle of needles) expect([needle, await tablesWith(needle)]).not.toEqual([needle, []]);
    const before = await auditOf(bob, slug);
    expect(before.some(({ actor }) => actor.alias === alias)).toBe(true);

    expect((await person.delete("/v1/me")).status).toBe(204);
    await expectGraphEqualsLedger(gateway);
    for (const needle of needles) expect([needle, await tablesWith(needle)]).toEqual([needle, []]);
    const tuples = JSON.stringify(await readStore(gateway.storeId));
    const log = JSON.stringify(await changesOf(gateway));
    const answers = await everyAnswer(slug);
    const metrics = must(await bob.get("/metrics"), 200).text;
    expect(logged.join("\n")).toContain('"route":"/v1/me"');
    for (const needle of needles) {
      const texts = { tuples, answers, metrics, lines: logged.join("\n") };
      const found = Object.entries(texts).flatMap(([name, text]) => (text.includes(needle) ? [name] : []));
      expect([needle, found]).toEqual([needle, []]);
      // OpenFGA forgets nothing: it knows the pseudonym, which links to nobody any more.
      expect([needle, log.includes(needle)]).toEqual([needle, needle === pseudonym]);
    }
    expect((await second.get("/v1/me")).body.code).toBe("ACCOUNT_ERASED");
    const after = await auditOf(bob, slug);
    expect(after.slice(after.length - before.length)).toEqual(before.map((event) => withoutAlias(event, alias)));
    expect(after.some(({ actor }) => links.some((link) => link.pseudonym === actor.id))).toBe(true);
  });
});

async function membersOf(by: Person, slug: string): Promise<unknown[]> {
  const { items } = must(await by.get(`/v1/organizations/${slug}/members`), 200).body;
  return (items as { alias: string }[]).map(({ alias }) => alias);
}

async function accountOf(alias: string): Promise<{ account: string; pseudonym: string }> {
  const rows = await gateway.sql<{ account: string; pseudonym: string }>(
    "select id as account, pseudonym from accounts where alias = $1",
    [alias],
  );
  if (rows[0] === undefined) throw new Error(`there is no ${alias}`);
  return rows[0];
}

/** Leaves its name wherever one can be left: as who changed, invited, was invited and was told of in a kept outcome. */
async function usedEverywhere(person: Person, slug: string): Promise<void> {
  const path = `/v1/organizations/${slug}`;
  const key = { "idempotency-key": "of-its-own" };
  must(await person.post(`${path}/sectors`, { name: "Sector" }, key), 201);
  const { anchor } = await addApplication(bob, slug);
  await gateway.sql("insert into data_sharing select id, $2, now(), now() from accounts where alias = $1", [
    ...[person.alias, anchor],
  ]);
  const sent = must(await person.post(`${path}/invitations`, { alias: carol.alias, role: "viewer" }, key), 201);
  must(await carol.post(`/v1/invitations/${String(sent.body.id)}/accept`, undefined, key), 200);
  const own = await foundOrganization(person);
  await addMember(person, own, bob, "owner");
  must(await bob.patch(`/v1/organizations/${own}/members/${person.alias}`, { role: "viewer" }), 200);
  must(await bob.post(`/v1/organizations/${own}/retire`, undefined, key), 200); // its outcome names the founder
  const offer = must(await person.post(`${path}/transfers`, { alias: carol.alias }, key), 201);
  must(await carol.post(`${path}/transfers/${String(offer.body.id)}/decline`, undefined, key), 200);
  const lent = await foundOrganization(bob);
  await addMember(bob, lent, person, "viewer");
  must(await bob.post(`/v1/organizations/${lent}/transfers`, { alias: person.alias }, key), 201);
  const other = await foundOrganization(bob);
  const invited = { alias: person.alias, role: "viewer" };
  must(await bob.post(`/v1/organizations/${other}/invitations`, invited, key), 201);
}

/** Every table in whose rows, as text, it stands. */
async function tablesWith(needle: string): Promise<string[]> {
  const tables = await gateway.sql<{ name: string }>(
    "select quote_ident(tablename) as name from pg_tables where schemaname = 'public' order by 1",
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await gateway.sql(`select from ${name} t where strpos(t::text, $1) > 0 limit 1`, [needle]);
    if (rows.length > 0) found.push(name);
  }
  return found;
}

/** What Bob, who shared organizations with the person, gets to read there now. */
async function everyAnswer(slug: string): Promise<string> {
  const mine = must(await bob.get("/v1/me/organizations"), 200);
  const slugs = (mine.body.items as { slug: string }[]).map((each) => each.slug);
  expect(slugs).toContain(slug);
  const paths = slugs.flatMap((each) => {
    const nouns = ["", "/members", "/invitations", "/transfers", "/audit", "/sectors", "/applications"];
    return nouns.map((noun) => `/v1/organizations/${each}${noun}`);
  });
  const texts: string[] = [];
  for (const path of paths) texts.push(must(await bob.get(path), 200).text);
  return texts.join("\n");
}

function withoutAlias(event: AuditItem, alias: string): AuditItem {
  const cut = (named: AuditItem["actor"]): AuditItem["actor"] =>
    named.alias === alias ? { ...named, alias: null } : named;
  return { ...event, actor: cut(event.actor), target: cut(event.target) };
}
