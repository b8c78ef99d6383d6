import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectCerbos } from "../../src/engines/cerbos.ts";
import type { LocalEngines, UnexpectedExit } from "../../src/local/engines.ts";
import { waitUntil } from "../../src/local/process-mark.ts";
import {
  ALL,
  alive,
  allGone,
  newStateDir,
  query,
  removeStateDir,
  spawnStandIn,
  startForTest,
  startStandIn,
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

describe("A Cerbos beside the first", () => {
  const healthy = async (target: string): Promise<boolean> => {
    const connection = connectCerbos(target, false);
    return await connection
      .unit(2_000)
      .then(
        () => true,
        () => false,
      )
      .finally(() => connection.close());
  };

  test("runs with it, takes its place, and the end of the first is no news", async () => {
    const engines = await start(stateDir, { need: { ...ALL, postgres: false, openfga: false } });
    const exits: UnexpectedExit[] = [];
    engines.onUnexpectedExit((exit) => exits.push(exit));
    const first = engines.cerbosTarget ?? "";
    const second = (await engines.judges?.start(join(stateDir, "policies"))) ?? "";
    expect([await healthy(first), await healthy(second)]).toEqual([true, true]);
    await engines.judges?.stop(first);
    expect([await healthy(first), await healthy(second)]).toEqual([false, true]);
    expect(exits).toEqual([]);
  });

  test("on policies that are broken does not start; it says where, and nothing of it is left", async () => {
    const engines = await start(stateDir, { need: { ...ALL, postgres: false, openfga: false } });
    const broken = join(stateDir, "broken");
    mkdirSync(broken);
    writeFileSync(join(broken, "sector.yaml"), "apiVersion: api.cerbos.dev/v1\nresourcePolicy: {}\n");
    await expect(engines.judges?.start(broken)).rejects.toThrow("sector.yaml");
    const running = JSON.parse(readFileSync(join(stateDir, "running.json"), "utf8")) as { mark: { pid: number } }[];
    expect(alive(running.map(({ mark }) => mark.pid))).toEqual([engines.pids.cerbos]);
    expect(await healthy(engines.cerbosTarget ?? "")).toBe(true);
  });

  test("that cannot be ended is told, and the first runs on", async () => {
    const engines = await start(stateDir, { need: { ...ALL, postgres: false, openfga: false } });
    await expect(engines.judges?.stop("127.0.0.1:1")).rejects.toMatchObject({ code: "ENGINE_DID_NOT_STOP" });
    expect(await healthy(engines.cerbosTarget ?? "")).toBe(true);
    expect(alive([engines.pids.cerbos ?? 0])).toEqual([engines.pids.cerbos]);
  });

  test("is ended with the gateway, also by SIGKILL", async () => {
    const gateway = await startStandIn(stateDir, { drains: false, beside: true });
    expect(alive(gateway.pids)).toHaveLength(5);
    const running = JSON.parse(readFileSync(join(stateDir, "running.json"), "utf8")) as { mark: { pid: number } }[];
    const pids = [...gateway.pids, ...running.map(({ mark }) => mark.pid)];
    expect(alive([...new Set(pids)])).toHaveLength(6);
    process.kill(gateway.pid, "SIGKILL");
    expect(await allGone(pids, stateDir)).toBe(true);
  });
});

describe("nothing is left behind", () => {
  test("when the gateway is killed with SIGKILL", async () => {
    const gateway = await startStandIn(stateDir, { drains: false });
    expect(alive(gateway.pids)).toHaveLength(5);
    process.kill(gateway.pid, "SIGKILL");
    expect(await allGone(gateway.pids, stateDir)).toBe(true);
  });

  test("when the gateway ends by SIGTERM without a word", async () => {
    const gateway = await startStandIn(stateDir, { drains: false });
    process.kill(gateway.pid, "SIGTERM");
    expect(await allGone(gateway.pids, stateDir)).toBe(true);
  });

  test("when Ctrl-C reaches the gateway's process group; the engines are there until it has drained", async () => {
    const gateway = await startStandIn(stateDir, { drains: true });
    process.kill(-gateway.pid, "SIGINT");
    const drained = await gateway.lines.next();
    expect(JSON.parse(String(drained.value))).toEqual({ drainedWithOpenfga: 200 });
    expect(await allGone(gateway.pids, stateDir)).toBe(true);
  });

  test("when the supervisor is killed: the gateway ends the engines and is told", async () => {
    const engines = await start(stateDir);
    const told = new Promise<UnexpectedExit>((resolve) => engines.onUnexpectedExit(resolve));
    process.kill(Number(engines.pids.supervisor), "SIGKILL");
    expect(await told).toEqual({ name: "supervisor", code: null, signal: "SIGKILL" });
    expect(await allGone(Object.values(engines.pids), stateDir)).toBe(true);
    await start(stateDir);
  });

  test("when gateway and supervisor are killed at once: the next start ends the engines first", async () => {
    const { pidOf, pids, pid } = await startStandIn(stateDir, { drains: false });
    const engines = [pidOf["postgres"], pidOf["openfga"], pidOf["cerbos"]].map(Number);
    process.kill(Number(pidOf["supervisor"]), "SIGSTOP"); // So that it cannot act on the gateway's end.
    process.kill(pid, "SIGKILL");
    process.kill(Number(pidOf["supervisor"]), "SIGKILL");
    await waitUntil(() => alive(pids).length === 3, { timeoutMs: 5_000 });
    expect(alive(engines)).toEqual(engines);
    await start(stateDir);
    expect(alive(engines)).toEqual([]);
  });

  test("when the gateway is killed while its engines start", async () => {
    const gateway = spawnStandIn(stateDir, { drains: false });
    const running = join(stateDir, "running.json");
    expect(await waitUntil(() => existsSync(running), { timeoutMs: 10_000 })).toBe(true);
    gateway.kill("SIGKILL");
    expect(await waitUntil(() => !existsSync(running), { timeoutMs: 10_000 })).toBe(true);
    expect(await allGone([], stateDir)).toBe(true);
  });

  test("when the gateway is killed; and the next one may start at once, while they still end", async () => {
    const { process: gateway, pids } = await startStandIn(stateDir, { drains: false });
    const exit = once(gateway, "exit");
    gateway.kill("SIGKILL");
    await exit;
    const next = await start(stateDir);
    expect(alive(pids)).toEqual([]);
    expect(await query(next.databaseUrl, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("when an engine dies by itself: its name is told, and the others stop as ever", async () => {
    const engines = await start(stateDir);
    process.kill(Number(engines.pids.openfga), "SIGKILL");
    const exit = await new Promise<UnexpectedExit>((resolve) => engines.onUnexpectedExit(resolve));
    expect(exit).toEqual({ name: "openfga", code: null, signal: "SIGKILL" });
    const late = await new Promise<UnexpectedExit>((resolve) => engines.onUnexpectedExit(resolve));
    expect(late).toEqual(exit);
    await engines.stop();
    expect(await allGone(Object.values(engines.pids), stateDir)).toBe(true);
  });

  test("when engines are frozen", async () => {
    const engines = await start(stateDir);
    for (const pid of [engines.pids.postgres, engines.pids.openfga, engines.pids.cerbos])
      process.kill(Number(pid), "SIGSTOP");
    await engines.stop();
    expect(await allGone(Object.values(engines.pids), stateDir)).toBe(true);
  });
});
