/** `npm run policies`: what is wrong is told by file, line and column, and what to do about it. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { checkPolicies } from "../../src/policy/check.ts";
import type { Finding } from "../../src/policy/review/finding.ts";
import { FILES } from "../fixtures/broken-files.ts";
import { RULES } from "../fixtures/broken-rules.ts";
import { WORDS } from "../fixtures/broken-words.ts";
import { breakIn, type Broken, placeOf } from "../support/broken-policies.ts";
import { copyFolder, DOCUMENTS, type FolderCopy, POLICIES, RECORDS } from "../support/host-folder.ts";

/** What a host can break, each in a folder of its own. */
const OF_HOSTS: readonly Broken[] = [
  {
    what: "a host's guard as DENY",
    file: "cerbos/folder.yaml",
    from: "actions: [share]\n      effect: EFFECT_ALLOW",
    to: "actions: [share]\n      effect: EFFECT_DENY",
    at: "effect: EFFECT_DENY",
    says: "expected EFFECT_ALLOW",
    fix: "policies/README.md (a kind of your own)",
  },
  {
    what: "a host's modules without a test",
    file: "openfga/documents.fga.yaml",
    to: null,
    foundIn: "openfga/documents.fga",
    at: "",
    says: "no test says what these relations mean",
    fix: "Write documents.fga.yaml beside it",
  },
];
const OF_ANOTHER: readonly Broken[] = [
  {
    what: "a host's tests that are skipped",
    file: "cerbos/record_test.yaml",
    from: "\ntests:\n",
    to: "\nskip: true\ntests:\n",
    at: "skip: true",
    says: "all tests are skipped",
    fix: "Take skip out",
  },
  {
    what: "a host's test that fails",
    file: "openfga/records.fga.yaml",
    from: "viewer: [record:2]",
    to: "viewer: [record:1, record:2]",
    at: "viewer: [record:1",
    says: "each record with user:beth as viewer is record:2, and not record:1, record:2",
    fix: "Mend the module",
  },
  {
    what: "a host's table that is stale",
    file: "decisions.md",
    from: "## record",
    to: "## records",
    at: "## records",
    says: "the table is not what the policies decide now",
    fix: "Run npm run policies -- table --host",
  },
];

let policies: FolderCopy;
let host: FolderCopy;
let other: FolderCopy;
let found: readonly Finding[];
beforeAll(async () => {
  [policies, host, other] = await Promise.all([copyFolder(POLICIES), copyFolder(DOCUMENTS), copyFolder(RECORDS)]);
  await breakIn(policies, [...RULES, ...WORDS, ...FILES]);
  await breakIn(host, OF_HOSTS);
  await breakIn(other, OF_ANOTHER);
  found = await checkPolicies({ policiesDir: policies.directory, hostFolders: [host.directory, other.directory] });
});
afterAll(async () => {
  for (const copy of [policies, host, other]) await copy.remove();
});

async function expectFound(folder: FolderCopy, broken: Broken): Promise<void> {
  const place = await placeOf(folder, broken);
  const there = found.filter(({ file, problem }) => file === place.file && problem.includes(broken.says));
  expect(there).toEqual([{ ...place, problem: expect.any(String), fix: expect.stringContaining(broken.fix) }]);
}

describe("check finds, at its place and with what to do,", () => {
  test.each([...RULES, ...WORDS, ...FILES])("$what", async (broken) => await expectFound(policies, broken));
  test.each(OF_HOSTS)("$what", async (broken) => await expectFound(host, broken));
  test.each(OF_ANOTHER)("$what", async (broken) => await expectFound(other, broken));
});

test("what is shipped is whole", async () => {
  expect(await checkPolicies({ policiesDir: POLICIES, hostFolders: [DOCUMENTS, RECORDS] })).toEqual([]);
});
