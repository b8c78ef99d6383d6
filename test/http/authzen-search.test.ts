/** AUTHZEN.md about the three searches, a rule a test; each title quotes its rule. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { fill } from "../support/crowd.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let carol: Person;
let slug: string;
let other: string;
let invitation: string;
let sectors: string[];

beforeAll(async () => {
  gateway = await startTestGateway();
  [alice, bob, carol] = await Promise.all([gateway.person("alice"), gateway.person("bob"), gateway.person("carol")]);
  [slug, other] = [await foundOrganization(alice), await foundOrganization(alice)];
  const made = await Promise.all([1, 2, 3, 4, 5].map(async () => await addApplication(alice, slug)));
  sectors = made.map(({ sector }) => sector).sort();
  await addApplication(alice, other);
  await addMember(alice, slug, bob, "viewer");
  const body = { alias: carol.alias, role: "viewer" };
  invitation = String(must(await alice.post(`/v1/organizations/${slug}/invitations`, body), 201).body.id);
});
afterAll(async () => await gateway.close());

type Members = Readonly<Record<string, unknown>>;
interface Found {
  readonly results: readonly { readonly type?: string; readonly id?: string; readonly name?: string }[];
  readonly page: { readonly next_token: string; readonly count: number; readonly cut?: "deadline" };
}

const account = (person: Person): Members => ({ type: "account", id: person.alias });
const organization = (): Members => ({ type: "organization", id: slug });

async function search(what: string, body: Members, by: Person = gateway.shop, at = ""): Promise<Answered> {
  return await by.post(`${at}/access/v1/search/${what}`, body);
}

async function found(what: string, body: Members, by: Person = gateway.shop, at = ""): Promise<Found> {
  const answer = must(await search(what, body, by, at), 200);
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  const { context, ...rest } = answer.body;
  const { unit } = gateway.gateway.deps;
  expect(context).toEqual({ id: expect.stringMatching(/^dec-/), unit }); // an id of its own each time
  return rest as unknown as Found; // the contract tests hold its shape
}

const whoViews = (): Members => ({ subject: { type: "account" }, action: { name: "view" }, resource: organization() });
const whatBobViews = (type = "sector"): Members => {
  return { subject: account(bob), action: { name: "view" }, resource: { type } };
};
const WHOLE = { next_token: "" };
/** People come in an order that nobody sees. */
const byId = (results: Found["results"]): Found["results"] =>
  [...results].sort((one, other) => (one.id ?? "").localeCompare(other.id ?? ""));

describe("Results", () => {
  test('"`results` are bare `{type,id}` (or `{name}`) objects"', async () => {
    const subjects = [alice, bob].map(account);
    const { results: people, ...whole } = await found("subject", whoViews());
    expect([byId(people), whole]).toEqual([subjects, { page: { ...WHOLE, count: 2 } }]);
    const resources = sectors.map((id) => ({ type: "sector", id }));
    expect(await found("resource", whatBobViews())).toEqual({ results: resources, page: { ...WHOLE, count: 5 } });
    const viewed = ["list_sectors", "list_applications", "list_members", "view_connectors", "view_domains"];
    const results = ["view", ...viewed].map((name) => ({ name }));
    const asked = { subject: account(bob), resource: organization() };
    expect(await found("action", asked)).toEqual({ results, page: { ...WHOLE, count: 6 } });
  });

  test('"the searched entity\'s `id` is ignored if sent"', async () => {
    const withIds = { ...whoViews(), subject: { ...account(bob), id: "nobody" } };
    expect(await found("subject", withIds)).toEqual(await found("subject", whoViews()));
    const strange = { ...whatBobViews(), resource: { type: "sector", id: 7 } };
    expect(await found("resource", strange)).toEqual(await found("resource", whatBobViews()));
  });

  test('"action search has no `action`": one that is sent is ignored', async () => {
    const asked = { subject: account(bob), resource: organization() };
    expect(await found("action", { ...asked, action: 7 })).toEqual(await found("action", asked));
  });

  test('"an unknown type gives 200 `[]`"', async () => {
    const none = { results: [], page: { ...WHOLE, count: 0 } };
    expect(await found("subject", { ...whoViews(), subject: { type: "robot" } })).toEqual(none);
    expect(await found("subject", { ...whoViews(), resource: { type: "building", id: "1" } })).toEqual(none);
    expect(await found("resource", whatBobViews("building"))).toEqual(none);
    expect(await found("resource", { ...whatBobViews(), subject: { type: "robot", id: "1" } })).toEqual(none);
    for (const entity of [{ subject: { type: "robot", id: "1" } }, { resource: { type: "building", id: "1" } }]) {
      const asked = { subject: account(bob), resource: organization(), ...entity };
      expect(await found("action", asked)).toEqual(none);
    }
  });

  test("an unknown id, alias or action finds nothing", async () => {
    const none = { results: [], page: { ...WHOLE, count: 0 } };
    expect(await found("subject", { ...whoViews(), action: { name: "fly" } })).toEqual(none);
    expect(await found("subject", { ...whoViews(), resource: { type: "organization", id: "no-such" } })).toEqual(none);
    expect(await found("resource", { ...whatBobViews(), subject: { type: "account", id: "no-such" } })).toEqual(none);
    expect(await found("action", { subject: account(bob), resource: { type: "sector", id: "no" } })).toEqual(none);
  });

  test('"Subject search over `account` covers the organization\'s accounts": an invited one is one', async () => {
    const resource = { type: "invitation", id: invitation };
    const asked = { subject: { type: "account" }, action: { name: "accept" }, resource };
    expect((await found("subject", asked)).results).toEqual([account(carol)]);
    const view = { ...asked, action: { name: "view" } };
    expect(byId((await found("subject", view)).results)).toEqual([alice, carol].map(account));
  });

  test("of an account, only itself is found", async () => {
    const asked = { subject: { type: "account" }, action: { name: "edit" }, resource: account(bob) };
    expect((await found("subject", asked)).results).toEqual([account(bob)]);
    const mine = { subject: account(bob), action: { name: "edit" }, resource: { type: "account" } };
    expect((await found("resource", mine)).results).toEqual([account(bob)]);
  });
});

describe("Pages", () => {
  test('"`page{limit,token}` in, `page{next_token,count}` out, `next_token:""` at the end", and "a page that is not the last always carries a token"', async () => {
    const searches: [string, Members, number][] = [
      ["resource", whatBobViews(), 5],
      ["subject", whoViews(), 2],
      ["action", { subject: account(bob), resource: organization() }, 4],
    ];
    for (const [what, asked, count] of searches) {
      const whole = await found(what, asked);
      for (const limit of [1, 2, 3, count, count + 1]) {
        const pages: Found[] = [];
        let token = "";
        do {
          const page = await found(what, { ...asked, page: { limit, ...(token !== "" && { token }) } });
          pages.push(page);
          expect(page.page.count).toBe(page.results.length);
          expect(page.results.length).toBeLessThanOrEqual(limit);
          token = page.page.next_token;
        } while (token !== "");
        expect(pages.flatMap(({ results }) => results)).toEqual(whole.results);
        // Those before the last had a token, for all was found; and each is full, for nothing else ended it.
        expect(pages.slice(0, -1).every(({ results }) => results.length === limit)).toBe(true);
      }
    }
  });

  test('"changing the question between pages is 400": so is another caller, or another decision point', async () => {
    const { page } = await found("resource", { ...whatBobViews(), page: { limit: 2 } });
    const next = { page: { limit: 2, token: page.next_token } };
    expect((await found("resource", { ...whatBobViews(), ...next })).results).toHaveLength(2);
    const changed = [
      await search("resource", { ...whatBobViews("application"), ...next }),
      await search("resource", { ...whatBobViews(), action: { name: "retire" }, ...next }),
      await search("resource", { ...whatBobViews(), context: { more: 1 }, ...next }),
      await search("resource", { ...whatBobViews(), ...next }, bob),
      await search("resource", { ...whatBobViews(), ...next }, gateway.shop, `/o/${slug}`),
      await search("subject", { ...whoViews(), ...next }),
      await search("resource", { ...whatBobViews(), page: { token: `${page.next_token}x` } }),
    ];
    for (const answer of changed) expect([answer.status, answer.body.code]).toEqual([400, "INVALID_REQUEST"]);
  });

  test("the order of the question's members changes nothing", async () => {
    const ordered = { ...whatBobViews(), context: { a: 1, b: { c: [1], d: 2 } } };
    const { page } = await found("resource", { ...ordered, page: { limit: 2 } });
    const turned = { page: { token: page.next_token }, context: { b: { d: 2, c: [1] }, a: 1 }, ...whatBobViews() };
    expect((await found("resource", turned)).results).toHaveLength(3);
  });

  test('"default limit 50": a page of which nothing is said has as many, and a token when there are more', async () => {
    const dora = await gateway.person("dora");
    const many = await foundOrganization(dora);
    await fill(gateway, many, { size: 51, state: "enabled" });
    const asked = { subject: account(dora), action: { name: "view" }, resource: { type: "sector" } };
    for (const more of [{}, { page: {} }, { page: { token: "" } }]) {
      const first = await found("resource", { ...asked, ...more }, gateway.shop, `/o/${many}`);
      expect([first.results.length, first.page.count]).toEqual([50, 50]);
      const next = { ...asked, page: { token: first.page.next_token } };
      const rest = await found("resource", next, gateway.shop, `/o/${many}`);
      expect([rest.results.length, rest.page]).toEqual([1, { ...WHOLE, count: 1 }]);
    }
  });

  test("the most of a page is 500, and one more is 400, as is less than one", async () => {
    expect((await search("subject", { ...whoViews(), page: { limit: LIMITS.searchPage } })).status).toBe(200);
    for (const limit of [LIMITS.searchPage + 1, 0, -1, 1.5, "2", null]) {
      const answer = await search("subject", { ...whoViews(), page: { limit } });
      expect([limit, answer.status]).toEqual([limit, 400]);
    }
    expect((await search("subject", { ...whoViews(), page: null })).status).toBe(400);
  });
});

describe("Who may", () => {
  test("a service needs the scope authz:search", async () => {
    const narrow = await gateway.service("narrow", { scopes: ["authz:evaluate"] });
    const asked = { subject: account(bob), resource: organization() };
    for (const [what, body] of [
      ["subject", whoViews()],
      ["resource", whatBobViews()],
      ["action", asked],
    ] as const) {
      expect((await search(what, body, narrow)).body.code).toBe("SCOPE_MISSING");
      const strange = { ...body, resource: { type: "building", id: "1" } };
      expect((await search(what, strange, narrow)).body.code).toBe("SCOPE_MISSING");
    }
  });

  test("people search about themselves, and never for subjects", async () => {
    expect(await found("resource", whatBobViews(), bob)).toEqual(await found("resource", whatBobViews()));
    const own = { subject: account(bob), resource: organization() };
    expect(await found("action", own, bob)).toEqual(await found("action", own));
    expect((await search("resource", whatBobViews(), alice)).body.code).toBe("NOT_ABOUT_SELF");
    expect((await search("action", own, alice)).body.code).toBe("NOT_ABOUT_SELF");
    expect((await search("subject", whoViews(), alice)).body.code).toBe("NOT_A_CLIENT");
  });

  test("at a decision point of an organization, and to a service bound to one, only what is in it is found", async () => {
    const asked = { ...whatBobViews("organization"), subject: account(alice) };
    expect((await found("resource", asked)).results).toHaveLength(2);
    const bound = await gateway.service("bound", { scopes: ["authz:search"], organizations: [slug] });
    const one = [{ type: "organization", id: slug }];
    expect((await found("resource", asked, bound)).results).toEqual(one);
    expect((await found("resource", asked, gateway.shop, `/o/${slug}`)).results).toEqual(one);
    expect((await found("resource", asked, bound, `/o/${other}`)).results).toEqual([]);
    const elsewhere = { ...whoViews(), resource: { type: "organization", id: other } };
    expect((await found("subject", elsewhere, bound)).results).toEqual([]);
    expect((await found("subject", whoViews(), gateway.shop, `/o/${other}`)).results).toEqual([]);
    expect((await found("subject", whoViews(), bound)).results).toHaveLength(2);
  });
});
