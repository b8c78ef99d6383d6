/** With 100,000 events in an organization, and as many in another: every filter's page is read from an index. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import pg from "pg";
import type { AuditFilters } from "../../src/entities/records.ts";
import { exportAuditEvents, listAuditEvents } from "../../src/stores/audit.ts";
import { type Database, openDatabase, type Transaction } from "../../src/stores/database.ts";
import { migrate } from "../../src/stores/migrate.ts";
import { inOrganization } from "../../src/stores/scope.ts";
import { makeDatabase, openPool, type TestDatabase } from "../support/engines.ts";

const EVENTS = 100_000;
const PEOPLE = 50;
const SIZE = 50;
const BEGAN = Date.parse("2026-01-01T00:00:00Z");
const at = (event: number): Date => new Date(BEGAN + event * 1_000);

let database: TestDatabase;
let superuser: pg.Pool;
let ledger: Database;

beforeAll(async () => {
  database = await makeDatabase();
  await migrate(database.url, () => undefined);
  superuser = openPool(database.url);
  const timeouts = { statementTimeoutMs: 20_000, lockTimeoutMs: 5_000 };
  ledger = openDatabase({ url: database.url, role: "bailiwick_app", connections: 2, ...timeouts });
  await superuser.query(
    `insert into accounts (id, alias, pseudonym, created_at, updated_at)
     select 'acc-' || n, 'person-' || n, 'p-' || n, now(), now() from generate_series(0, $1::int) n`,
    [PEOPLE],
  );
  for (const id of ["org-long", "org-other"]) await fill(id);
  await superuser.query("analyze");
});
afterAll(async () => {
  await ledger.close();
  await superuser.end();
  await database.drop();
});

/** Fifty people by turns; each hundredth event is of one action, of one kind and about one thing. */
async function fill(id: string): Promise<void> {
  await superuser.query(
    `with founded as (
       insert into organizations (id, slug, name, state, founded_by, created_at, updated_at)
       values ($1, $1, 'Name', 'active', 'acc-0', now(), now()))
     insert into memberships (organization_id, account_id, role, created_at, updated_at) values ($1, 'acc-0', 'owner', now(), now())`,
    [id],
  );
  await superuser.query(
    `insert into audit_pseudonyms select $1, 'acc-' || n, $1 || '-a-' || n from generate_series(0, $2::int) n`,
    [id, PEOPLE],
  );
  await superuser.query(
    `insert into audit_events (organization_id, version, ordinal, at, actor_kind, actor, action, target_kind, target_id)
     select $1, n, 1, $2::timestamptz + n * interval '1 s', 'account', $1 || '-a-' || n % $4::int,
       case when n % 100 = 0 then 'sector.retire' else 'member.change_role' end,
       case when n % 100 = 0 then 'sector' else 'member' end,
       case when n % 100 = 0 then 'sec-one' else $1 || '-a-' || n % 7 end
     from generate_series(1, $3::int) n`,
    [id, at(0), EVENTS, PEOPLE],
  );
}

/** A node of a plan as Postgres explains it. */
interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly Plan[];
}

function nodes(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)];
}

interface Explained {
  readonly found: number;
  /** Rows of the log that were looked at. */
  readonly looked: number;
  readonly indexes: readonly string[];
}

function literal(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "number") return String(value);
  if (value instanceof Date) return pg.escapeLiteral(value.toISOString());
  if (typeof value === "string") return pg.escapeLiteral(value);
  throw new Error("a parameter of another type");
}

/** Asks, and has Postgres tell how the one statement was answered. */
async function explained(ask: (tx: Transaction) => Promise<{ items: readonly unknown[] }>): Promise<Explained> {
  return await inOrganization(ledger, "org-long", async (tx) => {
    const plans: Plan[] = [];
    const { items } = await ask({
      open: true,
      query: async <Row extends object>(statement: Parameters<typeof tx.query>[0]) => {
        // Five times a statement is planned for its values, then for any: both plans must do.
        for (const mode of ["force_custom_plan", "force_generic_plan"]) {
          await tx.query({ name: "", text: `set local plan_cache_mode = ${mode}`, values: [] });
          await tx.query({ name: "", text: `prepare asked as ${statement.text}`, values: [] });
          const text = `explain (analyze, format json) execute asked (${statement.values.map(literal).join(", ")})`;
          const [row] = await tx.query<{ "QUERY PLAN": [{ Plan: Plan }] }>({ name: "", text, values: [] });
          if (row !== undefined) plans.push(row["QUERY PLAN"][0].Plan);
          await tx.query({ name: "", text: "deallocate asked", values: [] });
        }
        return await tx.query<Row>(statement);
      },
    });
    const scans = plans.flatMap(nodes).filter((node) => node["Relation Name"] === "audit_events");
    expect(scans.map((node) => node["Node Type"]).filter((type) => type === "Seq Scan")).toEqual([]);
    expect(plans.flatMap(nodes).filter((node) => node["Node Type"] === "Sort")).toEqual([]);
    const looked = plans.map((plan) =>
      nodes(plan)
        .filter((node) => node["Relation Name"] === "audit_events")
        .reduce(
          (sum, node) => sum + (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0)) * node["Actual Loops"],
          0,
        ),
    );
    const indexes = scans.flatMap((node) => node["Index Name"] ?? []);
    return { found: items.length, looked: Math.max(...looked), indexes: [...new Set(indexes)] };
  });
}

const FILTERS: readonly [name: string, filters: AuditFilters, index: string][] = [
  ["nothing", {}, "audit_events_by_time"],
  ["the action", { action: "sector.retire" }, "audit_events_by_action"],
  ["the actor", { actor: "person-7" }, "audit_events_by_actor"],
  ["the kind of target", { targetKind: "sector" }, "audit_events_by_kind"],
  ["the target", { targetId: "sec-one" }, "audit_events_by_target"],
  ["a member", { targetKind: "member", targetId: "person-3" }, "audit_events_by_target"],
  ["the time since when", { since: at(EVENTS / 2) }, "audit_events_by_time"],
  ["the time until when", { until: at(EVENTS / 2) }, "audit_events_by_time"],
  ["a span of time", { since: at(EVENTS / 2), until: at(EVENTS / 2 + 500) }, "audit_events_by_time"],
  ["actor and time", { actor: "person-7", until: at(EVENTS / 2) }, "audit_events_by_actor"],
  [
    "kind, target and time",
    { targetKind: "sector", targetId: "sec-one", until: at(EVENTS / 2) },
    "audit_events_by_target",
  ],
];

describe.each(FILTERS)("A page filtered by %s", (_name, filters, index) => {
  test.each([
    ["first", ""],
    ["middle", `${EVENTS / 4}.1`],
  ])("looks at no more events than it shows, and one: the %s", async (_page, after) => {
    const page = { after, size: SIZE };
    const { found, looked, indexes } = await explained(
      async (tx) => await listAuditEvents(tx, "org-long", filters, page),
    );
    // None is left of what is since the middle of the log when the page begins before it.
    expect(found).toBe(after !== "" && filters.since !== undefined ? 0 : SIZE);
    expect(indexes).toContain(index);
    expect(looked).toBeLessThanOrEqual(2 * (SIZE + 1) + 1);
  });

  test("of the export too, wherever it is", async () => {
    for (const after of ["", `${EVENTS / 4}.1`]) {
      const page = { after, size: SIZE, upTo: EVENTS };
      const { looked } = await explained(async (tx) => await exportAuditEvents(tx, "org-long", filters, page));
      expect(looked).toBeLessThanOrEqual(2 * (SIZE + 1) + 1);
    }
  });
});

test("nobody sees an event of another organization, whatever the filter", async () => {
  await inOrganization(ledger, "org-long", async (tx) => {
    const page = { after: "", size: SIZE };
    expect((await listAuditEvents(tx, "org-other", {}, page)).items).toEqual([]);
    expect((await listAuditEvents(tx, "org-long", { targetId: "org-other-a-3" }, page)).items).toEqual([]);
  });
});
