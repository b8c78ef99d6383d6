/** What check finds by reading, so that what `table` and `diff` try is all that there is. */
import { afterEach, expect, test } from "@jest/globals";
import { rm } from "node:fs/promises";
import { stringify } from "yaml";
import { type PolicyDocument, readPolicyDocument } from "../../../src/policy/review/documents.ts";
import { readFactSchema } from "../../../src/policy/review/facts.ts";
import type { KindPolicies } from "../../../src/policy/review/revision.ts";
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

function kindWith(isSo: string): KindPolicies {
  const matrices = new Map([["default", documentWith(isSo)]]);
  return { kind: "thing", isHosts: true, floor: null, matrices, fingerprint: "", schema: readFactSchema({}) };
}

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
  const matrix = { ...part, rules, reads: new Set<string>(), dimensions: [], cells: [[]], isWhole: true, said };
  const outcomes = (floor: PolicyDocument | null): unknown => {
    const evaluated = { kind: { ...kindWith("true"), floor }, matrices: new Map([["default", [matrix]]]), floor: [] };
    return rowsOf(evaluated, "default").map((row) => row.outcomes.get("owner"));
  };
  expect(outcomes(null)).toEqual(["allow"]);
  expect(outcomes(document)).toEqual(["deny"]);
});
