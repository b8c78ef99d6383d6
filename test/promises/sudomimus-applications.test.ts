/** Reads like the document: what an application of Sudomimus carries, who logs in to it, and what it sees of a person (PROMISES.md, S0). */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { adoptShown, domainPath, hold } from "../support/domains.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { attemptOf, codesOf, logIn, loginService, verified } from "../support/logins.ts";
import { admission, AUTHENTICATION, SESSION } from "../support/rules.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let stranger: Person;
let service: Person;
let slug: string;
let anchor: string;
let sector: string;
let at: string;
let scene = 0;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(async () => await gateway.close());
beforeEach(async () => {
  scene += 1;
  const names = ["alice", "bob", "mallory"].map(async (name) => await gateway.person(`${name}-${scene}`));
  [alice, bob, stranger] = (await Promise.all(names)) as [Person, Person, Person];
  slug = await foundOrganization(alice);
  await addMember(alice, slug, bob, "member");
  ({ anchor, sector } = await addApplication(alice, slug));
  at = `/v1/organizations/${slug}/applications/${anchor}`;
  service = await loginService(gateway, `id-service-${scene}`, [slug]);
});

const subjectAt = async (application: string, person: Person): Promise<string | undefined> =>
  (await logIn(service, application, attemptOf(person))).login?.subject.id;

test("S0.1 an organization owns the domains that it has adopted: one holds a domain, by what the DNS shows, and loses it when another's proof takes the place of its own", async () => {
  const [mine, other] = [await foundOrganization(alice), await foundOrganization(bob)];
  const { domain, record } = await hold(gateway.dns, alice, mine);
  expect((await alice.get(`/v1/organizations/${mine}/domains`)).body.items).toMatchObject([
    { domain, state: "verified" },
  ]);
  expect((await bob.get(`/v1/organizations/${other}/domains`)).body.items).toEqual([]);
  await adoptShown(gateway.dns, bob, other, domain);
  expect((await bob.post(`${domainPath(other, domain)}/verify`)).body.code).toBe("DOMAIN_HELD");
  gateway.dns.forgets(record.name);
  expect((await bob.post(`${domainPath(other, domain)}/verify`)).body.code).toBe("DOMAIN_UNPROVEN");
  must(await bob.delete(domainPath(other, domain)), 204);
  await adoptShown(gateway.dns, bob, other, domain);
  must(await bob.post(`${domainPath(other, domain)}/verify`), 200);
  expect((await alice.get(domainPath(mine, domain))).body.state).toBe("lapsed");
});

test("S0.11 an application carries signing keys and client-auth keys; another application has none of them", async () => {
  const key = must(await alice.post(`${at}/client-keys`, { name: "Deployment" }), 201);
  expect(must(await bob.get(`${at}/keys`), 200).body["items"]).toHaveLength(1);
  expect(must(await bob.get(`${at}/client-keys`), 200).body["items"]).toMatchObject([{ id: key.body["id"] }]);
  const other = await addApplication(alice, slug);
  const elsewhere = `/v1/organizations/${slug}/applications/${other.anchor}`;
  expect(must(await bob.get(`${elsewhere}/client-keys`), 200).body["items"]).toEqual([]);
});

test("S0.12 three layers of rules decide who can log in and how: each of them alone lets in and keeps out", async () => {
  const codes = async (who: Person, authentication: object = {}): Promise<unknown[]> =>
    codesOf(await logIn(service, anchor, attemptOf(who, { authentication })));
  expect([await codes(bob), await codes(stranger)]).toEqual([[], ["NOT_ADMITTED"]]);
  must(await alice.put(`${at}/rules/admission`, admission({ everyone: true, blocked: [bob.alias] })), 200);
  expect([await codes(bob), await codes(stranger)]).toEqual([["ACCOUNT_BLOCKED"], []]);
  must(await alice.put(`${at}/rules/authentication`, { ...AUTHENTICATION, assurance: 1 }), 200);
  expect(await codes(stranger)).toEqual(["SECOND_FACTOR_REQUIRED"]);
  expect(await codes(stranger, { factors: 2 })).toEqual([]);
  must(await alice.put(`${at}/rules/session`, { ...SESSION, reauthenticateAfterSeconds: 60 }), 200);
  const earlier = new Date(Date.now() - 120_000).toISOString();
  expect(await codes(stranger, { factors: 2, at: earlier })).toEqual(["REAUTHENTICATION_REQUIRED"]);
});

test("S0.15 applications of one sector see the same opaque identifier of a user", async () => {
  const beside = await addApplication(alice, slug, { sector });
  const seen = await subjectAt(anchor, bob);
  expect(await subjectAt(beside.anchor, bob)).toBe(seen);
  expect(seen).toMatch(/^[0-9a-z]{26}$/);
  expect(seen).not.toContain(bob.alias);
});

test("S0.16 applications of different sectors see unrelated ones", async () => {
  const elsewhere = await addApplication(alice, slug);
  expect(await subjectAt(elsewhere.anchor, bob)).not.toBe(await subjectAt(anchor, bob));
});

test("S0.31 a retired application: every login fails at once; of another one in the sector it does not", async () => {
  const beside = await addApplication(alice, slug, { sector });
  must(await alice.post(`${at}/retire`), 200);
  expect(codesOf(await logIn(service, anchor, attemptOf(bob)))).toEqual(["APPLICATION_RETIRED"]);
  expect((await logIn(service, beside.anchor, attemptOf(bob))).decision).toBe(true);
});

test("S0.32 a retired application: tokens already issued work until they expire, and another application's do not", async () => {
  const beside = await addApplication(alice, slug, { sector });
  const { login } = await logIn(service, anchor, attemptOf(bob));
  must(await alice.post(`${at}/retire`), 200);
  const { payload } = await verified(gateway, anchor, login?.token ?? "");
  expect(payload.sub).toBe(login?.subject.id);
  await expect(verified(gateway, beside.anchor, login?.token ?? "")).rejects.toThrow();
});
