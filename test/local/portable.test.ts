/** `npm start` where it is not at home: as another user, from awkward paths, beside others, after an unclean end. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { type CheckoutCopy, copyCheckout, UNPRIVILEGED } from "../support/checkout-copy.ts";
import { allowed, decisions, foundAcme } from "../support/drill.ts";
import { alive, allGone, newStateDir, processesIn, removeStateDir } from "../support/engine-processes.ts";
import { eventually } from "../support/eventually.ts";
import { expectGraphHoldsLedger } from "../support/graph.ts";
import { type OwnGateway, personAt, run, start as startGateway, storesOf } from "../support/own-gateway.ts";

const started: OwnGateway[] = [];
const folders: string[] = [];

async function start(...args: Parameters<typeof startGateway>): Promise<OwnGateway> {
  const gateway = await startGateway(...args);
  started.push(gateway);
  return gateway;
}

function newFolder(): string {
  const folder = newStateDir();
  folders.push(folder);
  return folder;
}

afterEach(async () => {
  for (const gateway of started.splice(0)) await gateway.stop();
  for (const folder of folders.splice(0)) removeStateDir(folder);
});

describe("from a checkout and a state directory whose paths have spaces and letters beyond ASCII", () => {
  let copy: CheckoutCopy;
  beforeAll(async () => {
    copy = await copyCheckout();
  });
  afterAll(() => removeStateDir(copy.folder));

  test.each([
    ["a user who is not root", UNPRIVILEGED],
    ["this user", undefined],
  ])("%s starts, stops, starts again, copies and restores", async (_who, account) => {
    const checkout = copy.as(account);
    const stateDir = path.join(copy.homeOf(account), "state of Zoë");
    const settings = { STATE_DIR: stateDir };
    const first = await start(settings, checkout);
    const drill = await foundAcme(first.url, stateDir);
    const before = await decisions(first.url, stateDir, drill);
    expect(allowed(before)).toContain("carol rotate_keys");
    expect(allowed(before)).not.toContain("bob rotate_keys");
    expect(await first.stop()).toBe(0);
    expect(processesIn(stateDir)).toEqual([]);
    const owner = account?.uid ?? process.getuid?.();
    expect(statSync(path.join(stateDir, "secrets.json"))).toMatchObject({ uid: owner, mode: 0o100600 });

    const backup = path.join(copy.homeOf(account), "backup of Zoë");
    expect(await run(["backup", backup], settings, checkout)).toMatchObject({ status: 0 });
    expect(await run(["restore", backup, "--force"], settings, checkout)).toMatchObject({ status: 0 });
    const second = await start(settings, checkout);
    expect(await decisions(second.url, stateDir, drill)).toEqual(before);
    expect(await second.stop()).toBe(0);
  });
});

test("a busy port is one line with what to do, exit status 1, and nothing is left running", async () => {
  const squatter = createServer().listen(0, "127.0.0.1");
  await once(squatter, "listening");
  const port = String((squatter.address() as { port: number }).port);
  const stateDir = newFolder();
  try {
    const { status, stderr } = await run([], { STATE_DIR: stateDir, PORT: port, LOG_LEVEL: "silent" });
    expect(status).toBe(1);
    const complaints = stderr.split("\n").filter((line) => line.includes("does not start"));
    const sentence = `Bailiwick does not start: cannot listen on 127.0.0.1:${port}; set PORT to a free one`;
    expect(complaints).toEqual([sentence]);
    expect(stderr.trim().split("\n").at(-1)).toBe(sentence);
    expect(await allGone([], stateDir)).toBe(true);
    expect(["lock", "running.json", "endpoints.json"].filter((name) => existsSync(path.join(stateDir, name)))).toEqual(
      [],
    );
  } finally {
    squatter.close();
  }
  const gateway = await start({ STATE_DIR: stateDir, PORT: port });
  expect(gateway.url).toBe(`http://127.0.0.1:${port}`);
});

test("two side by side share nothing: not a token, not an organization, not an end", async () => {
  const [here, there] = [newFolder(), newFolder()];
  const [one, other] = await Promise.all([start({ STATE_DIR: here }), start({ STATE_DIR: there })]);
  const [alice, namesake] = [await personAt(one.url, here, "alice"), await personAt(other.url, there, "alice")];
  expect((await alice.at(other.url).get("/v1/me/organizations")).status).toBe(401);
  expect((await alice.post("/v1/organizations", { slug: "acme", name: "Here" })).status).toBe(201);
  expect((await namesake.get("/v1/me/organizations")).body.items).toEqual([]);
  expect((await namesake.post("/v1/organizations", { slug: "acme", name: "There" })).status).toBe(201);
  expect((await alice.get("/v1/organizations/acme")).body.name).toBe("Here");
  expect(await one.stop()).toBe(0);
  expect((await namesake.get("/v1/organizations/acme")).body.name).toBe("There");
  expect((await namesake.patch("/v1/organizations/acme", { name: "Still there" })).status).toBe(200);
});

describe("after everything was killed at once", () => {
  let stateDir: string;
  let bystander: ChildProcess | undefined;
  beforeEach(() => {
    stateDir = newFolder();
  });
  afterEach(() => {
    bystander?.kill("SIGKILL");
  });

  const inState = (...names: string[]): string => path.join(stateDir, ...names);
  const holder = (): number =>
    (JSON.parse(readFileSync(inState("lock"), "utf8")) as { holder: { pid: number } }).holder.pid;

  /** None of them can act on another's end: they are stopped first. */
  async function killAll(gateway: OwnGateway): Promise<void> {
    const running = JSON.parse(readFileSync(inState("running.json"), "utf8")) as { mark: { pid: number } }[];
    const engines = running.map(({ mark }) => mark.pid);
    expect(engines).toHaveLength(3);
    const pids = [...new Set([gateway.pid, holder(), ...engines, ...processesIn(stateDir)])];
    for (const signal of ["SIGSTOP", "SIGKILL"] as const) for (const pid of pids) process.kill(pid, signal);
    await gateway.kill();
    expect(await allGone(pids, stateDir)).toBe(true);
  }

  /** As if the system had given these pids to somebody else since. */
  function recycle(pid: number): void {
    for (const name of ["lock", "running.json"]) {
      const text = readFileSync(inState(name), "utf8");
      writeFileSync(inState(name), text.replaceAll(/"pid":\d+/g, `"pid":${pid}`));
    }
    const postmaster = inState("postgres", "postmaster.pid");
    const [, ...rest] = readFileSync(postmaster, "utf8").split("\n");
    writeFileSync(postmaster, [String(pid), ...rest].join("\n"));
  }

  test("the next start sweeps stale files aside, leaves the process alone that has their pid now, and has lost nothing", async () => {
    const first = await start({ STATE_DIR: stateDir });
    const drill = await foundAcme(first.url, stateDir);
    const before = await decisions(first.url, stateDir, drill);
    await killAll(first);
    for (const name of ["lock", "running.json", "endpoints.json"]) expect(existsSync(inState(name))).toBe(true);

    const { uid, gid } = statSync(inState("postgres")); // Postgres takes only such a process for a server.
    bystander = spawn("sleep", ["600"], { stdio: "ignore", cwd: "/", uid, gid });
    await once(bystander, "spawn");
    const pid = Number(bystander.pid);
    recycle(pid);

    const second = await start({ STATE_DIR: stateDir });
    expect(alive([pid])).toHaveLength(1);
    expect(await decisions(second.url, stateDir, drill)).toEqual(before);
    const stores = await storesOf(stateDir);
    await eventually(async () => await expectGraphHoldsLedger(stores)).finally(async () => await stores.close());
    expect(await second.stop()).toBe(0);
    expect(processesIn(stateDir)).toEqual([]);
  });
});
