import { randomBytes } from "node:crypto";
import pg from "pg";
import { type TestEngines, testEngines } from "./test-engines.ts";

export interface TestDatabase {
  /** The superuser's URL. */
  readonly url: string;
  drop(): Promise<void>;
}

/** An empty database beside that of the engines, which are the shared ones unless a test has its own. */
export async function makeDatabase({ databaseUrl }: TestEngines = testEngines()): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await asSuperuser(databaseUrl, `create database ${name}`);
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: async () => await asSuperuser(databaseUrl, `drop database ${name} with (force)`) };
}

async function asSuperuser(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
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
