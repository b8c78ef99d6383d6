import type { Reason, Remedy } from "../entities/errors.ts";
import type { Facts } from "../stores/facts.ts";
import { blockingOrganizations } from "./attributes.ts";
import { filled } from "./reasons.ts";

/** What would make a refused thing possible, from the facts of the same decision. A reason without a remedy has none. */
export function remediesFor(reasons: readonly Reason[], facts: Facts): Remedy[] {
  if (facts.role === null && facts.organization !== null) return reasons.flatMap((reason) => invitedFirst(reason));
  const listed = mayList(reasons, facts) ? facts.resource : null;
  return reasons.flatMap((reason) => remedyFor(reason, listed) ?? []);
}

/**
 * A person who can do nothing about them does not get the lists: not everybody who may view may list what is inside. Which organizations
 * an account owns is told to nobody else, not even to clients: these are bound to some of them.
 */
function mayList(reasons: readonly Reason[], { caller, resource }: Facts): boolean {
  if (resource !== null && "owned" in resource) return caller.account?.id === resource.id;
  return caller.client !== null || reasons.every(({ code }) => code !== "ROLE_TOO_LOW");
}

/** A role cannot be raised that is not there. */
function invitedFirst(reason: Reason): Remedy[] {
  const remedy = remedyFor(reason, null);
  if (remedy === undefined || reason.code !== "ROLE_TOO_LOW") return remedy === undefined ? [] : [remedy];
  const promoted = reason["least"] === "owner" ? ", then make it an Owner" : "";
  return [{ ...remedy, message: `The subject is no member: an Owner must invite it first${promoted}.` }];
}

export function remedyFor(reason: Reason, resource: Facts["resource"]): Remedy | undefined {
  const help = HELP[reason.code];
  if (help === undefined) return undefined;
  const { message, repeats = [], blockers } = help;
  const repeated = Object.fromEntries(repeats.map((name) => [name, reason[name]]));
  const found = resource === null ? {} : blockers?.(resource);
  return { for: reason.code, message: filled(message, reason), ...repeated, ...found };
}

/** What helps against a reason of this code, whatever its members are. */
export function helpFor(code: string): string | undefined {
  return HELP[code]?.message;
}

interface Help {
  /** With the names of the reason's members in backquotes, as in MEANINGS. */
  readonly message: string;
  /** Members of the reason that the remedy has too. */
  readonly repeats?: readonly string[];
  /** What stands in the way, by id. */
  readonly blockers?: (resource: NonNullable<Facts["resource"]>) => object;
}

const HELP: Readonly<Record<string, Help>> = {
  ROLE_TOO_LOW: { message: "At least the role `least` is needed; an Owner can grant it.", repeats: ["least"] },
  NOT_SOLE_OWNER: { message: "Every other Owner must leave or take another role first.", repeats: ["owners"] },
  LAST_OWNER: { message: "Make another member an Owner first." },
  ORGANIZATION_RETIRED: { message: "An Owner must enable the organization first." },
  ORGANIZATION_NOT_RETIRED: { message: "The sole Owner must retire the organization first." },
  SECTOR_RETIRED: { message: "An Owner must enable the sector first." },
  APPLICATION_RETIRED: { message: "An Owner must enable the application first." },
  NOT_ADMITTED: { message: "An Admin can list the account in the application's rules of admission." },
  ACCOUNT_BLOCKED: { message: "An Admin can take the account from those that the application has blocked." },
  METHOD_NOT_ALLOWED: { message: "Authenticate by a method that the application's rules of authentication name." },
  CONNECTOR_NOT_ALLOWED: {
    message:
      "Come by a connector that is enabled, and that the application's rules of authentication name where they name any.",
  },
  ASSURANCE_TOO_LOW: {
    message: "Authenticate again, so that the level of assurance is `leastAssurance` or more.",
    repeats: ["leastAssurance"],
  },
  SECOND_FACTOR_REQUIRED: { message: "Authenticate again, with a second factor." },
  AUTHENTICATION_TOO_OLD: { message: "Authenticate again." },
  REAUTHENTICATION_REQUIRED: { message: "Authenticate again." },
  LIVE_APPLICATIONS: {
    message: "Retire the enabled applications first.",
    blockers: (resource) => ("liveApplications" in resource ? { applications: resource.liveApplications } : {}),
  },
  LIVE_SECTORS: {
    message: "Retire the enabled sectors first.",
    blockers: (resource) => ("liveSectors" in resource ? { sectors: resource.liveSectors } : {}),
  },
  LIVE_ORGANIZATIONS: {
    message:
      "Retire what is enabled in these organizations, which are then archived with the account, or make another member an Owner there.",
    blockers: (resource) =>
      "owned" in resource ? { organizations: blockingOrganizations(resource).map(({ slug }) => slug) } : {},
  },
  LIMIT_REACHED: {
    message: "Retire or remove one first, or ask for a higher limit of `limit`.",
    repeats: ["limit", "max"],
  },
  ALIAS_COOLING_DOWN: {
    message: "Keep the alias until `until`; then it can be changed once more.",
    repeats: ["until"],
  },
  LAST_SIGN_IN_METHOD: { message: "Link another way to sign in first." },
  OWNER_NOT_BY_INVITATION: { message: "Invite with another role; an Owner can promote the member later." },
  INVITATION_EXPIRED: { message: "Ask an Owner to send it again." },
  TRANSFER_PENDING: { message: "Cancel the offer that waits, or wait for its answer or its end." },
  TRANSFER_EXPIRED: { message: "Ask an Owner for a new offer." },
  OFFERER_NOT_OWNER: { message: "Ask an Owner for a new offer." },
  RECIPIENT_NOT_MEMBER: { message: "An Owner must cancel the offer, and make another once they are a member again." },
};
