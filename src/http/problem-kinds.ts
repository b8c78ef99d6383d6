import type { ErrorCode } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import { DOMAIN_PROBLEMS } from "./domain-problems.ts";

/** What goes wrong before a route, or because of a bug, has codes of its own. */
type TransportCode = "INTERNAL" | "BAD_REQUEST_SYNTAX" | "HEADERS_TOO_LARGE" | "DENIED_BY_STATE";
export type ProblemCode = ErrorCode | TransportCode;

export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** What the caller can do about it. */
  readonly help: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers whose value the error itself knows. */
  readonly ownHeaders?: readonly string[];
}

const RETRY = { "Retry-After": "1" };

/** RFC 6750, 3: how the caller may authenticate, and what was wrong. */
function challenge(parameters: string): Readonly<Record<string, string>> {
  return { "WWW-Authenticate": `Bearer realm="bailiwick"${parameters}` };
}

/** The one place where a code meets a status, beside domain-problems.ts, which is a part of it. */
export const PROBLEM_KINDS: Readonly<Record<ProblemCode, ProblemKind>> = {
  ...DOMAIN_PROBLEMS,
  INVALID_REQUEST: {
    status: 400,
    title: "The request does not fit its schema",
    help: "`issues` says where and what: `body.name` is the body's member `name`. Unknown members and parameters are errors too.",
  },
  MALFORMED_JSON: { status: 400, title: "The body is not JSON", help: "Send well-formed JSON in UTF-8." },
  BAD_REQUEST_SYNTAX: { status: 400, title: "This is not an HTTP request", help: "Mend the client that wrote it." },
  TOKEN_MISSING: {
    status: 401,
    title: "An access token is needed",
    help: "Send `Authorization: Bearer …`.",
    headers: challenge(""),
  },
  TOKEN_INVALID: {
    status: 401,
    title: "The access token is not valid",
    help: "Get a new one of the configured issuer, for the configured audience.",
    headers: challenge(', error="invalid_token"'),
  },
  ACCOUNT_ERASED: {
    status: 403,
    title: "The account was erased",
    help: "Sign in anew when the tokens from before have expired, after 24 hours unless the operators chose otherwise: that makes another account.",
  },
  NOT_A_CLIENT: {
    status: 403,
    title: "Only a registered client may do this",
    help: "Use the token of a client that is registered and enabled.",
  },
  NOT_A_USER: { status: 403, title: "Only a person may do this", help: "Use a person's token, not a client's own." },
  SCOPE_MISSING: {
    status: 403,
    title: "A scope is missing",
    help: "Token and registration must both have it.",
    headers: challenge(', error="insufficient_scope"'),
  },
  ORGANIZATION_NOT_ACCESSIBLE: {
    status: 403,
    title: "This organization is not accessible to the caller",
    help: "Check the slug, or ask to be invited: an unknown organization and a foreign one answer alike.",
  },
  NOT_ABOUT_SELF: {
    status: 403,
    title: "A user may ask about itself only",
    help: "Put your own alias in the subject's id, or ask as a registered client.",
  },
  DENIED: { status: 403, title: "The caller may not do this", help: "`reasons` says why, `remedies` what would help." },
  DENIED_BY_STATE: {
    status: 409,
    title: "The state of things does not allow this",
    help: "`reasons` says why, `remedies` what would help.",
  },
  NO_SUCH_ROUTE: {
    status: 404,
    title: "There is no such route",
    help: "Look the path up at /docs or /openapi.yaml; a slash at its end makes another path.",
  },
  NOT_FOUND: {
    status: 404,
    title: "There is no such thing in this organization",
    help: "Check the id; what lies in another organization is not found either.",
  },
  UNKNOWN_ALIAS: {
    status: 404,
    title: "Nobody is known by this alias",
    help: "People are known from their first request on: let them make one, and tell you the alias that `GET /v1/me` shows them.",
  },
  ALIAS_REFUSED: {
    status: 403,
    title: "People are known by another name here",
    help: "A service that is bound to applications names people as their sector does (`sector_subject`), or, at a login, as its own issuer does (`identity`).",
  },
  UNKNOWN_RELATED: {
    status: 422,
    title: "A relation points to somebody who is no member",
    help: "Name people by their alias, and invite them first: what belongs to the organization is shared with its members.",
  },
  TOO_MANY_RELATIONS: {
    status: 409,
    title: "Too many relations",
    help: "Relate fewer: put a group between, or hang things under a parent.",
  },
  KIND_NOT_BOUND: {
    status: 403,
    title: "The client is bound to other kinds",
    help: "Ask for a registration that names this kind in `kinds`, or none at all.",
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: "The route does not know this method",
    help: "The header `Allow` names those that it knows.",
  },
  REQUEST_TIMEOUT: {
    status: 408,
    title: "The request took too long to arrive",
    help: `Send all of it within ${LIMITS.requestMs} ms.`,
  },
  SLUG_TAKEN: { status: 409, title: "The slug is given, or was once", help: "Choose another slug." },
  ALIAS_TAKEN: { status: 409, title: "The alias is given, or was once", help: "Choose another alias." },
  SIGN_IN_METHOD_TAKEN: {
    status: 409,
    title: "This way to sign in is another account's",
    help: "Sign in with it to use that account; accounts are not merged.",
  },
  ALREADY_MEMBER: {
    status: 409,
    title: "The account is a member already",
    help: "Change the member's role instead.",
  },
  ALREADY_INVITED: {
    status: 409,
    title: "The account is invited already",
    help: "Revoke the pending invitation to offer another role.",
  },
  CLIENT_EXISTS: {
    status: 409,
    title: "The client is registered already",
    help: "Change the registration that there is.",
  },
  ROTATION_UNDER_WAY: {
    status: 409,
    title: "The next key is waiting already",
    help: "It signs when everybody who keeps the key set has it; rotate again then. In an emergency revoke the key that signs.",
  },
  TOO_MANY_KEYS: {
    status: 409,
    title: "The application has as many keys as it may",
    help: "A signing key goes when the last token that it has signed has expired; rotate again then, or revoke one. Of those that it authenticates with, remove one.",
  },
  CONNECTOR_EXISTS: {
    status: 409,
    title: "The organization has a connector to it already",
    help: "Change the connector that there is, or remove it first: who comes from one issuer, or one entity, comes by one connector.",
  },
  TOO_MANY_CONNECTORS: {
    status: 409,
    title: "The organization has as many connectors as it may",
    help: "Remove one that is no longer used.",
  },
  POLICIES_REFUSED: {
    status: 409,
    title: "The policies in the folders cannot be served",
    help: "Nothing was changed: what was served goes on. `detail` names file and line; mend it, try `npm run policies`, and reload again.",
  },
  STANDBY_MISSING: {
    status: 409,
    title: "There is no second Cerbos to switch to",
    help: "Set `CERBOS_STANDBY_TARGET` to one that serves what `npm run policies -- bundle` writes, or restart Cerbos and gateway with the new policies.",
  },
  STANDBY_DIFFERS: {
    status: 409,
    title: "The second Cerbos serves other policies than the folders hold",
    help: "Give it what `npm run policies -- bundle` writes of the same folders, restart it, and reload again.",
  },
  RELOAD_UNDER_WAY: {
    status: 409,
    title: "Another reload is under way",
    help: "Wait until it has ended; `GET /readyz` says which policies decide.",
  },
  PRECONDITION_FAILED: {
    status: 412,
    title: "Somebody changed it in between",
    help: "Read it again; `ETag` is what it is at now, to be sent in `If-Match`.",
    ownHeaders: ["ETag"],
  },
  PRECONDITION_REQUIRED: {
    status: 428,
    title: "It is there already, and would be replaced whole",
    help: "Send `If-Match` with the `ETag` of what you have read; or `If-Match: *`, whatever it is by now.",
    ownHeaders: ["ETag"],
  },
  BODY_TOO_LARGE: {
    status: 413,
    title: "The body is too large",
    help: `Send at most ${LIMITS.bodyBytes} bytes, in a check at most ${LIMITS.checkBytes}.`,
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    title: "The key was used for another request",
    help: "Draw a new `Idempotency-Key` for each request, and repeat it only with the same body.",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: "The body must be application/json",
    help: "Send `Content-Type: application/json`, and no `Content-Encoding`.",
  },
  RATE_LIMITED: {
    status: 429,
    title: "Too many requests for now",
    help: "Nothing was done. Try again after `Retry-After` seconds; `RateLimit` says what is left of the budget.",
    headers: RETRY, // the real number stands in the error
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    title: "The headers are too large",
    help: `Send at most ${LIMITS.headerBytes} bytes of headers.`,
  },
  INTERNAL: {
    status: 500,
    title: "A defect of the service",
    help: "No operation promises it. Tell the operators the `X-Request-ID` of the answer; before repeating a change, look whether it was made.",
  },
  CONTENTION: {
    status: 503,
    title: "Too many changes at once",
    help: "Nothing was written. Try again after `Retry-After` seconds.",
    headers: RETRY,
  },
  CANNOT_DECIDE: {
    status: 503,
    title: "This cannot be decided at the moment",
    help: "Neither yes nor no; nothing was written. Try again after `Retry-After` seconds.",
    headers: RETRY,
  },
};
