/** What a start decides by is one state of its folders, whoever writes into them meanwhile. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startAllEngines } from "../../src/arrivals.ts";
import { type Config, ConfigError, readConfig } from "../../src/config.ts";
import { openPolicies } from "../../src/policy/opened.ts";
import { policyUnit } from "../../src/policy/unit.ts";
import { copyFolder, type FolderCopy, POLICIES } from "../support/host-folder.ts";
import { testEngines } from "../support/test-engines.ts";

let policies: FolderCopy;
let stateDir: string;
beforeEach(async () => {
  policies = await copyFolder(POLICIES);
  stateDir = await mkdtemp(path.join(tmpdir(), "bailiwick-opened-"));
});
afterEach(async () => {
  await policies.remove();
  await rm(stateDir, { recursive: true });
});

function configOf(settings: Readonly<Record<string, string>> = {}): Config {
  const { databaseUrl, openfga, masterSecret } = testEngines();
  return readConfig({
    ...{ STATE_DIR: stateDir, POLICIES_DIR: policies.directory, DATABASE_URL: databaseUrl },
    ...{ OPENFGA_API_URL: openfga.apiUrl, OPENFGA_PRESHARED_KEY: openfga.presharedKey },
    ...{ BAILIWICK_SECRET: masterSecret, ...settings },
  });
}

/** Writes into the folder, line by line; `done` when there are no more. */
function writing(lines: number): { readonly done: Promise<void>; stop(): void } {
  let left = lines;
  const write = async (): Promise<void> => {
    for (; left > 0; left -= 1) {
      await appendFile(path.join(policies.directory, "plans.yaml"), "# more\n");
      await pause(1);
    }
  };
  return { done: write(), stop: () => (left = 0) };
}

const left = async (): Promise<string[][]> =>
  await Promise.all(
    ["policy-set", "policy-snapshots"].map(async (name) => await readdir(path.join(stateDir, name)).catch(() => [])),
  );

describe.each([
  ["an embedded Cerbos", {}],
  ["a Cerbos of one's own", { CERBOS_TARGET: "127.0.0.1:3593" }],
])("With %s", (_what, settings) => {
  test("folders that move while they are read are read again, and what is read is what they hold then", async () => {
    const writer = writing(50);
    const { policies: read, set } = await openPolicies(configOf(settings));
    await writer.done;
    expect(read.unit).toBe(await policyUnit(policies.directory));
    if (set !== null) {
      const canary = await readFile(path.join(set.folder, "bailiwick_canary.yaml"), "utf8");
      expect(canary).toContain(read.unit);
    }
    expect(await left()).toEqual([set === null ? [] : [path.basename(set.folder)], []]);
    await set?.remove();
  });

  test("folders that move without end are no start, and nothing is left of it", async () => {
    const writer = writing(Infinity);
    const opening = openPolicies(configOf(settings));
    await expect(opening).rejects.toThrow("POLICIES_DIR, HOST_POLICIES: the folders change while they are read");
    await expect(opening).rejects.toThrow(ConfigError);
    writer.stop();
    await writer.done;
    expect(await left()).toEqual([[], []]);
  });

  test("a folder that is not there is told by its setting", async () => {
    const nowhere = path.join(stateDir, "nowhere");
    const opening = openPolicies(configOf({ ...settings, HOST_POLICIES: nowhere }));
    await expect(opening).rejects.toThrow(ConfigError);
    await expect(opening).rejects.toThrow(`HOST_POLICIES: there is no folder ${nowhere}`);
  });

  test("what is wrong is told by its place, not by that of a copy", async () => {
    await policies.edit("plans.yaml", (text) => text.replace("sectors: 25, ", ""));
    const error: unknown = await openPolicies(configOf(settings)).catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(new RegExp(`${policies.directory}/plans\\.yaml:\\d+.*: .*sectors`));
    expect(error instanceof Error ? error.stack : "").not.toContain("policy-snapshots");
    expect(await left()).toEqual([[], []]);
  });
});

test("The folders can move once they are read: the set is of what was hashed", async () => {
  const before = await readFile(path.join(policies.directory, "cerbos/sector.yaml"), "utf8");
  const { set } = await openPolicies(configOf());
  await policies.edit("cerbos/sector.yaml", (text) => `${text}# late\n`);
  expect(await readFile(path.join(set?.folder ?? "", "sector.yaml"), "utf8")).toBe(before);
  await set?.remove();
});

test("A start clears what a killed one has left, and a set goes with engines that do not start", async () => {
  for (const rest of ["policy-set/set-old", "policy-snapshots/bailiwick-snapshot-old"]) {
    await mkdir(path.join(stateDir, rest), { recursive: true });
  }
  const { set } = await openPolicies(configOf());
  const engines = await startAllEngines(configOf(), () => undefined, set);
  expect(await left()).toEqual([[path.basename(set?.folder ?? "")], []]);
  await engines.stop();
  const url = "postgres://u:p@127.0.0.1:1/x";
  const next = await openPolicies(configOf());
  const starting = startAllEngines(configOf({ DATABASE_URL: url, START_TIMEOUT_MS: "100" }), () => undefined, next.set);
  await expect(starting).rejects.toMatchObject({ code: "ENGINE_NOT_REACHED" });
  expect(await left()).toEqual([[path.basename(set?.folder ?? "")], []]);
});
