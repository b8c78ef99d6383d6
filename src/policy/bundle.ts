import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { CANARY_FILE } from "./canary.ts";
import { servingFindings } from "./check.ts";
import { readHostPolicies } from "./host-kinds.ts";
import { writeServedSet } from "./policy-set.ts";
import { AuthorError } from "./review/author-error.ts";
import { findingInWords, fromHere } from "./review/finding.ts";
import { refuseUnreadable } from "./review/lint-syntax.ts";
import { isThere } from "./review/sources.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";

export interface Bundle {
  readonly unit: string;
  /** The host's. */
  readonly kinds: readonly string[];
  /** False where there is no Cerbos on this machine: then the policies were read and not compiled. */
  readonly isCompiled: boolean;
}

export interface BundleOptions {
  /** Whether an earlier bundle may be there, in whose place this one comes. */
  readonly replaces?: boolean;
  readonly onProgress?: (words: string) => void;
}

/**
 * Writes what a Cerbos of one's own is to serve: the built-in policies with those of a host's folders, and the canary. All of it is of one moment, was checked,
 * and comes to its place whole. Throws AuthorError, and leaves the place as it was, where something is wrong with the policies or with the place.
 */
export async function writeBundle(
  target: string,
  policiesDir: string,
  hostFolders: readonly string[],
  { replaces = false, onProgress = () => undefined }: BundleOptions = {},
): Promise<Bundle> {
  const place = path.resolve(target);
  await requireRoom(place, replaces);
  // What is told of the copy is told of these.
  const [from = "", ...hosts] = [policiesDir, ...hostFolders].map((folder) => fromHere(path.resolve(folder)) || ".");
  await using snapshot = await takeSnapshot(from, hosts).catch(mendable);
  try {
    const { files, ...bundle } = await readSound(snapshot, onProgress);
    onProgress(`writing ${target}`);
    await putInPlace(place, async (folder) => await writeServedSet(folder, { ...snapshot, files }));
    return { ...bundle, unit: snapshot.unit };
  } catch (error) {
    if (!(error instanceof AuthorError)) throw error;
    throw new AuthorError(snapshot.placed(error.message), { cause: error });
  }
}

async function readSound(
  snapshot: Snapshot,
  onProgress: (words: string) => void,
): Promise<Omit<Bundle, "unit"> & Pick<Awaited<ReturnType<typeof readHostPolicies>>, "files">> {
  const { policiesDir, hostFolders } = snapshot;
  await refuseUnreadable(snapshot);
  onProgress("the policies' tests, and their form");
  const found = await servingFindings(policiesDir);
  if (found.length > 0) throw new AuthorError(found.map(findingInWords).join("\n"));
  onProgress("the host's kinds");
  const { kinds, problems, files, isCompiled } = await readHostPolicies(policiesDir, hostFolders);
  if (problems.length > 0) throw new AuthorError(problems.join("\n"));
  if (!isCompiled && hostFolders.length > 0)
    throw new AuthorError("there is no Cerbos on this machine to compile them with: npm ci installs one");
  return { files, isCompiled, kinds: [...kinds.served.keys()] };
}

async function requireRoom(place: string, replaces: boolean): Promise<void> {
  const names = (await isThere(place)) ? await readdir(place).catch(mendable) : [];
  if (names.length === 0) return;
  if (!names.includes(CANARY_FILE)) throw new AuthorError(`${place} is not empty, and no bundle: name another folder`);
  if (!replaces) throw new AuthorError(`${place} is not empty: name a new folder, or take --replace`);
}

/**
 * Beside it first, so that nobody ever finds half of it: who looks while it changes places finds the one before, nothing, or this one. The one before stays beside
 * it until the next comes: a container in which it is mounted goes on with it.
 */
async function putInPlace(place: string, write: (folder: string) => Promise<void>): Promise<void> {
  const beside = (name: string): string => path.join(path.dirname(place), `.${path.basename(place)}.${name}`);
  const [next, previous] = [beside(randomUUID()), beside("previous")];
  const misplaced = (error: unknown): never => {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    const fix = "Name a folder within one that can be written; where a volume is mounted, one within the volume";
    throw new AuthorError(`${place} cannot be put in its place: ${error.message}. ${fix}`, { cause: error });
  };
  await mkdir(path.dirname(place), { recursive: true }).catch(misplaced);
  await mkdir(next).catch(misplaced);
  try {
    await write(next);
    await rm(previous, { recursive: true, force: true });
    if (await isThere(place)) await rename(place, previous);
    await rename(next, place);
  } catch (error) {
    await rm(next, { recursive: true, force: true });
    misplaced(error);
  }
}

function mendable(error: unknown): never {
  throw new AuthorError(error instanceof Error ? error.message : String(error), { cause: error });
}
