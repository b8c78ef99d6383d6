/** Which commit of git decides: the one that holds the folders exactly as they are, or none. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { existsSync } from "node:fs";
import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { commitOf } from "../../src/policy/commit.ts";
import { gitIn } from "../support/git.ts";

let root: string;
let repository: string;
let policies: string;
let host: string;
let head: string;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "bailiwick-commit-"));
});
afterAll(async () => await rm(root, { recursive: true }));

beforeEach(async () => {
  repository = path.join(root, "repository");
  await rm(repository, { recursive: true, force: true });
  await makeRepository(repository);
  [policies, host] = [path.join(repository, "policies"), path.join(repository, "host")];
  head = await git("rev-parse", "HEAD");
});

async function makeRepository(at: string): Promise<void> {
  for (const folder of ["policies/cerbos", "host/cerbos"]) {
    await mkdir(path.join(at, folder), { recursive: true });
    await writeFile(path.join(at, folder, "thing.yaml"), "resourcePolicy: {}\n");
  }
  await writeFile(path.join(at, ".gitignore"), "*.local.yaml\n");
  await git("init", "--quiet", at);
  await git("-C", at, "add", "--all");
  await git("-C", at, "commit", "--quiet", `--message=${path.basename(at)}`);
}

async function git(...args: readonly string[]): Promise<string> {
  return await gitIn(existsSync(repository) ? repository : root, ...args);
}

describe("The commit of folders", () => {
  test("that are as it has them", async () => {
    expect(head).toMatch(/^[0-9a-f]{40}$/);
    expect(await commitOf([policies])).toBe(head);
    expect(await commitOf([policies, host])).toBe(head);
  });

  test("says nothing about what lies beside them", async () => {
    await writeFile(path.join(repository, "README.md"), "new");
    expect(await commitOf([policies, host])).toBe(head);
  });

  test.each<readonly [string, () => Promise<void>]>([
    ["changed", async () => await appendFile(path.join(policies, "cerbos/thing.yaml"), "# more\n")],
    ["gone", async () => await rm(path.join(policies, "cerbos/thing.yaml"))],
    ["not in git yet", async () => await writeFile(path.join(policies, "cerbos/other.yaml"), "resourcePolicy: {}\n")],
    [
      "not in git yet, and git is told not to say so",
      async () => {
        await git("config", "status.showUntrackedFiles", "no");
        await writeFile(path.join(policies, "cerbos/other.yaml"), "resourcePolicy: {}\n");
      },
    ],
    ["ignored by git, and served", async () => await writeFile(path.join(policies, "cerbos/x.local.yaml"), "{}\n")],
    [
      "staged",
      async () => {
        await appendFile(path.join(policies, "cerbos/thing.yaml"), "# more\n");
        await git("add", "--all");
      },
    ],
  ])("is none where a file of one of them is %s", async (_what, change) => {
    await change();
    expect(await commitOf([policies, host])).toBeNull();
    expect(await commitOf([host])).toBe(head);
  });

  test("is none where they lie in different commits, or outside of git", async () => {
    const other = path.join(root, "other");
    await makeRepository(other);
    expect(await commitOf([path.join(other, "policies")])).toMatch(/^[0-9a-f]{40}$/);
    expect(await commitOf([policies, path.join(other, "policies")])).toBeNull();
    const outside = path.join(root, "outside");
    await mkdir(outside);
    expect(await commitOf([outside])).toBeNull();
    expect(await commitOf([policies, outside])).toBeNull();
  });

  test("is looked for without running what the repository brings, and without writing into it", async () => {
    const ran = path.join(root, "ran");
    const hooks = path.join(repository, "hooks");
    await mkdir(hooks);
    for (const hook of ["post-index-change", "fsmonitor"]) {
      await writeFile(path.join(hooks, hook), `#!/bin/sh\ntouch '${ran}'\n`);
      await chmod(path.join(hooks, hook), 0o755);
    }
    await git("config", "core.hooksPath", hooks);
    await git("config", "core.fsmonitor", path.join(hooks, "fsmonitor"));
    await utimes(path.join(policies, "cerbos/thing.yaml"), 1, 1); // git would note in its index that it is as it was
    const index = await readFile(path.join(repository, ".git/index"));
    expect(await commitOf([policies])).toBe(head);
    expect(await readFile(path.join(repository, ".git/index"))).toEqual(index);
    expect(existsSync(ran)).toBe(false);
    await git("status"); // which does all of that
    expect(existsSync(ran)).toBe(true);
  });
});
