import { z } from "zod";
import { ACTIONS, type Kind } from "../entities/kinds.ts";
import { reason } from "./reasons.ts";

/** The query of every read of a thing that has actions. */
export const includeQuery = z.strictObject({
  include: z
    .literal("actions")
    .exactOptional()
    .meta({
      description:
        "Say beside it what the caller may do with it, and why not; what would help, a dry run of the change says",
      examples: ["actions"],
    }),
});

const affordance = z
  .strictObject({
    allowed: z.boolean().meta({ examples: [true] }),
    reasons: z.array(reason).meta({ examples: [[]] }),
  })
  .meta({ id: "Affordance", description: "May the caller do it, and every reason why not; without remedies" });

/** The record of this kind with the `actions` that `?include=actions` adds. */
export function withActions(record: z.ZodObject, kind: Kind): z.ZodObject {
  const actions = z
    .strictObject(Object.fromEntries(ACTIONS[kind].map((action) => [action, affordance])))
    .exactOptional()
    .meta({
      description: "With ?include=actions: what the caller may do, as routes and checks would say, without remedies",
    });
  return z.strictObject({ ...record.shape, actions });
}
