import { cp, copyFile, glob, mkdir, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";

/** A file of a host's that Cerbos is to have. */
export interface PolicyFile {
  readonly from: string;
  /** Within the folder that Cerbos is started on. */
  readonly to: string;
}

const TEST = /_test\.yaml$|(^|\/)testdata(\/|$)/;
/** No server reads it. */
export function isTest(file: string): boolean {
  return TEST.test(file);
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
  const builtIn = path.join(policiesDir, "cerbos");
  await cp(builtIn, folder, { recursive: true, filter: (from) => !isTest(path.relative(builtIn, from)) });
  for (const { from, to } of files) {
    const target = path.join(folder, to);
    await mkdir(path.dirname(target), { recursive: true });
    await copyFile(from, target);
  }
}

/** The folder that an embedded Cerbos is started on. */
export interface PolicySet {
  readonly folder: string;
  /** Removes what earlier starts have left; only whoever holds STATE_DIR may. */
  removeOthers(): Promise<void>;
  /** Where nobody was started on it. */
  remove(): Promise<void>;
}

/**
 * The built-in policies as they stand, or, where a host brings its own, a folder in STATE_DIR with both. It is written whole before
 * anybody is told of it.
 */
export async function openPolicySet(
  stateDir: string,
  policiesDir: string,
  files: readonly PolicyFile[],
): Promise<PolicySet> {
  const sets = path.join(stateDir, SETS);
  const removeBut = async (kept: string): Promise<void> => {
    for await (const name of glob("set-*", { cwd: sets })) {
      if (path.join(sets, name) !== kept) await rm(path.join(sets, name), { recursive: true, force: true });
    }
  };
  if (files.length === 0) {
    const folder = path.join(policiesDir, "cerbos");
    return { folder, removeOthers: async () => await removeBut(folder), remove: async () => await Promise.resolve() };
  }
  await mkdir(sets, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(path.join(sets, "set-"));
  await writeSet(
    folder,
    policiesDir,
    files.filter(({ to }) => !isTest(to)),
  );
  const remove = async (): Promise<void> => await rm(folder, { recursive: true, force: true });
  return { folder, removeOthers: async () => await removeBut(folder), remove };
}
