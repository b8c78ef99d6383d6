import { randomBytes } from "node:crypto";
import pg from "pg";
import { testEngines } from "./test-engines.ts";

export interface TestDatabase {
  /** The superuser's URL. */
  readonly url: string;
  drop(): Promise<void>;
}

/** An empty database beside the shared one. */
export async function makeDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  const { databaseUrl } = testEngines();
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

/** An empty store in the shared OpenFGA; gives its id. */
export async function makeStore(): Promise<string> {
  const { openfga } = testEngines();
  const response = await fetch(`${openfga.apiUrl}/stores`, {
    method: "POST",
    headers: { authorization: `Bearer ${openfga.presharedKey}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "test" }),
  });
  const { id } = (await response.json()) as { id: string };
  return id;
}
