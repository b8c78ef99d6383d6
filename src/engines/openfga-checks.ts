import { z } from "zod";
import { cannotDecide, Uncheckable } from "../entities/errors.ts";
import type { Tuple } from "../entities/tuples.ts";
import { type HttpAnswer, parsed, unexpected } from "./openfga-http.ts";

/** Named by their places: an answer has no order. */
export function checksBody(tuples: readonly Tuple[], modelId: string): string {
  return JSON.stringify({
    authorization_model_id: modelId,
    checks: tuples.map(({ user, relation, object }, index) => ({
      tuple_key: { user, relation, object },
      correlation_id: String(index),
    })),
    consistency: "HIGHER_CONSISTENCY", // never a cache's, never a replica's
  });
}

/** One that could not be checked has an `error`, which is no denial. */
const ChecksSchema = z.object({
  result: z.record(z.string(), z.object({ allowed: z.boolean().optional(), error: z.unknown().optional() })),
});

/** Of the question, not of the server: it goes too deep, for one. */
const InputError = z.object({ input_error: z.string() });

/** Throws CANNOT_DECIDE for an answer that lacks one of them. */
export function heldBy(answer: HttpAnswer, count: number): boolean[] {
  const checks = answer.status === 200 ? ChecksSchema.safeParse(parsed(answer)) : undefined;
  if (checks?.success !== true) throw unexpected(answer);
  return Array.from({ length: count }, (_, index) => {
    const { allowed, error } = checks.data.result[String(index)] ?? {};
    if (allowed === undefined || error !== undefined) {
      const said = `a check has no answer: ${JSON.stringify(error)}`;
      throw cannotDecide("openfga", InputError.safeParse(error).success ? new Uncheckable(said) : new Error(said));
    }
    return allowed;
  });
}
