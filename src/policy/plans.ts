import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";

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

/** The plans of `plans.yaml`, by name. Throws when the file is broken or lacks one that is needed. */
export async function readPlans(policiesDir: string): Promise<ReadonlyMap<string, z.infer<typeof Plan>>> {
  const file = path.join(policiesDir, "plans.yaml");
  const plans = Plans.safeParse(parse(await readFile(file, "utf8")));
  if (!plans.success) throw new Error(`${file}: ${z.prettifyError(plans.error)}`);
  const missing = NEEDED.find((name) => plans.data[name] === undefined);
  if (missing !== undefined) throw new Error(`${file}: the plan "${missing}" is missing`);
  return new Map(Object.entries(plans.data));
}
