import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";

/** The name of the rule by which a matrix allows an action, `<kind>#<rule>`; null when the YAML has none. */
export type RuleFor = (matrix: string, kind: string, action: string) => string | null;

const Matrix = z.object({
  resourcePolicy: z.object({
    resource: z.string(),
    version: z.string(),
    rules: z.array(z.object({ name: z.string(), actions: z.array(z.string()) })),
  }),
});

/**
 * From the YAML of every matrix. Each action has exactly one rule, and it allows (`npm run policies`): which one it was is known
 * before Cerbos is asked, which names the policy that matched and not its rule.
 */
export async function readRules(policiesDir: string): Promise<RuleFor> {
  const names = new Map<string, string>();
  for await (const file of glob("cerbos/**/*.yaml", { cwd: policiesDir })) {
    const document = Matrix.safeParse(parse(await readFile(path.join(policiesDir, file), "utf8")));
    if (!document.success) continue; // roles, tests and test data have no rules
    const { resource: kind, version, rules } = document.data.resourcePolicy;
    for (const { name, actions } of rules) {
      for (const action of actions) names.set(keyOf(version, kind, action), `${kind}#${name}`);
    }
  }
  return (matrix, kind, action) => names.get(keyOf(matrix, kind, action)) ?? null;
}

function keyOf(matrix: string, kind: string, action: string): string {
  return `${matrix} ${kind} ${action}`;
}
