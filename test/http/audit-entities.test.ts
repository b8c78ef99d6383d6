/**
 * Changes of entities append to the newest version of the organization's log, which stays the newest: pages and exports over it are
 * whole all the same, also while entities are being stored.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import type { Statement } from "../../src/stores/database.ts";
import { addEntity, addKeeper, DOCUMENTS, entityPath, group, LINES } from "../support/documents.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addMember, foundOrganization, must } from "../support/world.ts";

interface Event {
  readonly id: string;
  readonly action: string;
  readonly actor: { readonly kind: string; readonly alias: string | null };
  readonly target: { readonly kind: string; readonly id: string };
  readonly before: object | null;
  readonly after: object | null;
}

/** More than three pages of an export, all of one version. */
const MANY = 3 * LIMITS.exportPage + 7;

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let keeper: Person;
let slug: string;
let id: string;
beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [DOCUMENTS] });
  [alice, bob] = [await gateway.person("alice"), await gateway.person("bob")];
  slug = await foundOrganization(alice);
  await addMember(alice, slug, bob, "viewer");
  keeper = await addKeeper(gateway, "keeper", [slug]);
  [{ id }] = (await gateway.sql<{ id: string }>("select id from organizations where slug = $1", [slug])) as [
    { id: string },
  ];
  await gateway.sql(
    `insert into audit_events (organization_id, version, ordinal, at, actor_kind, actor, action, target_kind, target_id, after)
     select o.id, o.version, 100 + n, now() - interval '1 minute' + interval '1 ms' * n, 'client', 'cli-1', 'entity.store', 'group', 'g-' || n,
       '{"revision":1,"relations":0}'
     from organizations o, generate_series(1, $2::int) n where o.id = $1`,
    [id, MANY],
  );
});
afterAll(async () => await gateway.close());

const at = (rest: string): string => `/v1/organizations/${slug}${rest}`;
const ids = (events: readonly Event[]): string[] => events.map((event) => event.id);

async function exported(query = ""): Promise<Event[]> {
  const { text } = must(await alice.get(at(`/audit/export${query}`)), 200);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Event);
}

/** Every page, newest first; `between` runs after each. */
async function listed(
  query: string,
  between: () => Promise<void> = async () => await Promise.resolve(),
): Promise<Event[]> {
  const found: Event[] = [];
  let token = "";
  do {
    const page = must(await alice.get(at(`/audit?page_size=100${query}&page_token=${token}`)), 200);
    found.push(...(page.body.items as Event[]));
    token = page.body.next_page_token ?? "";
    await between();
  } while (token !== "");
  return found;
}

async function ledger(): Promise<string[]> {
  const rows = await gateway.sql<{ id: string }>(
    "select version || '.' || ordinal as id from audit_events where organization_id = $1 order by at, version, ordinal",
    [id],
  );
  return rows.map((row) => row.id);
}

let stored = 0;
async function store(): Promise<void> {
  stored += 1;
  await addEntity(keeper, slug, `stored-${stored}`);
}

/** Does this whenever a page of an export is read. */
async function whileExporting(then: () => Promise<void>, work: () => Promise<void>): Promise<void> {
  const { deps } = gateway.gateway;
  const { database } = deps;
  Object.assign(deps, {
    database: {
      ...database,
      transaction: async <Result>(change: Parameters<typeof database.transaction<Result>>[0]) =>
        await database.transaction<Result>(async (tx) => {
          return await change({
            ...tx,
            query: async <Row extends object>(statement: Statement) => {
              const rows = await tx.query<Row>(statement);
              if (statement.name.startsWith("audit_oldest")) await then();
              return rows;
            },
          });
        }),
    },
  });
  try {
    await work();
  } finally {
    Object.assign(deps, { database });
  }
}

test("what a service does to entities is told without attributes and without anybody's name, and found by the kind", async () => {
  const secret = "Salaries 2027";
  const path = entityPath(slug, { type: "group", id: "told" });
  const relations = { member: [{ type: "account", id: bob.alias }] };
  must(await keeper.put(path, { ...group(secret), relations }), 201);
  must(await keeper.patch(path, { attributes: { title: `${secret}!` }, unrelate: relations }), 200);
  must(await keeper.delete(path), 204);
  const line = JSON.stringify({ type: "group", id: "imported", ...group(secret), relations });
  must(await keeper.post(at("/entities"), line, LINES), 200);
  const { body, text } = must(await alice.get(at("/audit?page_size=4")), 200);
  expect(
    (body.items as Event[]).map(({ action, target, before, after }) => [action, target.id, before, after]),
  ).toEqual([
    ["entities.import", slug, null, { stored: 1 }],
    ["entity.remove", "told", { revision: 2, relations: 0, pointedTo: 0 }, null],
    ["entity.store", "told", { revision: 1, relations: 1 }, { revision: 2, relations: 0 }],
    ["entity.store", "told", null, { revision: 1, relations: 1 }],
  ]);
  expect((body.items as Event[]).map(({ actor }) => [actor.kind, actor.alias])).toEqual(
    Array(4).fill(["client", null]),
  );
  expect(text).not.toMatch(/Salaries|bob/);
  const ofKind = await listed("&target_kind=group&target_id=told");
  expect(ofKind.map(({ action }) => action)).toEqual(["entity.remove", "entity.store", "entity.store"]);
  expect((await alice.get(at("/audit?target_kind=kind_2"))).status).toBe(200); // names of kinds have digits
});

test("the pages of the list are the whole log, and what is stored between them moves none of it", async () => {
  await store();
  const whole = (await ledger()).reverse();
  expect(ids(await listed("", store))).toEqual(whole);
  expect((await ledger()).length).toBeGreaterThan(whole.length + 3);
});

test("an export is the whole log up to its own event, and ends there while entities are being stored", async () => {
  await store();
  const before = await ledger();
  let pages = 0;
  await whileExporting(
    async () => {
      pages += 1;
      for (let count = 0; count < 3; count += 1) await store();
    },
    async () => {
      const events = await exported();
      expect(ids(events.slice(0, -1))).toEqual(before);
      expect(events.at(-1)).toMatchObject({ action: "audit.export" });
    },
  );
  expect(pages).toBeGreaterThan(3);
  // What came meanwhile stands behind the event of that export, at its version, and is in the next one.
  const next = ids(await exported());
  expect(next.slice(0, before.length)).toEqual(before);
  expect(next.length).toBe(before.length + 1 + 3 * pages + 1);
});
