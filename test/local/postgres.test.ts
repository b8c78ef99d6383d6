import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Client } from "pg";
import { freePort } from "../../src/local/ports.ts";
import { startPostgres, type PostgresEngine, type PostgresOptions } from "../../src/local/postgres.ts";
import { alive, allGone, newStateDir, removeStateDir } from "../support/engine-processes.ts";

let stateDir: string;
const started: PostgresEngine[] = [];

beforeEach(() => {
  stateDir = newStateDir();
});

afterEach(async () => {
  for (const postgres of started.splice(0)) await postgres.stop();
  removeStateDir(stateDir);
});

async function start(options: Partial<PostgresOptions> = {}): Promise<PostgresEngine> {
  const common = { stateDir, password: "not-a-secret", durable: false, environment: process.env };
  const postgres = await startPostgres({ ...common, ...options });
  started.push(postgres);
  return postgres;
}

async function ask(postgres: PostgresEngine, question: string): Promise<unknown> {
  const client = new Client({ connectionString: postgres.url("bailiwick") });
  await client.connect();
  try {
    return Object.values((await client.query<Record<string, unknown>>(question)).rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

async function killed(postgres: PostgresEngine): Promise<void> {
  process.kill(postgres.pid, "SIGKILL");
  expect(await postgres.exited).toEqual({ code: null, signal: "SIGKILL" });
}

function postmasterFile(): string {
  return join(stateDir, "postgres", "postmaster.pid");
}

describe("an unclean end", () => {
  test("SIGKILL leaves a stale postmaster.pid; the next start, on the same port, recovers what was committed", async () => {
    const first = await start();
    await ask(first, "create table kept as select 'committed' as word");
    await killed(first);
    expect(Number(readFileSync(postmasterFile(), "utf8").split("\n")[0])).toBe(first.pid);

    const second = await start({ port: first.port });
    expect(second.pid).not.toBe(first.pid);
    expect(second.port).toBe(first.port);
    expect(await ask(second, "select word from kept")).toBe("committed");
  });

  test("a stale postmaster.pid whose pid is another process' by now stops nobody, and that process lives", async () => {
    const first = await start();
    await killed(first);
    // Of Postgres' own account: Postgres takes only such a process for a server.
    const { uid, gid } = statSync(postmasterFile());
    const bystander = spawn("sleep", ["600"], { stdio: "ignore", cwd: "/", uid, gid });
    try {
      await once(bystander, "spawn");
      const [, ...rest] = readFileSync(postmasterFile(), "utf8").split("\n");
      writeFileSync(postmasterFile(), [String(bystander.pid), ...rest].join("\n"));
      const second = await start();
      expect(await ask(second, "select 1")).toBe(1);
      expect(alive([Number(bystander.pid)])).toHaveLength(1);
    } finally {
      bystander.kill("SIGKILL");
    }
  });

  test("a server that still runs on the directory is ended first", async () => {
    const first = await start();
    await ask(first, "create table kept as select 'committed' as word");
    const second = await start();
    expect(alive([first.pid, second.pid])).toEqual([second.pid]);
    expect(await ask(second, "select word from kept")).toBe("committed");
  });
});

describe("the server", () => {
  test("listens on the loopback interface alone, takes 300 connections, and waits for the disk unless told not to", async () => {
    const careless = await start();
    expect(await ask(careless, "show listen_addresses")).toBe("127.0.0.1");
    expect(await ask(careless, "show unix_socket_directories")).toBe("");
    expect(await ask(careless, "show max_connections")).toBe("300");
    expect(await ask(careless, "show fsync")).toBe("off");
    await careless.stop();
    const durable = await start({ durable: true });
    for (const name of ["fsync", "full_page_writes", "synchronous_commit"]) {
      expect(await ask(durable, `show ${name}`)).toBe("on");
    }
  });

  test("refuses a wrong password", async () => {
    const postgres = await start();
    const url = postgres.url("bailiwick").replace("not-a-secret", "a-guess");
    const client = new Client({ connectionString: url });
    await expect(client.connect()).rejects.toMatchObject({ code: "28P01" });
    await postgres.stop();
    await expect(start({ password: "a-guess" })).rejects.toMatchObject({ code: "SECRETS_UNUSABLE" });
    expect(await allGone([postgres.pid], stateDir)).toBe(true);
  });

  test("says so when its port is taken, and takes another one when it may choose", async () => {
    const port = await freePort();
    const squatter = createServer().listen(port, "127.0.0.1");
    await once(squatter, "listening");
    try {
      await expect(start({ port })).rejects.toMatchObject({ code: "PORT_TAKEN" });
      expect(await allGone([], stateDir)).toBe(true);
      expect((await start()).port).not.toBe(port);
    } finally {
      squatter.close();
    }
  });

  test("ends by SIGINT with a session open, and leaves no process", async () => {
    const postgres = await start();
    const client = new Client({ connectionString: postgres.url("bailiwick") });
    client.on("error", () => undefined); // The server ends the session: that is the point.
    await client.connect();
    await postgres.stop();
    expect(await postgres.exited).toEqual({ code: 0, signal: null });
    expect(await allGone([postgres.pid], stateDir)).toBe(true);
  });

  // As root it runs under another account, to which a folder like /root is closed; as anybody else it runs as that user.
  test("works, and recovers, in a folder that only the user who starts it may enter", async () => {
    chmodSync(stateDir, 0o700);
    const closed = join(stateDir, "state");
    const first = await start({ stateDir: closed });
    expect(await ask(first, "create table kept as select 'committed' as word")).toBeUndefined();
    await killed(first);
    const second = await start({ stateDir: closed });
    expect(await ask(second, "select word from kept")).toBe("committed");
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
  });
});
