import type { z } from "zod";
import { AppError } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";

type Place = "path" | "query" | "body";

const MESSAGE_CHARACTERS = 200; // An unknown member's name is the caller's, and may be as long as a body.

/** What the schema makes of the value. Throws INVALID_REQUEST with every issue, each with the place it is about. */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, place: Place): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, LIMITS.issues).map((issue) => ({
    path: [place, ...issue.path.map(String)].join("."),
    message: issue.message.slice(0, MESSAGE_CHARACTERS),
  }));
  throw new AppError("INVALID_REQUEST", `The ${place} does not fit: see "issues".`, { issues });
}

export function invalid(path: string, message: string): AppError {
  return new AppError("INVALID_REQUEST", `${path}: ${message}`, { issues: [{ path, message }] });
}
