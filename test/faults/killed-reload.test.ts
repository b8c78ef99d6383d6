/** A gateway that is killed within a reload comes back on one whole unit, and nothing of the broken one is left. */
import { afterAll, afterEach, beforeAll, expect, jest, test } from "@jest/globals";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { markOf } from "../../src/local/process-mark.ts";
import { policyUnit } from "../../src/policy/unit.ts";
import { makeDatabase, makeStore, type TestDatabase } from "../support/engines.ts";
import { eventually } from "../support/eventually.ts";
import { copyFolder, type FolderCopy, POLICIES } from "../support/host-folder.ts";
import { ledgerAt, type OpenStores, type OwnGateway, serviceAt, start } from "../support/own-gateway.ts";
import { writeVersion } from "../support/policy-versions.ts";
import { RELOAD, SHIPPED } from "../support/reload-world.ts";
import { testEngines } from "../support/test-engines.ts";

jest.setTimeout(120_000); // a reload takes seconds of processor time, and so does a start
const REACHED_WITHIN_MS = 60_000;

let stateDir: string;
let database: TestDatabase;
let ledger: Pick<OpenStores, "sql" | "close">;
let policies: FolderCopy;
let settings: Readonly<Record<string, string>>;
let gateway: OwnGateway;
beforeAll(async () => {
  stateDir = await mkdtemp(path.join(tmpdir(), "bailiwick-killed-reload-"));
  [database, policies] = [await makeDatabase(), await copyFolder(POLICIES)];
  ledger = ledgerAt(database.url);
  const { openfga } = testEngines();
  settings = {
    ...{ STATE_DIR: stateDir, POLICIES_DIR: policies.directory, POLICIES_WATCH: "false" },
    ...{ DATABASE_URL: database.url, OPENFGA_API_URL: openfga.apiUrl, OPENFGA_PRESHARED_KEY: openfga.presharedKey },
    OPENFGA_STORE_ID: await makeStore(),
  };
  gateway = await start(settings);
});
afterEach(() => void (written += 1));
afterAll(async () => {
  await gateway.stop();
  await ledger.close();
  await database.drop();
  await policies.remove();
  await rm(stateDir, { recursive: true, force: true });
});

/** Each test writes the next version. */
let written = 40;

const names = (folder: string): string[] =>
  existsSync(path.join(stateDir, folder)) ? readdirSync(path.join(stateDir, folder)) : [];
const judges = (): number[] => {
  const running = JSON.parse(readFileSync(path.join(stateDir, "running.json"), "utf8")) as Running[];
  return running.filter(({ name }) => name === "cerbos").map(({ mark }) => mark.pid);
};
interface Running {
  readonly name: string;
  readonly mark: { readonly pid: number };
}

const MOMENTS: readonly (readonly [string, () => number, number])[] = [
  ["while the folders are copied and checked", () => names("policy-snapshots").length, 1],
  ["when the new set is written", () => names("policy-set").length, 2],
  ["when the second Cerbos is started", () => judges().length, 2],
];

test.each(MOMENTS)("killed %s", async (_what, counted, count) => {
  const plan = (sectors: number): typeof SHIPPED => ({ ...SHIPPED, sectors });
  await writeVersion(policies, plan(written), plan(written === 40 ? SHIPPED.sectors : written - 1));
  const operator = await serviceAt(gateway.url, stateDir, { name: "operator", scopes: ["platform:admin"] });
  const reloading = operator.post(RELOAD).catch(() => "cut off");
  await eventually(() => expect(counted()).toBe(count), REACHED_WITHIN_MS);
  const pids = judges();
  await gateway.kill();
  expect(await reloading).toBe("cut off");

  gateway = await start(settings);
  const unit = await policyUnit(policies.directory);
  const ready = (await operator.at(gateway.url).get("/readyz")).body;
  expect(ready).toMatchObject({ status: "ready", policies: { unit, served: unit } });
  expect([names("policy-set").length, names("policy-snapshots"), judges().length]).toEqual([1, [], 1]);
  expect(pids.filter((pid) => markOf(pid) !== undefined)).toEqual([]);
  // What the reload did not come to, the start has: told once.
  const events = await ledger.sql("select actor_kind from audit_events where target_id = $1", [unit]);
  expect(events).toEqual([{ actor_kind: "system" }]);
});
