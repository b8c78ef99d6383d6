import { describe, expect, jest, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { explanationOf } from "../../src/policy/review/explain-text.ts";
import type { Folders } from "../../src/policy/review/sources.ts";
import { type Cellular, explain, type Explained } from "../../src/policy/review/explain.ts";

jest.setTimeout(120_000);

const ROOT = path.join(import.meta.dirname, "../..");
const FOLDERS: Folders = { policiesDir: path.join(ROOT, "policies"), hostFolders: [] };
const RECORDS = { ...FOLDERS, hostFolders: [path.join(ROOT, "examples/authzen-certification/policies")] };

const cell = (kind: string, action: string, role?: string, facts: readonly string[] = []): Cellular => ({
  ...{ kind, action, role, facts },
  matrix: "default",
});
const explained = async (cellular: Cellular, folders = FOLDERS): Promise<Explained> =>
  await explain(folders, cellular, () => undefined);

const held = ({ rules }: Explained): unknown[] =>
  rules.map(({ from, conditions }) => [from, ...conditions.map((each) => [each.told, each.holds])]);

describe("explain", () => {
  test("tells each rule by file and line, and each condition by its words and whether it holds", async () => {
    const found = await explained(cell("sector", "retire", "admin", ["ownerCount=2"]));
    expect(found.isAllowed).toBe(false);
    expect(found.reasons).toEqual([
      { code: "ROLE_TOO_LOW", least: "owner" },
      { code: "NOT_SOLE_OWNER", owners: 2 },
    ]);
    expect(held(found)).toEqual([
      ["matrix", ["isOwner", false], ["hasSoleOwner", false]],
      ["floor", ["isActive", true], ["hasNoLiveApplications", true]],
    ]);
    expect(found.rules.map(({ isAllowed }) => isAllowed)).toEqual([false, true]);
    for (const { place, name, conditions } of found.rules) {
      expect(await lineAt(place)).toBe(`- name: ${name}`);
      for (const condition of conditions)
        expect(await lineAt(condition.place)).toMatch(new RegExp(`^${condition.told}: `));
    }
    expect(found.rules[0]?.conditions[0]?.words).toBe("The subject is an owner.");
    expect(explanationOf(found)).toContain("No single one of them turns it.");
  });

  test("takes ordinary values for facts that nobody gives, and says so", async () => {
    const { facts, isAllowed } = await explained(cell("sector", "enable", "owner", ["organizationSectors=24"]));
    expect(isAllowed).toBe(true);
    expect(facts.map(({ fact, value, isAssumed }) => [fact, value, isAssumed])).toEqual([
      ["role", "owner", false],
      ["maxSectors", "25 (plan free)", true],
      ["organizationSectors", "24", false],
      ["organizationState", "active", true],
      ["state", "enabled", true],
    ]);
    expect((await explained(cell("sector", "rename"))).facts).toContainEqual({
      ...{ fact: "role", words: null, value: "none", isAssumed: true },
    });
  });

  test("names every single fact that turns the answer, with each value that does, and no other", async () => {
    const { turns } = await explained(cell("sector", "retire", "owner"));
    expect(turns.map(({ fact, values }) => [fact, values])).toEqual([
      ["role", ["viewer", "member", "billing", "admin", "none", "service"]],
      ["enabledApplications", ["1 or more"]],
      ["organizationState", ["retired", "archived"]],
      ["ownerCount", ["0", "2 or more"]],
    ]);
    const denied = await explained(cell("sector", "retire", "owner", ["ownerCount=7"]));
    expect(denied.turns).toEqual([{ fact: "ownerCount", words: "the number of Owners", values: ["1"] }]);
    // What is told is so: the cell that it names is the other answer.
    expect((await explained(cell("sector", "retire", "owner", ["ownerCount=1"]))).isAllowed).toBe(true);
    expect((await explained(cell("sector", "retire", "owner", ["organizationState=retired"]))).isAllowed).toBe(false);
  });

  test("asks Cerbos about each condition, where a fact is missing or one code is two conditions'", async () => {
    const missing = await explained(cell("sector", "retire", "owner", ["ownerCount=missing"]));
    expect(held(missing)).toEqual([
      ["matrix", ["isOwner", null], ["hasSoleOwner", null]],
      ["floor", ["isActive", null], ["hasNoLiveApplications", null]],
    ]);
    expect(explanationOf(missing)).toContain("it cannot be evaluated");
    const ofHost = cell("record", "delete", undefined, ["relations.owner=true"]);
    expect(held(await explained(ofHost, RECORDS))).toEqual([["matrix", ["isOwner", true], ["isSoft", false]]]);
    const sent = await explained({ ...ofHost, facts: [...ofHost.facts, "sent.action.soft=true"] }, RECORDS);
    expect([sent.isAllowed, ...held(sent)]).toEqual([true, ["matrix", ["isOwner", true], ["isSoft", true]]]);
    const stored = await explained(cell("record", "read", undefined, ["subject.role=admin"]), RECORDS);
    expect(stored.isAllowed).toBe(true);
  });

  test.each([
    ["there is no kind memo; there is account, organization,", cell("memo", "view")],
    ["there is no action on a sector called fly; there is view, rename,", cell("sector", "fly")],
    ["a role is viewer, member, billing, admin, owner, none or service, not god", cell("sector", "view", "god")],
    ["sector has no fact colour; it has state, organizationState,", cell("sector", "view", "owner", ["colour=red"])],
    ["organizationState is active, retired, archived", cell("sector", "view", "owner", ["organizationState=sold"])],
    ["ownerCount is of type integer", cell("sector", "retire", "owner", ["ownerCount=two"])],
    ["ownerCount is 0 or more", cell("sector", "retire", "owner", ["ownerCount=-1"])],
    ["--fact takes name=value, not ownerCount", cell("sector", "retire", "owner", ["ownerCount"])],
    ["there is no matrix of sector called mine; there is default", { ...cell("sector", "view"), matrix: "mine" }],
  ])("lists what there is: %s", async (message, cellular) => {
    const refusal = { name: "AuthorError", message: expect.stringContaining(message) };
    await expect(explained(cellular)).rejects.toMatchObject(refusal);
  });

  test("is a verb, for people and for programs", async () => {
    const told = JSON.parse((await run(["account", "erase", "--fact", "self=true", "--json"])).stdout) as Explained;
    expect(told).toMatchObject({ isAllowed: true, turns: [{ fact: "blockingOrganizations" }, { fact: "self" }] });
    await expect(run(["account"])).rejects.toMatchObject({ code: 2, stderr: expect.stringMatching(/explain <kind>/) });
  });
});

async function lineAt(place: string): Promise<string> {
  const [file = "", line = "1"] = place.split(":");
  return ((await readFile(path.join(ROOT, file), "utf8")).split("\n")[Number(line) - 1] ?? "").trim();
}

async function run(args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return await promisify(execFile)(process.execPath, ["src/policy/main.ts", "explain", ...args], { cwd: ROOT });
}
