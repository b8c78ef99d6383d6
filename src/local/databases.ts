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

async function connect(client: Client): Promise<void> {
  try {
    await client.connect();
  } catch (cause) {
    if (!isSystemError(cause, INVALID_PASSWORD)) throw cause;
    const message = "the password in secrets.json is not the one that this Postgres was made with: restore that file";
    throw new LocalEngineError("SECRETS_UNUSABLE", message, { cause });
  }
}
