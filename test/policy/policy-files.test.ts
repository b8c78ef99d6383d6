/** What Cerbos gets is what was hashed, checked and compared, and nothing else. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadPolicies } from "../../src/assemble.ts";
import { ConfigError, readConfig } from "../../src/config.ts";
import { connectCerbos } from "../../src/engines/cerbos.ts";
import { readModules } from "../../src/engines/openfga-model.ts";
import { createLog } from "../../src/http/log.ts";
import { startCerbos } from "../../src/local/cerbos.ts";
import { policyFilesIn } from "../../src/policy/policy-files.ts";
import { writeServedSet } from "../../src/policy/policy-set.ts";
import { policyUnit } from "../../src/policy/unit.ts";
import { copyFolder, type FolderCopy, POLICIES } from "../support/host-folder.ts";
import { OF_THE_SUBJECT } from "./review/unseen-changes.ts";

let policies: FolderCopy;
let top: string;
beforeEach(async () => {
  policies = await copyFolder(POLICIES);
  top = await mkdtemp(path.join(tmpdir(), "bailiwick-files-"));
});
afterEach(async () => {
  await policies.remove();
  await rm(top, { recursive: true });
});

async function put(file: string): Promise<void> {
  await mkdir(path.dirname(path.join(policies.directory, file)), { recursive: true });
  await policies.write(file, OF_THE_SUBJECT);
}

async function serve(name: string): Promise<string> {
  const folder = path.join(top, name);
  await mkdir(folder);
  await writeServedSet(folder, { policiesDir: policies.directory, files: [], unit: "0123456789abcdef" });
  return folder;
}

describe("The files of a folder", () => {
  test("that are shipped are policies, schemas and tests", async () => {
    const { policies: found, schemas, tests, strangers } = await policyFilesIn(POLICIES);
    expect(found).toEqual(expect.arrayContaining(["roles.yaml", "sector.yaml", "sector_floor.yaml"]));
    expect(schemas).toEqual(expect.arrayContaining(["_schemas/principal.json", "_schemas/sector.json"]));
    expect([tests.includes("sector_test.yaml"), strangers]).toEqual([true, []]);
  });

  test.each([
    ...["subject.yml", "subject.YAML", "subject.json", "sector_test.yml", "more/subject.yaml"],
    ...["_schemas/subject.yaml", "_schemas/more/subject.json", "matrices/subject.json", "matrices/a/b/subject.yaml"],
  ])("are strangers where Cerbos would load them and nobody reads them: %s", async (name) => {
    const before = await policyUnit(policies.directory);
    await put(`cerbos/${name}`);
    expect((await policyFilesIn(policies.directory)).strangers).toEqual([name]);
    expect(await policyUnit(policies.directory)).not.toBe(before);
    expect(await readdir(await serve("set"), { recursive: true })).not.toContain(name);
  });

  test.each(["notes.md", "sector.yaml~", ".subject.yaml", ".git/subject.yaml", "testdata/subject.yaml"])(
    "are none of policies where Cerbos would not load them: %s",
    async (name) => {
      const before = await policyUnit(policies.directory);
      await put(`cerbos/${name}`);
      expect((await policyFilesIn(policies.directory)).strangers).toEqual([]);
      expect(await policyUnit(policies.directory)).toBe(before);
      expect(await readdir(await serve("set"), { recursive: true })).not.toContain(name);
    },
  );

  test("that are hidden are no modules of the model either", async () => {
    const openfga = path.join(policies.directory, "openfga");
    const [before, unit] = [await readModules([openfga]), await policyUnit(policies.directory)];
    await policies.write("openfga/.more.fga", "module more\n\ntype thing\n");
    expect([await readModules([openfga]), await policyUnit(policies.directory)]).toEqual([before, unit]);
  });

  test("are the same where they are mounted as links", async () => {
    const [before, unit] = [await policyFilesIn(policies.directory), await policyUnit(policies.directory)];
    const schemas = path.join(policies.directory, "cerbos/_schemas");
    await rename(schemas, path.join(top, "schemas"));
    await symlink(path.join(top, "schemas"), schemas);
    expect(await policyFilesIn(policies.directory)).toEqual(before);
    expect(await policyUnit(policies.directory)).toBe(unit);
  });
});

test.each([
  ["subject.yml", "1:1: Cerbos would load it"],
  ["subject.yaml", "2:1: a principal policy overrules all others"],
])("A gateway does not start with cerbos/%s in its folder, and says so", async (name, says) => {
  await put(`cerbos/${name}`);
  const config = { ...readConfig({}), policiesDir: policies.directory };
  const loading = loadPolicies(config, { report: () => undefined, log: createLog("silent") });
  await expect(loading).rejects.toThrow(ConfigError);
  await expect(loading).rejects.toThrow(`POLICIES_DIR: ${policies.directory}/cerbos/${name}:${says}`);
});

test("A Cerbos that got such a file would allow everything to everybody; what is written for one has it not", async () => {
  /** What a stranger may do with a sector, floor and matrix together. */
  async function allowed(folder: string): Promise<(boolean | undefined)[]> {
    const cerbos = await startCerbos({
      stateDir: path.join(top, "state"),
      policyDir: folder,
      environment: process.env,
    });
    const { judge, close } = connectCerbos(cerbos.target, false);
    try {
      const attributes = {
        ...{ state: "enabled", organizationState: "active", ownerCount: 1, enabledApplications: 0 },
        ...{ organizationSectors: 1, maxSectors: 25, organizationApplications: 1, maxApplications: 25 },
      };
      const question = { kind: "sector", matrix: "default", hasFloor: true, role: "none", attributes } as const;
      const verdicts = await judge({ ...question, actions: ["view", "retire"] }, 5_000);
      return ["view", "retire"].map((action) => verdicts.get(action)?.allowed);
    } finally {
      close();
      await cerbos.stop();
    }
  }
  await put("cerbos/subject.yml");
  const served = await serve("served");
  expect(await allowed(served)).toEqual([false, false]);
  await copyFile(path.join(policies.directory, "cerbos/subject.yml"), path.join(served, "subject.yml"));
  expect(await allowed(served)).toEqual([true, true]);
});
