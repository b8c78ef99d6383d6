/** What the tests beside policies expect, as far as a gateway could ask it. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { idleFindings } from "../../src/policy/review/lint-tests.ts";
import { expectedIn } from "../../src/policy/test-suites.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "bailiwick-suites-"));
  await mkdir(path.join(folder, "cerbos/testdata"), { recursive: true });
  const principals = { ada: { id: "ada", roles: ["owner"] }, two: { id: "two", roles: ["owner", "admin"] } };
  const groups = { all: { principals: ["ada", "two"] } };
  const shared = { principals, principalGroups: groups };
  await writeFile(path.join(folder, "cerbos/testdata/principals.json"), JSON.stringify(shared));
});
afterAll(async () => await rm(folder, { recursive: true }));

const RESOURCE = { id: "one", kind: "thing", attr: { state: "open" } };
const ASKED = { principalGroups: ["all"], resources: ["one"], actions: ["view", "edit"] };
const ALLOWED = [{ principals: ["ada"], resource: "one", actions: { view: "EFFECT_ALLOW" } }];
const TEST = { name: "some", input: ASKED, expected: ALLOWED };

/** By action, what is expected; and what the check has against the file. */
async function readOf(suite: object): Promise<{ readonly expected: string[]; readonly found: string[] }> {
  const file = path.join(folder, "cerbos/thing_test.yaml");
  await writeFile(file, stringify({ name: "Thing", resources: { one: RESOURCE }, ...suite }));
  const expected = (await expectedIn(folder)).map(
    ({ resource, version, role, action, isAllowed }) =>
      `${role} ${action} ${resource} ${version}: ${String(isAllowed)}`,
  );
  return { expected, found: (await idleFindings(folder)).map(({ problem }) => problem) };
}

describe("A test's expectations", () => {
  test("are one for each principal of one role, resource and action; what it does not name is denied", async () => {
    expect(await readOf({ tests: [TEST] })).toEqual({
      expected: ["owner view thing default: true", "owner edit thing default: false"],
      found: [],
    });
  });

  test.each([
    ["a clock", { options: { now: "2026-01-01T00:00:00Z" } }],
    ["a token", { input: { ...ASKED, auxData: "a" } }],
  ])("are none for a gateway where it needs %s, and it is a test all the same", async (_what, change) => {
    expect(await readOf({ tests: [{ ...TEST, ...change }] })).toEqual({ expected: [], found: [] });
  });

  test("are of the version that its options say, and only else of the suite's", async () => {
    const options = { defaultPolicyVersion: "strict" };
    expect(await readOf({ options, tests: [TEST] })).toMatchObject({
      expected: ["owner view thing strict: true", "owner edit thing strict: false"],
      found: ["nothing in it is asked of thing, version default, which it stands beside"],
    });
    const own = { options: { defaultPolicyVersion: "default" } };
    expect((await readOf({ options, tests: [{ ...TEST, ...own }] })).found).toEqual([]);
  });

  test("are none where it, or all of the file, is skipped, which the check tells", async () => {
    expect(await readOf({ tests: [{ ...TEST, skip: true }] })).toEqual({ expected: [], found: ["a test is skipped"] });
    expect(await readOf({ skip: true, tests: [TEST] })).toEqual({ expected: [], found: ["all tests are skipped"] });
  });

  test("are of what a resource has by another one, too", async () => {
    const file = path.join(folder, "cerbos/thing_test.yaml");
    const text = stringify({ name: "Thing", resources: { one: RESOURCE, two: "merged" }, tests: [TEST] });
    await writeFile(file, text.replace("  one:", "  one: &one").replace("two: merged", "two: { <<: *one, id: two }"));
    expect((await expectedIn(folder)).map(({ action }) => action)).toEqual(["view", "edit"]);
    expect(await idleFindings(folder)).toEqual([]);
    await writeFile(file, (await readFile(file, "utf8")).replace("name: some", "name: some\n    skip: true"));
    expect(await idleFindings(folder)).toMatchObject([{ problem: "a test is skipped" }]);
  });

  test("are none of a resource with a scope, which no gateway asks for", async () => {
    const resources = { one: { ...RESOURCE, scope: "acme" } };
    expect((await readOf({ resources, tests: [TEST] })).expected).toEqual([]);
  });
});
