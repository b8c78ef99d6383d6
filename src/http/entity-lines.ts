import { z } from "zod";
import { exportEntities } from "../domain/entities.ts";
import { importEntities, type ImportLine } from "../domain/entity-import.ts";
import type { Entity } from "../entities/records.ts";
import { AppError } from "../entities/errors.ts";
import type { Answer } from "./answer.ts";
import { answered, asking, changeQuery } from "./change-options.ts";
import { linesReply } from "./contract.ts";
import { document, STORING } from "./entities.ts";
import { entityType, foreignId, slug } from "./fields.ts";
import { checked } from "./invalid.ts";
import type { Line } from "./lines-in.ts";
import { promised, type Route } from "./route.ts";
import { lines, type Lines } from "./stream.ts";

/** Entities by the line: what an export gives an import takes. */

const PATH = "/v1/organizations/:slug/entities";
const params = z.strictObject({ slug });
const sentLine = z
  .strictObject({ type: entityType, id: foreignId.meta({ examples: ["plan-2027"] }), ...document.shape })
  .meta({ description: "On each line one" });
const line = z.strictObject(sentLine.shape).meta({ id: "EntityLine" });

const count = z
  .int()
  .min(0)
  .meta({ examples: [98] });
const counts = { lines: count, stored: count, unchanged: count, refused: count };
const refusal = {
  line: z
    .int()
    .min(1)
    .meta({ description: "The line's number, from 1", examples: [3] }),
  code: z
    .string()
    .min(1)
    .meta({ examples: ["INVALID_REQUEST"] }),
  detail: z.string().min(1),
  issues: z.array(z.strictObject({ path: z.string(), message: z.string() })).exactOptional(),
};
const event = z
  .strictObject({
    refused: z.strictObject(refusal).exactOptional().meta({ description: "A line that is not in; the others are" }),
    progress: z.strictObject(counts).exactOptional().meta({ description: "How far it is: of the lines so far" }),
    done: z.strictObject(counts).exactOptional().meta({ description: "The end: of all lines" }),
    stopped: z
      .strictObject({ ...counts, ...refusal })
      .exactOptional()
      .meta({ description: "It ended before this line, which can be sent again with those behind it" }),
  })
  .meta({
    description: "Exactly one of these",
    examples: [{ done: { lines: 98, stored: 98, unchanged: 0, refused: 0 } }],
  });

export const ENTITY_LINE_ROUTES: readonly Route[] = [imported(), exported()];

function imported(): Route {
  const problems = ["SCOPE_MISSING"] as const;
  const about = {
    path: PATH,
    summary: "Store entities by the line, whatever is there already",
    operation: "importEntities",
  };
  const reply = {
    ...linesReply(event),
    means: "What becomes of the lines, while they are read: the last line says `done`, or `stopped`",
  };
  return {
    ...promised({ ...about, ...STORING, problems }, [{ ...reply, headers: ["Bailiwick-Dry-Run"] }]),
    access: "caller",
    dialect: "lines",
    method: "post",
    params,
    query: changeQuery,
    body: sentLine,
    serve: async ({ deps }, sent): Promise<Answer> => {
      const { slug: organization } = checked(params, sent.params, "path");
      const query = checked(changeQuery, sent.query, "query");
      const caller = asking(sent.caller, query, { ...sent, idempotencyKey: undefined, method: "post" });
      const events = importEntities(deps, caller, organization, readLines(sent.lines()));
      const parts = { next: async () => await events.next() } satisfies Lines["parts"];
      return await Promise.resolve(answered({ status: 200, lines: { type: reply.type, parts } }, caller));
    },
  };
}

async function* readLines(read: AsyncIterable<Line>): AsyncGenerator<ImportLine, void, undefined> {
  for await (const { number, text, problem } of read) yield { number, entity: entityIn(text, problem) };
}

function entityIn(text: string | null, problem: string): ImportLine["entity"] {
  if (text === null) return new AppError("INVALID_REQUEST", `line: ${problem}.`);
  try {
    return checked(sentLine, JSON.parse(text), "body");
  } catch (error) {
    if (error instanceof AppError) return error;
    return new AppError("MALFORMED_JSON", "The line is not well-formed JSON.");
  }
}

function exported(): Route {
  return lines({
    path: PATH,
    summary: "The organization's entities, all of them or those of a type; an import takes them as they are",
    operation: "exportEntities",
    ...STORING,
    asks: ["organization.view_entities"],
    problems: ["SCOPE_MISSING", "KIND_NOT_BOUND", "NOT_FOUND"],
    item: line,
    params,
    filters: z.strictObject({ type: entityType.exactOptional() }),
    parts: async (deps, { caller, params: { slug: organization }, filters: { type } }) => {
      const pages = exportEntities(deps, caller, { slug: organization, type });
      return await Promise.resolve({ next: async () => told(await pages.next()) });
    },
  });
}

function told(page: IteratorResult<readonly Entity[], void>): IteratorResult<readonly object[], void> {
  if (page.done === true) return page;
  return {
    done: false,
    value: page.value.map(({ type, id, attributes, relations }) => ({ type, id, attributes, relations })),
  };
}
