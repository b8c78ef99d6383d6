import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gitIn } from "../support/git.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const POLICY = "policies/cerbos/sector.yaml";

let repository: string;
let original: string;
beforeAll(async () => {
  repository = await mkdtemp(path.join(tmpdir(), "bailiwick-hook-"));
  for (const folder of ["policies", "examples", ".githooks"]) {
    await cp(path.join(ROOT, folder), path.join(repository, folder), { recursive: true });
  }
  await git("init", "--quiet");
  for (const part of ["src", "node_modules", "package.json"]) {
    await symlink(path.join(ROOT, part), path.join(repository, part));
    await writeFile(path.join(repository, ".git/info/exclude"), `/${part}\n`, { flag: "a" });
  }
  await git("add", "--all");
  await git("commit", "--quiet", "--message", "as they are");
  await git("config", "core.hooksPath", ".githooks");
  original = await readFile(path.join(repository, POLICY), "utf8");
});
afterAll(async () => await rm(repository, { recursive: true }));

test("the hook refuses a policy whose tests say otherwise, as it is staged and not as it lies there", async () => {
  await write(POLICY, original.replace(/(name: rename[^]*?)V\.isAdmin/, "$1V.isViewer"));
  await git("add", POLICY);
  await write(POLICY, original);
  await expect(commit("feat: viewers rename")).rejects.toMatchObject({ code: 1 });
  expect(await subjects()).toEqual(["as they are"]);
});

test("the hook lets pass what is staged and right, whatever else lies there, and does not look where no policy is staged", async () => {
  await write(POLICY, original.replace("# Nobody asks for", "# Nobody ever asks for"));
  await git("add", POLICY);
  await write(POLICY, "broken: [");
  await commit("docs: a comment");
  await write("examples/README.md", "nothing of a policy");
  await git("add", "examples/README.md");
  await rm(path.join(repository, "package.json")); // nothing of ours can run now
  await commit("docs: prose");
  expect(await subjects()).toEqual(["docs: prose", "docs: a comment", "as they are"]);
});

async function write(file: string, text: string): Promise<void> {
  await writeFile(path.join(repository, file), text);
}

async function commit(message: string): Promise<void> {
  await git("commit", "--quiet", "--message", message);
}

async function subjects(): Promise<string[]> {
  return (await git("log", "--format=%s")).split("\n");
}

async function git(...args: readonly string[]): Promise<string> {
  return await gitIn(repository, ...args);
}
