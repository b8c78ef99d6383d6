import { randomBytes } from "node:crypto";
import pg from "pg";
import { asSuperuser, MIGRATED, type TestEngines, testEngines } from "./test-engines.ts";

export interface TestDatabase {
  /** The superuser's URL. */
  readonly url: string;
  drop(): Promise<void>;
}

/** An empty database beside that of the engines, which are the shared ones unless a test has its own. */
export async function makeDatabase({ databaseUrl }: TestEngines = testEngines()): Promise<TestDatabase> {
  return await databaseLike("template1", databaseUrl);
}

/** One whose schema is there already, which a gateway finds up to date. */
export async function makeLedger(engines: TestEngines = testEngines()): Promise<TestDatabase> {
  const isShared = engines.databaseUrl === testEngines().databaseUrl;
  return await databaseLike(isShared ? MIGRATED : "template1", engines.databaseUrl);
}

/** For a test's own looks. Postgres, or what drops the database, may end a connection at any time: that is no fault of the test. */
export function openPool(url: string, max = 2): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max, allowExitOnIdle: true });
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined)); // the pool hears nothing of one that is being closed
  return pool;
}

async function databaseLike(template: string, databaseUrl: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await asSuperuser(databaseUrl, `create database ${name} template ${template}`);
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: async () => await asSuperuser(databaseUrl, `drop database ${name} with (force)`) };
}

/** An empty store in OpenFGA, likewise; gives its id. */
export async function makeStore({ openfga }: TestEngines = testEngines()): Promise<string> {
  const response = await fetch(`${openfga.apiUrl}/stores`, {
    method: "POST",
    headers: { authorization: `Bearer ${openfga.presharedKey}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "test" }),
  });
  const { id } = (await response.json()) as { id: string };
  return id;
}
