import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { AuthorError } from "./review/author-error.ts";
import { type Finding, findingInWords, ofFault } from "./review/finding.ts";
import { type Fault, isFault, misfitsOf, readPositioned } from "./positioned.ts";

const Limit = z.int().min(0).max(1_000_000);
const Plan = z.strictObject({
  applications: Limit,
  sectors: Limit,
  members: Limit,
  pendingInvitations: Limit,
  ownedOrganizations: Limit,
  signInMethods: Limit.min(1),
});
const Plans = z.record(z.string().regex(/^[a-z0-9_-]{1,40}$/), Plan);

/** Every organization starts with the first; the second is the platform's own (K8). */
const NEEDED = ["free", "platform"] as const;

export const PLANS_FILE = "plans.yaml";

/** The plans of `plans.yaml`, by name. Throws when the file is broken or lacks one that is needed. */
export async function readPlans(policiesDir: string): Promise<ReadonlyMap<string, z.infer<typeof Plan>>> {
  const file = path.join(policiesDir, PLANS_FILE);
  const text = await readFile(file, "utf8");
  const plans = plansIn(text);
  if (plans instanceof Map) return plans;
  throw new AuthorError(plansFindings(file, text, plans).map(findingInWords).join("\n"));
}

export function plansFindings(file: string, text: string, faults: readonly Fault[]): Finding[] {
  const fix = "Give each plan its six limits, whole numbers; every organization begins with the plan free";
  return faults.map((fault) => ofFault(file, text, fault, fix));
}

export function plansIn(text: string): Map<string, z.infer<typeof Plan>> | readonly Fault[] {
  const document = readPositioned(text);
  if (isFault(document)) return [document];
  const plans = Plans.safeParse(document.value);
  if (!plans.success) return misfitsOf(document, plans.error);
  const missing = NEEDED.filter((name) => plans.data[name] === undefined);
  if (missing.length > 0) return missing.map((name) => ({ line: 1, problem: `the plan "${name}" is missing` }));
  return new Map(Object.entries(plans.data));
}
