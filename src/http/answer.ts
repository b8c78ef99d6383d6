import type { Changed } from "../domain/deps.ts";
import type { Outgoing } from "./context.ts";
import type { Lines } from "./stream.ts";

/** What a route answers. */
export interface Answer {
  readonly status: 200 | 201 | 204 | 302 | 503;
  readonly body?: object;
  /** Instead of a body in JSON: a text of this type. */
  readonly text?: string;
  readonly type?: string;
  /** Instead of either: many, sent as they are read (stream.ts). */
  readonly lines?: Lines;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isVolatile?: boolean;
}

/** A record's revision is its ETag: it leaves as a header, or as `etag` in a list, and never as a member. */
interface Revised {
  readonly revision: number;
}

export function entity(value: Revised): Answer {
  const { revision, ...body } = value;
  return { status: 200, body, headers: { ETag: etagOf(revision) } };
}

/** A record that did not exist before, and where it is from now on. */
export function createdEntity(value: Revised, location: string): Answer {
  const answer = entity(value);
  return { ...answer, status: 201, headers: { ...answer.headers, Location: location } };
}

export function changed(change: Changed<Revised>): Answer {
  return withGraph(entity(change.value), change);
}

export function created(change: Changed<Revised>, location: string): Answer {
  return withGraph(createdEntity(change.value, location), change);
}

/** A record that never changes, and so has no revision, and where it is from now on. */
export function added(body: object, location: string): Answer {
  return { status: 201, body, headers: { Location: location } };
}

export function removed(change: Changed<null>): Answer {
  return withGraph({ status: 204 }, change);
}

/** An item of a list; what has no revision (an audit event) never changes and needs no ETag. */
export function listed(item: object): object {
  if (!("revision" in item) || typeof item.revision !== "number") return item;
  const { revision, ...rest } = item;
  return { ...rest, etag: etagOf(revision) };
}

/** Says so when the change has committed and OpenFGA does not have its tuples yet. */
function withGraph(answer: Answer, change: Changed<unknown>): Answer {
  if (change.graph === "applied") return answer;
  return { ...answer, headers: { ...answer.headers, "Bailiwick-Graph": "pending" } };
}

export function etagOf(revision: number): string {
  return `"${revision}"`;
}

export interface Outcome {
  readonly status: number;
  /** It says more than the entity that its ETag names, and so is never "not modified". */
  readonly isVolatile?: boolean | undefined;
  readonly body?: object | undefined;
  readonly text?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly type?: string | undefined;
}

/** Writes the answer: what Express's `json` does without the charset, which neither media type has. */
export function send(response: Outgoing, outcome: Outcome): void {
  for (const name in outcome.headers) response.setHeader(name, outcome.headers[name] ?? "");
  response.statusCode = outcome.status;
  const text = outcome.text ?? (outcome.body === undefined ? undefined : JSON.stringify(outcome.body));
  if (text === undefined || (outcome.isVolatile !== true && isFresh(response))) {
    response.end();
    return;
  }
  response.setHeader("Content-Type", outcome.type ?? "application/json");
  response.setHeader("Content-Length", Buffer.byteLength(text));
  response.end(text); // Node leaves the body of an answer to HEAD out by itself.
}

/**
 * `If-None-Match` names the entity's ETag: the caller has it already. Express's own `fresh` would send it again to every `fetch`, which
 * adds `Cache-Control: no-cache` for the caches on the way.
 */
function isFresh(response: Outgoing): boolean {
  const { method, headers } = response.req;
  const etag = response.getHeader("ETag");
  const had = headers["if-none-match"];
  if (method !== "GET" && method !== "HEAD") return false;
  if (typeof etag !== "string" || had === undefined) return false;
  if (had.trim() !== "*" && had.match(/"[^"]*"/g)?.includes(etag) !== true) return false; // weakly: RFC 9110, 13.1.2
  response.statusCode = 304;
  return true;
}
