import { z } from "zod";
import { evaluate } from "../domain/evaluate.ts";
import { ACTIONS, KINDS } from "../entities/kinds.ts";
import { plainReply } from "./contract.ts";
import { decision } from "./decision.ts";
import { foreignId, NOTHING } from "./fields.ts";
import { command, open, type Route } from "./route.ts";

const EVALUATION = "/access/v1/evaluation";

const EXAMPLE = {
  subject: { type: "account", id: "bob" },
  action: { name: "rotate_keys" },
  resource: { type: "application", id: "app-mptm5ctgtztv26tgmbvv" },
};

// AuthZEN 1.0: unknown members are ignored (and so not passed on), what is required must be there, and what is optional must fit.
const properties = z.record(z.string(), z.unknown()).optional().meta({ description: "Accepted, and not read" });
const verbs = [...new Set(KINDS.flatMap((kind) => [...ACTIONS[kind]]))];
const question = z
  .object({
    subject: z.object({
      type: foreignId.meta({ description: "The only built-in type is `account`", examples: ["account"] }),
      id: foreignId.meta({ description: "The alias of the person that it is about", examples: ["bob"] }),
      properties,
    }),
    action: z.object({
      name: foreignId.meta({ description: "One that the resource's type has: /docs#asking", examples: verbs }),
      properties,
    }),
    resource: z.object({
      type: foreignId.meta({ description: "What it is: /docs#asking", examples: [...KINDS] }),
      id: foreignId.meta({ description: "What it is known by: /docs#asking", examples: [EXAMPLE.resource.id] }),
      properties,
    }),
    context: properties,
  })
  .meta({ examples: [EXAMPLE] });

function address(description: string, path: string): z.ZodString {
  return z
    .string()
    .min(1)
    .meta({ description, format: "uri", examples: [`https://authz.example.com${path}`] });
}
const metadata = z.strictObject({
  policy_decision_point: address("This service", ""),
  access_evaluation_endpoint: address("Where evaluate is", EVALUATION),
});

const METADATA_SECONDS = 3600;

export const ACCESS_ROUTES: readonly Route[] = [
  command({
    method: "post",
    path: EVALUATION,
    summary: "May this subject do this to this resource?",
    operation: "evaluate",
    requires: "scope authz:evaluate, or a person about itself",
    asks: [],
    problems: ["SCOPE_MISSING", "NOT_ABOUT_SELF", "CONTENTION"],
    reply: plainReply(decision),
    dialect: "authzen",
    params: NOTHING,
    body: question,
    // A denial is an answer: 200.
    answer: async (deps, { caller, body }) => ({ status: 200, body: await evaluate(deps, caller, body) }),
  }),
  open({
    path: "/.well-known/authzen-configuration",
    summary: "AuthZEN metadata: only what exists",
    operation: "metadata",
    replies: [{ ...plainReply(metadata), headers: ["Cache-Control"] }],
    answer: ({ publicUrl }) => ({
      status: 200,
      body: { policy_decision_point: publicUrl, access_evaluation_endpoint: `${publicUrl}${EVALUATION}` },
      headers: { "Cache-Control": `public, max-age=${METADATA_SECONDS}` },
    }),
  }),
];
