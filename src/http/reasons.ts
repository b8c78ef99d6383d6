import { z } from "zod";
import { ROLES } from "../entities/kinds.ts";
import { anchor, sectorId } from "./fields.ts";

/** Every reason of a denial that the built-in policies, or a check, can give: its members, its remedy's, and what it means. */

interface ReasonEntry {
  /** `matrix` refuses who somebody is (403), `floor` the state of things (409); the others stand in a check's answer only. */
  readonly from: "matrix" | "floor" | "check" | "defect";
  readonly means: string;
  readonly reason: z.ZodObject;
  /** Absent: nothing that the caller could do is known. */
  readonly remedy?: z.ZodObject;
}

const count = z
  .int()
  .min(0)
  .meta({ examples: [2] });
const limit = z
  .enum(["applications", "sectors", "members", "pendingInvitations", "ownedOrganizations"])
  .meta({ description: "The limit's name in plans.yaml" });
const limits = { limit, max: count.meta({ examples: [25] }) };
const owner = z.enum(ROLES).meta({ examples: ["owner"] });
const notPending = z.enum(["accepted", "declined", "revoked", "expired"]);

function entry(
  from: ReasonEntry["from"],
  means: string,
  members: z.ZodRawShape = {},
  remedy?: z.ZodRawShape,
): (code: string) => ReasonEntry {
  return (code) => ({
    from,
    means,
    reason: z.strictObject({ code: z.literal(code), ...members }),
    ...(remedy && { remedy: z.strictObject({ for: z.literal(code), message: z.string().min(1), ...remedy }) }),
  });
}

const ENTRIES = {
  ROLE_TOO_LOW: entry(
    "matrix",
    "The role is too low; `least` is the lowest that will do",
    { least: owner },
    { least: owner },
  ),
  NOT_SOLE_OWNER: entry(
    "matrix",
    "Retiring takes the sole Owner; there are `owners`",
    { owners: count },
    { owners: count },
  ),
  NOT_SELF: entry("matrix", "Only the account, or the member, itself may"),
  NOT_INVITEE: entry("matrix", "Only the invited account may"),
  ORGANIZATION_RETIRED: entry("floor", "The organization is retired, thus frozen", {}, {}),
  ORGANIZATION_ARCHIVED: entry("floor", "The organization is archived"),
  SECTOR_RETIRED: entry("floor", "The sector is retired", {}, {}),
  LIVE_APPLICATIONS: entry(
    "floor",
    "`applications` is how many are enabled still",
    { applications: count },
    { applications: z.array(anchor).exactOptional() },
  ),
  LIVE_SECTORS: entry(
    "floor",
    "`sectors` is how many are enabled still",
    { sectors: count },
    { sectors: z.array(sectorId).exactOptional() },
  ),
  LIMIT_REACHED: entry("floor", "The plan allows no more: at most `max` of `limit`", limits, limits),
  LAST_OWNER: entry("floor", "The organization would be left without an Owner", {}, {}),
  OWNER_NOT_BY_INVITATION: entry("floor", "Nobody is invited as an Owner; an Owner promotes a member", {}, {}),
  INVITATION_NOT_PENDING: entry("floor", "The invitation is no longer pending; `state` is what became of it", {
    state: notPending,
  }),
  INVITATION_EXPIRED: entry("floor", "The invitation can no longer be accepted", {}, {}),
  ALREADY_MEMBER: entry("floor", "The invited account is a member: accepting would change its role"),
  UNKNOWN_SUBJECT: entry("check", "There is no such subject"),
  UNKNOWN_RESOURCE: entry("check", "There is no such resource"),
  UNKNOWN_ACTION: entry("check", "The resource's kind has no such action"),
  ORGANIZATION_NOT_ACCESSIBLE: entry("check", "There is no such resource, or the caller may know nothing of it"),
  NO_REASON_GIVEN: entry("defect", "A policy denies without a reason: a defect of the policy"),
  FACT_INVALID: entry("defect", "A policy's schema refuses a fact: a defect of the policy", {
    fact: z.string().min(1),
    problem: z.string().min(1),
  }),
} as const;

export type ReasonCode = keyof typeof ENTRIES;
export const REASON_CODES = Object.keys(ENTRIES) as readonly ReasonCode[]; // Object.keys forgets what it was given.

export const REASONS = Object.fromEntries(REASON_CODES.map((code) => [code, ENTRIES[code](code)])) as Readonly<
  Record<ReasonCode, ReasonEntry>
>; // as Object.keys

export function isReasonCode(code: string): code is ReasonCode {
  return Object.hasOwn(ENTRIES, code);
}

/** Defects are in no contract: an answer that carries one is not one to build upon. */
const promised = REASON_CODES.map((code) => REASONS[code]).filter(({ from }) => from !== "defect");

export const reason = z
  .discriminatedUnion("code", oneOf(promised.map((each) => each.reason)))
  .meta({ id: "Reason", description: "Why it was refused" });
export const remedy = z
  .discriminatedUnion("for", oneOf(promised.flatMap((each) => each.remedy ?? [])))
  .meta({ id: "Remedy", description: "What would make it possible" });

function oneOf(options: readonly z.ZodObject[]): [z.ZodObject, ...z.ZodObject[]] {
  const [first, ...others] = options;
  if (first === undefined) throw new Error("a choice of nothing");
  return [first, ...others];
}
