import { z } from "zod";
import { evaluate } from "../domain/evaluate.ts";
import { foreignId, NOTHING } from "./fields.ts";
import { command, open, type Route } from "./route.ts";

const EVALUATION = "/access/v1/evaluation";

// AuthZEN 1.0: unknown members are ignored (and so not passed on), what is required must be there, and what is optional must fit.
const properties = z.record(z.string(), z.unknown()).optional();
const entity = z.object({ type: foreignId, id: foreignId, properties });
const question = z.object({
  subject: entity,
  action: z.object({ name: foreignId, properties }),
  resource: entity,
  context: properties,
});

const METADATA_SECONDS = 3600;

export const ACCESS_ROUTES: readonly Route[] = [
  command({
    method: "post",
    path: EVALUATION,
    summary: "May this subject do this to this resource?",
    dialect: "authzen",
    params: NOTHING,
    body: question,
    // A denial is an answer: 200.
    answer: async (deps, { caller, body }) => ({ status: 200, body: await evaluate(deps, caller, body) }),
  }),
  open({
    path: "/.well-known/authzen-configuration",
    summary: "AuthZEN metadata: only what exists",
    answer: ({ publicUrl }) => ({
      status: 200,
      body: { policy_decision_point: publicUrl, access_evaluation_endpoint: `${publicUrl}${EVALUATION}` },
      headers: { "Cache-Control": `public, max-age=${METADATA_SECONDS}` },
    }),
  }),
];
