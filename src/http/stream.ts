import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { z } from "zod";
import type { Deps } from "../domain/deps.ts";
import type { Caller } from "../entities/callers.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Answer } from "./answer.ts";
import type { Outgoing } from "./context.ts";
import { linesReply } from "./contract.ts";
import { NOTHING } from "./fields.ts";
import { checked } from "./invalid.ts";
import { type Promised, promised, type Route } from "./route.ts";

/** A list of any length in one answer: an item as JSON on each line, sent as it is read. */
export interface Lines {
  readonly type: string;
  /** In parts, as they are read: no more than one is held. */
  readonly parts: AsyncIterator<readonly object[], void>;
}

interface ExportDefinition<Params extends z.ZodObject, Filters extends z.ZodObject> extends Promised {
  readonly params: Params;
  readonly filters: Filters;
  readonly item: z.ZodObject;
  readonly parts: (deps: Deps, call: ExportCall<z.output<Params>, z.output<Filters>>) => Promise<Lines["parts"]>;
}

interface ExportCall<Params, Filters> {
  readonly caller: Caller;
  readonly params: Params;
  readonly filters: Filters;
}

/** A GET that answers with lines. What it refuses, it refuses before the first of them. */
export function lines<Params extends z.ZodObject, Filters extends z.ZodObject>(
  definition: ExportDefinition<Params, Filters>,
): Route {
  const { params, filters, parts } = definition;
  const reply = linesReply(definition.item);
  return {
    ...promised(definition, [reply]),
    access: "caller",
    dialect: "rest",
    method: "get",
    params,
    query: filters,
    body: NOTHING,
    serve: async ({ deps }, { caller, ...sent }): Promise<Answer> => {
      const found = checked(params, sent.params, "path");
      const narrowed = checked(filters, sent.query, "query");
      const call = { caller, params: found, filters: narrowed };
      return { status: 200, lines: { type: reply.type, parts: await parts(deps, call) } };
    },
  };
}

/**
 * Sends the lines as fast as they are taken. Throws what reading throws: before the first part that is still a problem document,
 * after it the connection is cut, so that what is not whole is not taken for it. Ends when the other side has gone.
 */
export async function sendLines(
  response: Outgoing,
  { type, parts }: Lines,
  headers: Answer["headers"] = {},
): Promise<void> {
  const first = await parts.next();
  for (const name in headers) response.setHeader(name, headers[name] ?? "");
  response.setHeader("Content-Type", type);
  response.setTimeout(LIMITS.exportStallMs);
  if (response.req.method === "HEAD") {
    response.end();
    return;
  }
  await pipeline(Readable.from(texts(first, parts)), response).catch((error: unknown) => {
    if (!hasGone(error)) throw error; // the access log says that the other side went away
  });
}

async function* texts(
  first: IteratorResult<readonly object[], void>,
  parts: Lines["parts"],
): AsyncGenerator<string, void, undefined> {
  for (let part = first; part.done !== true; part = await parts.next()) {
    yield part.value.map((item) => `${JSON.stringify(item)}\n`).join("");
  }
}

function hasGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
}
