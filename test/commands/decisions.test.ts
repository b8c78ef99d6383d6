import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createDecisionLog } from "../../src/decisions/log.ts";
import type { DecisionRecord } from "../../src/entities/decisions.ts";
import { LIMITS } from "../../src/entities/limits.ts";
import { systemRandom } from "../../src/entities/ids.ts";
import { numbered, record, search } from "../decisions/records.ts";
import { type CommandResult, run } from "../support/own-gateway.ts";

const COUNT = 60;
let root: string;
let folder: string;

/** Three gateways that took turns, over several files each. */
beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), "bailiwick-decisions-command-"));
  folder = path.join(root, "decisions");
  const options = {
    ...{ folder, maxBytes: 4_096, files: 10_000, mask: [], random: systemRandom },
    ...{ onFailure: "continue" as const, clock: () => new Date(), report: () => undefined, count: () => undefined },
  };
  const logs = [0, 1, 2].map(() => createDecisionLog(options));
  for (let n = 0; n < COUNT; n += 1) logs[n % 3]?.take(logged(n));
  logs[1]?.take(SEARCHED);
  await Promise.all(logs.map(async (log) => await log.close()));
});
afterAll(() => rmSync(root, { recursive: true }));

const COMMIT = "5f1d7a84c10b2f8d33e6a4c9b7d2e1f0a9c8b7d6";
const start = Date.now();
/** The oldest of all. */
const SEARCHED = search({ id: numbered(COUNT), time: new Date(start - 1), cut: "deadline" });
function logged(n: number): DecisionRecord {
  return record({ id: numbered(n), time: new Date(start + n), version: n, commit: n === 1 ? COMMIT : null });
}

async function decisions(...args: string[]): Promise<CommandResult> {
  return await run(["decisions", ...args], { STATE_DIR: root });
}

describe("npm run decisions", () => {
  test("show tells a person everything about one decision, whichever file it is in", async () => {
    const { status, stdout } = await decisions("show", numbered(1));
    expect(status).toBe(0);
    expect(stdout).toBe(`${numbered(1)}  deny  ${new Date(start + 1).toISOString()}  1.5 ms
  asked by      client cli-2m0d9sbf6tqx4kz81hwe
  question      account:p-qaqavref52jjejx8v5k9 edit application:app-mptm5ctgtztv26tgmbvv
  reason        ROLE_TOO_LOW least="admin"
  organization  org-8k2vq0d4w7n5h1xjz3ct, version 1
  subject       role="viewer"
  resource      state="enabled" ownerCount=2
  graph         agrees
  decided by    matrix default, policies 350c2211499c7498, commit ${COMMIT}, model 01J0000000000000000000000
`);
  });

  test("show --json gives the very line", async () => {
    const { stdout } = await decisions("show", numbered(COUNT - 1), "--json");
    expect(stdout).toBe(`${JSON.stringify(logged(COUNT - 1))}\n`);
  });

  test("show tells a page of a search: what was looked for, how much was decided and what was found", async () => {
    const { stdout } = await decisions("show", SEARCHED.id);
    expect(stdout).toBe(`${SEARCHED.id}  found  ${SEARCHED.time.toISOString()}  1.5 ms
  asked by      client cli-2m0d9sbf6tqx4kz81hwe
  question      account:p-qaqavref52jjejx8v5k9 any action application:app-mptm5ctgtztv26tgmbvv
  page          action search: 1 found, 6 decided, cut by the deadline
  result        view
  organization  org-8k2vq0d4w7n5h1xjz3ct, version 7, matrix default
  decided by    policies 350c2211499c7498, model 01J0000000000000000000000
`);
    expect((await decisions("show", SEARCHED.id, "--json")).stdout).toBe(`${JSON.stringify(SEARCHED)}\n`);
    const all = (await decisions("list", "--last", "1000")).stdout.split("\n");
    expect(all[0]).toMatch(
      /  found      account:p-\S+ any action application:app-\S+  action search: 1 found, 6 decided/,
    );
  });

  test("list gives the last 20 of all gateways in the order of their time; --last as many as are wanted", async () => {
    const { status, stdout } = await decisions("list");
    const lines = stdout.trimEnd().split("\n");
    expect([status, lines.length]).toEqual([0, 20]);
    expect(lines.at(-1)).toBe(
      `${new Date(start + 59).toISOString()}  ${numbered(59)}  deny       ` +
        "account:p-qaqavref52jjejx8v5k9 edit application:app-mptm5ctgtztv26tgmbvv  ROLE_TOO_LOW",
    );
    const all = (await decisions("list", "--json", "--last", "1000")).stdout.trimEnd().split("\n");
    expect(all.slice(1).map((line) => (JSON.parse(line) as { version: unknown }).version)).toEqual([
      ...Array(COUNT).keys(),
    ]);
  });

  test("--help explains it", async () => {
    expect(await decisions("--help")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("npm run decisions -- show"),
    });
  });

  test.each<[string[], number, RegExp]>([
    [
      ["show", "dec-zzzzzzzzzzzzzzzzzzzz"],
      1,
      /^There is no decision dec-z+ in the \d+ files of .+: it was rotated away or lost/,
    ],
    [["show", "dec-1"], 2, /^"dec-1" is no id of a decision/],
    [["show"], 2, /^the id of a decision is missing/],
    [["list", "--last", "0"], 2, /^--last takes a whole number from 1 to 1000/],
    [["list", "--last", String(LIMITS.decisionsListed + 1)], 2, /^--last takes a whole number from 1 to 1000/],
    [["delete"], 2, /^decisions can show and list, not "delete"/],
    [[], 2, /^show or list is missing/],
  ])("%j ends with %d and says what is wrong", async (args, status, said) => {
    const ended = await decisions(...args);
    expect([ended.status, ended.stdout]).toEqual([status, ""]);
    expect(ended.stderr).toMatch(said);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ["that is off", { DECISION_LOG: "off" }, /^The log of decisions is off/],
    [
      "in which nothing is yet",
      { DECISION_LOG: "/nowhere/at/all" },
      /^No decision has been logged in \/nowhere\/at\/all yet/,
    ],
  ])("a log %s: exit status 1, and it says so", async (_what, settings, said) => {
    for (const args of [["list"], ["show", numbered(1)]]) {
      const ended = await run(["decisions", ...args], settings);
      expect([ended.status, ended.stdout]).toEqual([1, ""]);
      expect(ended.stderr).toMatch(said);
    }
  });
});
