import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { Condition, Rule, RulesFor } from "../entities/rules.ts";
import { policyFilesIn } from "./policy-files.ts";

const RuleSchema = z.object({ name: z.string(), actions: z.array(z.string()), condition: z.unknown().optional() });
const Policy = z.object({
  resourcePolicy: z.object({
    resource: z.string(),
    version: z.string(),
    variables: z.object({ local: z.record(z.string(), z.string()).default({}) }).default({ local: {} }),
    rules: z.array(RuleSchema),
  }),
});
type Variables = Readonly<Record<string, string>>;

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
  const files = hostFiles.filter((file) => file.endsWith(".yaml") && !file.endsWith("_test.yaml"));
  for (const name of (await policyFilesIn(policiesDir)).policies) files.push(path.join(policiesDir, "cerbos", name));
  for (const file of files) {
    const document = Policy.safeParse(parse(await readFile(file, "utf8")));
    if (!document.success) continue; // the ranks and a host's test data have no rules
    const { resource, version, rules, variables } = document.data.resourcePolicy;
    for (const { name, actions, condition } of rules) {
      const rule = { name: `${resource}#${name}`, conditions: conditionsOf(condition, variables.local) };
      for (const action of actions) found.set(keyOf(version, resource, action), rule);
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

function conditionsOf(condition: unknown, variables: Variables): Condition[] | null {
  if (condition === undefined) return [];
  const words = Words.safeParse(condition);
  if (!words.success) return null;
  return words.data.match.all.of.map(({ expr }) => {
    const name = expr.slice("V.".length);
    const twin = variables[name.replace(/^(is|has)/, "unless")] ?? "";
    const codes = [...twin.matchAll(/"code": "(\w+)"/g)].map((match) => match[1] ?? "");
    return { name, codes: [...new Set(codes)] };
  });
}
