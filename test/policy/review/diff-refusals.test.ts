/** What `npm run policies -- diff` does not compare. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DOCUMENTS } from "../../support/host-folder.ts";
import { makePolicyRepository, type PolicyRepository } from "../../support/policy-repository.ts";
import { OF_THE_SUBJECT } from "./unseen-changes.ts";

const SECTOR = "cerbos/sector.yaml";

let repository: PolicyRepository;
beforeAll(async () => {
  repository = await makePolicyRepository();
});
afterAll(async () => await repository.remove());

describe("What it cannot compare it says, with exit status 2 and nothing on its output", () => {
  test.each([
    ["an unknown revision", ["nowhere"], /no revision nowhere/],
    ["what looks like an option to git", ["--", "--output=x"], /no revision --output=x/],
    ["a revision without policies", ["empty"], /empty has no policies/],
    ["three revisions", ["main", "main", "main"], /two revisions/],
    ["an unknown option", ["--wrong"], /--wrong/],
    ["a folder that is not there", ["--policies=nowhere"], /^there is no folder nowhere$/m],
    ["a host's folder that neither side has", ["--host=nowhere"], /^there is no folder nowhere, on either side$/m],
  ])("%s", async (_title, args, problem) => {
    const { status, stdout, stderr } = await repository.diff(...args);
    expect([status, stdout, stderr]).toEqual([2, "", expect.stringMatching(problem)]);
  });

  test("a host's folder that is in no repository", async () => {
    const outside = await mkdtemp(path.join(tmpdir(), "bailiwick-outside-"));
    await cp(DOCUMENTS, outside, { recursive: true });
    const { status, stdout, stderr } = await repository.diff(`--host=${outside}`);
    await rm(outside, { recursive: true });
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^git cannot tell what .*bailiwick-outside-\w+ was: fatal: not a git repository/m);
  });

  test("an empty folder", async () => {
    await mkdir(path.join(repository.directory, "bare", "cerbos"), { recursive: true });
    const { status, stderr } = await repository.diff(path.join(repository.directory, "bare"));
    expect([status, stderr]).toEqual([2, expect.stringContaining("there is no relationship model")]);
  });

  test("a file that Cerbos would load and that belongs to no kind", async () => {
    const file = path.join(repository.policies, "cerbos/subject.yml");
    await writeFile(file, OF_THE_SUBJECT);
    const { status, stdout, stderr } = await repository.diff();
    await rm(file);
    expect([status, stdout, stderr]).toEqual([2, "", expect.stringMatching(/cerbos\/subject\.yml:1:1: Cerbos would/)]);
  });

  test.each([
    ["broken YAML", SECTOR, ["resourcePolicy:", "resourcePolicy: ["], /sector\.yaml:\d+:\d+: no YAML/],
    ["broken CEL", SECTOR, ["R.attr.ownerCount == 1", "R.attr.ownerCount == == 1"], /sector\.yaml/],
    ["a broken plan", "plans.yaml", ["sectors: 25", "sectors: many"], /plans\.yaml/],
    ["a broken model", "openfga/core.fga", ["define owner: [account]", "define owner: [nobody]"], /core\.fga/],
    ["a broken schema", "cerbos/_schemas/sector.json", ["{", "{,"], /sector\.json/],
  ])("%s", async (_title, file, [from, to], problem) => {
    const before = await readFile(path.join(repository.policies, file), "utf8");
    await repository.edit(file, (text) => text.replace(from ?? "", to ?? ""));
    const { status, stdout, stderr } = await repository.diff();
    await writeFile(path.join(repository.policies, file), before);
    expect([status, stdout, stderr]).toEqual([2, "", expect.stringMatching(problem)]);
  });
});
