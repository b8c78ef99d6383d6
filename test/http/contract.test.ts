/** openapi.yaml: valid, equal to the code, and every example of it as its schema says. */
import { describe, expect, test } from "@jest/globals";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { contractFiles } from "../../src/contract.ts";
import { remedyFor } from "../../src/domain/remedies.ts";
import { AppError } from "../../src/entities/errors.ts";
import { SCOPES } from "../../src/entities/records.ts";
import { catalogue } from "../../src/http/catalogue.ts";
import type { Components } from "../../src/http/json-schema.ts";
import { reasonExample } from "../../src/http/operations.ts";
import { problem, problemOf } from "../../src/http/problem.ts";
import { PROBLEM_KINDS, type ProblemCode } from "../../src/http/problem-kinds.ts";
import { reason, REASON_CODES, REASONS, remedy } from "../../src/http/reasons.ts";
import { ROUTES } from "../../src/http/registry.ts";
import { readReasons } from "../../src/policy/reasons.ts";
import { type Exchange, requirePromised } from "../support/contract.ts";

const ROOT = path.join(import.meta.dirname, "../..");

type Node = Readonly<Record<string, unknown>>;
interface Document extends Node {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Node & { readonly responses: Node }>>>>;
}
const TEXT = readFileSync(path.join(ROOT, "openapi.yaml"), "utf8");
const document = parse(TEXT) as Document;
const operations = Object.values(document.paths).flatMap((ofPath) => Object.values(ofPath));

const files = await contractFiles();
test.each([...files.keys()])("%s is what npm run openapi writes", (name) => {
  expect(readFileSync(path.join(ROOT, name), "utf8")).toBe(files.get(name));
});

test("it is valid OpenAPI 3.1", async () => {
  expect(await new Validator().validate(structuredClone(document))).toMatchObject({ valid: true });
  expect(document["openapi"]).toMatch(/^3\.1\./);
});

/** Everything below that fits, with its place as a JSON pointer. */
function* nodes(node: unknown, at = ""): Generator<[place: string, node: Node]> {
  if (typeof node !== "object" || node === null) return;
  yield [at, node as Node];
  for (const [name, member] of Object.entries(node)) {
    const step = encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));
    yield* nodes(member, `${at}/${step}`);
  }
}

/** One is written as `example`, several by names. */
function examplesIn({ example, examples = {} }: Node): unknown[] {
  const named = Object.values(examples as Readonly<Record<string, { readonly value: unknown }>>); // as OpenAPI has them
  return [...(example === undefined ? [] : [example]), ...named.map(({ value }) => value)];
}

test("every example is as its schema says", () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, schemas: { contract: document } });
  addFormats.default(ajv);
  const wrong: string[] = [];
  let count = 0;
  for (const [place, node] of nodes(document)) {
    if (!("schema" in node)) continue;
    for (const example of examplesIn(node)) {
      count += 1;
      if (!ajv.validate({ $ref: `contract#${place}/schema` }, example)) {
        wrong.push(`${decodeURIComponent(place)}: ${ajv.errorsText()}`);
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(100);
});

test.each([
  ["retireOrganization", "retired"],
  ["retireSector", "retired"],
  ["retireApplication", "retired"],
  ["acceptInvitation", "accepted"],
  ["declineInvitation", "declined"],
  ["revokeInvitation", "revoked"],
])("the example of the answer to %s shows what is so then: %s", (name, state) => {
  const operation = operations.find(({ operationId }) => operationId === name);
  expect(operation?.responses["200"]).toMatchObject({ content: { "application/json": { example: { state } } } });
});

/** What a host's own policies and schemas say is the host's; claims are what a service vouches for. */
const OPEN = [
  ...["EntityAttributes", "EntityRelations", "Grant/properties/claims", "HostAttributes", "HostReason"],
  "Login/properties/claims",
].map((name) => `/components/schemas/${name}`);

test("every schema of an answer is closed, but what is a host's or a service's, and none is empty", () => {
  const open: string[] = [];
  for (const [place, node] of nodes(document)) {
    if (!/\/responses\/|\/components\/schemas\//.test(place) || place.endsWith("/properties")) continue;
    if (node["type"] === "object" && node["additionalProperties"] !== false) open.push(place);
    if (place.endsWith("/schema") && Object.keys(node).length === 0) open.push(place);
  }
  expect(open).toEqual(OPEN);
});

test("503 is the only 5xx, and every operation says who may", () => {
  for (const operation of operations) {
    const statuses = Object.keys(operation.responses);
    expect(statuses.filter((status) => status >= "500" && status !== "503")).toEqual([]);
    expect(operation["x-requires"]).toEqual(expect.any(String));
  }
});

test("every place in a path is a parameter of it, and every parameter of a path has a place", () => {
  const { parameters } = document["components"] as { readonly parameters: Readonly<Record<string, Node>> };
  for (const [at, ofPath] of Object.entries(document.paths)) {
    const places = [...at.matchAll(/\{([a-z]+)\}/g)].map((match) => match[1]);
    for (const { parameters: named = [] } of Object.values(ofPath)) {
      const found = (named as { readonly $ref: string }[]).map(({ $ref }) => parameters[$ref.split("/").at(-1) ?? ""]);
      const inPath = found.filter((each) => each?.["in"] === "path").map((each) => each?.["name"]);
      expect([at, ...inPath]).toEqual([at, ...places]);
    }
  }
});

test("every route is an operation, by a name of its own", () => {
  const names = operations.map((operation) => operation["operationId"]);
  expect(names).toEqual(ROUTES.map((route) => route.operation));
  expect(new Set(names).size).toBe(ROUTES.length);
});

const page = files.get("docs/api.html") ?? "";
const anchors = new Set([...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]));

describe("The page at /docs", () => {
  test("has an entry for every operation, every code and every schema that it refers to", () => {
    const referred = [...page.matchAll(/href="#([^"]+)"/g)].map((match) => match[1]);
    expect(referred.filter((anchor) => !anchors.has(anchor))).toEqual([]);
    expect(ROUTES.map((route) => route.operation).filter((name) => !anchors.has(name))).toEqual([]);
  });

  test("is where the type of every problem leads", () => {
    for (const [code, kind] of Object.entries(PROBLEM_KINDS)) {
      if (code.startsWith("DENIED")) continue; // its code is its first reason's
      const { type } = problem(code as ProblemCode, kind.title);
      expect(type).toBe(`/docs#${code}`);
      expect(anchors).toContain(code);
    }
    for (const code of REASON_CODES) {
      const { type } = problemOf(new AppError("DENIED", "No.", { refusedBy: "floor", reasons: [{ code }] }));
      expect(type).toBe(`/docs#${code}`);
      expect(anchors).toContain(code);
    }
  });

  test("shows what every operation can answer once", () => {
    for (const code of ["REQUEST_TIMEOUT", "TOKEN_MISSING", "RATE_LIMITED"]) {
      expect(page.match(new RegExp(`href="#${code}"`, "g"))).toHaveLength(1);
    }
  });

  test("shows the members of members, and a decision of either kind", () => {
    for (const member of ["context.reasons", "context.facts.subject.role", "blockers[].href", "subject.type"]) {
      expect(page).toContain(`<td><code>${member}</code></td>`);
    }
    for (const decision of ["true", "false"]) expect(page).toContain(`&quot;decision&quot;: ${decision}`);
  });

  test("names each form of reasons and remedies by its code", () => {
    for (const code of ["ROLE_TOO_LOW", "LIMIT_REACHED"]) {
      for (const member of ["code", "for"]) {
        expect(page).toContain(`<h4><code>${member}</code>: <a href="#${code}"><code>${code}</code></a></h4>`);
      }
    }
  });

  test("says of each scope what asks for it", () => {
    for (const scope of SCOPES) expect(page).toContain(`<tr><td><code>${scope}</code></td>`);
  });

  test("needs no script, no inline style and nothing of another address", () => {
    expect(page).not.toMatch(/<script|style=|<style|\son[a-z]+=|(src|href)="(https?:)?\/\//);
  });
});

describe("The catalogue", () => {
  test("has every reason that the policies can give, by the policy that gives it, and no other", async () => {
    const policies = [...(await readReasons(path.join(ROOT, "policies"))).values()];
    for (const from of ["matrix", "floor"] as const) {
      const given = new Set(policies.flatMap((each) => each[from]));
      const listed = REASON_CODES.filter((code) => REASONS[code].from === from);
      expect([...given].sort()).toEqual([...listed].sort());
    }
  });

  test.each(REASON_CODES.filter((code) => REASONS[code].from !== "defect"))("%s has its remedy as it says", (code) => {
    const components: Components = new Map();
    const example = reasonExample(code, components);
    expect(reason.safeParse(example)).toMatchObject({ success: true });
    const found = remedyFor(example, null);
    expect(found === undefined).toBe(REASONS[code].remedy === undefined);
    if (found !== undefined) expect(remedy.safeParse(found)).toMatchObject({ success: true });
  });

  test("says of every code what helps, and speaks of no instance", () => {
    for (const { code, title, help } of catalogue()) {
      expect([code, help]).toEqual([code, expect.stringMatching(/^[A-Z`].+\.$/)]);
      expect([code, `${title} ${help}`]).toEqual([
        code,
        expect.not.stringMatching(/undefined|role owner|of applications/),
      ]);
    }
  });

  test("is read at docs/problems.md, code by code", () => {
    const text = files.get("docs/problems.md") ?? "";
    const rows = [...text.matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1]);
    expect(rows).toEqual(catalogue().map(({ code }) => code));
    const all = [...Object.keys(PROBLEM_KINDS), ...REASON_CODES].filter((code) => !code.startsWith("DENIED"));
    expect(new Set(rows)).toEqual(new Set(all));
  });
});

describe("An answer that was not promised fails its test", () => {
  const alive = { method: "GET", path: "/livez", status: 200, text: '{"status":"alive"}' };
  const common = { "content-type": "application/json", "bailiwick-policy-unit": "350c2211499c7498" };
  const headers = new Headers(common);
  const good: Exchange = { ...alive, headers };

  test("but one that was does not", () => {
    expect(() => requirePromised(good)).not.toThrow();
  });

  test.each<[string, Partial<Exchange>, string]>([
    ["status", { status: 201 }, "the status is not promised"],
    ["member", { text: '{"status":"alive","more":1}' }, "more"],
    ["value", { text: '{"status":"dead"}' }, "alive"],
    ["header", { headers: new Headers({ ...common, etag: '"1"' }) }, "ETag"],
    [
      "policy unit",
      { headers: new Headers({ "content-type": "application/json" }) },
      "Bailiwick-Policy-Unit is missing",
    ],
    ["type", { headers: new Headers({ ...common, "content-type": "text/html" }) }, "its type is text/html"],
    ["method", { method: "POST" }, "the status is not promised"],
    ["path", { path: "/dead" }, "the status is not promised"],
  ])("%s", (_what, changes, message) => {
    expect(() => requirePromised({ ...good, ...changes })).toThrow(message);
  });
});
