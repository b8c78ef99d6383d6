import type { z } from "zod";
import type { Caller } from "../entities/callers.ts";
import type { Answer } from "./answer.ts";
import type { Reply } from "./contract.ts";
import { NOTHING } from "./fields.ts";
import { checked } from "./invalid.ts";
import { type Gateway, type Promised, promised, type Route } from "./route.ts";

interface CheckDefinition<Params extends z.ZodObject, Body extends z.ZodObject> extends Promised {
  readonly params: Params;
  readonly body: Body;
  readonly reply: Reply;
  readonly answer: (gateway: Gateway, call: CheckCall<z.output<Params>, z.output<Body>>) => Promise<Answer>;
}

export interface CheckCall<Params, Body> {
  readonly caller: Caller;
  readonly params: Params;
  readonly body: Body;
}

/** A question in AuthZEN's form: asked by POST, and nothing changes by it. */
export function check<Params extends z.ZodObject, Body extends z.ZodObject>(
  definition: CheckDefinition<Params, Body>,
): Route {
  const { params, body, answer } = definition;
  return {
    ...promised(definition, [definition.reply]),
    access: "caller",
    dialect: "authzen",
    method: "post",
    params,
    query: NOTHING,
    body,
    serve: async (gateway, sent) => {
      const found = checked(params, sent.params, "path");
      checked(NOTHING, sent.query, "query");
      return await answer(gateway, { caller: sent.caller, params: found, body: checked(body, sent.body, "body") });
    },
  };
}
