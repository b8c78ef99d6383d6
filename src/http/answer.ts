import type { Changed } from "../domain/deps.ts";
import type { Outgoing } from "./context.ts";

/** What a route answers. */
export interface Answer {
  readonly status: 200 | 201 | 204 | 503;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
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

function etagOf(revision: number): string {
  return `"${revision}"`;
}

export interface Outcome {
  readonly status: number;
  readonly body?: object | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly type?: string;
}

/** Writes the answer: what Express's `json` does without the charset, which neither media type has. */
export function send(response: Outgoing, outcome: Outcome): void {
  for (const name in outcome.headers) response.setHeader(name, outcome.headers[name] ?? "");
  response.statusCode = outcome.status;
  if (outcome.body === undefined || isFresh(response)) {
    response.end();
    return;
  }
  const text = JSON.stringify(outcome.body);
  response.setHeader("Content-Type", outcome.type ?? "application/json");
  response.setHeader("Content-Length", Buffer.byteLength(text));
  response.end(text); // Node leaves the body of an answer to HEAD out by itself.
}

/** `If-None-Match` names the entity's ETag: the caller has it already. */
function isFresh(response: Outgoing): boolean {
  if (!response.hasHeader("ETag") || !response.req.fresh) return false;
  response.statusCode = 304;
  return true;
}
