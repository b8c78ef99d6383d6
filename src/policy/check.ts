import { execFile } from "node:child_process";
import { access, glob, readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { z } from "zod";
import { ACTIONS, KINDS, type Kind } from "../entities/kinds.ts";
import { CERBOS_CWD, cerbosProgram } from "../local/cerbos.ts";
import { readPlans } from "./plans.ts";

const Policy = z.object({
  resourcePolicy: z.object({
    resource: z.string(),
    version: z.string(),
    rules: z.array(
      z.object({
        name: z.string().optional(),
        actions: z.array(z.string()),
        effect: z.string(),
        roles: z.array(z.string()).optional(),
      }),
    ),
  }),
});
type ResourcePolicy = z.infer<typeof Policy>["resourcePolicy"];

/** The action that nobody asks for: its rule makes Cerbos work out the ranks (ENGINES.md). */
const ANCHOR = "bailiwick:ranks";

/** Compiles the policies and runs their tests. Throws what Cerbos says. */
async function compile(directory: string): Promise<void> {
  try {
    const args = ["compile", "--color=never", path.resolve(directory, "cerbos")];
    await promisify(execFile)(cerbosProgram(), args, { cwd: CERBOS_CWD });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string }; // what execFile rejects with
    throw new Error(`cerbos compile:\n${stdout}${stderr}`, { cause: error });
  }
}

async function readPolicies(directory: string): Promise<Map<string, ResourcePolicy[]>> {
  const policies = new Map<string, ResourcePolicy[]>();
  for await (const name of glob("cerbos/**/*.yaml", { cwd: directory })) {
    const document = Policy.safeParse(parse(await readFile(path.join(directory, name), "utf8")));
    if (!document.success) continue; // roles, tests and test data are Cerbos' to check
    const { resourcePolicy } = document.data;
    policies.set(resourcePolicy.resource, [...(policies.get(resourcePolicy.resource) ?? []), resourcePolicy]);
  }
  return policies;
}

/** Every action that a route can ask for has exactly one named ALLOW rule in each policy of its kind, and no other has one. */
function findings(kind: Kind, policies: ReadonlyMap<string, readonly ResourcePolicy[]>): string[] {
  const found: string[] = [];
  for (const resource of [kind, `${kind}_floor`]) {
    const versions = policies.get(resource) ?? [];
    if (versions.length === 0) found.push(`${resource}: there is no policy`);
    for (const policy of versions) found.push(...ruleFindings(`${resource} (${policy.version})`, kind, policy));
  }
  return found;
}

function ruleFindings(name: string, kind: Kind, policy: ResourcePolicy): string[] {
  const found: string[] = [];
  const asked: readonly string[] = ACTIONS[kind];
  for (const rule of policy.rules) {
    const label = `${name}: rule ${rule.name ?? "without a name"}`;
    if (rule.name === undefined) found.push(`${label}: give it a name`);
    if (rule.effect !== "EFFECT_ALLOW") found.push(`${label}: guards are conditions on ALLOW; DENY fails open`);
    for (const action of rule.actions) {
      if (action !== ANCHOR && !asked.includes(action)) found.push(`${label}: nobody asks for the action ${action}`);
      if (action !== ANCHOR && rule.roles?.join() !== "*")
        found.push(`${label}: roles must be ["*"], or it gives no reasons`);
    }
  }
  for (const action of asked) {
    const rules = policy.rules.filter((rule) => rule.actions.includes(action));
    if (rules.length !== 1) found.push(`${name}: ${rules.length} rules for the action ${action}; there must be one`);
  }
  return found;
}

const testOf = (name: string): string => path.basename(name).replace(/\.yaml$/, "_test.yaml");

/** `cerbos compile` is content with no tests at all; we are not. */
async function lacksTest(file: string): Promise<boolean> {
  if (!Policy.safeParse(parse(await readFile(file, "utf8"))).success) return false;
  const beside = path.join(path.dirname(file), testOf(file));
  return await access(beside).then(
    () => false,
    () => true,
  );
}

/** Throws an error that lists everything that is wrong. */
export async function checkPolicies(directory: string): Promise<void> {
  await compile(directory);
  await readPlans(directory);
  const policies = await readPolicies(directory);
  const found = KINDS.flatMap((kind) => findings(kind, policies));
  for await (const name of glob("cerbos/**/*.yaml", { cwd: directory })) {
    if (await lacksTest(path.join(directory, name))) found.push(`${name}: there is no ${testOf(name)} beside it`);
  }
  if (found.length > 0) throw new Error(found.join("\n"));
}
