/** Why a rule decides differently, by the line that says so. */
import { describe, expect, test } from "@jest/globals";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { type Part, partsOf } from "../../../src/policy/review/cells.ts";
import { readPolicyDocument } from "../../../src/policy/review/documents.ts";
import { ruleCauses } from "../../../src/policy/review/rule-causes.ts";
import { POLICIES } from "../../support/host-folder.ts";
import { ruleOf } from "./seeded-change.ts";
import { inRule } from "./seeded-changes.ts";

const SECTOR = await readFile(path.join(POLICIES, "cerbos/sector.yaml"), "utf8");

function partIn(text: string): Part | undefined {
  const document = readPolicyDocument("sector.yaml", text);
  if (document === null || !("resource" in document)) throw new Error("no policy");
  return partsOf("matrix", document).find(({ actions }) => actions.includes("rename"));
}

/** The causes without their files and lines, and whether each line is the one that holds the words. */
function causesOf(from: RegExp | string, to: string, holding: string): string[] {
  const text = SECTOR.replace(from, to);
  expect(text).not.toBe(SECTOR);
  const causes = ruleCauses(partIn(SECTOR), partIn(text));
  return causes.map((cause) => {
    const [, line = "", said = ""] = /^sector\.yaml:(\d+): (.*)$/.exec(cause) ?? [];
    expect(text.split("\n")[Number(line) - 1]).toContain(holding);
    return said;
  });
}

/** About the same action. */
const SECOND = ruleOf("rename", "isViewer").replace("name: rename", "name: rename_too");

describe("A rule that decides differently is told by", () => {
  test.each([
    {
      what: "its effect",
      from: "EFFECT_ALLOW",
      to: "EFFECT_DENY",
      at: "EFFECT_DENY",
      says: "effect: EFFECT_ALLOW → EFFECT_DENY",
    },
    {
      what: "its roles",
      from: 'roles: \\["\\*"\\]',
      to: "roles: [owner, admin]",
      at: "roles:",
      says: "roles: * → admin, owner",
    },
    {
      ...{
        what: "its derived roles",
        from: 'roles: \\["\\*"\\]',
        to: 'roles: ["*"]\n      derivedRoles: [at_least_owner]',
      },
      ...{ at: "derivedRoles:", says: "derivedRoles: none → at_least_owner" },
    },
  ])("$what", ({ from, to, at, says }) => {
    expect(causesOf(inRule("rename", from), `$1${to}`, at)).toEqual([`the rule \`rename\`: ${says}`]);
  });

  test("how its conditions stand together", () => {
    expect(causesOf(inRule("rename", "all:"), "$1any:", "- name: rename")).toEqual([
      "the rule `rename` puts its conditions together in another way",
    ]);
  });

  test("its conditions, with what their author says of them", () => {
    expect(causesOf(inRule("rename", "V.isAdmin"), "$1V.isViewer", "- name: rename")).toEqual([
      "the rule `rename` requires `isViewer` (The subject is a viewer or more (billing is not)) instead of `isAdmin` (The subject is an admin or more)",
    ]);
  });

  test("its name, where it stands beside another, and not as a condition of that one", () => {
    const added = SECTOR.replace(/(?= {4}- name: rename\n)/, SECOND);
    const told = ruleCauses(partIn(SECTOR), partIn(added));
    expect(told).toEqual([expect.stringMatching(/^sector\.yaml:\d+: the rule `rename_too` is new$/)]);
    expect(ruleCauses(partIn(added), partIn(SECTOR))).toEqual([
      expect.stringMatching(/^sector\.yaml:\d+: the rule `rename_too` is gone$/),
    ]);
  });

  test("one condition instead of another, also where nothing combines them, and nothing of roles in another order", () => {
    const alone = (word: string): string =>
      SECTOR.replace(inRule("rename", "all:\\n            of:\\n              - expr: V.isAdmin"), `$1expr: V.${word}`);
    expect(alone("isAdmin")).not.toBe(SECTOR);
    expect(ruleCauses(partIn(alone("isAdmin")), partIn(alone("isOwner")))).toEqual([
      expect.stringMatching(/requires `isOwner` \(.*\) instead of `isAdmin`/),
    ]);
    const roles = (all: string): string => SECTOR.replace(inRule("rename", 'roles: \\["\\*"\\]'), `$1roles: ${all}`);
    expect(ruleCauses(partIn(roles("[owner, admin]")), partIn(roles("[admin, owner]")))).toEqual([]);
  });

  test("nothing, where only its name is another", () => {
    expect(ruleCauses(partIn(SECTOR), partIn(SECTOR.replace("name: rename", "name: rename_it")))).toEqual([]);
  });
});
