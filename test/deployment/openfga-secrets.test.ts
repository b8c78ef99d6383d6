/** OpenFGA in Postgres as the files of deploy/ set it up: its own role and database, its secrets from a file. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { parse, stringify } from "yaml";
import { findOpenfga } from "../../src/local/openfga-binary.ts";
import { openfgaFlags } from "../../src/local/openfga.ts";
import { freePort } from "../../src/local/ports.ts";
import { eventually } from "../support/eventually.ts";
import { testEngines } from "../support/test-engines.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const directory = mkdtempSync(path.join(tmpdir(), "bailiwick-openfga-"));
const run = promisify(execFile);
/** Other names than the file's: the server is shared. */
const suffix = `_${process.pid}_${Date.now()}`;
const [role, ledger] = [`openfga${suffix}`, `bailiwick${suffix}`];

let url: URL;

async function asSuperuser(statements: readonly string[]): Promise<void> {
  const client = new pg.Client(testEngines().databaseUrl);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  await run(path.join(ROOT, "deploy/secrets.sh"), [path.join(directory, "secrets")]);
  const config = parse(readFileSync(path.join(directory, "secrets/openfga.yaml"), "utf8")) as {
    datastore: { uri: string };
  };
  const password = readFileSync(path.join(directory, "secrets/openfga_database_password"), "utf8").trim();
  const script = readFileSync(path.join(ROOT, "deploy/postgres.sql"), "utf8")
    .replaceAll(/^(--|\\set).*\n/gm, "") // psql's own, which sets the password
    .replaceAll(":'password'", `'${password}'`)
    .replaceAll(/\bopenfga\b/g, role)
    .replaceAll(/\bbailiwick\b/g, ledger);
  await asSuperuser([`create database ${ledger}`, ...script.split(";\n").filter((statement) => statement !== "")]);
  url = new URL(config.datastore.uri);
  url.host = new URL(testEngines().databaseUrl).host;
  url.username = role;
  url.pathname = `/${role}`;
  config.datastore.uri = url.href;
  writeFileSync(path.join(directory, "config.yaml"), stringify(config));
});
afterAll(async () => {
  await asSuperuser([`drop database ${role} with (force)`, `drop database ${ledger}`, `drop role ${role}`]);
  rmSync(directory, { recursive: true });
});

async function openfgaBinary(): Promise<string> {
  const program = await findOpenfga({ environment: process.env, report: () => undefined });
  if (program.kind !== "binary") throw new Error("this test needs OpenFGA's binary");
  return program.path;
}

test("it makes its tables with what deploy/secrets.sh wrote, and comes to no other database", async () => {
  await run(await openfgaBinary(), ["migrate", "--datastore-engine=postgres"], { cwd: directory, env: {} });
  const own = new pg.Client(url.href);
  await own.connect();
  const { rows } = await own.query("select count(*)::int as tables from pg_tables where tablename = 'tuple'");
  await own.end();
  expect(rows).toEqual([{ tables: 1 }]);
  url.pathname = `/${ledger}`;
  await expect(new pg.Client(url.href).connect()).rejects.toThrow(/permission denied for database/);
});

test("it serves with them, and asks everybody for the key that the gateway has in a file", async () => {
  const [port, grpcPort] = [await freePort(), await freePort()];
  const args = ["run", ...openfgaFlags(port, grpcPort)];
  const openfga = spawn(await openfgaBinary(), args, { cwd: directory, env: {}, stdio: "ignore" });
  const ended = once(openfga, "exit");
  try {
    const key = readFileSync(path.join(directory, "secrets/openfga_preshared_key"), "utf8").trim();
    const stores = async (token: string): Promise<number> => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`http://127.0.0.1:${port}/stores`, { headers })).status;
    };
    await eventually(async () => expect(await stores(key)).toBe(200));
    expect(await stores(`${key}x`)).toBe(401);
  } finally {
    openfga.kill();
    await ended;
  }
});
