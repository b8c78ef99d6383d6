import { z } from "zod";
import type { ErrorCode } from "../entities/errors.ts";
import type { ActionOf, Kind } from "../entities/kinds.ts";
import { etag } from "./fields.ts";

/** What a route promises to those who call it: openapi.yaml says it, and every answer in every test is held against it. */
export interface Contract {
  /** The operationId: a verb and a noun. */
  readonly operation: string;
  readonly requires: Requirement;
  /** What the policies are asked: their reasons are among what the route can answer. */
  readonly asks: readonly Asked[];
  readonly replies: readonly Reply[];
  /** Errors of its own, beside those that every route of its form can answer. */
  readonly problems: readonly ErrorCode[];
}

/** Who may, in words; a test asks the policies whether it is so. */
export type Requirement =
  | "nobody in particular: no token"
  | "nobody in particular, or METRICS_TOKEN where it is set"
  | "any account"
  | "any member"
  | "viewer"
  | "admin"
  | "owner"
  | "sole owner"
  | "viewer, or the member itself"
  | "owner, or the member itself"
  | "owner, or the invited account"
  | "the invited account"
  | "owner, or a party to the offer"
  | "owner, or who made the offer"
  | "the recipient of the offer"
  | "scope authz:evaluate, or a person about itself"
  | "scope entities:write"
  | "scope logins:create"
  | "scope authz:explain"
  | "scope authz:search, or a person about itself"
  | "scope authz:search"
  | "scope platform:admin";

export type Asked = { readonly [K in Kind]: `${K}.${ActionOf<K>}` }[Kind];

export type ReplyHeader =
  "ETag" | "Location" | "Bailiwick-Graph" | "Bailiwick-Dry-Run" | "Cache-Control" | "RateLimit" | "RateLimit-Policy";

/** An answer that is no problem. */
export interface Reply {
  readonly status: 200 | 201 | 204 | 302 | 304 | 503;
  readonly means: string;
  readonly headers: readonly ReplyHeader[];
  /** Null: no body. */
  readonly body: z.ZodType | null;
  /** What the body's example has otherwise here: the state that a change leads to. */
  readonly shows?: object;
  readonly type: string;
}

/** What entities promise in common, beside their body: the tag of their revision. */
export function withEtag<Shape extends z.ZodRawShape>(entity: z.ZodObject<Shape>): z.ZodObject {
  return z.strictObject({ ...entity.shape, etag });
}

export function entityReply(body: z.ZodType): Reply {
  return { ...plainReply(body), headers: ["ETag"] };
}

export function editedReply(body: z.ZodType): Reply {
  return { ...entityReply(body), means: "It is so", headers: ["ETag", "Bailiwick-Dry-Run"] };
}

export const UNCHANGED: Reply = {
  status: 304,
  means: "The caller has it already: If-None-Match names its ETag",
  headers: ["ETag"],
  body: null,
  type: "",
};

export function createdEntityReply(body: z.ZodType): Reply {
  return {
    ...entityReply(body),
    status: 201,
    means: "It has been made",
    headers: ["ETag", "Location", "Bailiwick-Dry-Run"],
  };
}

export function changedReply(body: z.ZodType, shows: object = {}): Reply {
  const means = "It is so; also when it was so before";
  return { ...entityReply(body), means, shows, headers: ["ETag", "Bailiwick-Graph", "Bailiwick-Dry-Run"] };
}

export function createdReply(body: z.ZodType): Reply {
  return { ...createdEntityReply(body), headers: ["ETag", "Location", "Bailiwick-Graph", "Bailiwick-Dry-Run"] };
}

/** For what never changes, and so has no revision. */
export function addedReply(body: z.ZodType): Reply {
  return { ...createdEntityReply(body), headers: ["Location", "Bailiwick-Dry-Run"] };
}

export const REMOVED: Reply = {
  status: 204,
  means: "It is gone",
  headers: ["Bailiwick-Graph", "Bailiwick-Dry-Run"],
  body: null,
  type: "",
};

/** A page of a list. */
export function listReply(item: z.ZodType): Reply {
  const next = z.string().meta({ description: 'The page_token of the next page; "" at the end', examples: [""] });
  return plainReply(z.strictObject({ items: z.array(item), next_page_token: next }));
}

export function plainReply(body: z.ZodType, type = "application/json"): Reply {
  return { status: 200, means: "The answer", headers: [], body, type };
}

export const LINES_TYPE = "application/x-ndjson";

/** Items without end, one a line: the schema is that of a line. */
export function linesReply(item: z.ZodType): Reply {
  const means = "An item as JSON on each line, oldest first; a connection that breaks off says that they are not all";
  return { ...plainReply(item, LINES_TYPE), means };
}
