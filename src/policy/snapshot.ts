import { cp, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { policyUnit } from "./unit.ts";

/** Of all folders; a folder of policies is no place for anything else. */
const MOST_FILES = 5_000;
const TRIES = 5;
const PAUSE_MS = 200;

/** The folders that decide as they were at one moment, whoever writes into them now. */
export interface Snapshot extends AsyncDisposable {
  readonly policiesDir: string;
  readonly hostFolders: readonly string[];
  readonly unit: string;
  /** Those that were copied. */
  readonly folders: readonly string[];
  /** A text about the copies with the settings' names for them: machine paths are for logs alone. */
  readonly named: (text: string) => string;
  /** The same with the folders themselves. */
  readonly placed: (text: string) => string;
}

/** They cannot be read as they are; what is in them nobody knows then. */
export class FoldersError extends Error {
  override readonly name = "FoldersError";
}

/** Where an embedded Cerbos has its state the copies are too: who holds it clears what a killed one has left. */
export function snapshotsOf(stateDir: string): string {
  return path.join(stateDir, "policy-snapshots");
}

/**
 * Throws FoldersError where a folder is not there, or is written without end.
 * @param within where copies are made
 */
export async function takeSnapshot(
  policiesDir: string,
  hostFolders: readonly string[],
  within = tmpdir(),
): Promise<Snapshot> {
  const folders = [policiesDir, ...hostFolders];
  await mkdir(within, { recursive: true, mode: 0o700 });
  const root = await mkdtemp(path.join(within, "bailiwick-snapshot-"));
  const dispose = async (): Promise<void> => await rm(root, { recursive: true, force: true });
  const copies = folders.map((_folder, index) => path.join(root, String(index)));
  const [copy = root, ...hostCopies] = copies;
  const saying = (words: (index: number) => string) => (text: string) =>
    copies.reduce((said, each, index) => {
      // It is told from where we are, or, without the first slash, from the root of all.
      const written = [each, path.relative("", each), each.slice(1)];
      return written.reduce((left, one) => left.replaceAll(one, words(index)), said);
    }, text);
  try {
    // What is copied is held to what was there before, and that to what is there after it.
    const unit = await settled(policiesDir, hostFolders, async (before) => {
      for (const [index, folder] of folders.entries()) await copyWhole(folder, copies[index] ?? "");
      return (await policyUnit(copy, hostCopies)) === before ? before : undefined;
    });
    return {
      policiesDir: copy,
      hostFolders: hostCopies,
      unit,
      folders,
      named: saying((index) => (index === 0 ? "POLICIES_DIR" : `HOST_POLICIES[${index - 1}]`)),
      placed: saying((index) => folders[index] ?? ""),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/**
 * Does it until the folders have not changed meanwhile: what it gives, or throws, is about one state of them.
 * @param work takes the unit of before; gives undefined where it has seen another one
 */
export async function settled<Result>(
  policiesDir: string,
  hostFolders: readonly string[],
  work: (unit: string) => Promise<Result | undefined>,
): Promise<Result> {
  // A file can go between the list and the reading; twice the same words are no change.
  const unitNow = async (): Promise<string> => await policyUnit(policiesDir, hostFolders).catch(String);
  for (let tries = 1; ; tries += 1) {
    const before = await unitNow();
    const working = work(before);
    await Promise.allSettled([working]);
    const result = before === (await unitNow()) ? await working : undefined;
    if (result !== undefined) return result;
    if (tries === TRIES)
      throw new FoldersError("the folders change while they are read: try again when they are written");
    await pause(PAUSE_MS);
  }
}

async function copyWhole(folder: string, copy: string): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new FoldersError(`there is no folder ${folder}`, { cause });
  });
  if (names.length > MOST_FILES)
    throw new FoldersError(`${folder} has more than ${MOST_FILES} files: is it one of policies?`);
  await rm(copy, { recursive: true, force: true });
  const filter = (from: string): boolean => from === folder || !path.basename(from).startsWith(".");
  await cp(folder, copy, { recursive: true, dereference: true, filter });
}
