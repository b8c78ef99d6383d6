/** The built-in kinds, their actions in the policies' own words, and the facts that a policy of each kind reads. */

export const ROLES = ["viewer", "member", "billing", "admin", "owner"] as const;
export type Role = (typeof ROLES)[number];
/** What a principal carries: its membership's role, or `none`; `service`: a client that keeps entities there. */
export type PrincipalRole = Role | "none" | "service";

export const APPLICATION_KINDS = ["web", "game", "cli", "oidc"] as const;
export type ApplicationKind = (typeof APPLICATION_KINDS)[number];

export type OrganizationState = "active" | "retired" | "archived";
export type ResourceState = "enabled" | "retired";
export type InvitationState = "pending" | "accepted" | "declined" | "revoked" | "expired";
export type TransferState = "pending" | "accepted" | "declined" | "cancelled" | "expired";

export const ACTIONS = {
  account: [
    "view",
    "create_organization",
    "edit",
    "change_alias",
    "link_sign_in_method",
    "unlink_sign_in_method",
    "erase",
  ],
  organization: [
    "view",
    "list_sectors",
    "list_applications",
    "list_members",
    "list_invitations",
    "list_transfers",
    "view_audit",
    "export_audit",
    "view_connectors",
    "manage_connectors",
    "view_entities",
    "store_entities",
    "view_domains",
    "manage_domains",
    "rename",
    "retire",
    "enable",
    "archive",
    "create_sector",
    "create_application",
    "invite_viewer",
    "invite_member",
    "invite_billing",
    "invite_admin",
    "invite_owner",
  ],
  sector: ["view", "rename", "retire", "enable", "create_application"],
  application: ["view", "view_rules", "edit", "retire", "enable", "rotate_keys", "configure_rules", "set_claim_policy"],
  member: [
    "view",
    "grant_viewer",
    "grant_member",
    "grant_billing",
    "grant_admin",
    "grant_owner",
    "offer_ownership",
    "remove",
    "leave",
  ],
  invitation: ["view", "resend", "revoke", "accept", "decline"],
  transfer: ["view", "accept", "decline", "cancel"],
} as const;

export type Kind = keyof typeof ACTIONS;
export type ActionOf<K extends Kind> = (typeof ACTIONS)[K][number];
export const KINDS = Object.keys(ACTIONS) as readonly Kind[]; // Object.keys forgets what it was given.

export function isKind(text: string): text is Kind {
  return Object.hasOwn(ACTIONS, text);
}

export function isAction(kind: Kind, action: string): boolean {
  return (ACTIONS[kind] as readonly string[]).includes(action);
}

/** The facts that reach a policy as `R.attr`, by kind. `policies/cerbos/_schemas/<kind>.json` says the same. */
export interface Attributes {
  account: {
    self: boolean;
    ownedOrganizations: number;
    maxOwnedOrganizations: number;
    aliasCoolingDown: boolean;
    aliasChangeableAt: string | null; // null: now
    signInMethods: number;
    maxSignInMethods: number;
    /** Those that it owns alone and in which something is enabled. */
    blockingOrganizations: number;
  };
  organization: {
    state: OrganizationState;
    ownerCount: number;
    enabledApplications: number;
    enabledSectors: number;
    members: number;
    pendingInvitations: number;
    maxApplications: number;
    maxSectors: number;
    maxMembers: number;
    maxPendingInvitations: number;
  };
  sector: {
    state: ResourceState;
    organizationState: OrganizationState;
    ownerCount: number;
    enabledApplications: number;
    organizationApplications: number;
    maxApplications: number;
    organizationSectors: number;
    maxSectors: number;
  };
  application: {
    state: ResourceState;
    sectorState: ResourceState;
    organizationState: OrganizationState;
    ownerCount: number;
    organizationApplications: number;
    maxApplications: number;
  };
  member: {
    role: Role;
    self: boolean;
    organizationState: OrganizationState;
    ownerCount: number;
    ownedOrganizations: number;
    maxOwnedOrganizations: number;
    transferPending: boolean;
  };
  invitation: {
    role: Role;
    state: InvitationState;
    invitee: boolean;
    inviteeIsMember: boolean;
    organizationState: OrganizationState;
    members: number;
    maxMembers: number;
    pendingInvitations: number;
    maxPendingInvitations: number;
  };
  transfer: {
    state: TransferState;
    recipient: boolean;
    offerer: boolean;
    /** The recipient's, now. */
    recipientRole: PrincipalRole;
    offererIsOwner: boolean;
    organizationState: OrganizationState;
    ownedOrganizations: number;
    maxOwnedOrganizations: number;
  };
}

/** What can be listed is, value by value. */
type Supplied<Value> = [Value] extends [string] ? (string extends Value ? true : Readonly<Record<Value, true>>) : true;

const ORGANIZATION_STATES = { active: true, retired: true, archived: true } as const;
const RESOURCE_STATES = { enabled: true, retired: true } as const;
const ROLES_SUPPLIED = { viewer: true, member: true, billing: true, admin: true, owner: true } as const;

/** The same as values: the compiler holds them to the type, so that the policies' schemas can be held to what the gateway supplies. */
export const FACTS: { readonly [K in Kind]: { readonly [F in keyof Attributes[K]]: Supplied<Attributes[K][F]> } } = {
  account: {
    self: true,
    ownedOrganizations: true,
    maxOwnedOrganizations: true,
    aliasCoolingDown: true,
    aliasChangeableAt: true,
    signInMethods: true,
    maxSignInMethods: true,
    blockingOrganizations: true,
  },
  organization: {
    state: ORGANIZATION_STATES,
    ownerCount: true,
    enabledApplications: true,
    enabledSectors: true,
    members: true,
    pendingInvitations: true,
    maxApplications: true,
    maxSectors: true,
    maxMembers: true,
    maxPendingInvitations: true,
  },
  sector: {
    state: RESOURCE_STATES,
    organizationState: ORGANIZATION_STATES,
    ownerCount: true,
    enabledApplications: true,
    organizationApplications: true,
    maxApplications: true,
    organizationSectors: true,
    maxSectors: true,
  },
  application: {
    state: RESOURCE_STATES,
    sectorState: RESOURCE_STATES,
    organizationState: ORGANIZATION_STATES,
    ownerCount: true,
    organizationApplications: true,
    maxApplications: true,
  },
  member: {
    role: ROLES_SUPPLIED,
    self: true,
    organizationState: ORGANIZATION_STATES,
    ownerCount: true,
    ownedOrganizations: true,
    maxOwnedOrganizations: true,
    transferPending: true,
  },
  invitation: {
    role: ROLES_SUPPLIED,
    state: { pending: true, accepted: true, declined: true, revoked: true, expired: true },
    invitee: true,
    inviteeIsMember: true,
    organizationState: ORGANIZATION_STATES,
    members: true,
    maxMembers: true,
    pendingInvitations: true,
    maxPendingInvitations: true,
  },
  transfer: {
    state: { pending: true, accepted: true, declined: true, cancelled: true, expired: true },
    recipient: true,
    offerer: true,
    recipientRole: { ...ROLES_SUPPLIED, none: true, service: true },
    offererIsOwner: true,
    organizationState: ORGANIZATION_STATES,
    ownedOrganizations: true,
    maxOwnedOrganizations: true,
  },
};
