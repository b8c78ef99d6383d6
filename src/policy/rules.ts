import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { Rule, RulesFor } from "../entities/rules.ts";

const Policy = z.object({
  resourcePolicy: z.object({
    resource: z.string(),
    version: z.string(),
    rules: z.array(z.object({ name: z.string(), actions: z.array(z.string()) })),
  }),
});

/** The floor has one version. */
const DEFAULT = "default";

/**
 * From the YAML of every matrix and floor. Each action has exactly one rule in each, and it allows (`npm run policies`): which one
 * decides is known before Cerbos is asked, which names the policy that matched and not its rule.
 * @param hostFiles policies of the host's kinds that are served
 */
export async function readRules(policiesDir: string, hostFiles: readonly string[] = []): Promise<RulesFor> {
  const names = new Map<string, string>();
  const files = hostFiles.filter((file) => file.endsWith(".yaml"));
  for await (const file of glob("cerbos/**/*.yaml", { cwd: policiesDir })) files.push(path.join(policiesDir, file));
  for (const file of files) {
    const document = Policy.safeParse(parse(await readFile(file, "utf8")));
    if (!document.success) continue; // roles, tests and test data have no rules
    const { resource, version, rules } = document.data.resourcePolicy;
    for (const { name, actions } of rules) {
      for (const action of actions) names.set(keyOf(version, resource, action), `${resource}#${name}`);
    }
  }
  return (matrix, kind, action) => {
    const asked: readonly [from: Rule["from"], key: string][] = [
      ["matrix", keyOf(matrix, kind, action)],
      ["floor", keyOf(DEFAULT, `${kind}_floor`, action)],
    ];
    return asked.flatMap(([from, key]) => {
      const name = names.get(key);
      return name === undefined ? [] : [{ from, name }];
    });
  };
}

function keyOf(version: string, resource: string, action: string): string {
  return `${version} ${resource} ${action}`;
}
