import { execFile } from "node:child_process";
import { promisify } from "node:util";

const SOMEBODY = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false"];

/** Runs git in a folder, in somebody's name; gives what it printed. */
export async function gitIn(cwd: string, ...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)("git", [...SOMEBODY, ...args], { cwd })).stdout.trim();
}
