import { copyFile, glob, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { CANARY_FILE, canaryPolicy } from "./canary.ts";
import { isTest, policyFilesIn } from "./policy-files.ts";

/** A file of a host's that Cerbos is to have. */
export interface PolicyFile {
  readonly from: string;
  /** Within the folder that Cerbos is started on. */
  readonly to: string;
}

/** Of STATE_DIR. Each start writes a folder of its own in it: a Cerbos that runs reads schemas when it needs them. */
const SETS = "policy-set";

/** Cerbos finds schemas in one folder only; a host's policies stand in a folder of their own. */
export function placeOf(folder: number, file: string): string {
  const within = file.replace(/^cerbos\//, "");
  return within.startsWith("_schemas/") ? within : `host-${folder}/${within}`;
}

/** Writes what Cerbos is to have into an empty folder: the built-in policies without their tests, and a host's files. */
export async function writeSet(folder: string, policiesDir: string, files: readonly PolicyFile[]): Promise<void> {
  const { policies, schemas } = await policyFilesIn(policiesDir);
  const builtIn = [...policies, ...schemas].map((to) => ({ from: path.join(policiesDir, "cerbos", to), to }));
  for (const { from, to } of [...builtIn, ...files]) {
    const target = path.join(folder, to);
    await mkdir(path.dirname(target), { recursive: true });
    await copyFile(from, target);
  }
}

/** What a Cerbos is to serve. */
export interface Served {
  readonly policiesDir: string;
  readonly files: readonly PolicyFile[];
  /** What its canary tells. */
  readonly unit: string;
}

/** Writes what a Cerbos is to serve into an empty folder: no tests, and the canary. */
export async function writeServedSet(folder: string, { policiesDir, files, unit }: Served): Promise<void> {
  await writeSet(
    folder,
    policiesDir,
    files.filter(({ to }) => !isTest(to)),
  );
  await writeFile(path.join(folder, CANARY_FILE), canaryPolicy(unit));
}

/** The folder that an embedded Cerbos is started on. */
export interface PolicySet {
  readonly folder: string;
  /** Removes what earlier starts have left; only whoever holds STATE_DIR may. */
  readonly removeOthers: () => Promise<void>;
  /** When nobody is started on it, or nobody any more. */
  readonly remove: () => Promise<void>;
}

export async function removeSet(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/**
 * A folder in STATE_DIR with what an embedded Cerbos is to serve, never that in which somebody works. It is written whole before
 * anybody is told of it.
 */
export async function openPolicySet(stateDir: string, served: Served): Promise<PolicySet> {
  const sets = path.join(stateDir, SETS);
  await mkdir(sets, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(path.join(sets, "set-"));
  const remove = async (): Promise<void> => await removeSet(folder);
  try {
    await writeServedSet(folder, served);
  } catch (error) {
    await remove();
    throw error;
  }
  const removeOthers = async (): Promise<void> => {
    for await (const name of glob("set-*", { cwd: sets })) {
      if (path.join(sets, name) !== folder) await rm(path.join(sets, name), { recursive: true, force: true });
    }
  };
  return { folder, removeOthers, remove };
}
