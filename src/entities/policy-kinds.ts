import { ACTIONS, FACTS, type OrganizationState, type ResourceState } from "./kinds.ts";

/**
 * A login to an application is decided by policies as everything else is, but is nothing that a check could name: its facts are what a service tells of one
 * that is about to begin. Each action is one layer of the application's rules.
 */
export const LOGIN_ACTIONS = ["admit", "authenticate", "continue"] as const;

/** `R.attr` of a login. Where a rule knows no limit, the fact is NO_LIMIT. */
export interface LoginAttributes {
  readonly applicationState: ResourceState;
  readonly sectorState: ResourceState;
  readonly organizationState: OrganizationState;
  readonly everyone: boolean;
  readonly members: boolean;
  readonly listed: boolean;
  readonly domainAdmitted: boolean;
  readonly blocked: boolean;
  readonly methodAllowed: boolean;
  readonly connectorAllowed: boolean;
  readonly assurance: number;
  readonly leastAssurance: number;
  readonly factors: number;
  readonly leastFactors: number;
  readonly ageSeconds: number;
  readonly maximumAgeSeconds: number;
  readonly reauthenticateAfterSeconds: number;
}

export const NO_LIMIT = Number.MAX_SAFE_INTEGER;

const LOGIN_FACTS: {
  readonly [F in keyof LoginAttributes]: true | Readonly<Record<LoginAttributes[F] & string, true>>;
} = {
  applicationState: { enabled: true, retired: true },
  sectorState: { enabled: true, retired: true },
  organizationState: { active: true, retired: true, archived: true },
  everyone: true,
  members: true,
  listed: true,
  domainAdmitted: true,
  blocked: true,
  methodAllowed: true,
  connectorAllowed: true,
  assurance: true,
  leastAssurance: true,
  factors: true,
  leastFactors: true,
  ageSeconds: true,
  maximumAgeSeconds: true,
  reauthenticateAfterSeconds: true,
};

/** Everything that the built-in policies decide about. */
export const POLICY_ACTIONS = { ...ACTIONS, login: LOGIN_ACTIONS } as const;
export type PolicyKind = keyof typeof POLICY_ACTIONS;
export const POLICY_KINDS = Object.keys(POLICY_ACTIONS) as readonly PolicyKind[]; // Object.keys forgets what it was given.

/** What the gateway supplies to the policies of each: by fact, and by value where these can be listed. */
export const POLICY_FACTS: Readonly<
  Record<PolicyKind, Readonly<Record<string, true | Readonly<Record<string, true>>>>>
> = { ...FACTS, login: LOGIN_FACTS };

export function isPolicyKind(text: string): text is PolicyKind {
  return Object.hasOwn(POLICY_ACTIONS, text);
}
