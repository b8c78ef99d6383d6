import path from "node:path";
import { buildModel, type Model, readModules } from "../engines/openfga-model.ts";
import type { FactDomains } from "../entities/fact-domains.ts";
import { commitOf } from "./commit.ts";
import { readFactDomains } from "./fact-domains.ts";
import { type HostPolicies, readHostPolicies } from "./host-kinds.ts";
import { readPlans } from "./plans.ts";
import { refuseStrangers } from "./review/strangers.ts";
import { readRules } from "./rules.ts";
import type { Snapshot } from "./snapshot.ts";
import { policyUnit } from "./unit.ts";

/** Everything that decides, read at one moment. */
export interface Policies extends Pick<HostPolicies, "kinds" | "problems" | "isCompiled" | "files"> {
  readonly plans: Awaited<ReturnType<typeof readPlans>>;
  readonly unit: string;
  /** Of git; null: it is not known, or the folders differ from it. */
  readonly commit: string | null;
  readonly rulesFor: Awaited<ReturnType<typeof readRules>>;
  readonly factDomains: FactDomains;
  /** The core and what the host's folders bring. */
  readonly model: Model;
}

/**
 * Reads the built-in policies and the host's folders. Throws when the built-in ones are broken, AuthorError where they hold what none
 * of them is, and HostFolderError when a folder is not there; what is wrong in a folder is told in `problems`.
 */
export async function readPolicies(policiesDir: string, hostFolders: readonly string[]): Promise<Policies> {
  const unit = await policyUnit(policiesDir, hostFolders); // before anything else: what is read later can be held to it
  await refuseStrangers(policiesDir);
  const { modules, ...host } = await readHostPolicies(policiesDir, hostFolders);
  const core = await readModules([path.join(policiesDir, "openfga")]);
  const hostFiles = host.files.map(({ from }) => from);
  return {
    ...host,
    plans: await readPlans(policiesDir),
    unit,
    commit: await commitOf([policiesDir, ...hostFolders]),
    rulesFor: await readRules(policiesDir, hostFiles),
    factDomains: await readFactDomains(policiesDir, hostFiles),
    model: buildModel([...core, ...modules]),
  };
}

/** What was read of a snapshot, told by the places that it is of. */
export async function atItsPlaces(read: Policies, { folders, unit, placed }: Snapshot): Promise<Policies> {
  const { served, refused } = read.kinds;
  const kinds = { served, refused: new Map([...refused].map(([type, why]) => [type, placed(why)])) };
  const [first = "", ...hosts] = folders;
  const commit = await commitOf(folders);
  // The folders may have moved on since they were copied: then nobody knows which commit that was.
  const isThere = (await policyUnit(first, hosts)) === unit;
  return { ...read, kinds, problems: read.problems.map(placed), commit: isThere ? commit : null };
}
