import type { Attributes, Kind } from "../entities/kinds.ts";
import type { AccountFacts, Facts, OrganizationFacts, Resources } from "../stores/facts.ts";
import { aliasChangeableAt } from "./aliases.ts";
import type { Plan } from "./deps.ts";

/** What is known when attributes are made: everything exists. */
interface Known<K extends Kind> {
  readonly subject: AccountFacts;
  readonly resource: Resources[K];
  readonly organization: OrganizationFacts;
  readonly plan: Plan;
  readonly now: Date;
}

/** S0.38, S0.39, S0.40: what an account cannot be erased before. */
export function blockingOrganizations({ owned }: Resources["account"]): Resources["account"]["owned"] {
  return owned.filter(({ isSole, isLive }) => isSole && isLive);
}

/** `R.attr` of each kind, from facts and the plan; the one place where a policy's words get their values. */
const MAKERS: { [K in Kind]: (known: Known<K>) => Attributes[K] } = {
  account: ({ subject, resource, plan, now }) => {
    const changeableAt = aliasChangeableAt(resource, now);
    return {
      self: subject.id === resource.id,
      ownedOrganizations: resource.ownedOrganizations,
      maxOwnedOrganizations: resource.maxOwnedOrganizations ?? plan.ownedOrganizations,
      aliasCoolingDown: changeableAt !== null,
      aliasChangeableAt: changeableAt,
      signInMethods: resource.signInMethods.length,
      maxSignInMethods: plan.signInMethods,
      blockingOrganizations: blockingOrganizations(resource).length,
    };
  },
  organization: ({ resource, organization, plan }) => ({
    state: organization.state,
    ownerCount: organization.ownerCount,
    enabledApplications: resource.enabledApplications,
    enabledSectors: resource.enabledSectors,
    members: organization.members,
    pendingInvitations: resource.pendingInvitations,
    maxApplications: organization.limits.applications ?? plan.applications,
    maxSectors: organization.limits.sectors ?? plan.sectors,
    maxMembers: organization.limits.members ?? plan.members,
    maxPendingInvitations: organization.limits.pendingInvitations ?? plan.pendingInvitations,
  }),
  sector: ({ resource, organization, plan }) => ({
    state: resource.state,
    organizationState: organization.state,
    ownerCount: organization.ownerCount,
    enabledApplications: resource.enabledApplications,
    organizationApplications: resource.organizationApplications,
    maxApplications: organization.limits.applications ?? plan.applications,
    organizationSectors: resource.organizationSectors,
    maxSectors: organization.limits.sectors ?? plan.sectors,
  }),
  application: ({ resource, organization, plan }) => ({
    state: resource.state,
    sectorState: resource.sectorState,
    organizationState: organization.state,
    ownerCount: organization.ownerCount,
    organizationApplications: resource.organizationApplications,
    maxApplications: organization.limits.applications ?? plan.applications,
  }),
  member: ({ subject, resource, organization, plan }) => ({
    role: resource.role,
    self: subject.id === resource.account.id,
    organizationState: organization.state,
    ownerCount: organization.ownerCount,
    ownedOrganizations: resource.ownedOrganizations,
    maxOwnedOrganizations: resource.maxOwnedOrganizations ?? plan.ownedOrganizations,
    transferPending: resource.transferPending,
  }),
  invitation: ({ subject, resource, organization, plan }) => ({
    role: resource.role,
    state: resource.state,
    invitee: subject.id === resource.account.id,
    inviteeIsMember: resource.inviteeIsMember,
    organizationState: organization.state,
    members: organization.members,
    maxMembers: organization.limits.members ?? plan.members,
    pendingInvitations: resource.pendingInvitations,
    maxPendingInvitations: organization.limits.pendingInvitations ?? plan.pendingInvitations,
  }),
  transfer: ({ subject, resource, organization, plan }) => ({
    state: resource.state,
    recipient: subject.id === resource.account?.id,
    offerer: subject.id === resource.offerer?.id,
    recipientRole: resource.role ?? "none",
    offererIsOwner: resource.offererIsOwner,
    organizationState: organization.state,
    ownedOrganizations: resource.ownedOrganizations,
    maxOwnedOrganizations: resource.maxOwnedOrganizations ?? plan.ownedOrganizations,
  }),
};

/** An account belongs to no organization; its maker reads none. */
const NO_ORGANIZATION: OrganizationFacts = {
  id: "",
  slug: "",
  state: "archived",
  matrix: "default",
  plan: "free",
  version: 0,
  ownerCount: 0,
  members: 0,
  limits: {},
};

/**
 * The attributes that the policies of this kind read; undefined when the subject, the resource or the organization is
 * unknown, or the organization's plan is one that policies/plans.yaml does not have.
 */
export function attributesOf<K extends Kind>(
  kind: K,
  facts: Facts<K>,
  plans: ReadonlyMap<string, Plan>,
): Attributes[K] | undefined {
  const organization = kind === "account" ? NO_ORGANIZATION : facts.organization;
  const plan = organization === null ? undefined : plans.get(organization.plan);
  if (facts.subject === null || facts.resource === null || organization === null || plan === undefined)
    return undefined;
  const { subject, resource, now } = facts;
  return MAKERS[kind]({ subject, resource, organization, plan, now });
}
