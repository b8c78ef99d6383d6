/** S0.6, S0.7, S0.8: limits are exact, however many ask at once. Fifty ask for what there is room for ten of. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { Gateway } from "../../src/assemble.ts";
import { type Answered, type Person, startBeside, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { expectGraphEqualsLedger } from "../support/graph.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

const ASKING = 50;
const ROOM = 10;

let gateway: TestGateway;
let second: Gateway;
let owner: Person;
let slug: string;
let path: string;
let scene = 0;

beforeAll(async () => {
  gateway = await startTestGateway();
  second = await startBeside(gateway);
});
beforeEach(async () => {
  scene += 1;
  owner = await gateway.person(`owner-${scene}`);
  slug = await foundOrganization(owner);
  path = `/v1/organizations/${slug}`;
});
afterAll(async () => {
  await expectGraphEqualsLedger(gateway);
  await second.close();
  await gateway.close();
});

/** Sets the organization's limit. */
async function limit(name: string, max = ROOM): Promise<void> {
  const text = "insert into limits (organization_id, name, max) select id, $2, $3 from organizations where slug = $1";
  await gateway.sql(text, [slug, name, max]);
}

const everybody = async <Made>(make: (index: number) => Promise<Made>): Promise<Made[]> =>
  await Promise.all(Array.from({ length: ASKING }, async (_, index) => await make(index)));

/** All at once, through both gateways by turns. */
async function atOnce(ask: (index: number, via: (person: Person) => Person) => Promise<Answered>): Promise<Answered[]> {
  return await everybody(async (index) => {
    return await ask(index, (person) => (index % 2 === 0 ? person : person.at(second.url)));
  });
}

/** Ten were let through, all others were told the limit, and the ledger holds what was answered. */
async function expectExactly(answers: readonly Answered[], name: string, counted: string, on = slug): Promise<void> {
  const refused = answers.filter(({ status }) => status >= 300);
  expect(answers.length - refused.length).toBe(ROOM);
  expect(refused.map(({ status, body }) => [status, body.reasons])).toEqual(
    refused.map(() => [409, [{ code: "LIMIT_REACHED", limit: name, max: ROOM }]]),
  );
  const [row] = await gateway.sql<{ count: number }>(`select (${counted})::int as count`, [on]);
  expect(row?.count).toBe(ROOM);
}

const ofOrganization = (table: string, where: string): string =>
  `select count(*) from ${table} t join organizations o on o.id = t.organization_id where o.slug = $1 and ${where}`;
const OWNED = `select count(*) from memberships m join accounts a on a.id = m.account_id where a.alias = $1 and m.role = 'owner'`;

describe(`${ASKING} at once, room for ${ROOM}`, () => {
  test("S0.6 applications: exactly as many are created, and as many are enabled", async () => {
    const { sector } = await addApplication(owner, slug);
    const [made] = must(await owner.get(`${path}/applications`), 200).body.items as { anchor: string }[];
    must(await owner.post(`${path}/applications/${made?.anchor ?? ""}/retire`), 200);
    await limit("applications");
    const body = { name: "Shop", kind: "web", sector };
    const created = await atOnce(async (_, via) => await via(owner).post(`${path}/applications`, body));
    const enabled = ofOrganization("applications", "t.state = 'enabled'");
    await expectExactly(created, "applications", enabled);
    const anchors = created.flatMap(({ status, body }) => (status === 201 ? [String(body.anchor)] : []));
    for (const anchor of anchors) must(await owner.post(`${path}/applications/${anchor}/retire`), 200);
    await gateway.sql("update limits set max = 50"); // to have as many
    for (let count = anchors.length + 1; count < ASKING; count += 1) {
      const another = await addApplication(owner, slug, { sector });
      anchors.push(another.anchor);
    }
    anchors.push(made?.anchor ?? "");
    for (const anchor of anchors) must(await owner.post(`${path}/applications/${anchor}/retire`), 200);
    await gateway.sql("update limits set max = $1", [ROOM]);
    const again = await atOnce(async (index, via) => {
      return await via(owner).post(`${path}/applications/${anchors[index] ?? ""}/enable`);
    });
    await expectExactly(again, "applications", enabled);
  });

  test("S0.7 sectors", async () => {
    await limit("sectors");
    const created = await atOnce(async (index, via) => {
      return await via(owner).post(`${path}/sectors`, { name: `Sector ${index}` });
    });
    await expectExactly(created, "sectors", ofOrganization("sectors", "t.state = 'enabled'"));
  });

  test("pending invitations", async () => {
    await limit("pendingInvitations");
    const guests = await everybody(async (index) => await gateway.person(`guest-${scene}-${index}`));
    const invited = await atOnce(async (index, via) => {
      return await via(owner).post(`${path}/invitations`, { alias: guests[index]?.alias, role: "viewer" });
    });
    await expectExactly(invited, "pendingInvitations", ofOrganization("invitations", "t.state = 'pending'"));
  });

  test("members: as many of the invited get in, the Owner among them", async () => {
    await limit("members");
    await limit("pendingInvitations", ASKING);
    const guests = await everybody(async (index) => await gateway.person(`guest-${scene}-${index}`));
    const invited: string[] = [];
    for (const { alias } of guests) {
      const { body } = must(await owner.post(`${path}/invitations`, { alias, role: "viewer" }), 201);
      invited.push(String(body.id));
    }
    const accepted = await atOnce(async (index, via) => {
      return await via(guests[index] as Person).post(`/v1/invitations/${invited[index] ?? ""}/accept`); // as many
    });
    expect(accepted.filter(({ status }) => status === 200)).toHaveLength(ROOM - 1);
    const refused = accepted.filter(({ status }) => status !== 200);
    expect(refused.map(({ body }) => body.reasons)).toEqual(
      refused.map(() => [{ code: "LIMIT_REACHED", limit: "members", max: ROOM }]),
    );
    const [row] = await gateway.sql<{ count: number }>(
      `select (${ofOrganization("memberships", "true")})::int as count`,
      [slug],
    );
    expect(row?.count).toBe(ROOM);
  });

  test("S0.8 organizations of one account, by creating them", async () => {
    const star = await gateway.person(`star-${scene}`);
    const created = await atOnce(async (index, via) => {
      return await via(star).post("/v1/organizations", { slug: `star-${scene}-${index}`, name: "Organization" });
    });
    await expectExactly(created, "ownedOrganizations", OWNED, star.alias);
  });

  test("S0.8 organizations of one account, by promotions and transfers in as many organizations", async () => {
    const star = await gateway.person(`star-${scene}`);
    await gateway.sql("update accounts set max_owned_organizations = $2 where alias = $1", [owner.alias, ASKING + 1]);
    const places = await everybody(async () => {
      const place = await foundOrganization(owner);
      await addMember(owner, place, star, "admin");
      return `/v1/organizations/${place}`;
    });
    const offers = new Map<string, string>();
    for (const place of places.filter((_, index) => index % 4 < 2)) {
      const offer = must(await owner.post(`${place}/transfers`, { alias: star.alias }), 201);
      offers.set(place, String(offer.headers.get("location")));
    }
    const answers = await atOnce(async (index, via) => {
      const place = places[index] ?? "";
      const offer = offers.get(place);
      if (offer !== undefined) return await via(star).post(`${offer}/accept`);
      return await via(owner).patch(`${place}/members/${star.alias}`, { role: "owner" });
    });
    await expectExactly(answers, "ownedOrganizations", OWNED, star.alias);
  });
});
