import type { Attributes, Kind, PrincipalRole } from "../entities/kinds.ts";

/** What else would be otherwise if the subject had another role: the facts that count or name its role. */
interface Turn<K extends Kind> {
  readonly attributes: Attributes[K];
  readonly to: PrincipalRole;
  /** How many Owners, and members, there would be more. */
  readonly owners: number;
  readonly members: number;
}

type Follow<K extends Kind> = (turn: Turn<K>) => Partial<Attributes[K]> | null;

const FOLLOWS: { readonly [K in Kind]: Follow<K> } = {
  account: () => null, // there is no role beside an account
  organization: ({ attributes, owners, members }) => ({
    ownerCount: attributes.ownerCount + owners,
    members: attributes.members + members,
  }),
  sector: ({ attributes, owners }) => ({ ownerCount: attributes.ownerCount + owners }),
  application: ({ attributes, owners }) => ({ ownerCount: attributes.ownerCount + owners }),
  member: ({ attributes, to, owners }) => {
    const ownerCount = attributes.ownerCount + owners;
    if (!attributes.self) return { ownerCount };
    if (to === "none" || to === "service") return null; // there would be nothing to ask about
    return { ownerCount, role: to, ownedOrganizations: attributes.ownedOrganizations + owners };
  },
  invitation: ({ attributes, to, members }) => ({
    members: attributes.members + members,
    ...(attributes.invitee && { inviteeIsMember: to !== "none" }),
  }),
  transfer: ({ attributes, to, owners }) => ({
    ...(attributes.recipient && {
      recipientRole: to,
      ownedOrganizations: attributes.ownedOrganizations + owners,
    }),
    ...(attributes.offerer && { offererIsOwner: to === "owner" }),
  }),
};

/**
 * The facts as they would be if the subject's role were another one; null when that cannot be: an organization keeps an Owner, unless it
 * is archived, and who is no member is no resource.
 */
export function withRole<K extends Kind>(
  kind: K,
  attributes: Attributes[K],
  from: PrincipalRole,
  to: PrincipalRole,
): Attributes[K] | null {
  const count = (role: PrincipalRole): number => Number(role === "owner");
  const belongs = (role: PrincipalRole): number => Number(role !== "none");
  const owners = count(to) - count(from);
  const follows = FOLLOWS[kind]({ attributes, to, owners, members: belongs(to) - belongs(from) });
  if (follows === null) return null;
  const turned = { ...attributes, ...follows };
  return "ownerCount" in turned && turned.ownerCount < 1 ? null : turned;
}
