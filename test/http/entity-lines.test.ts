import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import path from "node:path";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { foundOrganization } from "../support/world.ts";

const RECORDS = path.resolve(import.meta.dirname, "../../examples/authzen-certification/policies");
const LINES = "application/x-ndjson";

let at: TestGateway;
let owner: Person;
beforeAll(async () => {
  at = await startTestGateway({ hostPolicies: [RECORDS] });
  owner = await at.person("owner");
});
afterAll(async () => await at.close());

interface Keeper {
  readonly slug: string;
  readonly store: Person;
  readonly import: (lines: readonly unknown[], query?: string) => Promise<Answered>;
}

let keepers = 0;

/** An organization of its own, and who keeps its entities. */
async function keeper(): Promise<Keeper> {
  const slug = await foundOrganization(owner);
  await at.sql("update accounts set max_owned_organizations = 100");
  keepers += 1;
  const store = await at.service(`store-${keepers}`, {
    scopes: ["entities:write", "authz:evaluate"],
    organizations: [slug],
  });
  const send: Keeper["import"] = async (lines, query = "") => {
    const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");
    return await sendLines(store, `/v1/organizations/${slug}/entities${query}`, text);
  };
  return { slug, store, import: send };
}

async function sendLines(by: Person, to: string, text: string, type = LINES): Promise<Answered> {
  const response = await fetch(`${at.url}${to}`, {
    method: "POST",
    headers: { authorization: `Bearer ${by.token}`, "content-type": type },
    body: text,
  });
  const answer = await response.text();
  const body = type === LINES && response.ok ? {} : (JSON.parse(answer) as Answered["body"]);
  return { status: response.status, headers: response.headers, text: answer, body };
}

function eventsOf({ status, text }: Answered): Record<string, Record<string, unknown>>[] {
  expect(status).toBe(200);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>);
}

const record = (id: string, ...owners: readonly string[]): object => ({
  type: "record",
  id,
  attributes: { status: "active" },
  relations: { owner: owners.map((name) => ({ type: "user", id: name })) },
});

describe("an import", () => {
  test("stores what its lines say, whatever was there, and tells how many; the same lines again change nothing", async () => {
    const { import: send, store, slug } = await keeper();
    const lines = [record("r-1", "ann", "bea"), { type: "user", id: "ann" }, { type: "user", id: "bea" }, ""];
    expect(eventsOf(await send(lines)).at(-1)).toEqual({ done: { lines: 3, stored: 3, unchanged: 0, refused: 0 } });
    expect(eventsOf(await send(lines)).at(-1)).toEqual({ done: { lines: 3, stored: 0, unchanged: 3, refused: 0 } });
    expect(eventsOf(await send([record("r-1", "bea")])).at(-1)).toMatchObject({ done: { stored: 1 } });
    const read = await store.get(`/v1/organizations/${slug}/entities/record/r-1`);
    expect(read.body["relations"]).toEqual({ owner: [{ type: "user", id: "bea" }] });
  });

  test("leaves a broken line out and says which and why; the others are in", async () => {
    const { import: send, store, slug } = await keeper();
    const lines = Array.from({ length: 1000 }, (_, index) => {
      if (index % 100 !== 50) return record(`r-${index}`, `u-${index}`);
      return [
        "{",
        { type: "record", id: "x" },
        { type: "record", id: "x", attributes: { status: "lost" } },
        { type: "spaceship", id: "x" },
        { type: "record", id: "x".repeat(257), attributes: { status: "active" } },
        { ...record("x"), colour: "red" },
        { ...record("x"), relations: { captain: [{ type: "user", id: "u" }] } },
        { ...record("x"), relations: { owner: [{ type: "account", id: "owner" }] } },
        `{"type":"user","id":"${"x".repeat(70_000)}"}`,
        { type: "user", id: "nul\u0000" },
      ][Math.floor(index / 100)];
    });
    const events = eventsOf(await send(lines));
    expect(events.at(-1)).toEqual({ done: { lines: 1000, stored: 990, unchanged: 0, refused: 10 } });
    const refused = events.flatMap(({ refused: each }) => (each === undefined ? [] : [each]));
    expect(refused.map(({ line }) => line)).toEqual([51, 151, 251, 351, 451, 551, 651, 751, 851, 951]);
    expect(refused.map(({ code }) => code)).toEqual([
      "MALFORMED_JSON",
      "INVALID_REQUEST",
      "INVALID_REQUEST",
      "NOT_FOUND",
      "INVALID_REQUEST",
      "INVALID_REQUEST",
      "INVALID_REQUEST",
      "INVALID_REQUEST",
      "INVALID_REQUEST",
      "INVALID_REQUEST",
    ]);
    const places = refused.flatMap(({ issues }) =>
      ((issues ?? []) as readonly { path: string }[]).map(({ path }) => path),
    );
    expect(places.length).toBeGreaterThan(5);
    expect(places).toEqual(expect.arrayContaining(["body.attributes.status", "body.relations.captain"]));
    expect(places.filter((place) => !/^body(\.|$)/.test(place))).toEqual([]); // one form, as where it is stored alone
    expect((await store.get(`/v1/organizations/${slug}/entities/record/r-999`)).status).toBe(200);
    expect((await store.get(`/v1/organizations/${slug}/entities/record/x`)).status).toBe(404);
  });

  test("says how far it is while it works, and files no more tuples at once than one Write takes", async () => {
    const { import: send, slug } = await keeper();
    const lines = Array.from({ length: 2500 }, (_, index) => record(`r-${index}`, `u-${index % 7}`));
    const events = eventsOf(await send(lines));
    expect(events.filter(({ progress }) => progress !== undefined).length).toBeGreaterThan(0);
    expect(events.at(-1)).toMatchObject({ done: { lines: 2500, stored: 2500 } });
    const [row] = await at.sql<{ filed: number; applied: number }>(
      "select o.tuples_filed::int as filed, g.applied::int from organizations o join graph_positions g on g.organization_id = o.id where o.slug = $1",
      [slug],
    );
    expect(row?.applied).toBe(row?.filed); // all of it is in the graph when it says that it is done
    // Two tuples a line: a record hangs under its organization too. 98 of them make a row; one row is the organization's own.
    expect(row?.filed).toBe(1 + Math.ceil(5000 / 98));
  });

  test("that is a dry run stores nothing and says the same", async () => {
    const { import: send, store, slug } = await keeper();
    const lines = [record("r-1", "ann"), { type: "spaceship", id: "x" }];
    const dry = await send(lines, "?dryRun=true");
    expect(dry.headers.get("bailiwick-dry-run")).toBe("true");
    expect(eventsOf(dry).at(-1)).toEqual({ done: { lines: 2, stored: 1, unchanged: 0, refused: 1 } });
    expect((await store.get(`/v1/organizations/${slug}/entities/record/r-1`)).status).toBe(404);
  });

  test("says of an entity that stands in several lines what it would say for real", async () => {
    const { import: send } = await keeper();
    const lines = [record("r-1", "ann"), record("r-1", "ann"), record("r-1", "bea"), record("r-1", "ann")];
    const dry = eventsOf(await send(lines, "?dryRun=true"));
    expect(dry.at(-1)).toEqual({ done: { lines: 4, stored: 3, unchanged: 1, refused: 0 } });
    expect(eventsOf(await send(lines))).toEqual(dry);
    const again = [record("r-1", "bea"), record("r-1", "ann"), record("r-1", "ann")];
    const dryAgain = eventsOf(await send(again, "?dryRun=true"));
    expect(dryAgain.at(-1)).toEqual({ done: { lines: 3, stored: 2, unchanged: 1, refused: 0 } });
    expect(eventsOf(await send(again))).toEqual(dryAgain);
  });

  test("is refused as a whole, before its first line, to who may not, in a frozen organization, and of another type", async () => {
    const { slug, store } = await keeper();
    const to = `/v1/organizations/${slug}/entities`;
    const answers = [
      await sendLines(owner, to, "{}"),
      await sendLines(at.shop, to, "{}"),
      await sendLines(store, "/v1/organizations/nowhere/entities", "{}"),
      await sendLines(store, to, "{}", "application/json"),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 415]);
    await owner.post(`/v1/organizations/${slug}/retire`);
    expect((await sendLines(store, to, "{}")).status).toBe(409);
  });
});

test("an export gives what an import takes: into another organization, everything is the same there", async () => {
  const [from, to] = [await keeper(), await keeper()];
  const awkward = ["a/b", "a:b#c@d", "{x}", " ", "ß漢字🙂", "..", "%2F", "\"'\\", "user:*"];
  await from.import(awkward.map((id) => record(id, ...awkward)));
  await from.import(awkward.map((id) => ({ type: "user", id, attributes: { role: "admin" } })));
  const exported = await from.store.get(`/v1/organizations/${from.slug}/entities`);
  expect(eventsOf(exported)).toHaveLength(2 * awkward.length);
  expect(eventsOf(await to.import([exported.text])).at(-1)).toMatchObject({ done: { stored: 2 * awkward.length } });
  const again = await to.store.get(`/v1/organizations/${to.slug}/entities`);
  expect(again.text).toBe(exported.text);
  const users = await to.store.get(`/v1/organizations/${to.slug}/entities?type=user`);
  expect(eventsOf(users)).toHaveLength(awkward.length);
});
