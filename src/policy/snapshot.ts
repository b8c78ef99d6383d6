import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
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

/** Throws where a folder is not there, or is written without end. */
export async function takeSnapshot(policiesDir: string, hostFolders: readonly string[]): Promise<Snapshot> {
  const folders = [policiesDir, ...hostFolders];
  const root = await mkdtemp(path.join(tmpdir(), "bailiwick-snapshot-"));
  const dispose = async (): Promise<void> => await rm(root, { recursive: true, force: true });
  const copies = folders.map((_folder, index) => path.join(root, String(index)));
  const [copy = root, ...hostCopies] = copies;
  const saying = (words: (index: number) => string) => (text: string) =>
    copies.reduce((said, each, index) => {
      // Without the first slash it is told from the root of all.
      return said.replaceAll(each, words(index)).replaceAll(each.slice(1), words(index));
    }, text);
  try {
    const unit = await copied(folders, copies);
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

/** Until what was read before, what was copied and what is there after it are the same. */
async function copied([first = "", ...hosts]: readonly string[], copies: readonly string[]): Promise<string> {
  const folders = [first, ...hosts];
  const [copy = "", ...hostCopies] = copies;
  for (let tries = 1; ; tries += 1) {
    const before = await policyUnit(first, hosts);
    for (const [index, folder] of folders.entries()) await copyWhole(folder, copies[index] ?? "");
    const unit = await policyUnit(copy, hostCopies);
    if (before === unit && unit === (await policyUnit(first, hosts))) return unit;
    if (tries === TRIES) throw new Error("the folders change while they are read: try again when they are written");
    await pause(PAUSE_MS);
  }
}

async function copyWhole(folder: string, copy: string): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new Error(`there is no folder ${folder}`, { cause });
  });
  if (names.length > MOST_FILES) throw new Error(`${folder} has more than ${MOST_FILES} files: is it one of policies?`);
  await rm(copy, { recursive: true, force: true });
  const filter = (from: string): boolean => from === folder || !path.basename(from).startsWith(".");
  await cp(folder, copy, { recursive: true, dereference: true, filter });
}
