import { z } from "zod";
import type { Caller } from "../entities/callers.ts";
import type { Answer } from "./answer.ts";
import { invalid } from "./invalid.ts";

/** Visible ASCII, as long as a database likes to index. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** The query of every change. */
export const changeQuery = z.strictObject({
  dryRun: z
    .enum(["true", "false"])
    .exactOptional()
    .meta({
      description:
        "`true`: decide and answer as if, and write nothing: ids that it makes up are not kept; absent is `false`",
      examples: ["true"],
    }),
});

/** How a change is asked for, as far as headers and path tell. */
export interface Asking {
  readonly method: string;
  /** As it came, ids included. */
  readonly path: string;
  readonly idempotencyKey: string | undefined;
  readonly body: unknown;
}

/** The caller with what its request says of itself. Only a POST can be repeated by mistake: other methods ignore the key. */
export function asking(caller: Caller, query: z.output<typeof changeQuery>, request: Asking): Caller {
  const { method, path, idempotencyKey: key, body } = request;
  if (key !== undefined && !KEY.test(key)) {
    throw invalid("header.Idempotency-Key", "expected 1 to 255 visible ASCII characters");
  }
  const isDryRun = query.dryRun === "true";
  if (key === undefined || method !== "post") return { ...caller, isDryRun };
  return { ...caller, isDryRun, idempotency: { key, route: `${method} ${path}`, body: JSON.stringify(body) } };
}

/** A dry run says that it was one. */
export function answered(answer: Answer, { isDryRun }: Caller): Answer {
  return isDryRun ? { ...answer, headers: { ...answer.headers, "Bailiwick-Dry-Run": "true" } } : answer;
}
