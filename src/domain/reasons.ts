import { type Reason, REFUSAL_KINDS, type RefusalKind } from "../entities/errors.ts";

/**
 * What each reason means, for people. A name in backquotes is a member of the reason: the catalogue at /docs shows the name, a refusal
 * the value.
 */
export const MEANINGS = {
  ROLE_TOO_LOW: "The role is too low; `least` is the lowest that will do.",
  NOT_SOLE_OWNER: "Retiring and archiving take the sole Owner; the number of Owners is `owners`.",
  NOT_A_SERVICE: "Only a service that keeps entities in the organization may, no member.",
  NOT_SELF: "Only the account, or the member, itself may.",
  NOT_INVITEE: "Only the invited account may.",
  NOT_RECIPIENT: "Only the member to whom ownership is offered may.",
  ORGANIZATION_RETIRED: "The organization is retired, thus frozen.",
  ORGANIZATION_ARCHIVED: "The organization is archived.",
  ORGANIZATION_NOT_RETIRED: "The organization is active: only a retired one is archived.",
  SECTOR_RETIRED: "The sector is retired.",
  APPLICATION_RETIRED: "The application is retired.",
  LIVE_APPLICATIONS: "Applications in it are enabled still: `applications`.",
  LIVE_SECTORS: "Sectors in it are enabled still: `sectors`.",
  LIVE_ORGANIZATIONS: "Organizations that have no other Owner are live still: `organizations`.",
  LIMIT_REACHED: "The plan allows no more `limit` than `max`.",
  LAST_OWNER: "The organization would be left without an Owner.",
  OWNER_NOT_BY_INVITATION: "Nobody is invited as an Owner; an Owner promotes a member.",
  INVITATION_NOT_PENDING: "The invitation is no longer pending, it is `state`.",
  INVITATION_EXPIRED: "The invitation has expired.",
  ALIAS_COOLING_DOWN: "The alias was changed not long ago; it can be changed again at `until`.",
  LAST_SIGN_IN_METHOD: "It is the last way to sign in to the account.",
  ALREADY_MEMBER: "The invited account is a member: accepting would change its role.",
  ALREADY_OWNER: "The member is an Owner already.",
  TRANSFER_PENDING: "Ownership is offered to somebody already, and one offer can wait at a time.",
  TRANSFER_NOT_PENDING: "The offer is no longer pending, it is `state`.",
  TRANSFER_EXPIRED: "The offer has expired.",
  OFFERER_NOT_OWNER: "Who offered ownership is no Owner any more.",
  RECIPIENT_NOT_MEMBER: "To whom ownership was offered has left the organization since.",
  NOT_ADMITTED:
    "The application admits neither everyone, nor members of whom it is one, nor this account, nor its domain.",
  ACCOUNT_BLOCKED: "The application has blocked the account.",
  METHOD_NOT_ALLOWED: "The application allows none of the methods that were used.",
  CONNECTOR_NOT_ALLOWED: "The application does not allow to come so: by this connector, or by none.",
  ASSURANCE_TOO_LOW: "The application asks for a level of assurance of `leastAssurance` at the least.",
  SECOND_FACTOR_REQUIRED: "The application asks for a second factor.",
  AUTHENTICATION_TOO_OLD: "A login begins at the most `maximumAgeSeconds` seconds after authentication.",
  REAUTHENTICATION_REQUIRED: "After `reauthenticateAfterSeconds` seconds the account has to authenticate anew.",
  UNKNOWN_SUBJECT: "There is no such subject: nobody has this alias, or there is no such type.",
  UNKNOWN_RESOURCE: "There is no such resource, or no such type of resources.",
  UNKNOWN_ACTION: "The resource's type has no such action.",
  ORGANIZATION_NOT_ACCESSIBLE: "There is no such resource, or the caller may know nothing of it.",
  SENT_INVALID: "What was sent as `fact` is not what the type's schema declares: `problem`.",
  NO_REASON_GIVEN: "A policy denies without a reason, which is a defect of the policy.",
  FACT_INVALID: "A policy's schema refuses the fact `fact` (`problem`), which is a defect of the policy.",
} as const;

/** What each is about; ORGANIZATION_NOT_ACCESSIBLE is what is told of the unknown, so that it is told of the foreign too. */
const REFUSALS: Readonly<Record<keyof typeof MEANINGS, RefusalKind>> = {
  ROLE_TOO_LOW: "role",
  NOT_SOLE_OWNER: "role",
  NOT_A_SERVICE: "role",
  NOT_SELF: "relation",
  NOT_INVITEE: "relation",
  NOT_RECIPIENT: "relation",
  ORGANIZATION_RETIRED: "frozen",
  ORGANIZATION_ARCHIVED: "frozen",
  ORGANIZATION_NOT_RETIRED: "state",
  SECTOR_RETIRED: "state",
  APPLICATION_RETIRED: "state",
  LIVE_APPLICATIONS: "state",
  LIVE_SECTORS: "state",
  LIVE_ORGANIZATIONS: "state",
  LIMIT_REACHED: "attribute",
  LAST_OWNER: "relation",
  OWNER_NOT_BY_INVITATION: "attribute",
  INVITATION_NOT_PENDING: "state",
  INVITATION_EXPIRED: "state",
  ALIAS_COOLING_DOWN: "state",
  LAST_SIGN_IN_METHOD: "attribute",
  ALREADY_MEMBER: "relation",
  ALREADY_OWNER: "relation",
  TRANSFER_PENDING: "state",
  TRANSFER_NOT_PENDING: "state",
  TRANSFER_EXPIRED: "state",
  OFFERER_NOT_OWNER: "relation",
  RECIPIENT_NOT_MEMBER: "relation",
  NOT_ADMITTED: "relation",
  ACCOUNT_BLOCKED: "relation",
  METHOD_NOT_ALLOWED: "attribute",
  CONNECTOR_NOT_ALLOWED: "attribute",
  ASSURANCE_TOO_LOW: "attribute",
  SECOND_FACTOR_REQUIRED: "attribute",
  AUTHENTICATION_TOO_OLD: "attribute",
  REAUTHENTICATION_REQUIRED: "attribute",
  UNKNOWN_SUBJECT: "unknown",
  UNKNOWN_RESOURCE: "unknown",
  UNKNOWN_ACTION: "unknown",
  ORGANIZATION_NOT_ACCESSIBLE: "unknown",
  SENT_INVALID: "attribute",
  NO_REASON_GIVEN: "attribute",
  FACT_INVALID: "attribute",
};

/** A reason in the answer to a check. */
export interface ClassifiedReason extends Reason {
  readonly kind: RefusalKind;
}

/** What a policy says of its own code counts where it says one of the kinds. */
export function classified({ code, ...members }: Reason): ClassifiedReason {
  const { kind: stated, ...others } = members;
  const kind = isKnown(code) ? REFUSALS[code] : (REFUSAL_KINDS.find((each) => each === stated) ?? "attribute");
  return { code, kind, ...others };
}

/** Every reason in a sentence; one that only somebody's own policies know, by its code. */
export function explanation(reasons: readonly Reason[]): string {
  return reasons.map((reason) => filled(meaningOf(reason.code), reason)).join(" ");
}

/** The text with the values of these members in the places of their names. */
export function filled(text: string, members: Readonly<Record<string, unknown>>): string {
  return text.replaceAll(/`([A-Za-z]+)`/g, (_whole, name: string) => String(members[name]));
}

function meaningOf(code: string): string {
  return isKnown(code) ? MEANINGS[code] : `A policy refuses this: ${code}.`;
}

function isKnown(code: string): code is keyof typeof MEANINGS {
  return Object.hasOwn(MEANINGS, code);
}
