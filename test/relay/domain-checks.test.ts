/** S0.1: verified domains are looked at again. The DNS is a real one, on the loopback; days go by as the test says. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { Gateway } from "../../src/assemble.ts";
import type { AdoptedDomain } from "../../src/entities/adopted-domains.ts";
import { domainPath, hold } from "../support/domains.ts";
import { type Person, startBeside, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { attemptOf, codesOf, logIn, loginService } from "../support/logins.ts";
import { admission } from "../support/rules.ts";
import { addApplication, foundOrganization, must } from "../support/world.ts";

const HOUR_MS = 60 * 60 * 1000;
const DAY = 24;
const GRACE = 72;

let gateway: TestGateway;
let alice: Person;
let slug: string;
let held: AdoptedDomain;
let aheadMs = 0;
beforeAll(async () => {
  gateway = await startTestGateway({ clock: () => new Date(Date.now() + aheadMs) });
  alice = await gateway.person("alice");
  await gateway.sql("update accounts set max_owned_organizations = 1000");
});
afterAll(async () => await gateway.close());
beforeEach(async () => {
  aheadMs = 0;
  await gateway.sql("delete from domains"); // none but this test's is due
  slug = await foundOrganization(alice);
  held = await hold(gateway.dns, alice, slug);
});

/** Hours go by, and whoever looks for what is due looks. */
async function after(hours: number): Promise<AdoptedDomain> {
  aheadMs += hours * HOUR_MS;
  await gateway.gateway.domainChecks.round();
  return await now();
}

async function now(): Promise<AdoptedDomain> {
  return must(await alice.get(domainPath(slug, held.domain)), 200).body as unknown as AdoptedDomain; // the contract tests hold its shape
}

const shown = (): void => gateway.dns.says(held.record.name, { texts: [held.record.value] });
const versionOf = async (): Promise<number> =>
  Number(
    (await gateway.sql<{ version: string }>("select version from organizations where slug = $1", [slug]))[0]?.version,
  );

async function countedChecks(): Promise<Record<string, number>> {
  const { text } = await gateway.shop.get("/metrics");
  const found = [...text.matchAll(/^bailiwick_domain_checks_total\{outcome="([a-z]+)"\} (\d+)$/gm)];
  return Object.fromEntries(found.map(([, outcome = "", count]) => [outcome, Number(count)]));
}

describe("A verified domain", () => {
  test("is looked at no sooner than a day after its proof was seen, and then is seen anew", async () => {
    const asked = gateway.dns.asked(held.record.name);
    const version = await versionOf();
    expect(await after(DAY - 1)).toEqual(held);
    expect(gateway.dns.asked(held.record.name)).toBe(asked);
    const seen = await after(1);
    expect(seen).toEqual({ ...held, seenAt: seen.seenAt });
    expect(Date.parse(seen.seenAt ?? "")).toBeGreaterThanOrEqual(Date.parse(held.seenAt ?? "") + DAY * HOUR_MS);
    expect([gateway.dns.asked(held.record.name), await versionOf()]).toEqual([asked + 1, version]);
  });

  test.each([
    ["there is no record", () => gateway.dns.forgets(held.record.name)],
    ["there are others", () => gateway.dns.says(held.record.name, { texts: ["other"] })],
  ])("whose proof is missing (%s) lapses when the grace is over, and the system says so", async (_title, hides) => {
    hides();
    const missing = await after(DAY);
    expect([missing.state, missing.seenAt, missing.missingSince === null]).toEqual(["verified", held.seenAt, false]);
    expect(await after(GRACE - 1)).toEqual(missing);
    const version = await versionOf();
    const lapsed = await after(1);
    expect([lapsed.state, lapsed.missingSince, await versionOf()]).toEqual(["lapsed", null, version + 1]);
    const [event] = must(await alice.get(`/v1/organizations/${slug}/audit`), 200).body.items as object[];
    expect(event).toMatchObject({
      actor: { kind: "system", id: "system" },
      ...{ action: "domain.lapse", target: { kind: "domain", id: held.domain }, rule: null, matrix: null },
      ...{ before: { state: "verified" }, after: { state: "lapsed" } },
    });
    const asked = gateway.dns.asked(held.record.name);
    await after(DAY);
    expect(gateway.dns.asked(held.record.name)).toBe(asked); // nobody looks any more
    shown();
    must(await alice.post(`${domainPath(slug, held.domain)}/verify`), 200);
    expect((await after(DAY)).state).toBe("verified");
  });

  test("whose proof comes back within the grace is held on, and the next grace is a whole one", async () => {
    gateway.dns.forgets(held.record.name);
    await after(DAY);
    await after(GRACE - 2);
    shown();
    const back = await after(1);
    expect([back.state, back.missingSince, back.verifiedAt]).toEqual(["verified", null, held.verifiedAt]);
    gateway.dns.forgets(held.record.name);
    await after(DAY);
    expect((await after(GRACE - 1)).state).toBe("verified");
  });

  test("whose proof comes back is seen by whoever verifies it at once", async () => {
    gateway.dns.forgets(held.record.name);
    expect((await after(DAY)).missingSince).not.toBeNull();
    shown();
    const verified = must(await alice.post(`${domainPath(slug, held.domain)}/verify`), 200).body;
    expect([verified["missingSince"], verified["verifiedAt"]]).toEqual([null, held.verifiedAt]);
  });

  test.each(["servfail", "refused"] as const)(
    "is held on while the DNS does not answer (%s), however long",
    async (trouble) => {
      gateway.dns.says(held.record.name, { trouble });
      for (const hours of [DAY, GRACE, GRACE]) expect(await after(hours)).toEqual(held);
      gateway.dns.forgets(held.record.name); // an answer: the grace begins now
      expect((await after(1)).missingSince).not.toBeNull();
      gateway.dns.says(held.record.name, { trouble });
      expect((await after(2 * GRACE)).state).toBe("verified");
      gateway.dns.forgets(held.record.name);
      expect((await after(1)).state).toBe("lapsed");
    },
  );

  test("that is removed while the DNS is asked is left alone", async () => {
    gateway.dns.says(held.record.name, { texts: [], afterMs: 400 });
    aheadMs += DAY * HOUR_MS;
    const round = gateway.gateway.domainChecks.round();
    must(await alice.delete(domainPath(slug, held.domain)), 204);
    const anew = await hold(gateway.dns, alice, slug);
    expect([await round, await now()]).toEqual([1, anew]);
  });
});

test("one gateway at a time looks at a domain, and what was found is counted", async () => {
  const others: Gateway[] = [await startBeside(gateway), await startBeside(gateway)];
  const before = await countedChecks();
  await gateway.sql("update domains set check_at = now() - interval '1 hour'");
  const asked = gateway.dns.asked(held.record.name);
  const rounds = [gateway.gateway, ...others].map(async ({ domainChecks }) => await domainChecks.round());
  const counts = await Promise.all(rounds);
  expect([counts.reduce((sum, count) => sum + count), gateway.dns.asked(held.record.name)]).toEqual([1, asked + 1]);
  await Promise.all(others.map(async (other) => await other.close()));
  gateway.dns.forgets(held.record.name);
  await after(DAY);
  const { missing = 0, ...rest } = await countedChecks();
  expect([missing, Object.keys(rest)]).toEqual([(before["missing"] ?? 0) + 1, ["seen", "lapsed", "unavailable"]]);
});

test("a login by a domain is granted until it lapses, and denied from then on", async () => {
  const { anchor } = await addApplication(alice, slug);
  const rules = `/v1/organizations/${slug}/applications/${anchor}/rules/admission`;
  must(await alice.put(rules, admission({ domains: [held.domain] })), 200);
  const eve = await gateway.person("eve");
  const service = await loginService(gateway, "id-service", [slug]);
  const codes = async (): Promise<unknown[]> =>
    codesOf(await logIn(service, anchor, attemptOf(eve, { domain: held.domain })));
  expect(await codes()).toEqual([]);
  gateway.dns.forgets(held.record.name);
  await after(DAY);
  expect(await codes()).toEqual([]);
  await after(GRACE);
  expect(await codes()).toEqual(["NOT_ADMITTED"]);
});
