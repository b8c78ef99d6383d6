/** S0.1: adopted domains. A real DNS on the loopback shows their proofs, or does not. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import { adopt, adoptShown, domainOf, domainPath, hold } from "../support/domains.ts";
import { eventually } from "../support/eventually.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addMember, archive, foundOrganization, must, retireEverything } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let mallory: Person;
let slug: string;
beforeAll(async () => {
  gateway = await startTestGateway();
  [alice, mallory] = [await gateway.person("alice"), await gateway.person("mallory")];
  await gateway.sql("update accounts set max_owned_organizations = 1000");
});
afterAll(async () => await gateway.close());
beforeEach(async () => {
  slug = await foundOrganization(alice);
});

const verify = async (by: Person, at: string, domain: string, query = ""): Promise<Answered> =>
  await by.post(`${domainPath(at, domain)}/verify${query}`);
const told = ({ status, body: { code } }: Answered): unknown[] => [status, code];

async function stateOf(at: string, domain: string): Promise<unknown> {
  const rows = await gateway.sql<{ state: string }>(
    "select d.state from domains d join organizations o on o.id = d.organization_id where o.slug = $1 and d.domain = $2",
    [at, domain],
  );
  return rows[0]?.state;
}

/** Of domains, newest first: what was done, and by what kind of actor. */
async function eventsOf(at: string, by: Person = alice): Promise<unknown[]> {
  const { items } = must(await by.get(`/v1/organizations/${at}/audit?target_kind=domain`), 200).body;
  return (items as { action: string; actor: { kind: string } }[]).map(({ action, actor }) => `${action} ${actor.kind}`);
}

const versionOf = async (at: string): Promise<unknown> =>
  (await gateway.sql<{ version: string }>("select version from organizations where slug = $1", [at]))[0]?.version;

describe("A domain that is adopted", () => {
  test("is pending, and says what the DNS is to show, which nobody could guess", async () => {
    const made = await adopt(alice, slug, "Bücher.Example.com");
    const domain = "xn--bcher-kva.example.com";
    expect(made).toEqual({
      ...{ domain, state: "pending", verifiedAt: null, seenAt: null, missingSince: null },
      createdAt: made.createdAt,
      record: {
        name: `_bailiwick-challenge.${domain}`,
        type: "TXT",
        value: expect.stringMatching(/^bailiwick-domain-verification=[0-9a-z]{32}$/),
      },
    });
    expect(must(await alice.get(domainPath(slug, domain)), 200).body).toEqual(made);
    const other = await adopt(mallory, await foundOrganization(mallory), domain);
    expect(other.record).toEqual({ ...made.record, value: expect.not.stringContaining(made.record.value) as unknown });
  });

  test("stands in the list by its name, a page at a time", async () => {
    for (const name of ["c", "a", "b"]) await adopt(alice, slug, `${name}.${slug}.example.com`);
    const at = `/v1/organizations/${slug}/domains`;
    const first = must(await alice.get(`${at}?page_size=2`), 200).body;
    const token = encodeURIComponent(String(first.next_page_token));
    const second = must(await alice.get(`${at}?page_size=2&page_token=${token}`), 200).body;
    const names = [first, second].map(({ items }) => (items as { domain: string }[]).map(({ domain }) => domain[0]));
    expect([names, second.next_page_token]).toEqual([[["a", "b"], ["c"]], ""]);
  });

  test("is refused when the organization has it already, has as many as it may, or when it is no such name", async () => {
    const at = `/v1/organizations/${slug}/domains`;
    for (let count = 1; count <= LIMITS.domains; count += 1) await adopt(alice, slug, `d${count}.example.com`);
    const version = await versionOf(slug);
    expect(told(await alice.post(at, { domain: "D1.example.com" }))).toEqual([409, "DOMAIN_EXISTS"]);
    expect(told(await alice.post(at, { domain: "more.example.com" }))).toEqual([409, "TOO_MANY_DOMAINS"]);
    const refused = await alice.post(at, { domain: "192.0.2.1" });
    expect([...told(refused), refused.body["issues"]]).toEqual([
      ...[400, "INVALID_REQUEST"],
      [{ path: "body.domain", message: expect.stringContaining("two labels or more") }],
    ]);
    expect(await versionOf(slug)).toBe(version);
    must(await alice.delete(domainPath(slug, "d1.example.com")), 204);
    must(await alice.post(at, { domain: "more.example.com" }), 201);
  });

  test("is gone when it is removed; who adopts it again has another value to show", async () => {
    const domain = domainOf(slug);
    const before = await hold(gateway.dns, alice, slug);
    must(await alice.delete(domainPath(slug, domain)), 204);
    expect(told(await alice.get(domainPath(slug, domain)))).toEqual([404, "NOT_FOUND"]);
    expect(told(await alice.delete(domainPath(slug, domain)))).toEqual([404, "NOT_FOUND"]);
    const after = await adopt(alice, slug);
    expect([after.state, after.record.value === before.record.value]).toEqual(["pending", false]);
    expect(told(await verify(alice, slug, domain))).toEqual([409, "DOMAIN_UNPROVEN"]);
    expect(await eventsOf(slug)).toEqual(
      ["domain.add", "domain.remove", "domain.verify", "domain.add"].map((action) => `${action} account`),
    );
  });

  test("is seen by Viewers and managed by Admins, and by nobody below", async () => {
    const [viewer, admin] = [await gateway.person("viewer"), await gateway.person("admin")];
    const billing = await gateway.person("billing");
    await addMember(alice, slug, viewer, "viewer");
    await addMember(alice, slug, admin, "admin");
    await addMember(alice, slug, billing, "billing");
    const { domain } = await adoptShown(gateway.dns, admin, slug);
    must(await viewer.get(domainPath(slug, domain)), 200);
    must(await viewer.get(`/v1/organizations/${slug}/domains`), 200);
    expect(told(await billing.get(domainPath(slug, domain)))).toEqual([403, "ROLE_TOO_LOW"]);
    expect(told(await verify(viewer, slug, domain))).toEqual([403, "ROLE_TOO_LOW"]);
    expect(told(await viewer.delete(domainPath(slug, domain)))).toEqual([403, "ROLE_TOO_LOW"]);
    must(await verify(admin, slug, domain), 200);
  });
});

describe("Verification", () => {
  const name = (domain: string): string => `_bailiwick-challenge.${domain}`;

  test("finds the proof among others, of several strings, and raises the organization's version once", async () => {
    const { domain, record } = await adopt(alice, slug);
    const [head, tail] = [record.value.slice(0, 20), record.value.slice(20)];
    gateway.dns.says(record.name, { texts: ["v=spf1 -all", [head, tail]] });
    const version = Number(await versionOf(slug));
    const dry = must(await verify(alice, slug, domain, "?dryRun=true"), 200).body;
    expect([dry.state, await stateOf(slug, domain)]).toEqual(["verified", "pending"]);
    const verified = must(await verify(alice, slug, domain), 200).body;
    expect(verified).toMatchObject({ state: "verified", verifiedAt: verified["seenAt"], missingSince: null });
    const asked = gateway.dns.asked(record.name);
    expect(must(await verify(alice, slug, domain), 200).body).toEqual(verified); // a retry, for which nobody is asked
    expect([Number(await versionOf(slug)), gateway.dns.asked(record.name)]).toEqual([version + 1, asked]);
  });

  test("says what the DNS has and what to set where the proof is not there; nothing changes", async () => {
    const { domain, record } = await adopt(alice, slug);
    const version = await versionOf(slug);
    const nothing = await verify(alice, slug, domain);
    gateway.dns.says(record.name, { trouble: "nodata" });
    const noText = await verify(alice, slug, domain);
    gateway.dns.says(record.name, { texts: ["other", `${record.value}x`] });
    const others = await verify(alice, slug, domain);
    for (const answer of [nothing, noText, others]) {
      expect(told(answer)).toEqual([409, "DOMAIN_UNPROVEN"]);
      expect(answer.body["detail"]).toContain(record.value);
      expect(answer.body["detail"]).toContain(name(domain));
    }
    expect([nothing, noText].map(({ body }) => String(body["detail"]).includes("no TXT record"))).toEqual([true, true]);
    expect(others.body["detail"]).toContain("2 TXT records");
    expect([await versionOf(slug), await stateOf(slug, domain)]).toEqual([version, "pending"]);
  });

  test.each(["servfail", "refused", "silent"] as const)(
    "of a DNS that does not answer (%s) is 503; nothing changes",
    async (trouble) => {
      const { domain, record } = await adopt(alice, slug);
      gateway.dns.says(record.name, { trouble });
      const version = await versionOf(slug);
      const answer = await verify(alice, slug, domain);
      expect([...told(answer), answer.headers.get("retry-after")]).toEqual([503, "DNS_UNAVAILABLE", "1"]);
      expect([await versionOf(slug), await stateOf(slug, domain)]).toEqual([version, "pending"]);
      gateway.dns.says(record.name, { texts: [record.value], afterMs: 200 });
      must(await verify(alice, slug, domain), 200);
    },
  );

  test("asks the DNS about nothing that the organization has not adopted, nor for who may not", async () => {
    const domain = `never.${slug}.example.com`;
    expect(told(await verify(alice, slug, domain))).toEqual([404, "NOT_FOUND"]);
    await adopt(alice, slug, domain);
    expect(told(await verify(mallory, slug, domain))).toEqual([403, "ORGANIZATION_NOT_ACCESSIBLE"]);
    expect(gateway.dns.asked(name(domain))).toBe(0);
  });
});

describe("One organization at a time holds a domain", () => {
  let other: string;
  beforeEach(async () => {
    other = await foundOrganization(mallory);
  });

  test("another learns so only when it shows its proof; while both do, nothing changes", async () => {
    const { domain } = await hold(gateway.dns, alice, slug);
    await adopt(mallory, other, domain);
    expect(told(await verify(mallory, other, domain))).toEqual([409, "DOMAIN_UNPROVEN"]);
    must(await mallory.delete(domainPath(other, domain)), 204);
    await adoptShown(gateway.dns, mallory, other, domain);
    expect(told(await verify(mallory, other, domain))).toEqual([409, "DOMAIN_HELD"]);
    expect([await stateOf(slug, domain), await stateOf(other, domain)]).toEqual(["verified", "pending"]);
  });

  test("whose proof was seen after the DNS was asked for the other keeps it: that answer is too old to take it away", async () => {
    const { domain, record } = await adopt(mallory, other, domainOf(slug));
    gateway.dns.says(record.name, { texts: [record.value], afterMs: 1_000 });
    const asked = verify(mallory, other, domain); // the answer is on its way, and knows of no other proof
    await eventually(() => expect(gateway.dns.asked(record.name)).toBe(1));
    gateway.dns.says(record.name, { texts: [record.value] });
    await hold(gateway.dns, alice, slug);
    expect(told(await asked)).toEqual([409, "DOMAIN_HELD"]);
    expect(await stateOf(slug, domain)).toBe("verified");
  });

  test("it changes hands when the holder's proof is gone and another's is there, in both audit logs", async () => {
    const { domain, record } = await hold(gateway.dns, alice, slug);
    gateway.dns.forgets(record.name);
    const version = Number(await versionOf(slug));
    await adoptShown(gateway.dns, mallory, other, domain);
    must(await verify(mallory, other, domain), 200);
    expect([await stateOf(slug, domain), await stateOf(other, domain)]).toEqual(["lapsed", "verified"]);
    expect([(await eventsOf(slug))[0], Number(await versionOf(slug))]).toEqual(["domain.lapse system", version + 1]);
    expect(await eventsOf(other, mallory)).toEqual(["domain.verify account", "domain.add account"]);
    expect(told(await verify(alice, slug, domain))).toEqual([409, "DOMAIN_UNPROVEN"]);
    gateway.dns.says(record.name, { texts: [record.value] }); // and back
    must(await verify(alice, slug, domain), 200);
    expect([await stateOf(slug, domain), await stateOf(other, domain)]).toEqual(["verified", "lapsed"]);
  });

  test("a retired organization holds none, and when it is enabled again has to prove it anew; one that is pending stays so", async () => {
    const { domain } = await hold(gateway.dns, alice, slug);
    await adopt(alice, slug, `pending.${domain}`);
    await retireEverything(alice, slug);
    expect([await stateOf(slug, domain), await stateOf(slug, `pending.${domain}`)]).toEqual(["lapsed", "pending"]);
    expect((await eventsOf(slug))[0]).toBe("domain.lapse account");
    must(await alice.get(domainPath(slug, domain)), 200);
    expect(told(await verify(alice, slug, domain))).toEqual([409, "ORGANIZATION_RETIRED"]);
    await adoptShown(gateway.dns, mallory, other, domain);
    must(await verify(mallory, other, domain), 200);
    await retireEverything(mallory, other);
    await archive(mallory, other);
    must(await alice.post(`/v1/organizations/${slug}/enable`), 200);
    must(await verify(alice, slug, domain), 200);
  });
});
