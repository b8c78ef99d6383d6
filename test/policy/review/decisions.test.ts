/**
 * `policies/decisions.md`, row by row and role by role, beside the table that test/matrix/table.ts has by hand from the document. That the file
 * says what Cerbos decides is the check's to see (`npm run policies`).
 */
import { describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import path from "node:path";
import { ACTIONS, KINDS, ROLES } from "../../../src/entities/kinds.ts";
import { ROWS, SERVICE } from "../../matrix/table.ts";
import { POLICIES } from "../../support/host-folder.ts";

/** The file says of a role what can be so of it at all; who is this very member, or is invited, is a fact beside it. */
const OF_THE_THING: Readonly<Record<string, string>> = {
  ...Object.fromEntries(ACTIONS.account.map((action) => [`account.${action}`, "isSelf"])),
  "member.view": "isViewerOrSelf",
  "member.leave": "isSelf",
  "invitation.view": "isOwnerOrInvitee",
  "invitation.accept": "isInvitee",
  "invitation.decline": "isInvitee",
  "transfer.view": "isOwnerOrParty",
  "transfer.accept": "isRecipient",
  "transfer.decline": "isRecipient",
  "transfer.cancel": "isOwnerOrOfferer",
};

/** What the states of a row are called in the policies. None of the states is archived: there nothing can be done at all. */
const STATES: Readonly<Record<string, readonly string[]>> = {
  "organization: busy idle frozen": ["isUnarchived"],
  "organization: busy idle": ["isActive"],
  "organization: idle frozen": ["isUnarchived", "hasNoLiveApplications", "hasNoLiveSectors"], // S0.34
  "organization: frozen": ["isRetired"],
  "sector: live empty retired frozen": ["isUnarchived"],
  "sector: live empty retired": ["isActive"],
  "sector: empty retired": ["isActive", "hasNoLiveApplications"], // S0.33
  "sector: live empty": ["isActive", "isEnabled"],
  "application: enabled retired shut frozen": ["isUnarchived"],
  "application: enabled retired shut": ["isActive"],
  "application: enabled retired": ["isActive", "isSectorEnabled"],
  "member: other owner frozen self": ["isUnarchived"],
  "member: other owner self": ["isActive"],
  "member: other": ["isActive", "isNoOwnerYet"],
  "member: self": ["isActive"],
  "invitation: pending revoked declined accepted expired frozen": ["isUnarchived"],
  "invitation: pending expired": ["isActive", "isResendable"],
  "invitation: pending revoked": ["isActive", "isRevocable"],
  "invitation: pending accepted": ["isActive", "isAcceptable"],
  "invitation: pending declined": ["isActive", "isDeclinable"],
  "transfer: pending accepted declined cancelled expired frozen": ["isUnarchived"],
  "transfer: pending accepted": ["isActive", "isAcceptable"],
  "transfer: pending declined": ["isActive", "isDeclinable"],
  "transfer: pending cancelled": ["isActive", "isCancellable"],
};

/** What the table by hand leaves to others: limits, and what else is so at the same time. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  "organization.create_sector": ["hasRoomForSector"],
  "organization.create_application": ["hasRoomForApplication", "hasRoomForSector"],
  "organization.invite_viewer": ["hasRoomForInvitation"],
  "organization.invite_member": ["hasRoomForInvitation"],
  "organization.invite_billing": ["hasRoomForInvitation"],
  "organization.invite_admin": ["hasRoomForInvitation"],
  "sector.enable": ["hasRoomForSector"],
  "sector.create_application": ["hasRoomForApplication"],
  "application.enable": ["hasRoomForApplication"],
  "member.grant_owner": ["hasRoomForOwnedOrganization"],
  "member.offer_ownership": ["hasNoPendingTransfer"],
  "invitation.resend": ["isNoMemberYet", "hasRoomForInvitation"],
  "invitation.accept": ["isNewMember", "hasRoomForMember"],
  "transfer.accept": ["hasOwningOfferer", "isMemberStill", "isNoOwnerYet", "hasRoomForOwnedOrganization"],
  "account.create_organization": ["hasRoomForOwnedOrganization"],
  "account.change_alias": ["isAliasSettled"],
  "account.link_sign_in_method": ["hasRoomForSignInMethod"],
  "account.unlink_sign_in_method": ["hasOtherSignInMethod"],
  "account.erase": ["hasNoLiveOrganizations"],
};

const COLUMNS = [...ROLES, SERVICE, "none"];

interface Line {
  /** By column. */
  readonly cells: Readonly<Record<string, string>>;
  /** null: nobody may, in any state. */
  readonly when: readonly string[] | null;
}

/** What the table by hand says of an action; what is in no row is refused. */
function byHand(action: string): Line {
  const rows = ROWS.filter((row) => row.action === action);
  const who = new Set(rows.flatMap((row) => row.who));
  const thing = OF_THE_THING[action];
  const may = (role: string): boolean =>
    thing !== undefined || who.has(role) || (role === "owner" && who.has("co-owner"));
  const ofOthers: readonly string[] = rows.flatMap((row) => (row.states.join() === "self" ? [] : row.who));
  const isWhatever = (role: string): boolean => thing !== undefined && ofOthers.includes(role);
  const cells = Object.fromEntries(
    COLUMNS.map((role) => [role, isWhatever(role) ? `when, without \`${thing ?? ""}\`` : may(role) ? "when" : "-"]),
  );
  if (rows.length === 0 && thing === undefined) return { cells, when: null };
  const [kind = ""] = action.split(".");
  const states = [...new Set(rows.flatMap((row) => row.states))].join(" ");
  const isOwnersAlone = who.has("owner") && !who.has("co-owner");
  const needsAnother = rows.some((row) => row.who.includes("co-owner") && !row.who.includes("owner"));
  const when = [
    ...(thing === undefined ? [] : [thing]),
    ...(isOwnersAlone ? ["hasSoleOwner"] : []), // S0.25
    ...(needsAnother ? ["hasOwnerAfterwards"] : []), // S0.28
    ...(STATES[`${kind}: ${states}`] ?? []),
    ...(BESIDE[action] ?? []),
  ];
  return { cells, when: when.sort() };
}

/** By `<kind>.<action>`. A role that no rule of a kind tells from who has none has no column there. */
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
    const said = (column: string): string | undefined => parts[columns.indexOf(column)];
    const cells = Object.fromEntries(COLUMNS.map((role) => [role, said(role) ?? said("none") ?? said("anyone") ?? ""]));
    const isRefused = Object.values(cells).every((cell) => cell === "-");
    const when = isRefused ? null : wordsIn(said("when") ?? "").sort();
    for (const action of wordsIn(parts[0])) found.set(`${kind}.${action}`, { cells, when });
  }
  return found;
}

function wordsIn(text: string): string[] {
  return [...text.matchAll(/`(\w+)`/g)].map(([, word = ""]) => word);
}

const TABLE = tableIn(readFileSync(path.join(POLICIES, "decisions.md"), "utf8"));
const KNOWN = KINDS.flatMap((kind) => ACTIONS[kind].map((action) => `${kind}.${action}`));

/** S0.12, S0.31: the layers of a login, whoever it is; the rest of it test/http/login-rules.test.ts has by hand. */
const IN_USE = ["isActive", "isApplicationEnabled", "isSectorEnabled"];
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  "login.admit": ["isAdmitted", "isUnblocked", ...IN_USE],
  "login.authenticate": ["isMethodAllowed", "isConnectorAllowed", "isAssured", "hasFactors", "isRecent", ...IN_USE],
  "login.continue": ["isInSession", ...IN_USE],
};

describe("What the table by hand says, decisions.md says", () => {
  test.each(Object.entries(LAYERS))("%s: whoever it is, when %p", (action, words) => {
    const line = TABLE.get(action);
    expect(new Set(Object.values(line?.cells ?? {}))).toEqual(new Set(["when"]));
    expect(line?.when).toEqual([...words].sort());
  });

  test("of every action, and of no other", () => {
    expect([...TABLE.keys()].sort()).toEqual([...KNOWN, ...Object.keys(LAYERS)].sort());
    expect(ROWS.map(({ action }) => action).filter((action) => !TABLE.has(action))).toEqual([]);
  });

  test.each(KNOWN)("%s: who never may, who may in some states, and in which", (action) => {
    expect(TABLE.get(action)).toEqual(byHand(action));
  });

  test("an Owner is not made by an invitation (S2.10), and nobody may anything in every state", () => {
    expect(TABLE.get("organization.invite_owner")?.when).toBeNull();
    const cells = [...TABLE.values()].flatMap((line) => Object.values(line.cells));
    expect(new Set(cells.map((cell) => cell.split(",")[0]))).toEqual(new Set(["-", "when"]));
  });
});
