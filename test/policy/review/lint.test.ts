/** What check finds by reading, so that what `table` and `diff` try is all that there is. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { type PolicyDocument, readPolicyDocument } from "../../../src/policy/review/documents.ts";
import { readFactSchema } from "../../../src/policy/review/facts.ts";
import { exampleFindings, factFindings } from "../../../src/policy/review/lint-facts.ts";
import { wordFindings } from "../../../src/policy/review/lint-words.ts";
import { type KindPolicies, readRevision, type Revision } from "../../../src/policy/review/revision.ts";
import { rowsOf } from "../../../src/policy/review/table.ts";
import { tableIn } from "../../../src/policy/review/table-file.ts";
import { copyFolder, POLICIES } from "../../support/host-folder.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

function documentWith(isSo: string): PolicyDocument {
  const local = { isSo, unlessSo: 'V.isSo ? [] : [{"code": "NOT_SO"}]' };
  const condition = { match: { all: { of: [{ expr: "V.isSo" }] } } };
  const rules = [{ name: "view", actions: ["view"], effect: "EFFECT_ALLOW", roles: ["*"], condition }];
  const text = stringify({ resourcePolicy: { resource: "thing", version: "default", variables: { local }, rules } });
  const document = readPolicyDocument("thing.yaml", text);
  if (document === null || !("rules" in document)) throw new Error(text);
  return document;
}

const SCHEMA = {
  type: "object",
  properties: {
    tags: { type: "array" },
    used: { type: "integer" },
    most: { type: "integer" },
    relations: { type: "object", properties: { owner: { type: "boolean" } }, required: ["owner"] },
    sent: { type: "object", properties: { context: { type: "object", properties: { a: {} } } } },
    place: { type: "object" },
  },
  required: ["tags", "used", "most", "relations", "place"],
};

function kindWith(isSo: string, schema: object = SCHEMA, schemaFile: string | null = null): KindPolicies {
  const matrices = new Map([["default", documentWith(isSo)]]);
  const facts = readFactSchema(schema);
  const read = { subjectFacts: [], fingerprint: "", schemaFile, schema: facts };
  return { kind: "thing", isHosts: true, floor: null, matrices, ...read };
}

describe("A condition may not say", () => {
  test.each([
    ["R.attr.used + R.attr.most < 3", "`+` moves each boundary", "Make the sum a fact"],
    ["R.attr.most - R.attr.used > 0", "a difference moves each boundary", "Make it a fact"],
    ["size(R.attr.tags) > 1", "size(…) counts", "Make the number a fact"],
    ["-R.attr.used < 3", "what is negated is no fact", "Make it one"],
    ['"alice" in {P.id: true}', "P.id is an id", "A decision is a function of role and facts, not of ids"],
    ['"alice" in {P.id: true}', "a key that is no constant", "Name it"],
    ['"a" in {timestamp("2026-01-01T00:00:00Z"): true}', "timestamp(…) reads the clock", "Make the time a fact"],
  ])("%s", (isSo, problem, fix) => {
    const found = wordFindings(documentWith(isSo)).filter((finding) => finding.problem.startsWith(problem));
    expect(found).toEqual([expect.objectContaining({ fix: expect.stringContaining(fix) })]);
  });

  test("a reason may add up, a number may be negative, and a constant key is one", () => {
    const told = wordFindings(documentWith('R.attr.used > -1 && "a" in {"a": true}')).map(({ problem }) => problem);
    expect(told.filter((problem) => !/not told in words|no rule reads/.test(problem))).toEqual([]);
  });

  test.each([
    "R.attr.relations == {}",
    '"owner" in R.attr.relations',
    "R.attr.sent.context == {}",
    "R.attr.place == {}",
  ])("an object as a whole, whose values nobody can write down: %s", (isSo) => {
    const [fact = ""] = /R\.attr[\w.]+/.exec(isSo) ?? [];
    expect(factFindings(kindWith(isSo))).toEqual([
      expect.objectContaining({ problem: `${fact} is an object, and is read as a whole` }),
    ]);
  });

  test("whether an object is there may be asked", () => {
    expect(factFindings(kindWith("has(R.attr.sent.context) && R.attr.relations.owner"))).toEqual([]);
  });

  test("a fact that stands in a key is read: what the schema does not declare is found", () => {
    const [found] = factFindings(kindWith('"a" in {R.attr.unknown: true}'));
    expect(found?.problem).toContain("there is no fact R.attr.unknown");
  });
});

describe("A fact of which nobody can tell a value", () => {
  const code = { type: "string", pattern: "^[A-Z]{3}$" };

  async function findingsFor(x: object, required: readonly string[], isSo = "true"): Promise<unknown> {
    const folder = await mkdtemp(path.join(tmpdir(), "bailiwick-schema-"));
    folders.push(folder);
    const schema = { type: "object", properties: { x }, required };
    const file = path.join(folder, "thing.json");
    await writeFile(file, JSON.stringify(schema, null, 2));
    const kinds = new Map([["thing", kindWith(isSo, schema, file)]]);
    return await exampleFindings({ kinds } as unknown as Revision); // no more of it is read
  }

  test("is found at its place where it is required, or read; an example mends it", async () => {
    const found = [expect.objectContaining({ line: 4, fix: "Give x an example that the schema takes" })];
    expect(await findingsFor(code, ["x"])).toEqual(found);
    expect(await findingsFor(code, [], 'has(R.attr.x) && R.attr.x == "abc"')).toEqual(found);
    expect(await findingsFor({ ...code, examples: ["ABC"] }, ["x"])).toEqual([]);
    expect(await findingsFor(code, [])).toEqual([]);
  });
});

test("a table is not written where reading finds something wrong", async () => {
  const copy = await copyFolder(POLICIES);
  folders.push(copy.directory);
  await copy.edit("cerbos/sector.yaml", (text) => text.replace("      # The subject is an admin or more.\n", ""));
  const made = tableIn({ policiesDir: copy.directory, hostFolders: [] }, () => undefined);
  await expect(made).rejects.toThrow(/sector\.yaml:\d+:\d+: isAdmin is not told in words/);
});

test("what a floor has no rule for is denied to all in the table", () => {
  const document = documentWith("true");
  const [part] = document.rules.map((rule) => ({ ...rule, from: "matrix" as const, document, version: "default" }));
  if (part === undefined) throw new Error("there is a rule");
  const said = [new Map([["view", []]])];
  const rules = document.rules;
  const reading = { reads: new Set<string>(), comparisons: [] };
  const matrix = { ...part, ...reading, rules, dimensions: [], cells: [[]], isWhole: true, said };
  const outcomes = (floor: PolicyDocument | null): unknown => {
    const evaluated = { kind: { ...kindWith("true"), floor }, matrices: new Map([["default", [matrix]]]), floor: [] };
    return rowsOf(evaluated, "default").map((row) => row.outcomes.get("owner"));
  };
  expect(outcomes(null)).toEqual(["allow"]);
  expect(outcomes(document)).toEqual(["deny"]);
});

test("a schema of the subject belongs to what decides about each kind", async () => {
  const copy = await copyFolder(POLICIES);
  folders.push(copy.directory);
  const before = await readRevision(copy.directory, []);
  const from = '"type": "object"';
  await copy.edit("cerbos/_schemas/principal.json", (text) => text.replace(from, `${from}, "minProperties": 1`));
  const after = await readRevision(copy.directory, []);
  expect(after.kinds.size).toBeGreaterThan(5);
  for (const [kind, { fingerprint }] of after.kinds) expect(fingerprint).not.toBe(before.kinds.get(kind)?.fingerprint);
  expect(after.shared).not.toEqual(before.shared);
});
