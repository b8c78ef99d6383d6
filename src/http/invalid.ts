import { z } from "zod";
import { type AppError, unfit } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";

type Place = "path" | "query" | "body" | `body.${string}`;

const MESSAGE_CHARACTERS = 400; // An unknown member's name is the caller's, and may be as long as a body.
const NAME_CHARACTERS = 100;

/** What the schema makes of the value. Throws INVALID_REQUEST with every issue, each with the place it is about. */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, place: Place): z.output<Schema> {
  const result = fitted(schema, value, place);
  if ("misfit" in result) throw result.misfit;
  return result.data;
}

/** The same as a value: what the schema makes of it, or the INVALID_REQUEST that it is. */
export function fitted<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place: Place,
): { readonly data: z.output<Schema> } | { readonly misfit: AppError } {
  const result = schema.safeParse(value, { error: (issue) => messageFor(issue, place) });
  if (result.success) return { data: result.data };
  const issues = result.error.issues.slice(0, LIMITS.issues).map((issue) => ({
    path: [place, ...issue.path.map(String)].join("."),
    message: issue.message.slice(0, MESSAGE_CHARACTERS),
  }));
  return { misfit: unfit(issues) };
}

export function invalid(path: string, message: string): AppError {
  return unfit([{ path, message }]);
}

/** Where zod's own words would not say what to do. Undefined: they do, or the schema has its own. */
function messageFor(issue: z.core.$ZodRawIssue, place: Place): string | undefined {
  if (issue.code === "unrecognized_keys") return unknown(issue.keys, issue.inst, place);
  if (place === "query" && Array.isArray(issue.input)) return "given more than once; expected once at most";
  const absent = issue.input === undefined ? "required: " : "";
  if (issue.code === "invalid_type") return `${absent}expected ${issue.expected}`;
  return issue.code === "invalid_value" ? `${absent}expected ${oneOf(issue.values.map(String))}` : undefined;
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? values.join("") : `one of ${values.join(", ")}`;
}

/** @param schema the one that it does not fit, be it of a member of a member */
function unknown(names: readonly string[], schema: unknown, place: Place): string {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const word = place === "query" ? "parameter" : "member";
  const listed = names.map((name) => JSON.stringify(name.slice(0, NAME_CHARACTERS))).join(", ");
  return `unknown ${word} ${listed}; ${known.length === 0 ? "there is none" : `known: ${known.join(", ")}`}`;
}
