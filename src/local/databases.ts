import { Client } from "pg";
import { LocalEngineError } from "./error.ts";
import { isSystemError } from "./process-mark.ts";

const CONNECT_TIMEOUT_MS = 10_000;
const INVALID_PASSWORD = "28P01";

/** Makes those of the databases that are missing; gives the server's version. The names are ours, plain words. */
export async function ensureDatabases(serverUrl: string, names: readonly string[]): Promise<string> {
  const client = new Client({ connectionString: serverUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  await connect(client);
  try {
    const existing = await client.query<{ datname: string }>(
      "select datname from pg_database where datname = any ($1)",
      [names],
    );
    const there = new Set(existing.rows.map((row) => row.datname));
    for (const name of names.filter((candidate) => !there.has(candidate))) {
      await client.query(`create database ${client.escapeIdentifier(name)}`);
    }
    const version = await client.query<{ server_version: string }>("show server_version");
    return version.rows[0]?.server_version ?? "of unknown version";
  } finally {
    await client.end();
  }
}

/** As if every user had so many tuples that nobody wants to read all of them. */
const USERS = 200;

/**
 * OpenFGA asks again and again whether one tuple is there. Postgres cannot know that the user of the next question has thousands: its plan for
 * all of them reads every tuple of the user where the primary key names the one (430,000 index entries for a page of a search). An estimate
 * of few users turns that; it holds from the next ANALYZE on, and says nothing about what is right.
 */
export async function favourKeys(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  await connect(client);
  try {
    await client.query(`alter table tuple alter column _user set (n_distinct = ${USERS})`);
  } finally {
    await client.end();
  }
}

async function connect(client: Client): Promise<void> {
  try {
    await client.connect();
  } catch (cause) {
    if (!isSystemError(cause, INVALID_PASSWORD)) throw cause;
    const message = "the password in secrets.json is not the one that this Postgres was made with: restore that file";
    throw new LocalEngineError("SECRETS_UNUSABLE", message, { cause });
  }
}
