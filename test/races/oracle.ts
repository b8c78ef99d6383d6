/** Who may do what to the built-in kinds, written once more and by hand: a test's own word, which knows of no policy, no fact and no tuple. */
import type { Kind } from "../../src/entities/kinds.ts";

export type Rank = "viewer" | "member" | "billing" | "admin" | "owner";

export interface Organization {
  readonly slug: string;
  isFrozen: boolean;
  readonly members: Map<string, Rank>;
  readonly sectors: { readonly id: string; isEnabled: boolean }[];
  readonly applications: { readonly anchor: string; readonly sector: string; isEnabled: boolean }[];
  readonly invitations: {
    readonly id: string;
    readonly alias: string;
    state: "pending" | "declined" | "revoked" | "accepted";
  }[];
  readonly transfers: {
    readonly id: string;
    readonly to: string;
    readonly by: string;
    state: "pending" | "declined" | "cancelled";
  }[];
}

export interface Asked {
  readonly alias: string;
  readonly kind: Kind;
  readonly id: string;
  readonly action: string;
}

const HEIGHT = { viewer: 1, member: 2, billing: 0, admin: 3, owner: 4 } as const;

/** One account in one organization. */
class Standing {
  readonly isMember: boolean;
  readonly isViewer: boolean;
  readonly isAdmin: boolean;
  readonly isOwner: boolean;
  readonly isSole: boolean;
  readonly isActive: boolean;

  constructor(organization: Organization, alias: string) {
    const role = organization.members.get(alias);
    const height = role === undefined ? -1 : HEIGHT[role];
    this.isMember = role !== undefined;
    this.isViewer = height >= HEIGHT.viewer;
    this.isAdmin = height >= HEIGHT.admin;
    this.isOwner = height >= HEIGHT.owner;
    this.isSole = this.isOwner && ownersOf(organization) === 1;
    this.isActive = !organization.isFrozen;
  }
}

function isIdle({ sectors, applications }: Organization): boolean {
  return ![...sectors, ...applications].some(({ isEnabled }) => isEnabled);
}

function ownersOf({ members }: Organization): number {
  return [...members.values()].filter((role) => role === "owner").length;
}

/** Every thing that there is, as questions name it. */
export function thingsOf(organizations: readonly Organization[], aliases: readonly string[]): [Kind, string][] {
  return [
    ...aliases.map((alias): [Kind, string] => ["account", alias]),
    ...organizations.flatMap((organization): [Kind, string][] => [
      ["organization", organization.slug],
      ...organization.sectors.map(({ id }): [Kind, string] => ["sector", id]),
      ...organization.applications.map(({ anchor }): [Kind, string] => ["application", anchor]),
      ...[...organization.members.keys()].map((alias): [Kind, string] => ["member", `${organization.slug}/${alias}`]),
      ...organization.invitations.map(({ id }): [Kind, string] => ["invitation", id]),
      ...organization.transfers.map(({ id }): [Kind, string] => ["transfer", id]),
    ]),
  ];
}

export function isAllowed(organizations: readonly Organization[], asked: Asked): boolean {
  if (asked.kind === "account") {
    // Who owns something alone in which anything is enabled cannot go.
    const isHeld = organizations.some((each) => new Standing(each, asked.alias).isSole && !isIdle(each));
    const isRefused = asked.action === "unlink_sign_in_method" || (asked.action === "erase" && isHeld);
    return asked.id === asked.alias && !isRefused;
  }
  return organizations.some((organization) => {
    return mayInside(organization, asked, new Standing(organization, asked.alias));
  });
}

function mayInside(organization: Organization, { alias, kind, id, action }: Asked, may: Standing): boolean {
  const { slug, sectors, applications, invitations, transfers } = organization;
  if (kind === "organization") return id === slug && mayOrganization(organization, action, may);
  if (kind === "sector") {
    const sector = sectors.find((each) => each.id === id);
    const isEmpty = !applications.some((each) => each.sector === id && each.isEnabled);
    return sector !== undefined && maySector({ isEnabled: sector.isEnabled, isEmpty }, action, may);
  }
  if (kind === "application") {
    const application = applications.find(({ anchor }) => anchor === id);
    const isShut = sectors.some((each) => each.id === application?.sector && !each.isEnabled);
    return application !== undefined && mayApplication(isShut, action, may);
  }
  if (kind === "member") {
    const [of, target = ""] = id.split("/");
    return of === slug && organization.members.has(target) && mayMember(organization, target, action, may, alias);
  }
  if (kind === "invitation") {
    const invitation = invitations.find((each) => each.id === id);
    return invitation !== undefined && mayInvitation(invitation.state, action, may, invitation.alias === alias);
  }
  const transfer = transfers.find((each) => each.id === id);
  return transfer !== undefined && mayTransfer(organization, transfer, action, may, alias);
}

function mayOrganization(organization: Organization, action: string, may: Standing): boolean {
  if (action === "view") return may.isMember;
  if (/_entities$/.test(action)) return false; // for services, whatever an account is
  if (/^(list_(sectors|applications|members)|view_(connectors|domains))$/.test(action)) return may.isViewer;
  if (/^list_/.test(action) || action === "enable") return may.isOwner;
  if (/_audit$/.test(action)) return may.isAdmin;
  if (action === "retire") return may.isSole && isIdle(organization);
  if (action === "archive") return may.isSole && !may.isActive;
  if (action === "invite_owner") return false;
  return may.isActive && (/^invite_/.test(action) ? may.isOwner : may.isAdmin);
}

function maySector(sector: { isEnabled: boolean; isEmpty: boolean }, action: string, may: Standing): boolean {
  if (action === "view") return may.isViewer;
  if (!may.isActive) return false;
  if (action === "retire") return may.isSole && sector.isEmpty;
  if (action === "enable") return may.isOwner;
  return may.isAdmin && (action === "rename" || sector.isEnabled);
}

function mayApplication(isShut: boolean, action: string, may: Standing): boolean {
  if (/^view/.test(action)) return may.isViewer;
  if (!may.isActive) return false;
  if (action === "retire") return may.isSole;
  return action === "enable" ? may.isOwner && !isShut : may.isAdmin;
}

// eslint-disable-next-line max-params -- each is a word of the rule
function mayMember(organization: Organization, target: string, action: string, may: Standing, alias: string): boolean {
  const isOwner = organization.members.get(target) === "owner";
  const isLast = isOwner && ownersOf(organization) === 1;
  const isOffered = organization.transfers.some(({ state }) => state === "pending");
  if (action === "view") return may.isViewer || target === alias;
  if (!may.isActive) return false;
  if (action === "leave") return target === alias && !isLast;
  if (action === "grant_owner") return may.isOwner;
  if (action === "offer_ownership") return may.isOwner && !isOwner && !isOffered;
  return may.isOwner && !isLast;
}

function mayInvitation(state: string, action: string, may: Standing, isInvitee: boolean): boolean {
  if (action === "view") return may.isOwner || isInvitee;
  if (!may.isActive) return false;
  if (action === "resend") return may.isOwner && state === "pending";
  if (action === "revoke") return may.isOwner && ["pending", "revoked"].includes(state);
  return isInvitee && ["pending", action === "accept" ? "accepted" : "declined"].includes(state);
}

// eslint-disable-next-line max-params -- as above
function mayTransfer(
  { members }: Organization,
  { to, by, state }: Organization["transfers"][number],
  action: string,
  may: Standing,
  alias: string,
): boolean {
  const isRecipient = to === alias;
  const isManager = may.isOwner || by === alias;
  if (action === "view") return isManager || isRecipient;
  if (!may.isActive) return false;
  if (action === "cancel") return isManager && ["pending", "cancelled"].includes(state);
  if (action === "decline") return isRecipient && ["pending", "declined"].includes(state);
  const isPromotion = members.has(to) && members.get(to) !== "owner"; // who has become an Owner since has nothing to accept
  return isRecipient && state === "pending" && isPromotion && members.get(by) === "owner";
}
