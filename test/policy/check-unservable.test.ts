/** `npm run policies` on what no engine takes, or nobody can read: before anything is asked. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { checkPolicies } from "../../src/policy/check.ts";
import type { Finding } from "../../src/policy/review/finding.ts";
import { SCOPE, UNCOMPILED } from "../fixtures/broken-unservable.ts";
import { breakIn, type Broken, placeOf } from "../support/broken-policies.ts";
import { copyFolder, type FolderCopy, POLICIES } from "../support/host-folder.ts";

const copies: Pick<FolderCopy, "remove">[] = [];
afterEach(async () => {
  for (const copy of copies.splice(0)) await copy.remove();
});

async function broken(from: string, cases: readonly Broken[]): Promise<FolderCopy> {
  const copy = await copyFolder(from);
  copies.push(copy);
  await breakIn(copy, cases);
  return copy;
}

async function check(policies: FolderCopy): Promise<readonly Finding[]> {
  return await checkPolicies({ policiesDir: policies.directory, hostFolders: [] });
}

async function expectFound(folder: FolderCopy, found: readonly Finding[], each: Broken): Promise<void> {
  const place = await placeOf(folder, each);
  const there = found.filter(({ file, problem }) => file === place.file && problem.includes(each.says));
  expect({ what: each.what, there }).toEqual({
    what: each.what,
    there: [{ ...place, problem: expect.any(String), fix: expect.stringContaining(each.fix) }],
  });
}

describe("Policies that Cerbos does not take", () => {
  test("are found at their places, all of them at once, and nothing is asked", async () => {
    const folder = await broken(POLICIES, UNCOMPILED);
    const found = await check(folder);
    for (const each of UNCOMPILED) await expectFound(folder, found, each);
    // A version that one kind has alone: in its organizations nobody may do anything with the others.
    const missing = found.filter(({ problem }) => problem.startsWith("there is no such policy"));
    const others = ["account", "application", "invitation", "login", "member", "organization", "sector"];
    expect(missing.map(({ file }) => path.relative(folder.directory, file))).toEqual(
      others.map((kind) => `cerbos/matrices/strict/${kind}.yaml`),
    );
  });

  test("are told as Cerbos tells them, with its line and column, beside what reading finds", async () => {
    const undefinedWord: Broken = {
      what: "a word that is none",
      file: "cerbos/application.yaml",
      from: "hasSoleOwner: R.attr.ownerCount == 1",
      to: "hasSoleOwner: V.isUndefined",
      at: "V.isUndefined",
      says: "Undefined variable 'isUndefined'",
      fix: "Mend it: Cerbos does not take the policy",
    };
    const folder = await broken(POLICIES, [undefinedWord]);
    const found = await check(folder);
    await expectFound(folder, found, undefinedWord);
    await expectFound(folder, found, {
      ...{ what: "the same", file: "cerbos/application.yaml", at: "hasSoleOwner:" },
      ...{ says: "there is no variable isUndefined", fix: "Write it" },
    });
    expect(found).toHaveLength(2);
  });

  test("are found where a policy is missing", async () => {
    const folder = await broken(POLICIES, []);
    const gone = [
      "cerbos/sector_floor.yaml",
      "cerbos/sector_floor_test.yaml",
      "cerbos/account.yaml",
      "cerbos/account_test.yaml",
    ];
    for (const name of gone) await rm(path.join(folder.directory, name));
    const found = await check(folder);
    const missing = found.filter(({ problem }) => problem.startsWith("there is no such policy"));
    expect(missing.map(({ file, line, column }) => [path.basename(file), line, column])).toEqual([
      ["account.yaml", 1, 1],
      ["sector_floor.yaml", 1, 1],
    ]);
  });

  const EARLY: readonly Broken[] = [
    {
      what: "a plan without a limit",
      file: "plans.yaml",
      from: "free: {",
      to: "free: { colour: 3,",
      at: "colour",
      says: 'Unrecognized key: "colour"',
      fix: "Give each plan its six limits",
    },
    {
      what: "a module that is wrong",
      file: "openfga/core.fga",
      from: "define organization: [organization]\n    define sector: [sector]",
      to: "define organization: [organisation]\n    define sector: [sector]",
      at: "define organization: [organisation]",
      says: "the relationship model is wrong",
      fix: "Mend the module",
    },
  ];

  test.each(EARLY)("are not asked where there is $what", async (each) => {
    const folder = await broken(POLICIES, [each]);
    await expectFound(folder, await check(folder), each);
  });
});

/** By the program itself. */
async function run(...args: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const program = path.join(import.meta.dirname, "../../src/policy/main.ts");
  return await new Promise((resolve) => {
    execFile(process.execPath, [program, "check", ...args], (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe("The program's exit status", () => {
  const UNREADABLE = [
    { what: "YAML", file: "cerbos/sector.yaml", from: "  rules:\n", to: "  rules: [\n" },
    { what: "JSON", file: "cerbos/_schemas/account.json", from: '"required": [', to: '"required": {' },
    { what: "CEL", file: "cerbos/application.yaml", from: "R.attr.ownerCount == 1", to: "R.attr.ownerCount ==" },
    { what: "YAML", file: "openfga/core.fga.yaml", from: "tests:\n", to: "tests: [\n" },
    { what: "YAML", file: "plans.yaml", from: "free: {", to: "free: {{" },
  ];

  test.each(UNREADABLE)("is 2 for what is no $what in $file, with its line and column", async (each) => {
    const folder = await copyFolder(POLICIES);
    copies.push(folder);
    await folder.edit(each.file, (text) => text.replace(each.from, each.to));
    const { status, stdout, stderr } = await run("--policies", folder.directory);
    expect([status, stdout]).toEqual([2, ""]);
    const place = `${folder.directory}/${each.file}:[1-9][0-9]*:[1-9][0-9]*`;
    expect(stderr).toMatch(new RegExp(`^${place}: no ${each.what}: .+\\. Mend `, "m")); // it may have taken long enough to tell its progress
  });

  test("is 2 where there is no folder, an empty one, or one that brings no kind", async () => {
    const empty = await mkdtemp(path.join(tmpdir(), "bailiwick-empty-"));
    copies.push({ remove: async () => await rm(empty, { recursive: true }) });
    const nowhere = path.join(empty, "nowhere");
    const said = [];
    for (const args of [
      ["--policies", nowhere],
      ["--policies", empty],
      ["--host", nowhere],
      ["--host", empty],
    ]) {
      const { status, stdout, stderr } = await run(...args);
      said.push([status, stdout, stderr.trim()]);
    }
    expect(said).toEqual([
      [2, "", `there is no folder ${nowhere}`],
      [2, "", `${empty}: there are no policies (cerbos/*.yaml)`],
      [2, "", `there is no folder ${nowhere}`],
      [2, "", `${empty}: it has no kinds.yaml, and brings no kind`],
    ]);
  });

  test("is 2 where something is wrong: a line for each, or a list for programs", async () => {
    const folder = await broken(POLICIES, [SCOPE]);
    const { line, column } = await placeOf(folder, SCOPE);
    const [text, json] = [
      await run("--policies", folder.directory),
      await run("--policies", folder.directory, "--json"),
    ];
    expect([text.status, json.status]).toEqual([2, 2]);
    const place = `${folder.directory}/cerbos/transfer.yaml:${line}:${column}: `;
    expect(text.stdout.split("\n")).toContainEqual(
      expect.stringMatching(new RegExp(`^${place}a scope cannot .+\\. Take it out`)),
    );
    expect(JSON.parse(json.stdout)).toContainEqual({
      file: path.join(folder.directory, "cerbos/transfer.yaml"),
      ...{ line, column, problem: expect.any(String), fix: expect.any(String) },
    });
  });
});
