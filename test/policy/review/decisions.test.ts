/**
 * `policies/decisions.md`, row by row, beside the table of the document (Sudomimus, "Roles and membership"), written by hand. That the file says
 * what Cerbos decides is the check's to see (`npm run policies`).
 */
import { describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import path from "node:path";
import { POLICIES } from "../../support/host-folder.ts";

/** S0.21 to S0.25: what you can do, the minimum role, and what that is called in the policies. */
const BY_HAND: readonly (readonly [
  what: string,
  least: "Viewer" | "Admin" | "Owner" | "Sole Owner",
  actions: string,
])[] = [
  ["View applications", "Viewer", "application.view organization.list_applications"],
  ["View sectors", "Viewer", "sector.view organization.list_sectors"],
  ["View rules", "Viewer", "application.view_rules"],
  ["View organization settings", "Viewer", "organization.view"],
  ["Create applications", "Admin", "organization.create_application sector.create_application"],
  ["Edit applications", "Admin", "application.edit"],
  ["Configure rules", "Admin", "application.configure_rules"],
  ["Rotate keys", "Admin", "application.rotate_keys"],
  ["Set the claim policy", "Admin", "application.set_claim_policy"],
  [
    "Invite members",
    "Owner",
    "organization.invite_viewer organization.invite_member organization.invite_billing organization.invite_admin",
  ],
  [
    "Change a member's role",
    "Owner",
    "member.grant_viewer member.grant_member member.grant_billing member.grant_admin member.grant_owner",
  ],
  ["Remove members", "Owner", "member.remove"],
  ["Retire an application", "Sole Owner", "application.retire"],
  ["Retire a sector", "Sole Owner", "sector.retire"],
  ["Retire the organization", "Sole Owner", "organization.retire"],
];

/** The document's rank. */
const RANK = ["viewer", "admin", "owner"];

interface Line {
  readonly cells: ReadonlyMap<string, string>; // by column
  readonly when: string;
}

/** By `<kind>.<action>`. */
function tableIn(text: string): ReadonlyMap<string, Line> {
  const found = new Map<string, Line>();
  let kind = "";
  let columns: readonly string[] = [];
  for (const line of text.split("\n")) {
    kind = /^## (\w+)$/.exec(line)?.[1] ?? kind;
    if (!line.startsWith("| ")) continue;
    const parts = line.slice(2, -2).split(" | ");
    if (parts[0] === "action") columns = parts;
    if (!parts[0]?.startsWith("`")) continue;
    const cells = new Map(columns.map((column, index) => [column, parts[index] ?? ""]));
    const actions = [...parts[0].matchAll(/`(\w+)`/g)].map((match) => match[1] ?? "");
    for (const action of actions) found.set(`${kind}.${action}`, { cells, when: parts.at(-1) ?? "" });
  }
  return found;
}

const TABLE = tableIn(readFileSync(path.join(POLICIES, "decisions.md"), "utf8"));

function lineOf(action: string): Line {
  const line = TABLE.get(action);
  if (line === undefined) throw new Error(`decisions.md has no row for ${action}`);
  return line;
}

describe("What the document says, decisions.md says", () => {
  test.each(BY_HAND)("%s: %s", (_what, least, actions) => {
    const from = RANK.indexOf(least === "Sole Owner" ? "owner" : least.toLowerCase());
    for (const action of actions.split(" ")) {
      const { cells, when } = lineOf(action);
      const said = RANK.map((role) => (cells.get(role) === "-" ? "no" : "may"));
      expect([action, ...said]).toEqual([action, ...RANK.map((_role, index) => (index < from ? "no" : "may"))]);
      expect([action, cells.get("none")]).toEqual([action, "-"]);
      expect([action, when.includes("`hasSoleOwner`")]).toEqual([action, least === "Sole Owner"]);
    }
  });

  test("what nobody may in any state is refused to every role: an Owner is not made by an invitation (S2.10)", () => {
    const { cells } = lineOf("organization.invite_owner");
    expect(RANK.map((role) => cells.get(role))).toEqual(["-", "-", "-"]);
  });

  test("retiring asks for what the document asks for beside the role (S0.33, S0.34), and a retired organization is frozen (S0.35)", () => {
    expect(lineOf("sector.retire").when).toContain("`hasNoLiveApplications`");
    expect(lineOf("organization.retire").when).toMatch(/`hasNoLiveApplications`.*`hasNoLiveSectors`/);
    const frozen = [
      "organization.rename",
      "organization.create_sector",
      "organization.create_application",
      "member.remove",
    ];
    for (const action of [...frozen, "sector.rename", "application.edit", "application.retire", "sector.retire"]) {
      expect([action, lineOf(action).when]).toEqual([action, expect.stringContaining("`isActive`")]);
    }
  });
});
