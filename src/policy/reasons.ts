import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { POLICY_ACTIONS, POLICY_KINDS } from "../entities/policy-kinds.ts";

/** The codes that the policies give when they deny an action, in the rule's order. */
export interface ActionReasons {
  readonly matrix: readonly string[];
  readonly floor: readonly string[];
}

const Policy = z.object({
  resourcePolicy: z.object({
    variables: z.object({ local: z.record(z.string(), z.string()) }),
    rules: z.array(
      z.object({
        actions: z.array(z.string()),
        output: z.object({ when: z.object({ conditionNotMet: z.string() }) }).optional(),
      }),
    ),
  }),
});

/** By `<kind>.<action>`, from the YAML of the default matrix and the floors. */
export async function readReasons(policiesDir: string): Promise<ReadonlyMap<string, ActionReasons>> {
  const found = new Map<string, ActionReasons>();
  for (const kind of POLICY_KINDS) {
    const matrix = await readPolicy(policiesDir, kind);
    const floor = await readPolicy(policiesDir, `${kind}_floor`);
    for (const action of POLICY_ACTIONS[kind]) {
      found.set(`${kind}.${action}`, { matrix: codesOf(matrix, action), floor: codesOf(floor, action) });
    }
  }
  return found;
}

type ResourcePolicy = z.infer<typeof Policy>["resourcePolicy"];

async function readPolicy(policiesDir: string, name: string): Promise<ResourcePolicy> {
  const text = await readFile(path.join(policiesDir, "cerbos", `${name}.yaml`), "utf8");
  return Policy.parse(parse(text)).resourcePolicy;
}

/** The output names its twins (policies/README.md), and each twin the codes that it can give. */
function codesOf({ rules, variables }: ResourcePolicy, action: string): string[] {
  const outputs = rules
    .filter((rule) => rule.actions.includes(action))
    .map((rule) => rule.output?.when.conditionNotMet ?? "");
  const twins = [...outputs.join(" ").matchAll(/V\.(\w+)/g)].map((match) => variables.local[match[1] ?? ""] ?? "");
  return [...new Set(twins.flatMap((twin) => [...twin.matchAll(/"code": "(\w+)"/g)].map((match) => match[1] ?? "")))];
}
