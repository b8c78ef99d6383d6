import { mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { CANARY_FILE } from "./canary.ts";
import { readHostPolicies } from "./host-kinds.ts";
import { writeServedSet } from "./policy-set.ts";
import { policyUnit } from "./unit.ts";

export interface Bundle {
  readonly unit: string;
  /** The host's. */
  readonly kinds: readonly string[];
}

/**
 * Writes what a Cerbos of one's own is to serve: the built-in policies with those of a host's folders, and the canary. Throws, and
 * writes nothing, where a kind is broken or something is there already.
 * @param replaces whether an earlier bundle may be there, which goes
 */
export async function writeBundle(
  target: string,
  policiesDir: string,
  hostFolders: readonly string[],
  { replaces = false } = {},
): Promise<Bundle> {
  const folders = hostFolders.map((folder) => path.resolve(folder));
  const { kinds, problems, files, isCompiled } = await readHostPolicies(policiesDir, folders);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  if (!isCompiled && folders.length > 0)
    throw new Error("there is no Cerbos on this machine to compile them with: npm ci installs one");
  await mkdir(target, { recursive: true });
  await makeRoom(target, replaces);
  const unit = await policyUnit(policiesDir, folders);
  await writeServedSet(target, { policiesDir, files, unit });
  return { unit, kinds: [...kinds.served.keys()] };
}

/** The folder itself stays: it can be where a volume is mounted. */
async function makeRoom(target: string, replaces: boolean): Promise<void> {
  const names = await readdir(target);
  if (names.length === 0) return;
  if (!replaces) throw new Error(`${target} is not empty: name a new folder`);
  if (!names.includes(CANARY_FILE)) throw new Error(`${target} is not empty, and no bundle: name another folder`);
  for (const name of names) await rm(path.join(target, name), { recursive: true });
}
