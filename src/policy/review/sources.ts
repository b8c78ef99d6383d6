import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { access, mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { devNull, tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { AuthorError } from "./author-error.ts";

/** Where policies stand: a folder, or a commit that was written into one. */
export interface Source extends AsyncDisposable {
  /** As people call it. */
  readonly name: string;
  /** The commit; null: a folder as it stands. */
  readonly commit: string | null;
  readonly policiesDir: string;
  readonly hostFolders: readonly string[];
  /** Folders of a host's that are not there. */
  readonly missing: readonly string[];
  /** A text without the places that a commit was written to: `HEAD^1:policies/plans.yaml`, as git calls a file of a commit. */
  readonly inItsWords: (text: string) => string;
  /** A text with the files of the folders as whoever reviews finds them: `examples/document-tree/policies/kinds.yaml`, from the top of their repository. */
  readonly inRepository: (text: string) => string;
}

export interface Folders {
  readonly policiesDir: string;
  readonly hostFolders: readonly string[];
}

const run = promisify(execFile);

const asItIs = (text: string): string => text;

const nothing = async (): Promise<void> => await Promise.resolve();

/** The folders as they stand. */
export function workingTree({ policiesDir, hostFolders: all }: Folders): Source {
  const name = "the working tree";
  const hostFolders = all.filter((folder) => existsSync(folder));
  const missing = all.filter((folder) => !hostFolders.includes(folder));
  const places = [policiesDir, ...hostFolders].map((folder) => [folder, placeOf(folder)] as const);
  const inRepository = (text: string): string =>
    places.reduce((told, [folder, place]) => told.replaceAll(path.join(folder, path.sep), place), text);
  const told = { inItsWords: asItIs, inRepository, [Symbol.asyncDispose]: nothing };
  return { name, commit: null, policiesDir, hostFolders, missing, ...told };
}

/** As its repository has it, with a slash at its end; outside of git by its name alone. */
function placeOf(folder: string): string {
  let top = path.dirname(folder);
  for (let above = folder; above !== path.dirname(above); above = path.dirname(above)) {
    if (!existsSync(path.join(above, ".git"))) continue;
    top = above;
    break;
  }
  const within = path.relative(top, folder);
  return within === "" ? "" : `${within}/`;
}

/**
 * The same folders at a commit, or another folder of policies. Throws AuthorError where there is no such revision, or no policies in it.
 * @param revision whatever git takes, or a folder
 */
export async function sourceAt(revision: string, folders: Folders): Promise<Source> {
  if (await isThere(path.join(revision, "cerbos"))) {
    return { ...workingTree({ ...folders, policiesDir: path.resolve(revision) }), name: revision };
  }
  const commit = await commitOf(revision, folders.policiesDir);
  const target = await mkdtemp(path.join(tmpdir(), "bailiwick-revision-"));
  const dispose = async (): Promise<void> => await rm(target, { recursive: true, force: true });
  try {
    const all = [folders.policiesDir, ...folders.hostFolders];
    const written = await Promise.all(
      all.map(async (folder, index) => await writeAt(commit, folder, path.join(target, String(index)))),
    );
    const [policiesDir, ...hostFolders] = written;
    if (policiesDir === null || policiesDir === undefined) {
      throw new AuthorError(`${revision} has no policies: there is no ${folders.policiesDir} in that commit`);
    }
    const hosts = hostFolders.filter((folder) => folder !== null);
    const missing = folders.hostFolders.filter((_folder, index) => hostFolders[index] === null); // new since, say
    const without =
      (words: string) =>
      (text: string): string =>
        all.reduce((told, _folder, index) => told.replaceAll(path.join(target, String(index), path.sep), words), text);
    const told = { inItsWords: without(`${revision}:`), inRepository: without("") };
    const standing = { policiesDir, hostFolders: hosts, missing };
    return { name: revision, commit, ...standing, ...told, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

export async function isThere(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}

async function commitOf(revision: string, cwd: string): Promise<string> {
  try {
    const { stdout } = await run(
      "git",
      ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`],
      { cwd },
    );
    return stdout.trim();
  } catch (cause) {
    throw new AuthorError(`there is no revision ${revision}, and no folder with policies (cerbos/) that is called so`, {
      cause,
    });
  }
}

/** Null: the commit has no such folder. Throws AuthorError where git cannot tell. */
async function writeAt(commit: string, folder: string, target: string): Promise<string | null> {
  const { cwd, rest } = await nearestOf(folder);
  const top = (await git(cwd, "rev-parse", "--show-toplevel")).trim();
  const within = path.join(path.relative(top, cwd), rest);
  const listed = async (...names: readonly string[]): Promise<string[]> =>
    (await git(top, "ls-tree", "-r", "-z", "--name-only", commit, "--", ...names)).split("\0").filter(Boolean);
  if ((await listed(`${within}/`)).length === 0) return null;
  await mkdir(target, { recursive: true });
  // As a checkout has it, by the attributes above it, too: an archive leaves out what they say. An index of its own, and nobody's hooks.
  const index = path.join(target, ".index");
  const attributes = await listed(...aboveOf(within).map((each) => path.join(each, ".gitattributes")));
  const options = ["-c", `core.hooksPath=${devNull}`, "--literal-pathspecs", `--work-tree=${target}`];
  const checkout = ["git", ...options, "checkout", "--quiet", commit, "--", ...attributes, within];
  await run("env", [`GIT_INDEX_FILE=${index}`, ...checkout], { cwd: top }).catch(untold(folder));
  await rm(index);
  return path.join(target, within);
}

/** The folders around it, the topmost first. */
function aboveOf(within: string): string[] {
  const names = within.split(path.sep);
  return names.map((_name, index) => names.slice(0, index).join(path.sep));
}

async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run("git", args, { cwd, maxBuffer: MOST_OUTPUT_BYTES }).catch(untold(cwd));
  return stdout;
}

const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;

function untold(folder: string): (error: unknown) => never {
  return (error) => {
    const { stderr = "" } = error as { stderr?: string }; // what execFile rejects with
    const [said = String(error)] = stderr.trim().split("\n");
    throw new AuthorError(`git cannot tell what ${folder} was: ${said}`, { cause: error });
  };
}

/** The folder, or the nearest around it that is there still, as git knows it. */
async function nearestOf(folder: string): Promise<{ readonly cwd: string; readonly rest: string }> {
  let there = folder;
  while (!existsSync(there)) there = path.dirname(there);
  return { cwd: await realpath(there), rest: path.relative(there, folder) };
}
