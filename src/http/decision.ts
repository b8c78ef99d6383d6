import { z } from "zod";
import type { Shown } from "../domain/visible.ts";
import type { Kind } from "../entities/kinds.ts";
import { ROLES } from "../entities/kinds.ts";
import { decisionId, hostAttributes, resourceState, time } from "./fields.ts";
import { classifiedReason, remedy } from "./reasons.ts";

/** The answer to a check: AuthZEN's `decision`, and in `context` what decided it. */

const count = z
  .int()
  .min(0)
  .meta({ examples: [1] });
const most = z
  .int()
  .min(0)
  .meta({ examples: [25] });
const role = z.enum([...ROLES, "none"]).meta({ description: "The subject's; `none` of who is no member" });
const memberRole = z.enum(ROLES);
const organizationState = z.enum(["active", "retired", "archived"]);

const self = z.boolean().meta({ description: "Is it the subject's own?" });

function factsOf<Shape extends z.ZodRawShape>(kind: string, shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape).meta({
    id: `${kind}Facts`,
    description: `What the policies of the type ${kind.toLowerCase()} read; max… is the plan's`,
  });
}

const someones = { ownedOrganizations: count.exactOptional(), maxOwnedOrganizations: most.exactOptional() };

/** What the policies of each kind read, as `Attributes` has it; what is optional is left out for who may not know it. */
export const FACTS_OF = {
  application: factsOf("Application", {
    state: resourceState,
    sectorState: resourceState,
    organizationState,
    ownerCount: count,
    organizationApplications: count,
    maxApplications: most,
  }),
  sector: factsOf("Sector", {
    state: resourceState,
    organizationState,
    ownerCount: count,
    enabledApplications: count,
    organizationApplications: count,
    maxApplications: most,
    organizationSectors: count,
    maxSectors: most,
  }),
  organization: factsOf("Organization", {
    state: organizationState,
    ownerCount: count,
    enabledApplications: count,
    enabledSectors: count,
    members: count,
    pendingInvitations: count,
    maxApplications: most,
    maxSectors: most,
    maxMembers: most,
    maxPendingInvitations: most,
  }),
  member: factsOf("Member", {
    role: memberRole,
    self,
    organizationState,
    ownerCount: count,
    ...someones,
    transferPending: z.boolean(),
  }),
  invitation: factsOf("Invitation", {
    role: memberRole,
    state: z.enum(["pending", "accepted", "declined", "revoked", "expired"]),
    invitee: z.boolean().meta({ description: "Is the subject the one who is invited?" }),
    inviteeIsMember: z.boolean().meta({ description: "Is who is invited a member already?" }),
    organizationState,
    members: count.exactOptional(),
    maxMembers: most.exactOptional(),
    pendingInvitations: count.exactOptional(),
    maxPendingInvitations: most.exactOptional(),
  }),
  transfer: factsOf("Transfer", {
    state: z.enum(["pending", "accepted", "declined", "cancelled", "expired"]),
    recipient: z.boolean(),
    offerer: z.boolean(),
    recipientRole: z.enum([...ROLES, "none"]),
    offererIsOwner: z.boolean(),
    organizationState,
    ...someones,
  }),
  account: factsOf("Account", {
    self,
    ownedOrganizations: count,
    maxOwnedOrganizations: most,
    aliasCoolingDown: z.boolean().meta({ description: "Was the alias changed not long ago?", examples: [false] }),
    aliasChangeableAt: time
      .nullable()
      .meta({ description: "When it can be changed again; null: now", examples: [null] }),
    signInMethods: count,
    maxSignInMethods: most,
    blockingOrganizations: count,
  }),
} satisfies { readonly [K in Kind]: z.ZodType<Shown<K>> };

const FACTS = {
  state: "enabled",
  sectorState: "enabled",
  organizationState: "active",
  ownerCount: 1,
  organizationApplications: 1,
  maxApplications: 25,
};
const COMMON = {
  facts: { subject: { role: "admin" }, resource: FACTS },
  rules: ["application#edit", "application_floor#edit"],
  graph: "agrees",
  version: 5,
  matrix: "default",
  unit: "350c2211499c7498",
};
const DENIAL = {
  reasons: [{ code: "ROLE_TOO_LOW", kind: "role", least: "owner" }],
  remedies: [
    { for: "ROLE_TOO_LOW", message: "At least the role owner is needed; an Owner can grant it.", least: "owner" },
  ],
};
/** May an Admin rotate the keys of an application? May it retire it? */
const EXAMPLES = [
  { decision: true, context: { id: "dec-7f3m9x0q2k5vtw8ch1zd", reasons: [], ...COMMON } },
  {
    decision: false,
    context: {
      ...{ id: "dec-w81fkq0m6z3x9c5tv2hd", ...DENIAL, ...COMMON },
      rules: ["application#retire", "application_floor#retire"],
    },
  },
];

const context = z.strictObject({
  id: decisionId,
  reasons: z.array(classifiedReason).meta({ description: "Every reason that holds; none when it is allowed" }),
  remedies: z.array(remedy).exactOptional().meta({ description: "When it is denied: what would help" }),
  facts: z
    .strictObject({
      subject: z.strictObject({
        role,
        attributes: hostAttributes.exactOptional(),
      }),
      resource: z
        .union([...Object.values(FACTS_OF), hostAttributes])
        .meta({ description: "Those of the resource's type" }),
    })
    .exactOptional()
    .meta({ description: "What the policies read; absent when there was nothing to ask them" }),
  rules: z
    .array(z.string().min(1))
    .exactOptional()
    .meta({ description: "The rules that decided, `<policy>#<rule>`: who may, then when at all" }),
  graph: z
    .enum(["agrees", "pending", "unavailable", "disagrees"])
    .exactOptional()
    .meta({ description: "What OpenFGA had to say about the role that the ledger holds: /docs#words" }),
  version: z.int().min(0).exactOptional().meta({ description: "The organization's, of all these facts" }),
  matrix: z.string().min(1).exactOptional().meta({ description: "The matrix of policies that was asked" }),
  unit: z.string().min(1).meta({ description: "Hash of the policies" }),
});

export const decision = z
  .strictObject({ decision: z.boolean().meta({ description: "May it?" }), context })
  .meta({ id: "Decision", examples: EXAMPLES });

const invalidItem = z
  .strictObject({
    decision: z.literal(false),
    context: z.strictObject({
      error: z
        .strictObject({
          status: z.literal(400),
          message: z
            .string()
            .min(1)
            .meta({ examples: ["body.evaluations.1.action: required: expected object."] }),
        })
        .meta({ description: "Why it is no question" }),
    }),
  })
  .meta({ id: "InvalidItem", description: "An item that is no question: it is denied, and the others are decided" });

/** The answer to a batch: a decision for each item, in their order, or, without items, for the only question. */
export const decisions = z.union([
  z.strictObject({ evaluations: z.array(z.union([decision, invalidItem])) }).meta({
    examples: [{ evaluations: EXAMPLES }],
  }),
  decision,
]);
