/**
 * Every way in which a request can fail, by a code that is the contract. Status codes are http/'s business, prose is for people, and
 * `cause` is for logs. Codes that policies give as reasons of a denial (`LAST_OWNER` …) are not listed here: they are the policies'.
 */
export const ERROR_CODES = [
  "INVALID_REQUEST", // a body, parameter or header that does not fit its schema
  "MALFORMED_JSON",
  "UNSUPPORTED_MEDIA_TYPE",
  "BODY_TOO_LARGE",
  "REQUEST_TIMEOUT",
  "NO_SUCH_ROUTE",
  "METHOD_NOT_ALLOWED",
  "TOKEN_MISSING",
  "TOKEN_INVALID",
  "ACCOUNT_ERASED", // and its tokens have not expired yet
  "NOT_A_CLIENT", // only a registered client may do this
  "NOT_A_USER", // only a person may do this
  "SCOPE_MISSING",
  "ORGANIZATION_NOT_ACCESSIBLE", // foreign or unknown: one answer for both (K9)
  "NOT_ABOUT_SELF", // a user asked about somebody else
  "DENIED", // a policy refused; the problem's code is the first reason
  "NOT_FOUND",
  "UNKNOWN_ALIAS",
  "ALIAS_REFUSED", // a service that is bound to applications knows people by the subjects of their sector
  "UNKNOWN_RELATED", // a relation points to somebody who is no member
  "TOO_MANY_RELATIONS",
  "KIND_NOT_BOUND", // the client is bound to other kinds
  "SLUG_TAKEN",
  "ALIAS_TAKEN", // now or once: an alias is never given again
  "SIGN_IN_METHOD_TAKEN", // it is another account's
  "ALREADY_MEMBER",
  "ALREADY_INVITED",
  "CLIENT_EXISTS",
  "ROTATION_UNDER_WAY", // the next key is published, and does not sign yet
  "TOO_MANY_KEYS",
  "DOMAIN_EXISTS",
  "TOO_MANY_DOMAINS",
  "DOMAIN_UNPROVEN", // the DNS answers, without the proof
  "DOMAIN_HELD", // by another organization, whose proof is there as well
  "CONNECTOR_EXISTS", // of the same issuer or entity
  "TOO_MANY_CONNECTORS",
  "POLICIES_REFUSED", // what the folders hold cannot be served
  "STANDBY_MISSING", // the Cerbos is the operator's own, and there is no second one to switch to
  "STANDBY_DIFFERS", // the second one serves something else than the folders hold
  "RELOAD_UNDER_WAY",
  "IDEMPOTENCY_KEY_REUSED", // with another body
  "PRECONDITION_FAILED",
  "PRECONDITION_REQUIRED", // a document would be replaced whole, and nobody said which
  "RATE_LIMITED", // the caller's budget, or the organization's, is spent for now
  "CONTENTION", // too many changes at once; nothing was written
  "DNS_UNAVAILABLE", // it did not answer in time; nothing was written
  "CANNOT_DECIDE", // an engine did not answer in time; nothing was written
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * What a refusal is about: the subject's role; the state of a thing; how two are related; another fact; the organization, which is
 * retired or archived and takes no change; or something that is not known.
 */
export const REFUSAL_KINDS = ["role", "state", "relation", "attribute", "frozen", "unknown"] as const;
export type RefusalKind = (typeof REFUSAL_KINDS)[number];

/** Why a policy refused: a stable code and whatever the policy adds (`least`, `owners`, `limit` …). */
export interface Reason {
  readonly code: string;
  readonly [detail: string]: unknown;
}

/** What would make it possible: a sentence, and the facts that it is about. */
export interface Remedy {
  readonly for: string; // the reason's code
  readonly message: string;
  readonly [detail: string]: unknown;
}

/** What of a request does not fit, and where: `body.slug`, `query`, `header.If-Match`. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

export type Engine = "postgres" | "openfga" | "cerbos" | "issuer";

export interface ErrorDetails {
  readonly cause?: unknown;
  /** For DENIED: `matrix` refuses who somebody is, `floor` the state of things. */
  readonly refusedBy?: "matrix" | "floor";
  readonly reasons?: readonly Reason[];
  readonly remedies?: readonly Remedy[];
  /** For INVALID_REQUEST. */
  readonly issues?: readonly Issue[];
  /** For PRECONDITION_FAILED: what the thing is at; absent where nobody could tell. */
  readonly revision?: number | undefined;
  /** For CANNOT_DECIDE: who does not answer. */
  readonly engine?: Engine;
  /** For CANNOT_DECIDE: what it is about, in a sentence for who asks; a host's ids are in it, which no log takes. */
  readonly about?: string;
  /** For RATE_LIMITED. */
  readonly retryAfterSeconds?: number;
}

export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.details = details;
  }
}

/** OpenFGA answers, and cannot check this: relations go deeper than it follows. Why a question is CANNOT_DECIDE, and no sign of an outage. */
export class Uncheckable extends Error {
  override readonly name = "Uncheckable";
}

/** An engine (or the issuer of tokens, asked for its keys) failed or was silent: the request cannot be decided, which is neither yes nor no. */
export function cannotDecide(engine: Engine, cause: unknown): AppError {
  const message = `Cannot decide at the moment: ${engine} does not answer. Try again.`;
  return new AppError("CANNOT_DECIDE", message, { cause, engine });
}

/** INVALID_REQUEST, in the words of the first; @param issues one or more, each with its place */
export function unfit(issues: readonly Issue[]): AppError {
  const [first, ...others] = issues.map(({ path, message }) => `${path}: ${message}`);
  const further = others.length === 0 ? "" : ` And ${others.length} more: see "issues".`;
  return new AppError("INVALID_REQUEST", `${first ?? ""}.${further}`, { issues });
}

/** Throws INVALID_REQUEST where there are any. */
export function refuseFor(issues: readonly Issue[]): void {
  if (issues.length > 0) throw unfit(issues);
}
