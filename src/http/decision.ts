import { z } from "zod";
import type { Attributes, Kind } from "../entities/kinds.ts";
import { ROLES } from "../entities/kinds.ts";
import { resourceState } from "./fields.ts";
import { reason, remedy } from "./reasons.ts";

/** The answer to a check: AuthZEN's `decision`, and in `context` what decided it. */

const count = z
  .int()
  .min(0)
  .meta({ examples: [1] });
const most = z
  .int()
  .min(0)
  .meta({ examples: [25] });
const role = z.enum([...ROLES, "none"]).meta({ description: "The subject's", examples: ["admin"] });
const memberRole = z.enum(ROLES);
const organizationState = z.enum(["active", "retired", "archived"]);

/** What the policies of each kind read, as `Attributes` has it. */
const facts = {
  application: z.strictObject({
    state: resourceState,
    sectorState: resourceState,
    organizationState,
    ownerCount: count,
    organizationApplications: count,
    maxApplications: most,
  }),
  sector: z.strictObject({
    state: resourceState,
    organizationState,
    ownerCount: count,
    enabledApplications: count,
    organizationApplications: count,
    maxApplications: most,
    organizationSectors: count,
    maxSectors: most,
  }),
  organization: z.strictObject({
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
  member: z.strictObject({
    role: memberRole,
    self: z.boolean(),
    organizationState,
    ownerCount: count,
    ownedOrganizations: count,
    maxOwnedOrganizations: most,
  }),
  invitation: z.strictObject({
    role: memberRole,
    state: z.enum(["pending", "accepted", "declined", "revoked", "expired"]),
    invitee: z.boolean(),
    inviteeIsMember: z.boolean(),
    organizationState,
    members: count,
    maxMembers: most,
  }),
  account: z.strictObject({ self: z.boolean(), ownedOrganizations: count, maxOwnedOrganizations: most }),
} satisfies { readonly [K in Kind]: z.ZodType<Attributes[K]> };

const context = z.strictObject({
  reasons: z.array(reason).meta({ description: "Every reason that holds; none when it is allowed", examples: [[]] }),
  remedies: z.array(remedy).exactOptional(),
  facts: z
    .strictObject({ subject: z.strictObject({ role }), resource: z.union(Object.values(facts)) })
    .exactOptional()
    .meta({ description: "What the policies read" }),
  graph: z
    .enum(["agrees", "pending", "unavailable", "disagrees"])
    .exactOptional()
    .meta({ description: "What OpenFGA had to say about the role that the ledger holds" }),
  version: z
    .int()
    .min(0)
    .exactOptional()
    .meta({ description: "The organization's, of all these facts", examples: [5] }),
  matrix: z
    .string()
    .min(1)
    .exactOptional()
    .meta({ examples: ["default"] }),
  unit: z
    .string()
    .min(1)
    .meta({ description: "Hash of the policies", examples: ["350c2211499c7498"] }),
});

export const decision = z
  .strictObject({ decision: z.boolean().meta({ examples: [true] }), context })
  .meta({ id: "Decision" });
