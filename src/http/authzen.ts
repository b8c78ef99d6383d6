import { z } from "zod";
import type { Pdp } from "../domain/evaluate.ts";
import { ACTIONS, KINDS } from "../entities/kinds.ts";
import { foreignId, NOTHING, slug } from "./fields.ts";

/** What AuthZEN 1.0 says about requests: where they are sent, and what is in them. */

/** Members of the metadata, each with the path that it leads to. */
export const ENDPOINTS = {
  access_evaluation_endpoint: "/access/v1/evaluation",
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

// AuthZEN 1.0: unknown members are ignored (and so not passed on), what is required must be there, and what is optional must fit.
const properties = z.record(z.string(), z.unknown()).optional().meta({ description: "Accepted, and not read" });
const verbs = [...new Set(KINDS.flatMap((kind) => [...ACTIONS[kind]]))];
export const question = z
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

export const metadata = z.strictObject({
  policy_decision_point: address("This decision point", ""),
  access_evaluation_endpoint: address("Where evaluate is", ENDPOINTS.access_evaluation_endpoint),
});

/** @param base where the decision point is; no trailing slash */
export function metadataOf(base: string): object {
  const document: Record<string, string> = { policy_decision_point: base };
  for (const [name, path] of Object.entries(ENDPOINTS)) document[name] = `${base}${path}`;
  return document;
}
