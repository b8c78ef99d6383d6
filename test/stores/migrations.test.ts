import { expect, test } from "@jest/globals";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { runner } from "node-pg-migrate";
import pg from "pg";
import { migrate } from "../../src/stores/migrate.ts";
import { makeDatabase } from "../support/engines.ts";

const DIRECTORY = path.join(import.meta.dirname, "../../src/stores/migrations");

/** Those that ledgers have run already. What they should have said, a later one says. */
const RELEASED: Readonly<Record<string, string>> = {
  "0001_ledger.sql": "d13c03afbe1fa3f3",
  "0002_row_level_security.sql": "cc6478262097faa8",
  "0003_facts.sql": "30eb38ae9edfdad3",
  "0004_relay.sql": "330489af68b4de7d",
  "0005_audit.sql": "3c28ef41e43e96e1",
  "0006_idempotency.sql": "0ddd2e57e157abe1",
  "0007_facts.sql": "a89e6af5860ada1b",
  "0008_people.sql": "29f0f9375d06cee3",
  "0009_transfers.sql": "ada309c164f1dd03",
  "0010_data_sharing.sql": "49a9fe1d7f839ee2",
  "0011_erasure.sql": "fd72e7697e5191cc",
  "0012_facts.sql": "38ddf7cf050b5fcc",
  "0013_audit.sql": "6d075ffe9fe447b7",
  "0014_platform.sql": "56c718019db221cf",
  "0015_entities.sql": "512f0bde2ef43219",
  "0016_search.sql": "654ae12329e7019d",
  "0017_departures.sql": "43ab46e2b84a0da6",
  "0018_reach.sql": "3a991b04373d2b65",
  "0019_subjects.sql": "91c5d31f0bb70282",
  "0020_signing_keys.sql": "7647efa36bbea907",
  "0021_application_documents.sql": "74d3e85bc3abf9fa",
  "0022_client_keys.sql": "45e85d56fef765bb",
  "0023_logins.sql": "47f71b2c141dbff9",
  "0024_sector_names.sql": "ac1b678e1aa34a63",
  "0025_logins.sql": "8a813bfe142bf775",
  "0026_domains.sql": "418cfba43a82a5d4",
  "0027_connectors.sql": "7a8e97d1cfdfe571",
  "0028_led_relations.sql": "0ba7dbeaf3e01cb8",
};

test.each(Object.entries(RELEASED))(
  "%s is as it was released: ledgers that have run it never run it again",
  (file, hash) => {
    const text = readFileSync(path.join(DIRECTORY, file));
    expect(createHash("sha256").update(text).digest("hex").slice(0, 16)).toBe(hash);
  },
);

/** Functions, tables and policies as Postgres has them, and who owns and who may call them. */
async function schemaOf(url: string): Promise<unknown[]> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(`
    select p.oid::regprocedure::text as name, pg_get_functiondef(p.oid) as told, p.proacl::text as rights, r.rolname as owner
    from pg_proc p join pg_roles r on r.oid = p.proowner
    where p.pronamespace = 'public'::regnamespace and p.prokind = 'f'
    union all
    select table_name || '.' || column_name, data_type, is_nullable, coalesce(column_default, '')
    from information_schema.columns where table_schema = 'public'
    union all
    select tablename || '/' || policyname, qual, roles::text, cmd from pg_policies
    order by 1`);
  await client.end();
  return rows;
}

test("a ledger of the released version, or of the one before where nothing is newer, becomes the same as a new one", async () => {
  const all = readdirSync(DIRECTORY).filter((file) => file.endsWith(".sql")).length;
  const [old, fresh] = await Promise.all([makeDatabase(), makeDatabase()]);
  const quiet = (): void => undefined;
  await runner({
    databaseUrl: old.url,
    dir: DIRECTORY,
    migrationsTable: "migrations",
    direction: "up",
    count: Math.min(Object.keys(RELEASED).length, all - 1), // one at least is left to run
    log: quiet,
  });
  const before = await schemaOf(old.url);
  await migrate(old.url, quiet);
  await migrate(fresh.url, quiet);
  const [after, expected] = await Promise.all([schemaOf(old.url), schemaOf(fresh.url)]);
  expect(after).toEqual(expected);
  expect(after).not.toEqual(before);
  await old.drop();
  await fresh.drop();
});
