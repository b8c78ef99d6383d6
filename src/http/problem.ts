import type { ErrorRequestHandler } from "express";
import { AppError } from "../entities/errors.ts";
import { etagOf, send } from "./answer.ts";
import type { Handler, Locals, Outgoing } from "./context.ts";
import { describeError, lineOf, type Log } from "./log.ts";
import { PROBLEM_KINDS, type ProblemCode, type ProblemKind } from "./problem-kinds.ts";

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
  const { status, title } = PROBLEM_KINDS[code];
  return { type: typeOf(code), title, status, detail, code, ...extensions };
}

/** A refusal's code is its first reason's: matrix before floor, in the rule's order. */
export function problemOf(error: AppError): Problem {
  const { reasons, remedies, issues, about } = error.details;
  const extensions = {
    ...(reasons && { reasons }),
    ...(remedies && { remedies }),
    ...(issues && { issues }),
  };
  const kind = kindOf(error);
  if (error.code !== "DENIED") return problem(kind, [error.message, about ?? []].flat().join(" "), extensions);
  const code = reasons?.[0]?.code ?? "DENIED";
  return { ...problem(kind, error.message, extensions), type: typeOf(code), code };
}

function kindOf(error: AppError): ProblemCode {
  return error.code === "DENIED" && error.details.refusedBy === "floor" ? "DENIED_BY_STATE" : error.code;
}

/**
 * Leads to the code's entry in the catalogue. A relative reference with its full path, which RFC 9457 (3.1.1) allows: the same at
 * every address, and true where no address is known yet (server.ts).
 */
export function typeOf(code: string): string {
  return `/docs#${code}`;
}

export const noSuchRoute: Handler = (_request, _response, next) => next(unknownPath());

export function unknownPath(): AppError {
  return new AppError("NO_SUCH_ROUTE", "No route of this service has this path; /docs lists them.");
}

/** The last middleware: refusals become their documents, and what nobody foresaw becomes a 500 that tells nothing. */
export function problems(
  log: Log,
): ErrorRequestHandler<never, unknown, unknown, unknown, Locals & Record<string, unknown>> {
  return (thrown: unknown, _request, response, _next) => {
    // A part of an answer is no answer: whoever reads it must see it break off.
    if (response.headersSent) {
      log.error({ ...lineOf(response.locals), error: describeError(thrown) }, "an answer broke off");
      response.destroy();
      return;
    }
    answerError(thrown, response, log);
  };
}

function answerError(thrown: unknown, response: Outgoing, log: Log): void {
  const line = lineOf(response.locals);
  // Express's router could not decode a parameter.
  const error = thrown instanceof URIError ? new AppError("INVALID_REQUEST", "The path is not well encoded.") : thrown;
  if (!(error instanceof AppError)) {
    log.error({ ...line, error: describeError(error) }, "a defect");
    const detail = "The service has a defect; its log tells more under this request's id.";
    sendProblem(response, problem("INTERNAL", detail));
    return;
  }
  if (error.code === "CANNOT_DECIDE") log.warn({ ...line, error: describeError(error) }, "cannot decide");
  sendProblem(response, problemOf(error), headersOf(error));
}

/** The kind's, and those whose value the error itself knows. */
function headersOf(error: AppError): Readonly<Record<string, string>> {
  const { retryAfterSeconds, revision } = error.details;
  return {
    ...PROBLEM_KINDS[kindOf(error)].headers,
    ...(retryAfterSeconds !== undefined && { "Retry-After": String(retryAfterSeconds) }),
    ...(revision !== undefined && { ETag: etagOf(revision) }),
  };
}

function sendProblem(response: Outgoing, document: Problem, headers: ProblemKind["headers"] = {}): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  send(response, { status: document.status, body: document, type: "application/problem+json" });
}
