import type { z } from "zod";
import { explanation } from "../domain/reasons.ts";
import { remedyFor } from "../domain/remedies.ts";
import type { Reason } from "../entities/errors.ts";
import { LINES_TYPE, type Reply } from "./contract.ts";
import { type Components, exampleOf, examplesOf, type JsonSchema, toJsonSchema } from "./json-schema.ts";
import { typeOf } from "./problem.ts";
import { PROBLEM_KINDS, type ProblemCode } from "./problem-kinds.ts";
import { invalidRequest, problem, refusal } from "./problem-documents.ts";
import { isReasonCode, REASONS, type ReasonCode } from "./reasons.ts";
import { hasBody, isRepeatable, type PolicyReasons, type Refusal, refusalsOf } from "./refusals.ts";
import type { Route } from "./route.ts";

/** A route as its readers need it: what openapi.yaml and the page at /docs are both written from. */
export interface Operation {
  readonly tag: string;
  readonly route: Route;
  /** With `{slug}` for `:slug`. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly request: Content | null;
  readonly answers: readonly OperationAnswer[];
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly schema: JsonSchema;
}

export interface Content {
  readonly type: string;
  readonly schema: JsonSchema;
  /** At least one. */
  readonly examples: readonly unknown[];
}

export interface OperationAnswer {
  readonly status: number;
  readonly means: string;
  readonly headers: readonly string[];
  readonly content: Content | null;
  readonly isProblem: boolean;
  /** Of a problem; none otherwise. */
  readonly codes: readonly string[];
  /** Policies refuse with it. */
  readonly hasReasons: boolean;
}

export interface Contracted {
  readonly operations: readonly Operation[];
  readonly components: Components;
}

/** Every operation of the routes, and the schemas that they name. */
export function operationsOf(routes: Readonly<Record<string, readonly Route[]>>, policies: PolicyReasons): Contracted {
  const components: Components = new Map();
  const operations = Object.entries(routes).flatMap(([tag, ofTag]) => {
    return ofTag.map((route) => operationOf(tag, route, policies, components));
  });
  return { operations, components: new Map([...components].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

function operationOf(tag: string, route: Route, policies: PolicyReasons, components: Components): Operation {
  const contentOf = (schema: z.ZodType, type: string, io: "input" | "output"): Content => {
    const converted = toJsonSchema(schema, io, components);
    return { type, schema: converted, examples: examplesOf(converted, components) };
  };
  const replies = route.replies.map((reply) => answerOf(reply, contentOf));
  const problems = refusalsOf(route, policies).map((refusal) => problemOf(refusal, components));
  return {
    tag,
    route,
    path: route.path.replaceAll(/:([a-z]+)/g, "{$1}"),
    parameters: [
      ...parametersOf(route.params, "path", components),
      ...parametersOf(route.query, "query", components),
      ...headerParametersOf(route),
    ],
    request: hasBody(route) ? contentOf(route.body, bodyTypeOf(route), "input") : null,
    answers: [...replies, ...problems].map((answer) => common(route, answer)).sort((a, b) => a.status - b.status),
  };
}

/** Of lines the schema is each one's. */
function bodyTypeOf(route: Route): string {
  return route.access === "caller" && route.dialect === "lines" ? LINES_TYPE : "application/json";
}

const BUDGETED = new Set([200, 201, 204, 304, 429]);

/** Whoever asks is told by which policies; who is known also what is left of its budget. */
function common({ access }: Route, answer: OperationAnswer): OperationAnswer {
  const budget = access === "open" || !BUDGETED.has(answer.status) ? [] : ["RateLimit", "RateLimit-Policy"];
  return { ...answer, headers: [...answer.headers, "Bailiwick-Policy-Unit", ...budget] };
}

type ContentOf = (schema: z.ZodType, type: string, io: "input" | "output") => Content;

function answerOf({ status, means, headers, body, type, shows }: Reply, contentOf: ContentOf): OperationAnswer {
  const content = body === null ? null : contentOf(body, type, "output");
  const examples = content?.examples.map((example) =>
    shows === undefined ? example : Object.assign({}, example, shows),
  );
  return {
    status,
    means,
    headers,
    isProblem: false,
    codes: [],
    hasReasons: false,
    content: content && { ...content, ...(examples && { examples }) },
  };
}

function parametersOf(schema: z.ZodObject, place: "path" | "query", components: Components): Parameter[] {
  const { properties = {}, required = [] } = toJsonSchema(schema, "input", components);
  return Object.entries(properties).map(([name, member]) => {
    if (typeof member === "boolean") throw new Error(`the parameter ${name} is anything, or nothing`);
    return { name, in: place, required: required.includes(name), schema: member };
  });
}

const TAGS: JsonSchema = {
  description: "The `ETag` that the thing must still have, or several, or `*`; absent: whatever it has",
  type: "string",
  minLength: 1,
  examples: ['"1"'],
};
/** A read is not refused for tags that are none: then it answers as without them. */
const KNOWN_TAGS: JsonSchema = {
  description: "The `ETag` that the caller has already: 304 when it is the same still",
  type: "string",
  examples: ['"1"'],
};
const KEY: JsonSchema = {
  description: "1 to 255 visible ASCII characters, drawn for this request; sent again, it happens once",
  type: "string",
  minLength: 1,
  maxLength: 255,
  examples: ["5f0c8a52-create-shop"],
};

function headerParametersOf(route: Route): Parameter[] {
  const { problems, replies } = route;
  const headers: [name: string, schema: JsonSchema][] = [
    ...(problems.includes("PRECONDITION_FAILED") ? [["If-Match", TAGS] as [string, JsonSchema]] : []),
    ...(replies.some(({ status }) => status === 304) ? [["If-None-Match", KNOWN_TAGS] as [string, JsonSchema]] : []),
    ...(isRepeatable(route) ? [["Idempotency-Key", KEY] as [string, JsonSchema]] : []),
  ];
  return headers.map(([name, schema]) => ({ name, in: "header", required: false, schema }));
}

function problemOf({ status, codes, hasReasons }: Refusal, components: Components): OperationAnswer {
  const headers = codes.flatMap((code) => {
    const kind = kindOf(code, status);
    return [...Object.keys(kind.headers ?? {}), ...(kind.ownHeaders ?? [])];
  });
  const [first = ""] = codes;
  return {
    status,
    means: `${codes.length === 1 ? kindOf(first, status).title : "One of"}: ${codes.join(", ")}`,
    headers: [...new Set(headers)],
    isProblem: true,
    codes,
    hasReasons,
    content: {
      type: "application/problem+json",
      schema: problemSchema(status, codes, hasReasons, components),
      examples: [problemExample(exampleCode(codes), status, components)],
    },
  };
}

/** What is peculiar to the operation says more than what any can answer. */
function exampleCode(codes: readonly string[]): string {
  return codes.findLast(isPolicyReason) ?? codes[0] ?? "";
}

function isPolicyReason(code: string): code is ReasonCode {
  return isReasonCode(code) && ["matrix", "floor"].includes(REASONS[code].from);
}

function kindOf(code: string, status: number): (typeof PROBLEM_KINDS)[ProblemCode] {
  const own = Object.hasOwn(PROBLEM_KINDS, code) ? PROBLEM_KINDS[code as ProblemCode] : undefined;
  if (own?.status === status) return own;
  return PROBLEM_KINDS[status === PROBLEM_KINDS.DENIED.status ? "DENIED" : "DENIED_BY_STATE"];
}

/** The codes are all that the operation can answer with this status; the document that holds them is closed. */
export function problemSchema(
  status: number,
  codes: readonly string[],
  hasReasons: boolean,
  components: Components,
): JsonSchema {
  const document = hasReasons ? refusal : codes.includes("INVALID_REQUEST") ? invalidRequest : problem;
  return {
    ...toJsonSchema(document, "output", components),
    properties: { status: { const: status }, code: { enum: [...codes] } },
  };
}

/** A reason as a policy gives it. */
export function reasonExample(code: ReasonCode, components: Components): Reason {
  return exampleOf(toJsonSchema(REASONS[code].reason, "output", components), components) as Reason; // it has a code
}

function problemExample(code: string, status: number, components: Components): object {
  const { title } = kindOf(code, status);
  const document = { type: typeOf(code), title, status };
  if (isPolicyReason(code)) {
    const example = reasonExample(code, components);
    const found = remedyFor(example, null);
    return {
      ...document,
      detail: explanation([example]),
      code,
      reasons: [example],
      remedies: found === undefined ? [] : [found],
    };
  }
  const issues = [{ path: "body.name", message: "expected 1 to 200 characters" }];
  return { ...document, detail: `${title}.`, code, ...(code === "INVALID_REQUEST" && { issues }) };
}
