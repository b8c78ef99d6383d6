import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type pg from "pg";
import { type Database, openDatabase } from "../../src/stores/database.ts";
import { migrate } from "../../src/stores/migrate.ts";
import { enterOrganization, inOrganization } from "../../src/stores/scope.ts";
import { makeDatabase, openPool, type TestDatabase } from "../support/engines.ts";

const NOW = new Date("2026-11-20T12:00:00Z");

let database: TestDatabase;
let superuser: pg.Pool;
let ledger: Database;

beforeAll(async () => {
  database = await makeDatabase();
  await migrate(database.url, () => undefined);
  superuser = openPool(database.url, 8);
  ledger = openDatabase({
    url: database.url,
    role: "bailiwick_app",
    connections: 8,
    statementTimeoutMs: 5_000,
    lockTimeoutMs: 5_000,
  });
  for (const name of ["one", "two"]) {
    await superuser.query(
      "insert into accounts (id, alias, pseudonym, created_at, updated_at) values ($1, $2, $3, $4, $4)",
      [`acc-${name}`, `alias-${name}`, `p-${name}`, NOW],
    );
  }
});
afterAll(async () => {
  await ledger.close();
  await superuser.end();
  await database.drop();
});

/** An organization with these owners, made as the gateway's role makes it. */
async function found(id: string, owners: readonly string[]): Promise<void> {
  await ledger.transaction(async (tx) => {
    await enterOrganization(tx, id);
    await tx.query({
      name: "",
      text: `insert into organizations (id, slug, name, state, founded_by, created_at, updated_at)
             values ($1, $1, 'Name', 'active', 'acc-one', $2, $2)`,
      values: [id, NOW],
    });
    for (const owner of owners) {
      await tx.query({
        name: "",
        text: `insert into memberships (organization_id, account_id, role, created_at, updated_at)
               values ($1, $2, 'owner', $3, $3)`,
        values: [id, owner, NOW],
      });
    }
  });
}

async function demote(id: string, account: string): Promise<void> {
  await inOrganization(ledger, id, async (tx) => {
    await tx.query({
      name: "",
      text: "update memberships set role = 'viewer' where organization_id = $1 and account_id = $2",
      values: [id, account],
    });
  });
}

async function ownersOf(id: string): Promise<number> {
  const { rows } = await superuser.query<{ count: string }>(
    "select count(*) from memberships where organization_id = $1 and role = 'owner'",
    [id],
  );
  return Number(rows[0]?.count);
}

describe("the Owner trigger", () => {
  test("S0.2 an organization is made with its Owner or not at all", async () => {
    await found("org-with", ["acc-one"]);
    await expect(found("org-without", [])).rejects.toMatchObject({ constraint: "organization_has_owner" });
    const { rows } = await superuser.query("select id from organizations where id like 'org-with%'");
    expect(rows).toEqual([{ id: "org-with" }]);
  });

  test("S0.29 one of two Owners is demoted, the last one is not", async () => {
    await found("org-two", ["acc-one", "acc-two"]);
    await demote("org-two", "acc-one");
    await expect(demote("org-two", "acc-two")).rejects.toMatchObject({ constraint: "organization_has_owner" });
    expect(await ownersOf("org-two")).toBe(1);
  });

  test("S0.28 the last Owner is not deleted, unless the organization is archived in the same transaction", async () => {
    await found("org-gone", ["acc-one"]);
    const remove = async (state: string): Promise<void> => {
      await inOrganization(ledger, "org-gone", async (tx) => {
        await tx.query({ name: "", text: "delete from memberships where organization_id = 'org-gone'", values: [] });
        await tx.query({
          name: "",
          text: "update organizations set state = $1 where id = 'org-gone'",
          values: [state],
        });
      });
    };
    await expect(remove("retired")).rejects.toMatchObject({ constraint: "organization_has_owner" });
    expect(await ownersOf("org-gone")).toBe(1);
    await remove("archived");
    expect(await ownersOf("org-gone")).toBe(0);
  });

  test("S0.29 two Owners who demote each other at the same moment, 30 times over: one remains", async () => {
    for (let round = 0; round < 30; round += 1) {
      const id = `org-race-${round}`;
      await found(id, ["acc-one", "acc-two"]);
      const outcomes = await Promise.allSettled([demote(id, "acc-one"), demote(id, "acc-two")]);
      expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(["fulfilled", "rejected"]);
      expect(await ownersOf(id)).toBe(1);
    }
  });
});

const eventsOf = async (id: string): Promise<unknown[]> =>
  (await superuser.query<object>("select * from audit_events where organization_id = $1", [id])).rows;

describe("the gateway's role", () => {
  const read = { name: "", text: "select id from organizations order by id", values: [] };

  test("S3.9 sees nothing without an organization: that is an error, also after a transaction that had one", async () => {
    await expect(ledger.query(read)).rejects.toThrow("app.organization is not set");
    await found("org-mine", ["acc-one"]);
    expect(await inOrganization(ledger, "org-mine", async (tx) => await tx.query(read))).toEqual([{ id: "org-mine" }]);
    await expect(ledger.query(read)).rejects.toThrow("app.organization is not set");
  });

  test("S3.4 sees one organization, and can neither read nor write a row of another", async () => {
    await found("org-left", ["acc-one"]);
    await found("org-right", ["acc-two"]);
    await inOrganization(ledger, "org-left", async (tx) => {
      expect(await tx.query({ name: "", text: "select account_id from memberships", values: [] })).toEqual([
        { account_id: "acc-one" },
      ]);
      const foreign = "update organizations set name = 'Mine' where id = 'org-right' returning id";
      expect(await tx.query({ name: "", text: foreign, values: [] })).toEqual([]);
    });
    const insert = async (): Promise<unknown> =>
      await inOrganization(ledger, "org-left", async (tx) => {
        const text = `insert into sectors (id, organization_id, name, state, created_at, updated_at)
                      values ('sec-foreign', 'org-right', 'Sector', 'enabled', now(), now())`;
        return await tx.query({ name: "", text, values: [] });
      });
    await expect(insert()).rejects.toThrow("row-level security");
  });

  test("owns no table and is no superuser", async () => {
    const { rows } = await superuser.query<{ owned: string; rolsuper: boolean; rolbypassrls: boolean }>(
      `select rolsuper, rolbypassrls, (select count(*) from pg_class c where c.relowner = r.oid) as owned
       from pg_roles r where rolname = 'bailiwick_app'`,
    );
    expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, owned: "0" }]);
  });

  test("S1.7 appends to the audit log and changes nothing in it; neither does the table's owner", async () => {
    await found("org-audit", ["acc-one"]);
    const insert = `insert into audit_events (organization_id, version, ordinal, at, actor_kind, actor, action, target_kind, target_id)
                    values ('org-audit', 1, 1, now(), 'system', 'system', 'organization.create', 'organization', 'org-audit')`;
    await inOrganization(ledger, "org-audit", async (tx) => await tx.query({ name: "", text: insert, values: [] }));
    const before = await eventsOf("org-audit");
    const changes = [
      "update audit_events set action = 'nothing'",
      "update audit_events set action = action where organization_id = 'org-audit'",
      "delete from audit_events where organization_id = 'org-audit'",
      "delete from audit_events where false",
      "truncate audit_events",
    ];
    for (const text of changes) {
      const attempt = inOrganization(ledger, "org-audit", async (tx) => await tx.query({ name: "", text, values: [] }));
      await expect(attempt).rejects.toThrow("permission denied");
      await expect(superuser.query(text)).rejects.toThrow("append-only");
    }
    await expect(superuser.query("truncate organizations cascade")).rejects.toThrow("append-only");
    expect(await eventsOf("org-audit")).toEqual(before);
    expect(before).toHaveLength(1);
  });
});

describe("the reserved organization", () => {
  test("K8 S0.42 `platform` is there, has no members, is in no directory, and its slug is taken", async () => {
    const { rows } = await superuser.query("select slug, state from organizations where id = 'platform'");
    expect(rows).toEqual([{ slug: "platform", state: "active" }]);
    const found = await superuser.query("select find_organization('organization', 'platform') as id");
    expect(found.rows).toEqual([{ id: null }]);
  });
});
