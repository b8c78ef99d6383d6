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
    "view_entities",
    "store_entities",
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

/** Their names: the compiler holds them to the type, so that the policies' schemas can be held to what the gateway supplies. */
export const FACTS: { readonly [K in Kind]: Readonly<Record<keyof Attributes[K], true>> } = {
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
    state: true,
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
    state: true,
    organizationState: true,
    ownerCount: true,
    enabledApplications: true,
    organizationApplications: true,
    maxApplications: true,
    organizationSectors: true,
    maxSectors: true,
  },
  application: {
    state: true,
    sectorState: true,
    organizationState: true,
    ownerCount: true,
    organizationApplications: true,
    maxApplications: true,
  },
  member: {
    role: true,
    self: true,
    organizationState: true,
    ownerCount: true,
    ownedOrganizations: true,
    maxOwnedOrganizations: true,
    transferPending: true,
  },
  invitation: {
    role: true,
    state: true,
    invitee: true,
    inviteeIsMember: true,
    organizationState: true,
    members: true,
    maxMembers: true,
    pendingInvitations: true,
    maxPendingInvitations: true,
  },
  transfer: {
    state: true,
    recipient: true,
    offerer: true,
    recipientRole: true,
    offererIsOwner: true,
    organizationState: true,
    ownedOrganizations: true,
    maxOwnedOrganizations: true,
  },
};
