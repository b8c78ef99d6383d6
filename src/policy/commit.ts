import { execFile } from "node:child_process";
import { promisify } from "node:util";

const TIMEOUT_MS = 5_000;
const run = promisify(execFile);

/** The commit of git that holds all of these folders as they are. Null: they lie outside, in different ones, or were changed since. */
export async function commitOf(folders: readonly string[]): Promise<string | null> {
  const [first = null, ...others] = await Promise.all(folders.map(cleanHead));
  return others.every((commit) => commit === first) ? first : null;
}

/** Whoever may write the folder's repository must not thereby run programs as us, and who only reads leaves nothing in it. */
const READ_ONLY = ["--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"];
/** What git was told to ignore is served all the same. */
const STATUS = ["status", "--porcelain", "--untracked-files=all", "--ignored", "--", "."];

async function cleanHead(cwd: string): Promise<string | null> {
  const options = { cwd, timeout: TIMEOUT_MS };
  try {
    const { stdout } = await run("git", [...READ_ONLY, ...STATUS], options);
    if (stdout.trim() !== "") return null;
    return (await run("git", ["rev-parse", "--verify", "HEAD"], options)).stdout.trim();
  } catch {
    return null; // no git, or nothing of git's here: then nobody knows
  }
}
