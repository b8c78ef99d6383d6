/** The audit log as its readers have it: filters, pages, and the export. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, foundOrganization, must, retireEverything } from "../support/world.ts";

interface Event {
  readonly id: string;
  readonly at: string;
  readonly action: string;
  readonly actor: { readonly id: string; readonly alias: string | null };
  readonly target: { readonly kind: string; readonly id: string; readonly alias: string | null };
  readonly rule: string | null;
}

let gateway: TestGateway;
let alice: Person;
let admin: Person;
let slug: string;
let sector: string;
/** Newest first. */
let all: readonly Event[];

beforeAll(async () => {
  gateway = await startTestGateway();
  alice = await gateway.person("alice");
  admin = await gateway.person("the-admin");
  slug = await foundOrganization(alice);
  await addMember(alice, slug, admin, "admin");
  ({ sector } = await addApplication(alice, slug));
  for (const name of ["One", "Two", "Three"]) {
    must(await admin.patch(`/v1/organizations/${slug}/sectors/${sector}`, { name }), 200);
  }
  must(await alice.patch(`/v1/organizations/${slug}`, { name: "Renamed" }), 200);
  must(await alice.patch(`/v1/organizations/${slug}/members/${admin.alias}`, { role: "owner" }), 200);
  all = itemsOf(must(await alice.get(path("?page_size=100")), 200));
});
afterAll(async () => await gateway.close());

const path = (query = ""): string => `/v1/organizations/${slug}/audit${query}`;
const exportPath = (query = ""): string => `/v1/organizations/${slug}/audit/export${query}`;
const itemsOf = (answer: Answered): readonly Event[] => answer.body.items as readonly Event[];
const ids = (events: readonly Event[]): string[] => events.map(({ id }) => id);
const linesOf = ({ text }: Answered): Event[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Event);

/** The query, and what it says in words. */
function filters(): [query: string, holds: (event: Event) => boolean][] {
  const middle = all[3]?.at ?? "";
  return [
    ["action=sector.rename", ({ action }) => action === "sector.rename"],
    ["action=sector.retire", () => false],
    [`actor=${admin.alias}`, ({ actor }) => actor.alias === admin.alias],
    ["actor=nobody-here", () => false],
    ["target_kind=sector", ({ target }) => target.kind === "sector"],
    [`target_id=${sector}`, ({ target }) => target.id === sector],
    [`target_kind=member&target_id=${admin.alias}`, ({ target }) => target.alias === admin.alias],
    ["target_kind=member&target_id=nobody-here", () => false],
    [`target_kind=application&target_id=${sector}`, () => false],
    [`since=${middle}`, ({ at }) => at >= middle],
    [`until=${middle}`, ({ at }) => at < middle],
    [`since=${middle}&until=${middle}`, () => false],
    [
      `actor=${admin.alias}&target_kind=sector&since=${middle}`,
      (event) => {
        return event.actor.alias === admin.alias && event.target.kind === "sector" && event.at >= middle;
      },
    ],
    [
      `actor=${alice.alias}&action=member.add`,
      (event) => event.actor.alias === alice.alias && event.action === "member.add",
    ],
  ];
}

describe("Filters", () => {
  test("each, and several together, give exactly the events that they say, newest first", async () => {
    for (const [query, holds] of filters()) {
      const found = itemsOf(must(await alice.get(path(`?${query}`)), 200));
      expect([query, ids(found)]).toEqual([query, ids(all.filter(holds))]);
    }
    const kinds = filters().map(([, holds]) => all.filter(holds).length);
    expect(kinds.filter((count) => count > 0 && count < all.length).length).toBeGreaterThan(7); // they tell events apart
  });

  test("are kept from page to page: the pages together are the whole, and a token serves no other filter", async () => {
    const query = "target_kind=sector&page_size=2";
    const found: Event[] = [];
    let token = "";
    do {
      const page = must(await alice.get(path(`?${query}&page_token=${token}`)), 200);
      found.push(...itemsOf(page));
      const next = page.body.next_page_token ?? "";
      if (next !== "") {
        for (const other of ["target_kind=member", `${query}&action=sector.rename`, ""]) {
          const answer = await alice.get(path(`?${other}&page_token=${next}`));
          expect([other, answer.status, answer.body.code]).toEqual([other, 400, "INVALID_REQUEST"]);
        }
      }
      token = next;
    } while (token !== "");
    expect(ids(found)).toEqual(ids(all.filter(({ target }) => target.kind === "sector")));
    expect(found.length).toBeGreaterThan(2);
  });

  test.each([
    ["action=Sector"],
    ["action="],
    ["actor=A"],
    ["target_kind=Sector"],
    ["target_id="],
    ["target_id=%00"],
    ["since=yesterday"],
    ["since=2026-02-30T00:00:00Z"],
    ["until=2026-01-01"],
    ["until=2026-01-01T00:00:00"],
    ["actor=alice&actor=bob"],
    ["toString=1"],
  ])("%s is refused", async (query) => {
    expect(await alice.get(path(`?${query}`))).toMatchObject({ status: 400, body: { code: "INVALID_REQUEST" } });
    expect(await alice.get(exportPath(`?${query}`))).toMatchObject({ status: 400, body: { code: "INVALID_REQUEST" } });
  });

  test.each([["since=0000-01-01T00:00:00Z"], ["until=9999-12-31T23:59:59.999999Z"]])(
    "%s is a time like others",
    async (query) => {
      expect(itemsOf(must(await alice.get(path(`?${query}`)), 200)).length).toBe(all.length);
    },
  );

  test("events of one moment, and a clock that went back, are paged through without loss", async () => {
    const place = await foundOrganization(alice);
    const [{ id } = { id: "" }] = await gateway.sql<{ id: string }>("select id from organizations where slug = $1", [
      place,
    ]);
    await gateway.sql(
      `insert into audit_events (organization_id, version, ordinal, at, actor_kind, actor, action, target_kind, target_id)
       select $1, 100 + n / 2, n % 2 + 1, now() - interval '1 s' * (n / 5), 'system', 'system', 'sector.retire', 'sector', 'sec-' || n
       from generate_series(1, 40) n`,
      [id],
    );
    const found: string[] = [];
    let token = "";
    do {
      const page = must(await alice.get(`/v1/organizations/${place}/audit?page_size=3&page_token=${token}`), 200);
      found.push(...ids(itemsOf(page)));
      token = page.body.next_page_token ?? "";
    } while (token !== "");
    expect(new Set(found).size).toBe(42);
    expect(found.length).toBe(42);
  });
});

describe("The export", () => {
  test("is the whole log, oldest first, and its own event is the last line", async () => {
    const before = itemsOf(must(await alice.get(path("?page_size=100")), 200));
    const answer = must(await alice.get(exportPath()), 200);
    expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
    const lines = linesOf(answer);
    const [last] = lines.slice(-1);
    expect(last).toMatchObject({
      ...{ action: "audit.export", rule: "organization#export_audit" },
      ...{ actor: { alias: alice.alias }, target: { kind: "organization", id: slug } },
    });
    expect(lines.slice(0, -1)).toEqual(before.toReversed());
  });

  test("has what the same filters list", async () => {
    for (const [query] of filters()) {
      const listed = itemsOf(must(await alice.get(path(`?${query}&page_size=100`)), 200));
      const lines = linesOf(must(await alice.get(exportPath(`?${query}`)), 200));
      const old = lines.filter(({ action }) => action !== "audit.export");
      const older = listed.filter(({ action }) => action !== "audit.export");
      expect([query, ids(old)]).toEqual([query, ids(older).toReversed()]);
    }
  });

  test("is refused as the list is, and then is no event", async () => {
    const member = await gateway.person("a-member");
    await addMember(alice, slug, member, "member");
    const stranger = await gateway.person("a-stranger");
    const count = async (): Promise<number> => (await exportsOf(slug)).length;
    const before = await count();
    for (const by of [member, stranger]) {
      const [list, whole] = [await by.get(path()), await by.get(exportPath())];
      expect([whole.status, whole.body.code]).toEqual([list.status, list.body.code]);
      expect(whole.status).toBe(403);
    }
    expect(await count()).toBe(before);
  });

  test("works in a frozen organization, which stays frozen", async () => {
    const frozen = await foundOrganization(alice);
    await addApplication(alice, frozen);
    await retireEverything(alice, frozen);
    const answer = must(await alice.get(`/v1/organizations/${frozen}/audit/export`), 200);
    expect(linesOf(answer).at(-1)).toMatchObject({ action: "audit.export" });
    expect((await alice.get(`/v1/organizations/${frozen}`)).body.state).toBe("retired");
  });

  test("HEAD writes it down too, and has no body", async () => {
    const before = (await exportsOf(slug)).length;
    const response = await fetch(`${gateway.url}${exportPath()}`, {
      method: "HEAD",
      headers: { authorization: `Bearer ${alice.token}` },
    });
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect((await exportsOf(slug)).length).toBe(before + 1);
  });
});

const exportsOf = async (of: string): Promise<object[]> =>
  await gateway.sql(
    `select e.version from audit_events e join organizations o on o.id = e.organization_id
     where o.slug = $1 and e.action = 'audit.export'`,
    [of],
  );
