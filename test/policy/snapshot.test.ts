/** What a reload takes: folders as they were at one moment, and a Cerbos that answers about everything. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connectCerbos } from "../../src/engines/cerbos.ts";
import { startCerbos } from "../../src/local/cerbos.ts";
import { writeBundle } from "../../src/policy/bundle.ts";
import { takeSnapshot } from "../../src/policy/snapshot.ts";
import { policyUnit } from "../../src/policy/unit.ts";
import { failedVectors } from "../../src/policy/vectors.ts";
import { copyFolder, type FolderCopy, POLICIES, RECORDS } from "../support/host-folder.ts";

const MOST_FILES = 5_000;

let policies: FolderCopy;
beforeEach(async () => {
  policies = await copyFolder(POLICIES);
});
afterEach(async () => await policies.remove());

describe("A snapshot", () => {
  test("holds what the folders held, whoever writes into them later, and goes with its end", async () => {
    const unit = await policyUnit(policies.directory, [RECORDS]);
    let copy = "";
    {
      await using snapshot = await takeSnapshot(policies.directory, [RECORDS]);
      copy = snapshot.policiesDir;
      await policies.edit("plans.yaml", (text) => text.replace("sectors: 25", "sectors: 26"));
      expect(snapshot.unit).toBe(unit);
      expect(await policyUnit(snapshot.policiesDir, snapshot.hostFolders)).toBe(unit);
      const [host = ""] = snapshot.hostFolders;
      const text = `${copy}/plans.yaml:3 ${host}/kinds.yaml:1`;
      expect(snapshot.named(text)).toBe("POLICIES_DIR/plans.yaml:3 HOST_POLICIES[0]/kinds.yaml:1");
      expect(snapshot.placed(text)).toBe(`${policies.directory}/plans.yaml:3 ${RECORDS}/kinds.yaml:1`);
    }
    await expect(readdir(copy)).rejects.toThrow("ENOENT");
  });

  test("follows links, as folders are mounted into containers, and leaves out what is hidden", async () => {
    const data = path.join(policies.directory, "..data");
    await mkdir(data);
    await rename(path.join(policies.directory, "plans.yaml"), path.join(data, "plans.yaml"));
    await symlink("..data/plans.yaml", path.join(policies.directory, "plans.yaml"));
    await using snapshot = await takeSnapshot(policies.directory, []);
    expect(await readFile(path.join(snapshot.policiesDir, "plans.yaml"), "utf8")).toContain("free:");
    expect(await readdir(snapshot.policiesDir)).not.toContain("..data");
  });

  test("of a folder that is written without end is refused", async () => {
    const writing = new AbortController();
    const writer = (async () => {
      while (!writing.signal.aborted) {
        await appendFile(path.join(policies.directory, "plans.yaml"), "# more\n");
        await pause(1);
      }
    })();
    await expect(takeSnapshot(policies.directory, [])).rejects.toThrow("change while they are read");
    writing.abort();
    await writer;
  });

  test(`is of ${MOST_FILES} files at most, and of a folder that is there`, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "bailiwick-many-"));
    for (let count = 0; count < MOST_FILES; count += 1) await writeFile(path.join(folder, `${count}.md`), "");
    await (await takeSnapshot(policies.directory, [folder]))[Symbol.asyncDispose]();
    await writeFile(path.join(folder, "one-more.md"), "");
    await expect(takeSnapshot(policies.directory, [folder])).rejects.toThrow(`more than ${MOST_FILES} files`);
    await rm(folder, { recursive: true });
    await expect(takeSnapshot(policies.directory, [folder])).rejects.toThrow("there is no folder");
  });
});

describe("The test vectors", () => {
  /** What they find of a Cerbos on the bundle, with something done to it first. */
  async function found(change: (bundle: string) => Promise<void>): Promise<string[]> {
    const stateDir = await mkdtemp(path.join(tmpdir(), "bailiwick-vectors-"));
    const bundle = path.join(stateDir, "bundle");
    const folders = { policiesDir: policies.directory, hostFolders: [RECORDS] };
    await writeBundle(bundle, folders.policiesDir, folders.hostFolders);
    await change(bundle);
    const engine = await startCerbos({ stateDir, policyDir: bundle, environment: process.env });
    const { judge, close } = connectCerbos(engine.target, false);
    try {
      return await failedVectors(judge, folders);
    } finally {
      close();
      await engine.stop();
      await rm(stateDir, { recursive: true });
    }
  }

  test("find nothing in a Cerbos that serves what was read, a host's kinds with it", async () => {
    expect(await found(async () => await Promise.resolve())).toEqual([]);
  });

  test("find every action of a policy that is not served", async () => {
    const said = await found(async (bundle) => await rm(path.join(bundle, "sector.yaml")));
    expect(said).toContainEqual(expect.stringMatching(/sector\.yaml: retire: .*NO_REASON_GIVEN/));
    expect(said.every((line) => line.includes("/sector.yaml: "))).toBe(true);
  });

  test("find a rule that decides otherwise than its tests expect, whatever the canary says", async () => {
    const said = await found(async (bundle) => {
      const file = path.join(bundle, "sector.yaml");
      await writeFile(file, (await readFile(file, "utf8")).replace(/(name: rename[^]*?)V\.isAdmin/, "$1V.isViewer"));
    });
    expect(said).toContainEqual(
      expect.stringMatching(/sector_test\.yaml: the test ".+": viewer rename: expected EFFECT_DENY$/),
    );
    expect(said.every((line) => line.includes("/sector_test.yaml: ") && line.includes(" rename: "))).toBe(true);
  });

  test("find facts that the served schema does not take", async () => {
    const said = await found(async (bundle) => {
      const file = path.join(bundle, "_schemas/record.json");
      await writeFile(file, (await readFile(file, "utf8")).replace('"properties"', '"maxProperties": 0, "properties"'));
    });
    expect(said).toContainEqual(expect.stringMatching(/record\.yaml: read: .*FACT_INVALID/));
  });
});
