/**
 * Who may do what, written by hand from the document (Sudomimus, "Roles and membership" and "Retiring resources") and from the decisions in
 * PROMISES.md: the action, everybody who may, and the states of things in which it can be done. What is in no row is refused.
 */
const BY_HAND = `
  organization.view             | viewer member billing admin co-owner owner | busy idle frozen
  organization.view             | service                                    | busy idle frozen
  organization.list_sectors     | viewer member         admin co-owner owner | busy idle frozen
  organization.list_applications| viewer member         admin co-owner owner | busy idle frozen
  organization.list_members     | viewer member         admin co-owner owner | busy idle frozen
  organization.list_invitations |                             co-owner owner | busy idle frozen
  organization.list_transfers   |                             co-owner owner | busy idle frozen
  organization.view_audit       |                       admin co-owner owner | busy idle frozen
  organization.export_audit     |                       admin co-owner owner | busy idle frozen
  organization.view_connectors  | viewer member         admin co-owner owner | busy idle frozen
  organization.manage_connectors|                       admin co-owner owner | busy idle
  organization.rename           |                       admin co-owner owner | busy idle
  organization.retire           |                                      owner | idle frozen
  organization.enable           |                             co-owner owner | busy idle frozen
  organization.archive          |                                      owner | frozen
  organization.create_sector    |                       admin co-owner owner | busy idle
  organization.create_application|                      admin co-owner owner | busy idle
  organization.invite_viewer    |                             co-owner owner | busy idle
  organization.invite_member    |                             co-owner owner | busy idle
  organization.invite_billing   |                             co-owner owner | busy idle
  organization.invite_admin     |                             co-owner owner | busy idle
  organization.view_domains     | viewer member         admin co-owner owner | busy idle frozen
  organization.manage_domains   |                       admin co-owner owner | busy idle
  organization.view_entities    | service                                    | busy idle frozen
  organization.store_entities   | service                                    | busy idle

  sector.view                   | viewer member         admin co-owner owner | live empty retired frozen
  sector.rename                 |                       admin co-owner owner | live empty retired
  sector.retire                 |                                      owner | empty retired
  sector.enable                 |                             co-owner owner | live empty retired
  sector.create_application     |                       admin co-owner owner | live empty

  application.view              | viewer member         admin co-owner owner | enabled retired shut frozen
  application.view_rules        | viewer member         admin co-owner owner | enabled retired shut frozen
  application.edit              |                       admin co-owner owner | enabled retired shut
  application.configure_rules   |                       admin co-owner owner | enabled retired shut
  application.rotate_keys       |                       admin co-owner owner | enabled retired shut
  application.set_claim_policy  |                       admin co-owner owner | enabled retired shut
  application.retire            |                                      owner | enabled retired shut
  application.enable            |                             co-owner owner | enabled retired

  member.view                   | viewer member         admin co-owner owner | other owner frozen
  member.view                   | viewer member billing admin co-owner owner | self
  member.grant_viewer           |                             co-owner owner | other
  member.grant_member           |                             co-owner owner | other
  member.grant_billing          |                             co-owner owner | other
  member.grant_admin            |                             co-owner owner | other
  member.grant_owner            |                             co-owner owner | other owner self
  member.grant_viewer           |                             co-owner       | owner self
  member.grant_member           |                             co-owner       | owner self
  member.grant_billing          |                             co-owner       | owner self
  member.grant_admin            |                             co-owner       | owner self
  member.offer_ownership        |                             co-owner owner | other
  member.remove                 |                             co-owner owner | other
  member.remove                 |                             co-owner       | owner self
  member.leave                  | viewer member billing admin co-owner       | self

  invitation.view               |                     co-owner owner invitee | pending revoked declined accepted expired frozen
  invitation.resend             |                     co-owner owner         | pending expired
  invitation.revoke             |                     co-owner owner         | pending revoked
  invitation.accept             |                                    invitee | pending accepted
  invitation.decline            |                                    invitee | pending declined

  transfer.view                 |                   co-owner owner recipient | pending accepted declined cancelled expired frozen
  transfer.accept               |                                  recipient | pending accepted
  transfer.decline              |                                  recipient | pending declined
  transfer.cancel               |                   co-owner owner           | pending cancelled
`;

/**
 * `none` is a stranger, `owner` the sole one, `invitee` a stranger whom the invitation at hand invites, `recipient` a viewer to
 * whom the offer at hand offers ownership.
 */
export const COLUMNS = [
  "none",
  "viewer",
  "member",
  "billing",
  "admin",
  "co-owner",
  "owner",
  "invitee",
  "recipient",
] as const;
export type Column = (typeof COLUMNS)[number];

interface Row {
  readonly action: string;
  readonly who: readonly string[];
  readonly states: readonly string[];
}

const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");

export const ROWS: readonly Row[] = BY_HAND.split("\n").flatMap((line) => {
  const [action = "", who = "", states = ""] = line.split("|");
  return action.trim() === "" ? [] : [{ action: action.trim(), who: words(who), states: words(states) }];
});

/** Who keeps the host's entities: no account has this role, and each of the other columns is refused by it (services.test.ts). */
export const SERVICE = "service";

/** @param action `<kind>.<action>` */
export function isAllowed(column: Column | typeof SERVICE, action: string, state: string): boolean {
  return ROWS.some((row) => row.action === action && row.who.includes(column) && row.states.includes(state));
}
