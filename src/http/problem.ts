import type { ErrorRequestHandler } from "express";
import { AppError, type ErrorCode } from "../entities/errors.ts";
import { send } from "./answer.ts";
import type { Handler, Locals, Outgoing } from "./context.ts";
import { describeError, type Log } from "./log.ts";

/** What goes wrong before a route, or because of a bug, has codes of its own. */
type TransportCode = "INTERNAL" | "BAD_REQUEST_SYNTAX" | "HEADERS_TOO_LARGE" | "REQUEST_TIMEOUT" | "DENIED_BY_STATE";
type ProblemCode = ErrorCode | TransportCode;

interface Kind {
  readonly status: number;
  readonly title: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const RETRY = { "Retry-After": "1" };

/** RFC 6750, 3: how the caller may authenticate, and what was wrong. */
function challenge(parameters: string): Readonly<Record<string, string>> {
  return { "WWW-Authenticate": `Bearer realm="bailiwick"${parameters}` };
}

/** The one place where a code meets a status. */
const KINDS: Readonly<Record<ProblemCode, Kind>> = {
  INVALID_REQUEST: { status: 400, title: "The request does not fit its schema" },
  MALFORMED_JSON: { status: 400, title: "The body is not JSON" },
  BAD_REQUEST_SYNTAX: { status: 400, title: "This is not an HTTP request" },
  TOKEN_MISSING: { status: 401, title: "An access token is needed", headers: challenge("") },
  TOKEN_INVALID: {
    status: 401,
    title: "The access token is not valid",
    headers: challenge(', error="invalid_token"'),
  },
  NOT_A_CLIENT: { status: 403, title: "Only a registered client may do this" },
  NOT_A_USER: { status: 403, title: "Only a person may do this" },
  SCOPE_MISSING: {
    status: 403,
    title: "A scope is missing",
    headers: challenge(', error="insufficient_scope"'),
  },
  ORGANIZATION_NOT_ACCESSIBLE: { status: 403, title: "This organization is not accessible to the caller" },
  NOT_ABOUT_SELF: { status: 403, title: "A user may ask about itself only" },
  DENIED: { status: 403, title: "The caller may not do this" },
  DENIED_BY_STATE: { status: 409, title: "The state of things does not allow this" },
  NO_SUCH_ROUTE: { status: 404, title: "There is no such route" },
  NOT_FOUND: { status: 404, title: "There is no such thing in this organization" },
  UNKNOWN_ALIAS: { status: 404, title: "Nobody is known by this alias" },
  METHOD_NOT_ALLOWED: { status: 405, title: "The route does not know this method" },
  REQUEST_TIMEOUT: { status: 408, title: "The request took too long to arrive" },
  SLUG_TAKEN: { status: 409, title: "The slug is, or was, another organization's" },
  ALREADY_MEMBER: { status: 409, title: "The account is a member already" },
  ALREADY_INVITED: { status: 409, title: "The account is invited already" },
  CLIENT_EXISTS: { status: 409, title: "The client is registered already" },
  PRECONDITION_FAILED: { status: 412, title: "Somebody changed it in between" },
  BODY_TOO_LARGE: { status: 413, title: "The body is too large" },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: "The body must be application/json" },
  HEADERS_TOO_LARGE: { status: 431, title: "The headers are too large" },
  INTERNAL: { status: 500, title: "A defect of the service" },
  CONTENTION: { status: 503, title: "Too many changes at once", headers: RETRY },
  CANNOT_DECIDE: { status: 503, title: "This cannot be decided at the moment", headers: RETRY },
};

/** An RFC 9457 problem document; `code` is the contract. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly [extension: string]: unknown;
}

export function problem(
  code: ProblemCode,
  detail: string,
  extensions: Readonly<Record<string, unknown>> = {},
): Problem {
  const { status, title } = KINDS[code];
  return { type: typeOf(code), title, status, detail, code, ...extensions };
}

/** A refusal's code is its first reason's: matrix before floor, in the rule's order. */
export function problemOf(error: AppError): Problem {
  const { reasons, remedies, issues } = error.details;
  const extensions = {
    ...(reasons && { reasons }),
    ...(remedies && { remedies }),
    ...(issues && { issues }),
  };
  const kind = kindOf(error);
  if (error.code !== "DENIED") return problem(kind, error.message, extensions);
  const code = reasons?.[0]?.code ?? "DENIED";
  return { ...problem(kind, error.message, extensions), type: typeOf(code), code };
}

function kindOf(error: AppError): ProblemCode {
  return error.code === "DENIED" && error.details.refusedBy === "floor" ? "DENIED_BY_STATE" : error.code;
}

function typeOf(code: string): string {
  return `urn:bailiwick:problem:${code.toLowerCase()}`;
}

export const noSuchRoute: Handler = (_request, _response, next) => {
  next(new AppError("NO_SUCH_ROUTE", "No route of this service has this path."));
};

/** The last middleware: refusals become their documents, and what nobody foresaw becomes a 500 that tells nothing. */
export function problems(
  log: Log,
): ErrorRequestHandler<never, unknown, unknown, unknown, Locals & Record<string, unknown>> {
  return (thrown: unknown, _request, response, _next) => {
    // A part of an answer is no answer: whoever reads it must see it break off.
    if (response.headersSent) {
      response.destroy();
      return;
    }
    answerError(thrown, response, log);
  };
}

function answerError(thrown: unknown, response: Outgoing, log: Log): void {
  const { requestId, route } = response.locals;
  // Express's router could not decode a parameter.
  const error = thrown instanceof URIError ? new AppError("INVALID_REQUEST", "The path is not well encoded.") : thrown;
  if (!(error instanceof AppError)) {
    log.error({ requestId, route, error: describeError(error) }, "a defect");
    const detail = "The service has a defect; its log tells more under this request's id.";
    sendProblem(response, problem("INTERNAL", detail));
    return;
  }
  if (error.code === "CANNOT_DECIDE") log.warn({ requestId, route, error: describeError(error) }, "cannot decide");
  sendProblem(response, problemOf(error), KINDS[kindOf(error)].headers);
}

function sendProblem(response: Outgoing, document: Problem, headers: Kind["headers"] = {}): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  send(response, { status: document.status, body: document, type: "application/problem+json" });
}
