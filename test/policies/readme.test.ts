/** What policies/README.md shows of a change is what the tools say of it. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { makePolicyRepository, type PolicyRepository } from "../support/policy-repository.ts";

const README = await readFile(path.resolve("policies/README.md"), "utf8");

let repository: PolicyRepository;
beforeAll(async () => {
  repository = await makePolicyRepository();
  const rule = /(- name: retire\n(?:(?!- name:)[^])*?)V\.isOwner\n((?:(?!- name:)[^])*?)V\.unlessOwner/;
  await repository.edit("cerbos/sector.yaml", (text) => text.replace(rule, "$1V.isAdmin\n$2V.unlessAdmin"));
});
afterAll(async () => await repository.remove());

/** What stands below a command, with the hashes of another day. */
function shownBelow(command: string): string {
  const [, shown = ""] = README.split(`$ npm run -s policies -- ${command}\n`);
  return withoutHashes(shown.slice(0, shown.indexOf("\n```")));
}

function withoutHashes(text: string): string {
  return text.trim().replaceAll(/(?<=[`"])[0-9a-f]{12,16}(?=[`"])/g, "…");
}

test("diff", async () => {
  const { status, stdout } = await repository.diff();
  expect([status, withoutHashes(stdout)]).toEqual([3, shownBelow("diff")]);
});

test("explain", async () => {
  const command = "explain sector retire --role admin";
  const args = [path.resolve("src/policy/main.ts"), ...command.split(" "), `--policies=${repository.policies}`];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: repository.directory });
  expect(withoutHashes(stdout)).toBe(shownBelow(command));
});
