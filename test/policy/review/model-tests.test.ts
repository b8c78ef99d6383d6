/** The tests of a relationship model, in the format of OpenFGA's CLI, on the real server. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildModel, type Model } from "../../../src/engines/openfga-model.ts";
import { startThrowawayOpenfga, type ThrowawayOpenfga } from "../../../src/local/openfga-throwaway.ts";
import { modelTestFindings } from "../../../src/policy/review/model-tests.ts";

const MODULE = `module core

type account

type group
  relations
    define member: [account, group#member]

type club
  relations
    define guest: [account, group#member, account:*]
    define host: [account]
    define known: guest or host
`;

let openfga: ThrowawayOpenfga;
let model: Model;
beforeAll(async () => {
  openfga = await startThrowawayOpenfga(() => undefined);
  model = buildModel([{ name: "core.fga", contents: MODULE }]);
});
afterAll(async () => await openfga[Symbol.asyncDispose]());

/** What is wrong with a test, as `line:column: problem`. */
async function findings(tests: string, head = "model_file: core.fga"): Promise<string[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "bailiwick-model-"));
  const directory = path.join(folder, "openfga");
  await mkdir(directory);
  await writeFile(path.join(directory, "core.fga"), MODULE);
  if (tests !== "") await writeFile(path.join(directory, "core.fga.yaml"), `${head}\n${tests}`);
  const found = await modelTestFindings(openfga, { directory, model });
  await rm(folder, { recursive: true });
  return found.map(({ file, line, column, problem }) => `${path.basename(file)}:${line}:${column}: ${problem}`);
}

const TUPLES = `
    tuples:
      - { user: account:ann, relation: host, object: club:a }
      - { user: group:g#member, relation: guest, object: club:a }
      - { user: account:bo, relation: member, object: group:g }`;

const TRUE = `
    check:
      - { users: [account:ann, account:bo], object: club:a, assertions: { known: true } }
      - { user: account:bo, objects: [club:a, club:b], assertions: { host: false } }
    list_objects:
      - { user: account:bo, type: club, assertions: { known: [club:a], host: [] } }
    list_users:
      - { object: club:a, user_filter: [{ type: account }], assertions: { known: { users: [account:bo, account:ann] } } }
      - { object: club:a, user_filter: [{ type: group, relation: member }], assertions: { guest: { users: ["group:g#member"] } } }`;

describe("A test of a model", () => {
  test("is content where all that it claims is so: of users, objects, lists and usersets", async () => {
    expect(await findings(`tests:\n  - name: one${TUPLES}${TRUE}`)).toEqual([]);
  });

  test("has the tuples above all tests and its own, and no other's", async () => {
    const shared = "tuples:\n  - { user: account:ann, relation: host, object: club:a }\n";
    const own = "{ user: account:bo, relation: host, object: club:a }";
    const check = (user: string, isHost: boolean): string =>
      `    check: [{ user: account:${user}, object: club:a, assertions: { host: ${isHost} } }]\n`;
    const first = `  - name: one\n    tuples: [${own}]\n${check("bo", true)}`;
    const second = `  - name: two\n${check("ann", true)}  - name: three\n${check("bo", false)}`;
    expect(await findings(`${shared}tests:\n${first}${second}`)).toEqual([]);
  });

  test("says each claim that is not so at its place", async () => {
    const wrong = TRUE.replace("known: true", "known: false")
      .replace("known: [club:a], host: []", "known: [], host: [club:a]")
      .replace("[account:bo, account:ann]", "[account:bo]")
      .replace('["group:g#member"]', "[]");
    expect(await findings(`tests:\n  - name: one${TUPLES}${wrong}`)).toEqual([
      "core.fga.yaml:9:75: the test fails: account:ann as known of club:a is true, and not false",
      "core.fga.yaml:9:75: the test fails: account:bo as known of club:a is true, and not false",
      "core.fga.yaml:12:55: the test fails: each club with account:bo as known is club:a, and not none",
      "core.fga.yaml:12:66: the test fails: each club with account:bo as host is none, and not club:a",
      "core.fga.yaml:14:75: the test fails: each account as known of club:a is account:ann, account:bo, and not account:bo",
      "core.fga.yaml:15:91: the test fails: each group as guest of club:a is group:g#member, and not none",
    ]);
  });

  test("tells everybody of a type as such", async () => {
    const tuples = "    tuples: [{ user: 'account:*', relation: guest, object: club:a }]";
    const list =
      "{ object: club:a, user_filter: [{ type: account }], assertions: { guest: { users: ['account:*'] } } }";
    expect(await findings(`tests:\n  - name: one\n${tuples}\n    list_users: [${list}]`)).toEqual([]);
  });

  test("is refused where it has a tuple or a relation that the model does not know", async () => {
    const tuple = "{ user: account:ann, relation: owner, object: club:a }";
    const check = "{ user: account:ann, object: club:a, assertions: { owner: true } }";
    const one = `  - name: one\n    tuples:\n      - ${tuple}\n    check: [${check}]`;
    const two = `  - name: two\n    check: [${check}]`;
    expect(await findings(`tests:\n${one}\n${two}`)).toEqual([
      expect.stringMatching(/^core\.fga\.yaml:5:9: the model takes no such tuple \(.*owner/),
      expect.stringMatching(
        /^core\.fga\.yaml:8:\d+: account:ann as owner of club:a is no question that the model knows/,
      ),
    ]);
  });

  test.each([
    ["it claims nothing", "tests:\n  - name: one", /:3:5: the test "one" claims nothing$/],
    ["there are none", "tests: []", /:2:1: tests: /],
    ["it has a member that is not read", "tests:\n  - name: one\n    context: {}", /:4:5: tests\.0: Unrecognized key/],
    [
      "it says both user and users",
      "tests:\n  - name: one\n    check: [{ user: a, users: [b], object: c, assertions: {} }]",
      /expected user, or users$/,
    ],
    ["there is no file", "", /^core\.fga:1:1: no test says what these relations mean$/],
  ])("is found wanting where %s", async (_what, tests, expected) => {
    expect(await findings(tests)).toEqual([expect.stringMatching(expected)]);
  });

  test("names a module beside it", async () => {
    const found = await findings(`tests:\n  - name: one${TUPLES}${TRUE}`, "model_file: other.fga");
    expect(found).toEqual(["core.fga.yaml:1:1: there is no module other.fga beside the test"]);
  });
});
