/** What a restore refuses, and what it does with a copy that is whole. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { randomUUID } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readManifest, writeManifest } from "../../src/local/backup-manifest.ts";
import { account, documentLine, sendLines } from "../support/document-world.ts";
import { decisions, type Drill, foundAcme, modesIn } from "../support/drill.ts";
import { processesIn, removeStateDir } from "../support/engine-processes.ts";
import { PATIENT, type Person } from "../support/gateway.ts";
import { DOCUMENTS } from "../support/host-folder.ts";
import { personAt, run, serviceAt, start } from "../support/own-gateway.ts";
import { must } from "../support/world.ts";

let folder: string;
let backup: string;
let drill: Drill;
let before: Awaited<ReturnType<typeof decisions>>;
let entitiesBefore: Awaited<ReturnType<typeof entities>>;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "bailiwick-restore-"));
  backup = path.join(folder, "backup");
  const stateDir = path.join(folder, "state");
  const gateway = await start({ ...PATIENT, STATE_DIR: stateDir, HOST_POLICIES: DOCUMENTS });
  drill = await foundAcme(gateway.url, stateDir);
  before = await decisions(gateway.url, stateDir, drill);
  await storeEntities(gateway.url, stateDir);
  entitiesBefore = await entities(gateway.url, stateDir);
  await gateway.stop();
  expect(await run(["backup", backup], { STATE_DIR: stateDir })).toMatchObject({ status: 0 });
});
afterAll(() => removeStateDir(folder));

async function keeperAt(url: string, stateDir: string): Promise<Person> {
  const scopes = ["entities:write", "authz:evaluate"];
  return await serviceAt(url, stateDir, { name: "keeper", scopes, organizations: ["acme"] });
}

/** A document that Bob may see through a group, and one that he may not. */
async function storeEntities(url: string, stateDir: string): Promise<void> {
  const group = { type: "group", id: "g", attributes: { title: "G" }, relations: { member: [account("bob")] } };
  const shared = { shared_with: [{ type: "group", id: "g", relation: "member" }] };
  const lines = [group, { ...documentLine("d-1"), relations: shared }, documentLine("d-2", "carol")];
  const told = await sendLines(`${url}/v1/organizations/acme/entities`, await keeperAt(url, stateDir), lines);
  expect(told.at(-1)).toMatchObject({ done: { stored: 3 } });
}

/** All of them with their relations as an export has them, and what Bob may. */
async function entities(url: string, stateDir: string): Promise<{ exported: string; decisions: unknown[] }> {
  const keeper = await keeperAt(url, stateDir);
  const decided = ["d-1", "d-2"].map(async (id) => {
    const question = { subject: account("bob"), action: { name: "view" }, resource: { type: "document", id } };
    return must(await keeper.post("/o/acme/access/v1/evaluation", question), 200).body["decision"];
  });
  const { text } = must(await keeper.get("/v1/organizations/acme/entities"), 200);
  return { exported: text, decisions: await Promise.all(decided) };
}

describe("a restore", () => {
  let elsewhere: string;
  let copy: string;
  beforeEach(() => {
    elsewhere = path.join(folder, `elsewhere-${randomUUID()}`);
    copy = path.join(folder, `copy-${randomUUID()}`);
    cpSync(backup, copy, { recursive: true });
  });

  async function expectRefused(message: RegExp): Promise<void> {
    const { status, stderr } = await run(["restore", copy], { STATE_DIR: elsewhere });
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringMatching(message) });
    expect(stderr.trim().split("\n")).toHaveLength(1);
    if (existsSync(elsewhere)) expect(readdirSync(elsewhere)).toEqual(["logs"]);
  }

  test("of a file that has changed by one bit is refused, and leaves nothing behind", async () => {
    const file = path.join(copy, "postgres", "global", "pg_control");
    const bytes = readFileSync(file);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    await expectRefused(/is damaged: postgres\/global\/pg_control is not what was copied/);
  });

  test("of a copy from which a file, or an empty folder, was lost is refused", async () => {
    rmSync(path.join(copy, "secrets.json"));
    await expectRefused(/is damaged: secrets\.json is missing/);
    cpSync(path.join(backup, "secrets.json"), path.join(copy, "secrets.json"));
    rmSync(path.join(copy, "postgres", "pg_twophase"), { recursive: true });
    await expectRefused(/is damaged: postgres\/pg_twophase is missing/);
  });

  test("of a copy to which something was added is refused", async () => {
    writeFileSync(path.join(copy, "postgres", "recovery.signal"), "");
    await expectRefused(/is damaged: postgres\/recovery\.signal is not of the backup/);
  });

  test("of a copy whose manifest was edited is refused", async () => {
    const file = path.join(copy, "manifest.json");
    writeFileSync(file, readFileSync(file, "utf8").replace('"postgres":18', '"postgres":17'));
    await expectRefused(/is damaged: manifest\.json was changed/);
    writeFileSync(file, "{");
    await expectRefused(/is damaged: manifest\.json is not what npm run backup wrote/);
    rmSync(file);
    await expectRefused(/is no backup: there is no manifest\.json in it/);
  });

  test("of another major version of Postgres is refused", async () => {
    writeManifest(copy, { ...readManifest(copy), postgres: 17 });
    await expectRefused(/is of Postgres 17, and the embedded one is 18, which cannot read it/);
  });

  test("of the very same copy, untouched, works on a machine that has no ledger", async () => {
    expect(await run(["restore", copy], { STATE_DIR: elsewhere })).toMatchObject({ status: 0 });
    expect(statSync(path.join(elsewhere, "secrets.json")).mode & 0o777).toBe(0o600);
    expect(modesIn(path.join(elsewhere, "postgres"))).toEqual(["file 600", "folder 700"]);
    const restored = await start({ ...PATIENT, STATE_DIR: elsewhere, HOST_POLICIES: DOCUMENTS });
    expect(await decisions(restored.url, elsewhere, drill)).toEqual(before);
    expect(entitiesBefore.decisions).toEqual([true, false]);
    expect(await entities(restored.url, elsewhere)).toEqual(entitiesBefore);
    expect(await run(["restore", copy, "--force"], { STATE_DIR: elsewhere })).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/is in use by/),
    });
    expect(await restored.stop()).toBe(0);
  });
});

test("after an unclean end a backup closes the ledger first, and what was committed is in it", async () => {
  const home = path.join(folder, "killed");
  expect(await run(["restore", backup], { STATE_DIR: home })).toMatchObject({ status: 0 });
  const first = await start({ STATE_DIR: home });
  const alice = await personAt(first.url, home, "alice");
  await alice.patch("/v1/organizations/acme", { name: "Renamed" });
  for (const pid of processesIn(path.join(home, "postgres"))) process.kill(pid, "SIGKILL");
  await first.kill();
  const copy = path.join(folder, "after a kill");
  expect(await run(["backup", copy], { STATE_DIR: home })).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/was not stopped cleanly/),
  });
  expect(await run(["restore", copy, "--force"], { STATE_DIR: home })).toMatchObject({ status: 0 });
  const second = await start({ STATE_DIR: home });
  expect((await alice.at(second.url).get("/v1/organizations/acme")).body.name).toBe("Renamed");
  await second.stop();
});
