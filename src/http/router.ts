import { Router } from "express";
import { AppError } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Held } from "../domain/held.ts";
import { send, type Answer } from "./answer.ts";
import type { Authenticate } from "./authenticate.ts";
import { type BodyLimits, readJson } from "./body.ts";
import type { Handler, Incoming, Outgoing } from "./context.ts";
import { NOTHING } from "./fields.ts";
import { parseIfMatch } from "./if-match.ts";
import { invalid } from "./invalid.ts";
import { linesOf } from "./lines-in.ts";
import type { Gateway, Route } from "./route.ts";
import { sendLines } from "./stream.ts";

/** The router of one noun. A path answers 405 to the methods that none of its routes has. */
export function routerOf(routes: readonly Route[], serving: Serving): Router {
  const router = Router({ strict: true, caseSensitive: true });
  for (const [path, ofPath] of Map.groupBy(routes, (route) => route.path)) {
    const slot = router.route(path);
    for (const route of ofPath) slot[route.method](serve(route, serving));
    const methods = ofPath.map((route) => route.method.toUpperCase());
    const allow = [...methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])), "OPTIONS"].join(
      ", ",
    );
    slot.options(tellMethods(path, allow));
    slot.all(methodNotAllowed(path, allow));
  }
  return router;
}

export interface Serving {
  readonly gateway: Omit<Gateway, "deps">;
  readonly served: Held<Pick<Gateway, "deps">>;
  readonly authenticate: Authenticate;
}

/** By one unit from its first look to the last line of its answer, whatever is replaced meanwhile. */
function serve(route: Route, { gateway, served, authenticate }: Serving): Handler {
  return async (request, response) => {
    response.locals.route = route.path;
    await served.use(async ({ deps }) => {
      response.locals.unit = deps.unit;
      response.setHeader("Bailiwick-Policy-Unit", deps.unit); // refusals have it too
      const answer = await answerTo(route, request, response, { gateway: { ...gateway, deps }, authenticate });
      if (answer.lines === undefined) send(response, answer);
      else await sendLines(response, answer.lines, answer.headers);
    });
  };
}

interface Answering {
  readonly gateway: Gateway;
  readonly authenticate: Authenticate;
}

/** Who calls is asked before a byte of the body is read. */
async function answerTo(route: Route, request: Incoming, response: Outgoing, serving: Answering): Promise<Answer> {
  const { params } = request;
  const { authorization } = request.headers;
  if (route.access === "open") {
    return await route.serve(serving.gateway, { params, query: queryOf(request), body: undefined, authorization });
  }
  const identity = await serving.authenticate(authorization);
  const work = route.dialect !== "authzen" && route.method !== "get" ? "changes" : "questions";
  const budget = await serving.gateway.budgets.ofCaller(identity, work);
  for (const name in budget) response.setHeader(name, budget[name] ?? "");
  const caller = {
    ...identity,
    requestId: response.locals.requestId,
    isDryRun: false,
    idempotency: null,
    wantsActions: false,
  };
  const ifMatch = parseIfMatch(request.headers["if-match"]);
  const body = route.method === "get" ? undefined : await bodyFor(route, request);
  const idempotencyKey = request.get("idempotency-key");
  return await route.serve(serving.gateway, {
    caller,
    params,
    query: queryOf(request),
    body,
    ifMatch,
    lines: () => linesOf(request),
    path: request.path,
    idempotencyKey,
    identify: async (token) => await serving.authenticate(`Bearer ${token}`),
  });
}

/** Ids can stand in it: the usual parser puts another character in the place of what is not UTF-8. Throws INVALID_REQUEST. */
function queryOf({ query, url }: Incoming): unknown {
  try {
    decodeURIComponent(url);
    return query;
  } catch {
    throw invalid("query", "expected UTF-8, percent-encoded");
  }
}

/** REST needs no depth: its schemas are closed, but for attributes, which have their own. */
const BODIES: Readonly<Record<"rest" | "authzen", BodyLimits>> = {
  rest: { bytes: LIMITS.bodyBytes, depth: null },
  authzen: { bytes: LIMITS.checkBytes, depth: LIMITS.checkDepth },
};

async function bodyFor(route: Route & { access: "caller" }, request: Incoming): Promise<unknown> {
  if (route.dialect === "lines") return {}; // read one by one, by who works on them
  try {
    const body = await readJson(request, BODIES[route.dialect]);
    if (body !== undefined) return body;
  } catch (error) {
    throw route.dialect === "authzen" ? inAuthzen(error) : error;
  }
  if (route.body === NOTHING) return {};
  throw invalid("body", "required: expected a JSON object");
}

/** AuthZEN knows one answer to what is not JSON, whichever way it is not: 400. */
function inAuthzen(error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== "UNSUPPORTED_MEDIA_TYPE") return error;
  return new AppError("INVALID_REQUEST", error.message, error.details);
}

/** RFC 9110, 9.3.7: for everybody, as openapi.yaml is. */
function tellMethods(path: string, allow: string): Handler {
  return (_request, response) => {
    response.locals.route = path;
    send(response, { status: 204, headers: { Allow: allow } });
  };
}

function methodNotAllowed(path: string, allow: string): Handler {
  return (_request, response, next) => {
    response.locals.route = path;
    response.setHeader("Allow", allow);
    next(new AppError("METHOD_NOT_ALLOWED", `This path knows ${allow}.`));
  };
}
