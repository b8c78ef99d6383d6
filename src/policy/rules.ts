import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { Condition, Rule, RuleReads, RulesFor } from "../entities/rules.ts";
import { knownReads } from "./host-reads.ts";
import { rolesNeededBy } from "./needs.ts";
import { policyFilesIn } from "./policy-files.ts";
import { ranksIn, rolesOf } from "./ranks.ts";
import { type PolicyDocument, readPolicyDocument, type RuleDocument } from "./review/documents.ts";

/** Conditions that are words: each a variable, all of which must hold. */
const Words = z.object({
  match: z.object({ all: z.object({ of: z.array(z.object({ expr: z.string().regex(/^V\.\w+$/) })) }) }),
});

/** The floor has one version. */
const DEFAULT = "default";

/**
 * From the YAML of every matrix and floor. Each action has exactly one rule in each, and it allows (`npm run policies`): which one
 * decides is known before Cerbos is asked, which names the policy that matched and not its rule.
 * @param hostFiles policies of the host's kinds that are served
 */
export async function readRules(policiesDir: string, hostFiles: readonly string[] = []): Promise<RulesFor> {
  const found = new Map<string, Omit<Rule, "from">>();
  const builtIn = (await policyFilesIn(policiesDir)).policies.map((name) => path.join(policiesDir, "cerbos", name));
  const files = [...hostFiles.filter((file) => file.endsWith(".yaml") && !file.endsWith("_test.yaml")), ...builtIn];
  const texts = await Promise.all(files.map(async (file) => [file, await readFile(file, "utf8")] as const));
  const ranks = rolesOf(texts.flatMap(([, text]) => ranksIn(text)));
  for (const [file, text] of texts) {
    const document = readPolicyDocument(file, text);
    if (document === null || !("rules" in document)) continue; // the ranks and a host's test data have no rules
    const { resource, version, rules, variables } = document;
    const rolesNeeded = rolesNeededBy(document, ranks);
    for (const written of rules) {
      const conditions = conditionsOf(written.condition, variables);
      const rule = { name: `${resource}#${written.name ?? ""}`, conditions, reads: readsOfRule(written, document) };
      for (const action of written.actions) {
        const key = keyOf(version, resource, action);
        found.set(key, { ...rule, roles: rolesNeeded.get(action) ?? null });
      }
    }
  }
  return (matrix, kind, action) => {
    const asked: readonly [from: Rule["from"], key: string][] = [
      ["matrix", keyOf(matrix, kind, action)],
      ["floor", keyOf(DEFAULT, `${kind}_floor`, action)],
    ];
    return asked.flatMap(([from, key]) => {
      const rule = found.get(key);
      return rule === undefined ? [] : [{ ...rule, from }];
    });
  };
}

function keyOf(version: string, resource: string, action: string): string {
  return `${version} ${resource} ${action}`;
}

/** Sums and differences have boundaries that no fact and no literal names. */
const ARITHMETIC = ["_+_", "_-_", "-_"];

function readsOfRule({ conditions }: RuleDocument, document: PolicyDocument): RuleReads {
  const reads = knownReads(conditions, document);
  const literals = reads?.comparisons.flatMap((comparison) => comparison.literals) ?? [];
  const isKnown = reads !== null && !ARITHMETIC.some((name) => reads.calls.has(name));
  return {
    facts: isKnown ? [...reads.facts] : null,
    numbers: [...new Set(literals)].filter((literal) => typeof literal === "number"),
  };
}

function conditionsOf(condition: unknown, variables: PolicyDocument["variables"]): Condition[] | null {
  if (condition === undefined) return [];
  const words = Words.safeParse(condition);
  if (!words.success) return null;
  return words.data.match.all.of.map(({ expr }) => {
    const name = expr.slice("V.".length);
    const twin = variables.get(name.replace(/^(is|has)/, "unless"))?.text ?? "";
    const codes = [...twin.matchAll(/"code": "(\w+)"/g)].map((match) => match[1] ?? "");
    return { name, codes: [...new Set(codes)] };
  });
}
