/** The drill: a backup, a loss, a restore, with gateways as `npm start` has them. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { decisions, type Drill, foundAcme, goOn, modesIn } from "../support/drill.ts";
import { processesIn, query, removeStateDir, startForTest } from "../support/engine-processes.ts";
import { eventually } from "../support/eventually.ts";
import { expectGraphHoldsLedger } from "../support/graph.ts";
import { type OwnGateway, personAt, run, start, storesOf } from "../support/own-gateway.ts";

let folder: string;
let stateDir: string;
let backup: string;
let drill: Drill;
let before: Awaited<ReturnType<typeof decisions>>;
let gateway: OwnGateway | undefined;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "bailiwick-drill-"));
  stateDir = path.join(folder, "state");
  backup = path.join(folder, "backup");
  await running();
  drill = await foundAcme(url(), stateDir);
  before = await decisions(url(), stateDir, drill);
});
afterAll(async () => {
  await gateway?.stop();
  removeStateDir(folder);
});

const settings = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  STATE_DIR: stateDir,
  ...more,
});

async function running(): Promise<void> {
  gateway ??= await start(settings());
}

async function stopped(): Promise<void> {
  const ending = gateway;
  gateway = undefined;
  expect((await ending?.stop()) ?? 0).toBe(0);
}

function url(): string {
  if (gateway === undefined) throw new Error("no gateway runs");
  return gateway.url;
}

async function expectEqual(): Promise<void> {
  const stores = await storesOf(stateDir);
  await eventually(async () => await expectGraphHoldsLedger(stores)).finally(async () => await stores.close());
}

/** The state directory's own parts, whatever else is in it. */
function partsIn(root: string): string[] {
  const parts = ["issuer.json", "postgres", "secrets.json"];
  return readdirSync(root).filter((name) => parts.includes(name) || name.startsWith("replaced-"));
}

describe("a backup", () => {
  test("is refused while the gateway runs, by one line that says what to do", async () => {
    const { status, stderr } = await run(["backup", backup], settings());
    expect(status).toBe(1);
    expect(stderr).toMatch(/^backup: .* is in use by another Bailiwick \(process \d+, .*\. Stop that one, or choose/);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(existsSync(backup)).toBe(false);
    expect(await decisions(url(), stateDir, drill)).toEqual(before);
  });

  test("of a stopped one is a folder for its owner's eyes alone", async () => {
    await stopped();
    expect(await run(["backup", backup], settings())).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/^Copied \d+ files, .* MB/),
    });
    expect(readdirSync(backup).sort()).toEqual(["issuer.json", "manifest.json", "postgres", "secrets.json"]);
    expect(modesIn(backup)).toEqual(["file 600", "folder 700"]);
    expect(readdirSync(folder).sort()).toEqual(["backup", "state"]);
  });

  test.each([
    ["into a folder that holds something", () => backup, /is there already and not empty: name a new folder/],
    ["into the state directory itself", () => path.join(stateDir, "backup"), /is inside of what is to be copied/],
    [
      "where nobody may write",
      () => path.join(backup, "manifest.json", "below a file"),
      /^backup: given up, and nothing was changed/,
    ],
  ])("%s is refused", async (_where, target, message) => {
    const { status, stderr } = await run(["backup", target()], settings());
    expect(status).toBe(1);
    expect(stderr).toMatch(message);
  });

  test("of a directory without a ledger, and of a Postgres of one's own, is refused", async () => {
    const empty = path.join(folder, "empty");
    const none = await run(["backup", path.join(folder, "none")], { STATE_DIR: empty });
    expect(none).toMatchObject({ status: 1, stderr: expect.stringMatching(/there is no ledger in/) });
    expect(existsSync(empty)).toBe(false);
    const own = settings({ DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" });
    for (const command of ["backup", "restore"]) {
      expect(await run([command, backup], own)).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/use its own tools \(docs\/backup\.md\)/),
      });
    }
  });

  test.each([
    ["backup", []],
    ["restore", ["one", "--fast"]],
    ["reconcile", ["--rebild"]],
    ["start", ["--port=1"]],
  ])("%s with the arguments %j prints what it takes, with exit status 2", async (command, args) => {
    const { status, stderr } = await run([command, ...args], settings());
    expect(status).toBe(2);
    expect(stderr).toContain("--help");
  });
});

describe("the drill", () => {
  test("what was backed up is there again: decisions are as then, the graph is the ledger's, the removed member is back", async () => {
    await running();
    await goOn(url(), stateDir);
    const after = await decisions(url(), stateDir, drill);
    expect(after["bob view"]?.decision).toBe(false);
    expect(after["dave rotate_keys"]?.decision).toBe(true);
    await stopped();

    const refused = await run(["restore", backup], settings());
    expect(refused).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/holds a ledger already\. .*add --force/),
    });
    expect(partsIn(stateDir)).toEqual(["issuer.json", "postgres", "secrets.json"]);

    const { status, stderr } = await run(["restore", backup, "--force"], settings());
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/What was there before is in .*\nNext: npm start/),
    });
    const aside = partsIn(stateDir).find((name) => name.startsWith("replaced-")) ?? "";
    expect(readdirSync(path.join(stateDir, aside)).sort()).toEqual(["issuer.json", "postgres", "secrets.json"]);

    await running();
    expect(await decisions(url(), stateDir, drill)).toEqual(before);
    await expectEqual();
    const alice = await personAt(url(), stateDir, "alice");
    const { body } = await alice.get("/v1/organizations/acme/members");
    const members = body.items as { alias: string; role: string }[];
    expect(members.map(({ alias, role }) => `${alias} ${role}`)).toEqual(["alice owner", "bob member", "carol admin"]);
    expect((await alice.get("/v1/organizations/later")).status).toBe(403); // as one that never was
    const bob = await personAt(url(), stateDir, "bob");
    expect((await bob.get("/v1/organizations/acme")).status).toBe(200);
  });

  test("it goes on from there: what was done once can be done again", async () => {
    await goOn(url(), stateDir);
    expect((await decisions(url(), stateDir, drill))["bob view"]?.decision).toBe(false);
    await expectEqual();
    await stopped();
  });

  test("with OpenFGA's database lost, reconcile --rebuild makes the graph anew from the restored ledger", async () => {
    expect(await run(["restore", backup, "--force"], settings())).toMatchObject({ status: 0 });
    await dropOpenfga();
    const { status, stderr } = await run(["reconcile", "--rebuild"], settings({ LOG_LEVEL: "silent" }));
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/\n2 organizations rebuilt: 1 had drifted, 0 could not be rebuilt/),
    });
    await running();
    expect(await decisions(url(), stateDir, drill)).toEqual(before);
    await expectEqual();
    await stopped();
    expect(processesIn(stateDir)).toEqual([]);
  });
});

/** Through the embedded Postgres alone. */
async function dropOpenfga(): Promise<void> {
  const engines = await startForTest(stateDir, { need: { postgres: true, openfga: false, cerbos: false } });
  await query(engines.databaseUrl, "drop database openfga");
  await engines.stop();
}
