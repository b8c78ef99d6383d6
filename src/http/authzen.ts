import { z } from "zod";
import type { Pdp } from "../domain/evaluate.ts";
import { SEMANTICS } from "../domain/evaluations.ts";
import { ACTIONS, KINDS } from "../entities/kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import { foreignId, NOTHING, slug } from "./fields.ts";

/** What AuthZEN 1.0 says about requests: where they are sent, and what is in them. */

/** Members of the metadata, each with the path that it leads to. */
export const ENDPOINTS = {
  access_evaluation_endpoint: "/access/v1/evaluation",
  access_evaluations_endpoint: "/access/v1/evaluations",
  search_subject_endpoint: "/access/v1/search/subject",
  search_resource_endpoint: "/access/v1/search/resource",
  search_action_endpoint: "/access/v1/search/action",
} as const;

/** Where a decision point is: its paths begin with `path`. */
export interface PdpPlace {
  readonly path: string;
  readonly params: z.ZodObject;
  readonly operation: (verb: string) => string;
  /** Ends a summary. */
  readonly whose: string;
  readonly pdpOf: (params: Readonly<Record<string, unknown>>) => Pdp;
}

/** What a built-in id names is the same everywhere. */
export const AT_PLAIN_PATHS: PdpPlace = {
  path: "",
  params: NOTHING,
  operation: (verb) => verb,
  whose: "",
  pdpOf: () => ({ slug: null }),
};

/** Each organization is a decision point of its own. */
export const AT_ORGANIZATION: PdpPlace = {
  path: "/o/:slug",
  params: z.strictObject({ slug }),
  operation: (verb) => `${verb}InOrganization`,
  whose: ", within one organization",
  pdpOf: (params) => ({ slug: String(params["slug"]) }), // checked by `params`, whose type forgets it
};

const EXAMPLE = {
  subject: { type: "account", id: "bob" },
  action: { name: "rotate_keys" },
  resource: { type: "application", id: "app-mptm5ctgtztv26tgmbvv" },
};
const EXAMPLE_BATCH = {
  subject: EXAMPLE.subject,
  resource: EXAMPLE.resource,
  evaluations: [{ action: { name: "view" } }, { action: { name: "retire" } }],
  options: { evaluations_semantic: "deny_on_first_deny" },
};

// AuthZEN 1.0: unknown members are ignored (and so not passed on), what is required must be there, and what is optional must fit.
const properties = z
  .record(z.string(), z.unknown())
  .optional()
  .meta({ description: "Never taken for facts; built-in kinds do not read it" });
const verbs = [...new Set(KINDS.flatMap((kind) => [...ACTIONS[kind]]))];
export const subject = z.object({
  type: foreignId.meta({ description: "The only built-in type is `account`", examples: ["account"] }),
  id: foreignId.meta({ description: "The alias of the person that it is about", examples: ["bob"] }),
  properties,
});
export const action = z.object({
  name: foreignId.meta({ description: "One that the resource's type has: /docs#asking", examples: verbs }),
  properties,
});
export const resource = z.object({
  type: foreignId.meta({ description: "What it is: /docs#asking", examples: [...KINDS] }),
  id: foreignId.meta({ description: "What it is known by: /docs#asking", examples: [EXAMPLE.resource.id] }),
  properties,
});
const context = properties;
export const question = z.object({ subject, action, resource, context }).meta({ examples: [EXAMPLE] });

/** Of a batch: defaults, each whole or in part, and items that are looked at one by one, so that a broken one breaks nothing else. */
export const batch = z
  .object({
    subject: subject.partial().optional().meta({ description: "That of every item without one" }),
    action: action.partial().optional().meta({ description: "That of every item without one" }),
    resource: resource.partial().optional().meta({ description: "That of every item without one" }),
    context,
    evaluations: z
      .array(z.unknown())
      .max(LIMITS.batchItems)
      .optional()
      .meta({ description: "Questions; what one lacks is as above. None: what stands above is the only one" }),
    options: z
      .object({ evaluations_semantic: z.enum(SEMANTICS).default("execute_all") })
      .default({ evaluations_semantic: "execute_all" })
      .meta({ description: "Which items are decided: all, or those up to the first denial, or the first permit" }),
  })
  .meta({ examples: [EXAMPLE_BATCH] });

const MEMBERS = ["subject", "action", "resource", "context"] as const;

/** The item with what it lacks; what it has replaces the default whole, but for a `type` that is missing in it. What is no object stays as it is. */
export function completed(item: unknown, defaults: z.output<typeof batch>): unknown {
  if (!isObject(item)) return item;
  const members = MEMBERS.map((name) => [name, Object.hasOwn(item, name) ? item[name] : defaults[name]] as const);
  const whole: Record<string, unknown> = Object.fromEntries(members);
  for (const name of ["subject", "resource"] as const) {
    const entity = whole[name];
    const type = defaults[name]?.type;
    if (isObject(entity) && !Object.hasOwn(entity, "type") && type !== undefined) whole[name] = { ...entity, type };
  }
  return whole;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function address(description: string, path: string): z.ZodString {
  return z
    .string()
    .min(1)
    .meta({ description, format: "uri", examples: [`https://authz.example.com${path}`] });
}

export const metadata = z.strictObject({
  policy_decision_point: address("This decision point", ""),
  access_evaluation_endpoint: address("Where evaluate is", ENDPOINTS.access_evaluation_endpoint),
  access_evaluations_endpoint: address("Where evaluateAll is", ENDPOINTS.access_evaluations_endpoint),
  search_subject_endpoint: address("Where searchSubjects is", ENDPOINTS.search_subject_endpoint),
  search_resource_endpoint: address("Where searchResources is", ENDPOINTS.search_resource_endpoint),
  search_action_endpoint: address("Where searchActions is", ENDPOINTS.search_action_endpoint),
});

/** @param base where the decision point is; no trailing slash */
export function metadataOf(base: string): object {
  const document: Record<string, string> = { policy_decision_point: base };
  for (const [name, path] of Object.entries(ENDPOINTS)) document[name] = `${base}${path}`;
  return document;
}
