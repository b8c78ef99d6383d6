import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LocalEngines } from "../../src/local/engines.ts";
import {
  alive,
  allGone,
  newStateDir,
  processesIn,
  query,
  removeStateDir,
  startForTest,
} from "../support/engine-processes.ts";

let stateDir: string;
const started: LocalEngines[] = [];

beforeEach(() => {
  stateDir = newStateDir();
});

afterEach(async () => {
  for (const engines of started.splice(0)) await engines.stop();
  removeStateDir(stateDir);
});

async function start(...args: Parameters<typeof startForTest>): Promise<LocalEngines> {
  const engines = await startForTest(...args);
  started.push(engines);
  return engines;
}

async function stores(engines: LocalEngines, init: RequestInit = {}): Promise<unknown> {
  const headers = {
    authorization: `Bearer ${engines.openfga?.presharedKey ?? ""}`,
    "content-type": "application/json",
  };
  const response = await fetch(`${engines.openfga?.apiUrl ?? ""}/stores`, { ...init, headers });
  return await response.json();
}

describe("what is started", () => {
  test("state survives a restart: rows, tuples' stores and secrets; the processes are new ones", async () => {
    const first = await start(stateDir);
    await query(first.databaseUrl, "create table kept (word text); insert into kept values ('still here')");
    await stores(first, { method: "POST", body: JSON.stringify({ name: "kept" }) });
    const before = Object.values(first.pids);
    expect(alive(before)).toHaveLength(4);
    await first.stop();
    expect(alive(before)).toEqual([]);
    expect(processesIn(stateDir)).toEqual([]);

    const second = await start(stateDir);
    expect(await query(second.databaseUrl, "select word from kept")).toEqual([{ word: "still here" }]);
    expect(await stores(second)).toMatchObject({ stores: [{ name: "kept" }] });
    expect(second.masterSecret).toBe(first.masterSecret);
    expect(Object.values(second.pids).filter((pid) => before.includes(pid))).toEqual([]);
  });

  test("a warm start of all engines takes less than five seconds", async () => {
    await (await start(stateDir)).stop();
    const begin = performance.now();
    await start(stateDir);
    expect(performance.now() - begin).toBeLessThan(5_000);
  });

  test("every line of the report names an engine and its pid", async () => {
    const lines: string[] = [];
    const { pids } = await start(stateDir, { report: (line) => lines.push(line) });
    for (const pid of [pids.postgres, pids.openfga, pids.cerbos]) {
      expect(lines.filter((line) => line.includes(`pid ${String(pid)},`))).toHaveLength(1);
    }
  });

  test("OpenFGA asks for its key", async () => {
    const engines = await start(stateDir);
    expect((await fetch(`${engines.openfga?.apiUrl ?? ""}/stores`)).status).toBe(401);
    expect(await stores(engines)).toMatchObject({ stores: [] });
  });

  test("only what is needed runs; with nothing needed there is still a master secret", async () => {
    const cerbos = await start(stateDir, { need: { postgres: false, openfga: false, cerbos: true } });
    expect(Object.keys(cerbos.pids).sort()).toEqual(["cerbos", "supervisor"]);
    expect(cerbos.databaseUrl).toBeUndefined();
    const none = await start(stateDir, { need: { postgres: false, openfga: false, cerbos: false } });
    expect(none.pids).toEqual({});
    expect(none.masterSecret).toBe(cerbos.masterSecret);
  });

  test("OpenFGA lives in the user's own Postgres when there is one, and is refused when there is none", async () => {
    const own = await start(stateDir, { need: { postgres: true, openfga: false, cerbos: false } });
    const other = newStateDir();
    const need = { postgres: false, openfga: true, cerbos: false };
    try {
      await expect(start(other, { need })).rejects.toMatchObject({ code: "DATABASE_MISSING" });
      const graph = await start(other, { need, openfgaDatabaseUrl: own.databaseUrl });
      expect(await stores(graph)).toMatchObject({ stores: [] });
      expect(await query(own.databaseUrl, "select count(*)::int as n from store")).toEqual([{ n: 0 }]);
      await graph.stop();
    } finally {
      removeStateDir(other);
    }
  });
});

describe("one state directory, one gateway", () => {
  test("a second one on the same directory is refused by name, and the first one does not notice", async () => {
    const first = await start(stateDir);
    await expect(start(stateDir)).rejects.toMatchObject({
      code: "STATE_DIRECTORY_IN_USE",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect(await query(first.databaseUrl, "select 1 as one")).toEqual([{ one: 1 }]);
    await first.stop();
    await start(stateDir);
  });

  test("two on different directories work side by side", async () => {
    const other = newStateDir();
    try {
      const [one, two] = await Promise.all([start(stateDir), start(other)]);
      expect(alive([...Object.values(one.pids), ...Object.values(two.pids)])).toHaveLength(8);
      expect(one.masterSecret).not.toBe(two.masterSecret);
      await two.stop();
      expect(await query(one.databaseUrl, "select 1 as one")).toEqual([{ one: 1 }]);
    } finally {
      removeStateDir(other);
    }
  });
});

describe("a start that fails", () => {
  test("without OpenFGA, Go and Docker there is one error that names the three ways, and nothing runs", async () => {
    const [emptyPath, emptyCache] = [join(stateDir, "no-programs"), join(stateDir, "no-cache")];
    mkdirSync(emptyPath);
    mkdirSync(emptyCache);
    const environment = { PATH: emptyPath, XDG_CACHE_HOME: emptyCache };
    const error: unknown = await start(stateDir, { environment }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "LocalEngineError", code: "OPENFGA_MISSING" });
    for (const way of ["on the PATH", "install Go", "start Docker", "OPENFGA_API_URL"]) {
      expect(error).toMatchObject({ message: expect.stringContaining(way) });
    }
    expect(await allGone([], stateDir)).toBe(true);
    await start(stateDir); // The directory is free again.
  });

  test("a policy that does not compile is named, and nothing runs", async () => {
    const file = join(stateDir, "policies", "broken.yaml");
    writeFileSync(
      file,
      "apiVersion: api.cerbos.dev/v1\nresourcePolicy: {version: default, resource: broken, rules: 3}\n",
    );
    await expect(start(stateDir)).rejects.toMatchObject({
      code: "ENGINE_DID_NOT_START",
      message: expect.stringContaining("broken.yaml"),
    });
    expect(await allGone([], stateDir)).toBe(true);
    rmSync(file);
    await start(stateDir);
  });
});
