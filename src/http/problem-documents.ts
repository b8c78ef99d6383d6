import { z } from "zod";
import { reason, remedy } from "./reasons.ts";

/** The three forms of a problem document (RFC 9457), all closed. */

const text = z.string().min(1);
const members = {
  type: z.string().meta({ format: "uri-reference", description: "Where its code is explained" }),
  title: text.meta({ description: "The code's, or the status', in a few words" }),
  status: z.int().min(400).max(599),
  detail: text.meta({ description: "What happened, in sentences for people; programs read code and reasons" }),
  code: z.string().min(1).meta({ description: "The contract: it never changes its meaning" }),
};

export const problem = z.strictObject(members).meta({ id: "Problem", description: "Why there is no other answer" });

export const invalidRequest = z
  .strictObject({
    ...members,
    issues: z
      .array(
        z.strictObject({
          path: text.meta({ description: "Where: `body.slug`, `query`, `header.If-Match`" }),
          message: text.meta({ description: "What was expected there" }),
        }),
      )
      .min(1)
      .exactOptional(),
  })
  .meta({ id: "InvalidRequest", description: "What does not fit, and where" });

/** Of a status with which policies refuse; other problems that share it have no reasons. */
export const refusal = z
  .strictObject({
    ...members,
    reasons: z.array(reason).min(1).exactOptional().meta({ description: "Every reason that holds" }),
    remedies: z.array(remedy).exactOptional().meta({ description: "What would help against which of them" }),
  })
  .meta({ id: "Refusal", description: "A refusal by the policies, with every reason that holds" });
