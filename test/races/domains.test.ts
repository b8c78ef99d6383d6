/** S0.1: whoever else verifies it at the same moment, one organization holds a domain. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Gateway } from "../../src/assemble.ts";
import { adoptShown, domainPath } from "../support/domains.ts";
import { type Person, startBeside, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { foundOrganization, must } from "../support/world.ts";

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
const ROUNDS = IS_FULL ? 40 : 3;
const ORGANIZATIONS = 8;

let gateway: TestGateway;
let beside: Gateway;
let people: Person[];
beforeAll(async () => {
  gateway = await startTestGateway();
  beside = await startBeside(gateway);
  people = await Promise.all(
    Array.from({ length: ORGANIZATIONS }, async (_, number) => await gateway.person(`owner-${number}`)),
  );
  await gateway.sql("update accounts set max_owned_organizations = 1000");
});
afterAll(async () => {
  await beside.close();
  await gateway.close();
});

interface Party {
  readonly by: Person;
  readonly slug: string;
}

/** As a client that is told "not now" does it. */
async function verify({ by, slug }: Party, domain: string): Promise<unknown> {
  for (;;) {
    const { status, body } = await by.post(`${domainPath(slug, domain)}/verify`);
    if (status !== 503) return status === 200 ? "holds it" : body.code;
  }
}

async function holdersOf(domain: string): Promise<string[]> {
  const rows = await gateway.sql<{ slug: string }>(
    "select o.slug from domains d join organizations o on o.id = d.organization_id where d.domain = $1 and d.state = 'verified'",
    [domain],
  );
  return rows.map(({ slug }) => slug);
}

test(`${ORGANIZATIONS} organizations that show their proofs and verify the same domain at once, at two gateways: one holds it`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const domain = `round-${round}.example.com`;
    const parties: Party[] = [];
    for (const [number, person] of people.entries()) {
      const by = number % 2 === 0 ? person : person.at(beside.url);
      const slug = await foundOrganization(person);
      await adoptShown(gateway.dns, person, slug, domain);
      parties.push({ by, slug });
    }
    const outcomes = await Promise.all(parties.map(async (party) => await verify(party, domain)));
    const holders = parties.filter((_, number) => outcomes[number] === "holds it").map(({ slug }) => slug);
    const others = outcomes.filter((outcome) => outcome !== "holds it");
    expect([holders, others]).toEqual([await holdersOf(domain), Array(ORGANIZATIONS - 1).fill("DOMAIN_HELD")]);
    expect(holders).toHaveLength(1);
  }
});

test("the holder's proof is gone and the others verify at once: it changes hands once, and every change is in an audit log", async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const domain = `taken-${round}.example.com`;
    const parties: Party[] = [];
    for (const [number, person] of people.entries()) {
      const by = number % 2 === 0 ? person : person.at(beside.url);
      const slug = await foundOrganization(person);
      const { record } = await adoptShown(gateway.dns, person, slug, domain);
      parties.push({ by, slug });
      if (number > 0) continue;
      must(await person.post(`${domainPath(slug, domain)}/verify`), 200);
      gateway.dns.forgets(record.name);
    }
    const [first, ...rest] = parties;
    const outcomes = await Promise.all(rest.map(async (party) => await verify(party, domain)));
    expect(outcomes.filter((outcome) => outcome === "holds it")).toHaveLength(1);
    expect(await holdersOf(domain)).toEqual([rest[outcomes.indexOf("holds it")]?.slug]);
    const events = await gateway.sql<{ action: string; slug: string }>(
      `select e.action, o.slug from audit_events e join organizations o on o.id = e.organization_id
       where e.target_id = $1 and e.action in ('domain.verify', 'domain.lapse') order by e.action, e.at`,
      [domain],
    );
    expect(events.map(({ action }) => action)).toEqual(["domain.lapse", "domain.verify", "domain.verify"]);
    expect(events[0]?.slug).toBe(first?.slug);
  }
});
