import { z } from "zod";
import { classified, MEANINGS } from "../domain/reasons.ts";
import { helpFor } from "../domain/remedies.ts";
import { REFUSAL_KINDS } from "../entities/errors.ts";
import { ROLES } from "../entities/kinds.ts";
import { anchor, sectorId, slug, time } from "./fields.ts";

/** Every reason of a denial that the built-in policies, or a check, can give: its members, its remedy's, and what helps. */

interface ReasonEntry {
  /** `matrix` refuses who somebody is (403), `floor` the state of things (409); the others stand in a check's answer only. */
  readonly from: "matrix" | "floor" | "check" | "defect";
  readonly means: string;
  /** What one can do about it, for the catalogue: the remedy's words, or what no remedy says because it makes nothing possible. */
  readonly help: string;
  readonly reason: z.ZodObject;
  /** Absent: nothing that would make it possible is known. */
  readonly remedy?: z.ZodObject;
}

const counted = (description: string, example = 2): z.ZodInt => {
  return z
    .int()
    .min(0)
    .meta({ description, examples: [example] });
};
const limit = z
  .enum(["applications", "sectors", "members", "pendingInvitations", "ownedOrganizations", "signInMethods"])
  .meta({ description: "Of what the plan allows no more: /docs#words" });
const limits = { limit, max: counted("How many there may be", 25) };
const least = z.enum(ROLES).meta({ description: "The lowest role that will do", examples: ["owner"] });
const leastAssurance = counted("The lowest level that will do", 2);
const owners = counted("How many Owners there are");
const until = time.meta({ description: "From when on it is possible again" });
const message = z.string().min(1).meta({ description: "What to do, in a sentence for people" });
const notPending = z.enum(["accepted", "declined", "revoked", "expired"]).meta({ description: "What became of it" });
const offerSettled = z
  .enum(["accepted", "declined", "cancelled", "expired"])
  .meta({ description: "What became of it" });

interface Parts {
  readonly members?: z.ZodRawShape;
  /** The remedy's members; its words are the domain's. */
  readonly remedy?: z.ZodRawShape;
  /** Where there is no remedy. */
  readonly help?: string;
}

type Code = keyof typeof MEANINGS;

function entry(from: ReasonEntry["from"], { members = {}, remedy, help = "" }: Parts): (code: Code) => ReasonEntry {
  return (code) => ({
    from,
    means: MEANINGS[code],
    help: helpFor(code) ?? help,
    reason: z.strictObject({ code: z.literal(code), ...members }),
    ...(remedy && { remedy: z.strictObject({ for: z.literal(code), message, ...remedy }) }),
  });
}

const DEFECT = "Tell the operators the `X-Request-ID` of the answer: a policy must be mended. Until then it denies.";

const ENTRIES = {
  ROLE_TOO_LOW: entry("matrix", { members: { least }, remedy: { least } }),
  NOT_SOLE_OWNER: entry("matrix", { members: { owners }, remedy: { owners } }),
  NOT_A_SERVICE: entry("matrix", {
    help: "Call with the token of a client that has the scope `entities:write` and is bound to the organization.",
  }),
  NOT_SELF: entry("matrix", { help: "Nobody else may, whatever the role: the person itself must do it." }),
  NOT_INVITEE: entry("matrix", {
    help: "Call with the token of the invited account; an Owner can only revoke the invitation.",
  }),
  NOT_RECIPIENT: entry("matrix", {
    help: "Call with the token of the member to whom it is offered; an Owner can only cancel the offer.",
  }),
  ORGANIZATION_RETIRED: entry("floor", { remedy: {} }),
  ORGANIZATION_ARCHIVED: entry("floor", {
    help: "Nothing: it is gone for good. Create another organization, with another slug.",
  }),
  ORGANIZATION_NOT_RETIRED: entry("floor", { remedy: {} }),
  SECTOR_RETIRED: entry("floor", { remedy: {} }),
  APPLICATION_RETIRED: entry("floor", { remedy: {} }),
  NOT_ADMITTED: entry("matrix", { remedy: {} }),
  ACCOUNT_BLOCKED: entry("matrix", { remedy: {} }),
  METHOD_NOT_ALLOWED: entry("matrix", { remedy: {} }),
  CONNECTOR_NOT_ALLOWED: entry("matrix", { remedy: {} }),
  ASSURANCE_TOO_LOW: entry("matrix", { members: { leastAssurance }, remedy: { leastAssurance } }),
  SECOND_FACTOR_REQUIRED: entry("matrix", { remedy: {} }),
  AUTHENTICATION_TOO_OLD: entry("matrix", { members: { maximumAgeSeconds: counted("In seconds", 600) }, remedy: {} }),
  REAUTHENTICATION_REQUIRED: entry("matrix", {
    members: { reauthenticateAfterSeconds: counted("In seconds", 28_800) },
    remedy: {},
  }),
  LIVE_APPLICATIONS: entry("floor", {
    members: { applications: counted("How many are enabled still") },
    remedy: { applications: z.array(anchor).exactOptional().meta({ description: "Which they are, for who may know" }) },
  }),
  LIVE_SECTORS: entry("floor", {
    members: { sectors: counted("How many are enabled still") },
    remedy: { sectors: z.array(sectorId).exactOptional().meta({ description: "Which they are, for who may know" }) },
  }),
  LIVE_ORGANIZATIONS: entry("floor", {
    members: { organizations: counted("How many there are in which something is enabled") },
    remedy: {
      organizations: z.array(slug).exactOptional().meta({ description: "Which they are, for the account itself" }),
    },
  }),
  LIMIT_REACHED: entry("floor", { members: limits, remedy: limits }),
  LAST_OWNER: entry("floor", { remedy: {} }),
  OWNER_NOT_BY_INVITATION: entry("floor", { remedy: {} }),
  INVITATION_NOT_PENDING: entry("floor", {
    members: { state: notPending },
    help: "Nothing is left to be done with this one. An Owner can invite again who is no member.",
  }),
  INVITATION_EXPIRED: entry("floor", { remedy: {} }),
  ALIAS_COOLING_DOWN: entry("floor", { members: { until }, remedy: { until } }),
  LAST_SIGN_IN_METHOD: entry("floor", { remedy: {} }),
  ALREADY_MEMBER: entry("floor", { help: "Decline the invitation; an Owner can change the member's role." }),
  ALREADY_OWNER: entry("floor", { help: "Nothing is left to be done: an Owner has all of an Owner's rights." }),
  TRANSFER_PENDING: entry("floor", { remedy: {} }),
  TRANSFER_NOT_PENDING: entry("floor", {
    members: { state: offerSettled },
    help: "Nothing is left to be done with this one. An Owner can make another offer.",
  }),
  TRANSFER_EXPIRED: entry("floor", { remedy: {} }),
  OFFERER_NOT_OWNER: entry("floor", { remedy: {} }),
  RECIPIENT_NOT_MEMBER: entry("floor", { remedy: {} }),
  UNKNOWN_SUBJECT: entry("check", {
    help: "The only built-in type is `account`; its id is an alias, which is known from the person's first call on.",
  }),
  UNKNOWN_RESOURCE: entry("check", {
    help: "Look up at /docs#asking which types there are, and what the id of each is.",
  }),
  UNKNOWN_ACTION: entry("check", { help: "Look up at /docs#asking which actions the resource's type has." }),
  ORGANIZATION_NOT_ACCESSIBLE: entry("check", {
    help: "Check type and id. A service's registration must name the organization, or have `authz:all`.",
  }),
  SENT_INVALID: entry("check", {
    members: {
      fact: z
        .string()
        .min(1)
        .meta({ examples: ["/sent/action/soft"] }),
      problem: z
        .string()
        .min(1)
        .meta({ examples: ["expected boolean, but got string"] }),
    },
    help: "Send it as the schema declares it, or leave it out.",
  }),
  NO_REASON_GIVEN: entry("defect", { help: DEFECT }),
  FACT_INVALID: entry("defect", {
    members: {
      fact: z
        .string()
        .min(1)
        .meta({ examples: ["ownerCount"] }),
      problem: z
        .string()
        .min(1)
        .meta({ examples: ["expected integer, but got string"] }),
    },
    help: DEFECT,
  }),
} as const satisfies Readonly<Record<Code, unknown>>;

export type ReasonCode = keyof typeof ENTRIES;
export const REASON_CODES = Object.keys(ENTRIES) as readonly ReasonCode[]; // Object.keys forgets what it was given.

export const REASONS = Object.fromEntries(REASON_CODES.map((code) => [code, ENTRIES[code](code)])) as Readonly<
  Record<ReasonCode, ReasonEntry>
>; // as Object.keys

export function isReasonCode(code: string): code is ReasonCode {
  return Object.hasOwn(ENTRIES, code);
}

/** Defects are in no contract: an answer that carries one is not one to build upon. */
const promisedCodes = REASON_CODES.filter((code) => REASONS[code].from !== "defect");
const promised = promisedCodes.map((code) => REASONS[code]);

export const reason = z
  .discriminatedUnion("code", oneOf(promised.map((each) => each.reason)))
  .meta({ id: "Reason", description: "Why it was refused" });

/** Why a check was denied: what it is about besides. The codes of a host's own policies are the host's, with the members that it gives. */
const ofBuiltIn = promisedCodes.map((code) => {
  return REASONS[code].reason.extend({ kind: z.literal(classified({ code }).kind) });
});
const ofHost = z
  .looseObject({
    code: z
      .string()
      .min(1)
      .refine((code) => !isReasonCode(code), "expected a code that is not built in, or its members")
      .meta({ not: { enum: REASON_CODES }, examples: ["NOT_SHARED"] }),
    kind: z.enum(REFUSAL_KINDS).meta({ examples: ["relation"] }),
  })
  .meta({ id: "HostReason", description: "Of the host's own policies, with the members that they give" });
export const classifiedReason = z
  .union([z.discriminatedUnion("code", oneOf(ofBuiltIn)), ofHost])
  .meta({ id: "ClassifiedReason", description: "Why it was denied, and what the refusal is about: /docs#words" });

export const remedy = z
  .discriminatedUnion("for", oneOf(promised.flatMap((each) => each.remedy ?? [])))
  .meta({ id: "Remedy", description: "What would make it possible" });

function oneOf(options: readonly z.ZodObject[]): [z.ZodObject, ...z.ZodObject[]] {
  const [first, ...others] = options;
  if (first === undefined) throw new Error("a choice of nothing");
  return [first, ...others];
}
