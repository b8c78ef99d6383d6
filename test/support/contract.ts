/**
 * Holds every answer that a test gets against what its route promises: the status, the headers, each member of the body, a problem's
 * code. openapi.yaml is written from the same (test/http/contract.test.ts); checking with zod costs a test next to nothing.
 */
import path from "node:path";
import { z } from "zod";
import { LINES_TYPE } from "../../src/http/contract.ts";
import { invalidRequest, problem, refusal } from "../../src/http/problem-documents.ts";
import { PROBLEM_KINDS } from "../../src/http/problem-kinds.ts";
import { type PolicyReasons, type Refusal, refusalsOf } from "../../src/http/refusals.ts";
import { ROUTES } from "../../src/http/registry.ts";
import type { Route } from "../../src/http/route.ts";
import { readReasons } from "../../src/policy/reasons.ts";

export interface Exchange {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const POLICIES = path.join(import.meta.dirname, "../../policies");
const VARIABLE = "BAILIWICK_TEST_REASONS";

/** Once a run: the test files inherit what the policies can say instead of reading it again. */
export async function sharePolicyReasons(): Promise<void> {
  process.env[VARIABLE] = JSON.stringify([...(await readReasons(POLICIES))]);
}

const shared = z.array(z.tuple([z.string(), z.object({ matrix: z.array(z.string()), floor: z.array(z.string()) })]));
const reasons: PolicyReasons = new Map(shared.parse(JSON.parse(process.env[VARIABLE] ?? "[]")));

const patterns = ROUTES.map((route) => {
  const pattern = route.path.replaceAll(".", String.raw`\.`).replaceAll(/:[a-z]+/g, "[^/]+");
  return { route, pattern: new RegExp(`^${pattern}$`) };
});

/** Throws an error that says what was not promised. */
export function requirePromised(exchange: Exchange): void {
  const at = exchange.path.split(/[?#]/)[0] ?? "";
  const ofPath = patterns.filter(({ pattern }) => pattern.test(at));
  const method = exchange.method === "HEAD" ? "get" : exchange.method.toLowerCase();
  if (method === "options" && ofPath.length > 0) {
    if (exchange.status !== 204 || exchange.text !== "") throw broken(exchange, "OPTIONS is 204 without a body");
    if (!exchange.headers.has("allow")) throw broken(exchange, "Allow is missing");
    return;
  }
  const found = ofPath.find(({ route }) => route.method === method);
  if (found === undefined) {
    const code = ofPath.length === 0 ? "NO_SUCH_ROUTE" : "METHOD_NOT_ALLOWED";
    const { status } = PROBLEM_KINDS[code];
    requireRefusal(exchange, [{ status, codes: [code], hasReasons: false }]);
    return;
  }
  if (isPath(at) && !exchange.headers.has("bailiwick-policy-unit")) {
    throw broken(exchange, "Bailiwick-Policy-Unit is missing");
  }
  const reply = found.route.replies.find(({ status }) => status === exchange.status);
  const type = exchange.headers.get("content-type");
  if (reply === undefined || type === "application/problem+json") {
    requireRefusal(exchange, refusalsOf(found.route, reasons));
    return;
  }
  requireReply(exchange, reply);
}

function requireReply(exchange: Exchange, reply: Route["replies"][number]): void {
  for (const header of ["ETag", "Location", "Bailiwick-Graph", "Bailiwick-Dry-Run"] as const) {
    const isThere = exchange.headers.has(header);
    if (isThere && !reply.headers.includes(header)) throw broken(exchange, `${header} is not promised`);
    const isDue = reply.headers.includes(header) && !header.startsWith("Bailiwick-");
    if (isDue && !isThere) throw broken(exchange, `${header} is missing`);
  }
  if (reply.body === null) {
    if (exchange.text !== "") throw broken(exchange, "no body is promised");
    return;
  }
  const type = exchange.headers.get("content-type");
  if (type !== reply.type) throw broken(exchange, `its type is ${type ?? "missing"} and must be ${reply.type}`);
  if (type === LINES_TYPE) requireLines(exchange, reply.body);
  else requireBody(exchange, reply.body);
}

/** Each line ends, and is as the schema says. */
function requireLines(exchange: Exchange, schema: z.ZodType): void {
  const lines = exchange.text.split("\n");
  if (lines.pop() !== "") throw broken(exchange, "its last line does not end");
  for (const text of lines) {
    const result = schema.safeParse(JSON.parse(text));
    if (!result.success) throw broken({ ...exchange, text }, z.prettifyError(result.error));
  }
}

const TAGGED = [PROBLEM_KINDS.PRECONDITION_FAILED.status, PROBLEM_KINDS.PRECONDITION_REQUIRED.status];

function requireRefusal(exchange: Exchange, refusals: readonly Refusal[]): void {
  const promised = refusals.find(({ status }) => status === exchange.status);
  if (promised === undefined) throw broken(exchange, "the status is not promised");
  const { codes, hasReasons } = promised;
  const hasTag = exchange.headers.has("etag");
  if (hasTag !== TAGGED.includes(exchange.status)) {
    // What PUT would make has no tag yet.
    if (hasTag || exchange.method !== "PUT")
      throw broken(exchange, hasTag ? "ETag is not promised" : "ETag is missing");
  }
  const document = hasReasons ? refusal : codes.includes("INVALID_REQUEST") ? invalidRequest : problem;
  requireBody(exchange, document.extend({ status: z.literal(exchange.status), code: z.enum(codes) }));
}

function requireBody(exchange: Exchange, schema: z.ZodType): void {
  if (exchange.method === "HEAD") return;
  const isJson = exchange.headers.get("content-type")?.includes("json") === true;
  const result = schema.safeParse(isJson ? JSON.parse(exchange.text) : exchange.text);
  if (!result.success) throw broken(exchange, z.prettifyError(result.error));
}

/** One that does not decode leads to no operation: nothing decides there. */
function isPath(at: string): boolean {
  try {
    return decodeURI(at) !== "";
  } catch {
    return false;
  }
}

function broken({ method, path: at, status, text }: Exchange, what: string): Error {
  return new Error(`not as the contract promises: ${method} ${at} answered ${status}: ${what}\n${text}`);
}
