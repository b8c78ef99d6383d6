import { execFile } from "node:child_process";
import { promisify } from "node:util";

const TIMEOUT_MS = 5_000;
const run = promisify(execFile);

/** The commit of git that holds all of these folders as they are. Null: they lie outside, in different ones, or were changed since. */
export async function commitOf(folders: readonly string[]): Promise<string | null> {
  const [first = null, ...others] = await Promise.all(folders.map(cleanHead));
  return others.every((commit) => commit === first) ? first : null;
}

async function cleanHead(cwd: string): Promise<string | null> {
  const options = { cwd, timeout: TIMEOUT_MS };
  try {
    // Whoever may write the folder's repository must not thereby run programs as us.
    const { stdout } = await run("git", ["-c", "core.fsmonitor=false", "status", "--porcelain", "--", "."], options);
    if (stdout.trim() !== "") return null;
    return (await run("git", ["rev-parse", "--verify", "HEAD"], options)).stdout.trim();
  } catch {
    return null; // no git, or nothing of git's here: then nobody knows
  }
}
