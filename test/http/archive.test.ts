import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import {
  addApplication,
  addMember,
  archive,
  decide,
  foundOrganization,
  must,
  retireEverything,
} from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let carol: Person;
let scene = 0;

beforeAll(async () => {
  gateway = await startTestGateway();
});
beforeEach(async () => {
  scene += 1;
  const names = ["alice", "bob", "carol"].map(async (name) => await gateway.person(`${name}-${scene}`));
  [alice, bob, carol] = (await Promise.all(names)) as [Person, Person, Person];
});
afterAll(async () => await gateway.close());

/** A retired organization of alice's, with bob as an Admin. */
async function retired(): Promise<string> {
  const slug = await foundOrganization(alice);
  await addMember(alice, slug, bob, "admin");
  await addApplication(alice, slug);
  await retireEverything(alice, slug);
  return slug;
}

const pathOf = (slug: string): string => `/v1/organizations/${slug}/archive`;

test("K6 archiving is confirmed with the slug: another text is 400, says where, and changes nothing", async () => {
  const slug = await retired();
  for (const confirm of ["", "yes", `${slug} `, slug.toUpperCase()]) {
    const answer = await alice.post(pathOf(slug), { confirm });
    expect([answer.status, answer.body.code]).toEqual([400, "INVALID_REQUEST"]);
    expect(answer.body["issues"]).toMatchObject([{ path: "body.confirm" }]);
  }
  expect((await alice.post(pathOf(slug))).status).toBe(400);
  expect((await alice.get(`/v1/organizations/${slug}`)).body.state).toBe("retired");
  expect(must(await alice.post(pathOf(slug), { confirm: slug }), 200).body).toMatchObject({ slug, state: "archived" });
});

test("K6 only a retired organization is archived: an active one is 409 and told to retire first", async () => {
  const slug = await foundOrganization(alice);
  const refused = await alice.post(pathOf(slug), { confirm: slug });
  expect([refused.status, refused.body.reasons]).toEqual([409, [{ code: "ORGANIZATION_NOT_RETIRED" }]]);
  expect(refused.body.remedies).toMatchObject([{ for: "ORGANIZATION_NOT_RETIRED" }]);
  must(await alice.post(`/v1/organizations/${slug}/retire`), 200);
  must(await alice.post(pathOf(slug), { confirm: slug }), 200);
});

test("K6 archiving takes the sole Owner: an Admin and a co-owner are 403; one Owner fewer, and it is done", async () => {
  const slug = await foundOrganization(alice);
  await addMember(alice, slug, bob, "owner");
  await addMember(alice, slug, carol, "admin");
  await gateway.sql("update organizations set state = 'retired' where slug = $1", [slug]); // two Owners cannot
  const reasons = async (by: Person): Promise<unknown> => (await by.post(pathOf(slug), { confirm: slug })).body.reasons;
  expect(await reasons(carol)).toEqual([
    { code: "ROLE_TOO_LOW", least: "owner" },
    { code: "NOT_SOLE_OWNER", owners: 2 },
  ]);
  expect(await reasons(alice)).toEqual([{ code: "NOT_SOLE_OWNER", owners: 2 }]);
  must(await alice.post(`/v1/organizations/${slug}/enable`), 200);
  must(await bob.delete(`/v1/organizations/${slug}/members/${bob.alias}`), 204);
  must(await alice.post(`/v1/organizations/${slug}/retire`), 200);
  await archive(alice, slug);
});

test("K13 an archived organization is in no list, answers its members 409, keeps its slug, and cannot come back", async () => {
  const slug = await retired();
  await archive(alice, slug);
  for (const member of [alice, bob]) {
    expect((await member.get("/v1/me/organizations")).body.items).toEqual([]);
    const viewed = await member.get(`/v1/organizations/${slug}`);
    expect([viewed.status, viewed.body.code]).toEqual([409, "ORGANIZATION_ARCHIVED"]);
  }
  expect((await carol.get(`/v1/organizations/${slug}`)).body.code).toBe("ORGANIZATION_NOT_ACCESSIBLE");
  expect((await alice.post(`/v1/organizations/${slug}/enable`)).body.code).toBe("ORGANIZATION_ARCHIVED");
  const again = await alice.post("/v1/organizations", { slug, name: "Again" });
  expect([again.status, again.body.code]).toEqual([409, "SLUG_TAKEN"]);
  const { context } = await decide(gateway, alice, "enable", ["organization", slug]);
  expect(context.reasons).toEqual([{ code: "ORGANIZATION_ARCHIVED", kind: "frozen" }]);
  expect(await gateway.sql("select name, state from organizations where slug = $1", [slug])).toEqual([
    { name: "Organization", state: "archived" },
  ]);
});

test("S0.8 an archived organization does not count against its Owner's limit; a retired one does", async () => {
  await gateway.sql("update accounts set max_owned_organizations = 1 where alias = $1", [alice.alias]);
  const slug = await retired();
  const create = async (): Promise<unknown> => (await alice.post("/v1/organizations", { name: "Next" })).status;
  expect(await create()).toBe(409);
  const version = async (): Promise<unknown> =>
    (await gateway.sql("select version from accounts where alias = $1", [alice.alias]))[0];
  const before = await version();
  await archive(alice, slug);
  expect(await version()).not.toEqual(before); // what the account owns is a fact, and facts belong to a version
  expect(await create()).toBe(201);
});

test("archiving twice: with its Idempotency-Key the first answer again, without 409; the log tells of one", async () => {
  const slug = await retired();
  const key = { "idempotency-key": `archive-${scene}` };
  const first = must(await alice.post(pathOf(slug), { confirm: slug }, key), 200);
  const again = await alice.post(pathOf(slug), { confirm: slug }, key);
  expect([again.status, again.text, again.headers.get("etag")]).toEqual([200, first.text, first.headers.get("etag")]);
  const without = await alice.post(pathOf(slug), { confirm: slug });
  expect([without.status, without.body.reasons]).toEqual([409, [{ code: "ORGANIZATION_ARCHIVED" }]]);
  const events = await gateway.sql(
    `select e.action, e.actor_kind, e.target_id, e.before, e.after from audit_events e join organizations o on o.id = e.organization_id
     where o.slug = $1 and e.action = 'organization.archive'`,
    [slug],
  );
  const states = { before: { state: "retired" }, after: { state: "archived" } };
  expect(events).toEqual([{ action: "organization.archive", actor_kind: "account", target_id: slug, ...states }]);
});

test("a dry run answers the same and archives nothing; an If-Match of before is 412", async () => {
  const slug = await retired();
  const etag = must(await alice.get(`/v1/organizations/${slug}`), 200).headers.get("etag") ?? "";
  const stale = await alice.post(pathOf(slug), { confirm: slug }, { "if-match": '"1"' });
  expect([stale.status, stale.body.code]).toEqual([412, "PRECONDITION_FAILED"]);
  const dry = must(await alice.post(`${pathOf(slug)}?dryRun=true`, { confirm: slug }), 200);
  expect([dry.body.state, dry.headers.get("bailiwick-dry-run")]).toEqual(["archived", "true"]);
  expect((await alice.get(`/v1/organizations/${slug}`)).headers.get("etag")).toBe(etag);
  expect(must(await alice.post(pathOf(slug), { confirm: slug }, { "if-match": etag }), 200).body.state).toBe(
    "archived",
  );
});
