/** `npm run policies -- bundle` as its user types it, and what whoever looks meanwhile finds. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { writeBundle } from "../../src/policy/bundle.ts";
import { policyUnit } from "../../src/policy/unit.ts";
import { copyFolder, DOCUMENTS, type FolderCopy, POLICIES, RECORDS } from "../support/host-folder.ts";
import { writeVersion } from "../support/policy-versions.ts";

const PROGRAM = path.resolve("src/policy/main.ts");

let top: string;
let policies: FolderCopy;
beforeAll(async () => {
  top = await mkdtemp(path.join(tmpdir(), "bailiwick-bundles-"));
  policies = await copyFolder(POLICIES);
});
afterAll(async () => {
  await policies.remove();
  await rm(top, { recursive: true });
});

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function bundle(...args: readonly string[]): Promise<Outcome> {
  return await new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, "bundle", ...args], (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

const canaryIn = async (folder: string): Promise<string> =>
  await readFile(path.join(folder, "bailiwick_canary.yaml"), "utf8");

describe("The verb", () => {
  test("writes the policies of the folders that it is given, says their unit, and with --json the same for programs", async () => {
    const target = path.join(top, "new/bundle");
    const given = [target, "--policies", policies.directory, "--host", RECORDS];
    const unit = await policyUnit(policies.directory, [RECORDS]);
    expect(await bundle(...given)).toMatchObject({
      status: 0,
      stdout: `${target}: unit ${unit}, the built-in policies and the host's kinds record, user\n`,
    });
    expect(await canaryIn(target)).toContain(unit);
    expect(await readdir(target)).toEqual(expect.arrayContaining(["_schemas", "host-0", "sector.yaml"]));
    const again = await bundle(...given, "--replace", "--json");
    expect(JSON.parse(again.stdout)).toEqual({ folder: target, unit, kinds: ["record", "user"], isCompiled: true });
  });

  test("tells with --help what it takes", async () => {
    const { status, stdout } = await bundle("--help");
    expect([status, stdout]).toEqual([0, expect.stringMatching(/--replace[^]*--policies[^]*--host[^]*--json/)]);
  });
});

describe("What its user can mend is told, with exit status 2, nothing on its output and nothing written", () => {
  const target = (): string => path.join(top, "never");
  const broken: FolderCopy[] = [];
  afterAll(async () => {
    for (const copy of broken) await copy.remove();
  });
  async function brokenCopy(from: string, file: string, change: (text: string) => string): Promise<string> {
    const copy = await copyFolder(from);
    broken.push(copy);
    await copy.edit(file, change);
    return copy.directory;
  }
  async function inUse(name: string): Promise<string> {
    await mkdir(path.join(top, name), { recursive: true });
    await writeFile(path.join(top, name, "letter.txt"), "Dear …");
    return path.join(top, name);
  }

  const CASES: readonly [what: string, args: () => Promise<readonly string[]>, says: RegExp][] = [
    ["no folder", () => Promise.resolve([]), /npm run policies -- bundle <new folder>/],
    ["two folders", () => Promise.resolve([target(), RECORDS]), /one folder: name a host's with --host .*policies/],
    ["an unknown option", () => Promise.resolve([target(), "--force"]), /--force/],
    ["no policies", () => Promise.resolve([target(), "--policies", top]), /there are no policies/],
    ["a folder of policies that is not there", () => Promise.resolve([target(), "--policies", target()]), /no folder/],
    ["a host's folder that is not there", () => Promise.resolve([target(), "--host", target()]), /there is no folder/],
    ["a host's folder that brings no kind", () => Promise.resolve([target(), "--host", POLICIES]), /brings no kind/],
    ["a folder that holds something else", async () => [await inUse("a"), "--replace"], /is not empty, and no bundle/],
    ["a place that is none", async () => [path.join(await inUse("b"), "letter.txt/x")], /letter\.txt.*Name a folder/],
    [
      "broken YAML",
      async () => [target(), "--policies", await brokenCopy(POLICIES, "cerbos/sector.yaml", (text) => `${text}[`)],
      /cerbos\/sector\.yaml:\d+:\d+: no YAML/,
    ],
    [
      "what check has against the policies",
      async () => {
        const deny = (text: string): string => text.replace("EFFECT_ALLOW", "EFFECT_DENY");
        return [target(), "--policies", await brokenCopy(POLICIES, "cerbos/sector.yaml", deny)];
      },
      /bailiwick-host-\w+\/cerbos\/sector\.yaml:\d+:\d+: .*DENY/,
    ],
    [
      "tests that fail",
      async () => {
        const two = (text: string): string => text.replace("ownerCount == 1", "ownerCount == 2");
        return [target(), "--policies", await brokenCopy(POLICIES, "cerbos/sector.yaml", two)];
      },
      /cerbos\/sector_test\.yaml:\d+:\d+: the test/,
    ],
    [
      "a host's kind that is broken",
      async () => {
        const deny = (text: string): string => text.replace("effect: EFFECT_ALLOW", "effect: EFFECT_DENY");
        return [target(), "--host", await brokenCopy(DOCUMENTS, "cerbos/folder.yaml", deny)];
      },
      /bailiwick-host-\w+\/cerbos\/folder\.yaml:\d+: .*EFFECT_ALLOW/,
    ],
  ];

  test.each(CASES)("%s", async (_what, args, says) => {
    const { status, stdout, stderr } = await bundle(...(await args()));
    expect([status, stdout, stderr]).toEqual([2, "", expect.stringMatching(says)]);
    expect(stderr).not.toMatch(/\n\s+at |bailiwick-snapshot/);
    expect((await readdir(top)).filter((name) => name.startsWith(".") || name === "never")).toEqual([]);
  });
});

describe("A bundle in the place of another", () => {
  test("comes there whole: whoever looks finds all of one, or nothing; the one before stays beside it", async () => {
    const target = path.join(top, "replaced/bundle");
    const { unit: first } = await writeBundle(target, policies.directory, []);
    const names = (await readdir(target)).sort();
    const seen = new Set<string>();
    const looking = new AbortController();
    const looks = (async () => {
      while (!looking.signal.aborted)
        seen.add(
          String(
            await readdir(target).then(
              (all) => all.sort(),
              () => "nothing",
            ),
          ),
        );
    })();
    await writeVersion(policies, { least: "member", sectors: 7 });
    const { unit: second } = await writeBundle(target, policies.directory, [], { replaces: true });
    await writeVersion(policies, { least: "admin", sectors: 25 }, { least: "member", sectors: 7 });
    looking.abort();
    await looks;
    expect([...seen].filter((each) => each !== "nothing")).toEqual([String(names)]);
    expect(first).not.toBe(second);
    expect(await canaryIn(target)).toContain(second);
    expect((await readdir(path.dirname(target))).sort()).toEqual([".bundle.previous", "bundle"]);
    expect(await canaryIn(path.join(path.dirname(target), ".bundle.previous"))).toContain(first);
  });

  test("whose writer was killed is the one before or none, and the next comes there all the same", async () => {
    const target = path.join(top, "killed/bundle");
    const { unit } = await writeBundle(target, policies.directory, []);
    const child: ChildProcess = spawn(process.execPath, [PROGRAM, "bundle", target, "--replace"], {
      stdio: "ignore",
    });
    const watching = watch(path.dirname(target), () => child.kill("SIGKILL")); // as soon as something is beside it
    await once(child, "exit");
    watching.close();
    expect(await canaryIn(target).catch(() => unit)).toContain(unit);
    // Between its two steps, if it was not killed there.
    await rm(path.join(path.dirname(target), ".bundle.previous"), { recursive: true, force: true });
    await rename(target, path.join(path.dirname(target), ".bundle.previous")).catch(() => undefined);
    await writeBundle(target, policies.directory, [], { replaces: true });
    expect(await canaryIn(target)).toContain(unit);
  });

  test("is of one moment, or none: of folders that change all the time it says so", async () => {
    const moving = await copyFolder(POLICIES);
    const writing = new AbortController();
    const writer = (async () => {
      while (!writing.signal.aborted) await appendFile(path.join(moving.directory, "plans.yaml"), "# more\n");
    })();
    const bundled = writeBundle(path.join(top, "moving"), moving.directory, []);
    await expect(bundled).rejects.toThrow("change while they are read");
    writing.abort();
    await writer;
    await moving.remove();
  });
});
