import { isDeepStrictEqual } from "node:util";
import { PROBLEM_KINDS } from "./problem-kinds.ts";
import {
  type Content,
  type Contracted,
  type Operation,
  type OperationAnswer,
  type Parameter,
  problemSchema,
} from "./operations.ts";

/** The HTTP contract as an OpenAPI 3.1 document. */

interface Reference {
  readonly $ref: string;
}

/** As much of the document as its readers here need to know; `yaml` writes what it is given. */
export interface OpenApi {
  readonly openapi: string;
  readonly info: object;
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
  readonly components: object;
  readonly [member: string]: unknown;
}

export const DESCRIPTION = `
Bailiwick answers *may this subject do this to this resource?* and makes the changes that the answer depends on.

- **Who calls:** \`Authorization: Bearer <JWT>\` of the configured issuer. Each operation says what it requires.
- **Refusals** are problem documents (RFC 9457). \`code\` is the contract; \`type\` leads to its entry at /docs. A refusal for who
  somebody is, is 403; one for the state of things is 409; both carry \`reasons\`, and \`remedies\` where something would help.
- **503** is "cannot decide now": neither yes nor no, nothing was written. Try again after \`Retry-After\` seconds.
- **Entities** carry their revision as \`ETag\`, in lists as \`etag\`. \`If-Match\` makes a change conditional (412),
  \`If-None-Match\` a read (304).
- **Lists** have \`page_size\`, \`page_token\` and \`next_page_token\`, which is "" at the end.
- **Changes** that repeat what is so already are no errors. \`Bailiwick-Graph: pending\` says that the change holds and OpenFGA
  does not have it yet. \`?dryRun=true\` answers as the change would and writes nothing (\`Bailiwick-Dry-Run: true\`).
- **\`Idempotency-Key\`** on a POST makes it happen once: for 24 hours the same key of the same caller on the same path
  answers the same; with another body it is 422.
- **Budgets:** \`RateLimit\` and \`RateLimit-Policy\` say what is left of the caller's, for questions and changes apart; 429 with
  \`Retry-After\` when it, or the organization's, is spent. Each gateway counts for itself.
- **\`Bailiwick-Policy-Unit\`** names the policies by which an operation answered or refused, as \`context.unit\` does: one hash of policies, schemas,
  model and plans. What is refused before an operation is found has none.
- \`X-Request-ID\` is echoed, or made; \`traceparent\` is continued. OPTIONS answers with \`Allow\`. HEAD answers as GET. A method that a path does not know is 405 with \`Allow\`, an
  unknown path 404; unknown members and parameters are 400, in the bodies of checks they are ignored.
`.trim();

const HEADERS: Readonly<Record<string, string>> = {
  ETag: "The entity's revision",
  Location: "Where the new entity, or the page, is",
  "Bailiwick-Graph": "`pending`: the change holds, and OpenFGA does not have its tuples yet",
  "Bailiwick-Policy-Unit": "The policy unit: a hash of the policies, schemas, model and plans by which it was answered",
  "Bailiwick-Dry-Run": "`true`: decided as if, nothing was written",
  "Cache-Control": "How long the answer may be kept",
  RateLimit: "What is left of the caller's budget: `r` requests for the next `t` seconds",
  "RateLimit-Policy": "The caller's budget: `q` requests in `w` seconds",
  "Retry-After": "Seconds after which to try again",
  "WWW-Authenticate": "How to authenticate, and what was wrong (RFC 6750)",
};

export function openApiOf({ operations, components }: Contracted, version: string): OpenApi {
  const shared: Shared = { responses: new Map(), parameters: new Map() };
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.route.method] = operationObject(operation, shared);
  }
  const schemas = new Map(components);
  for (const code of ["NO_SUCH_ROUTE", "METHOD_NOT_ALLOWED"] as const) {
    schemas.set(pascal(code), problemSchema(PROBLEM_KINDS[code].status, [code], false, schemas));
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Bailiwick",
      version,
      summary: "Policy-as-code authorization for products whose resources live in organizations",
      description: DESCRIPTION,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      headers: Object.fromEntries(Object.entries(HEADERS).map(([name, description]) => [name, headerOf(description)])),
      parameters: sorted(shared.parameters),
      responses: sorted(shared.responses),
      schemas: Object.fromEntries(schemas),
    },
  };
}

function headerOf(description: string): object {
  return { description, schema: { type: "string", minLength: 1 } };
}

/** What several operations have alike, written once. */
interface Shared {
  readonly responses: Map<string, object>;
  readonly parameters: Map<string, Pick<Parameter, "in"> & Readonly<Record<string, unknown>>>;
}

function sorted(members: ReadonlyMap<string, object>): object {
  return Object.fromEntries([...members].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function operationObject(operation: Operation, shared: Shared): object {
  const { route, tag, parameters, request, answers } = operation;
  return {
    operationId: route.operation,
    tags: [tag],
    summary: route.summary,
    description: `Requires: ${route.requires}.`,
    "x-requires": route.requires,
    ...(route.access === "open" && { security: [] }),
    ...(parameters.length > 0 && { parameters: parameters.map((each) => parameterFor(route.path, each, shared)) }),
    ...(request && {
      requestBody: {
        required: true,
        content: mediaType(request),
      },
    }),
    responses: Object.fromEntries(answers.map((answer) => [String(answer.status), responseFor(answer, shared)])),
  };
}

/** By its name; an `id` is another's in each noun, and what is one thing in paths can be another in queries. */
function parameterFor(path: string, { schema, ...parameter }: Parameter, { parameters }: Shared): Reference {
  const { name } = parameter;
  const isOther = (parameters.get(name)?.in ?? parameter.in) !== parameter.in;
  const key = name === "id" ? `${nounOf(path)}.id` : isOther ? `${name}.${parameter.in}` : name;
  const { examples: [example] = [], description, ...rest } = schema;
  const described = { ...parameter, ...(description && { description }) };
  const made = { ...described, schema: rest, ...(example !== "" && { example }) };
  const known = parameters.get(key);
  if (known !== undefined && !isDeepStrictEqual(known, made)) throw new Error(`${path}: ${key} is something else, too`);
  parameters.set(key, made);
  return { $ref: `#/components/parameters/${key}` };
}

/** What the `id` in the path is one of. */
function nounOf(path: string): string {
  const parts = path.split("/");
  return parts.slice(0, parts.indexOf(":id")).findLast((part) => !part.startsWith(":")) ?? "";
}

/** A problem that reads alike everywhere is written once, under the names of its codes. */
function responseFor(answer: OperationAnswer, { responses }: Shared): object | Reference {
  const { codes, hasReasons } = answer;
  if (codes.length === 0 || hasReasons) return responseObject(answer);
  const name = codes.map(pascal).join("Or");
  responses.set(name, responseObject(answer));
  return { $ref: `#/components/responses/${name}` };
}

function responseObject({ means, headers, content }: OperationAnswer): object {
  const referred = headers.map((name) => [name, { $ref: `#/components/headers/${name}` }] as const);
  return {
    description: means,
    ...(headers.length > 0 && { headers: Object.fromEntries(referred) }),
    ...(content && { content: mediaType(content) }),
  };
}

function mediaType({ type, schema, examples }: Content): object {
  const [example, ...others] = examples;
  if (others.length === 0) return { [type]: { schema, example } };
  const named = examples.map((value, index) => [`example${index + 1}`, { value }] as const);
  return { [type]: { schema, examples: Object.fromEntries(named) } };
}

function pascal(code: string): string {
  return code.toLowerCase().replaceAll(/(?:^|_)([a-z])/g, (_whole, letter: string) => letter.toUpperCase());
}
