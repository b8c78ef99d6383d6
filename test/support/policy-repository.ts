import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect } from "@jest/globals";
import { POLICIES } from "./host-folder.ts";
import { gitIn } from "./git.ts";

const PROGRAM = path.resolve("src/policy/main.ts");

/** A repository of git with the policies on its branch main, and an earlier commit without any, `empty`. */
export interface PolicyRepository {
  readonly directory: string;
  readonly policies: string;
  readonly git: (...args: readonly string[]) => Promise<void>;
  readonly commit: (message: string) => Promise<void>;
  /** Changes a file of the policies; it must become another one. */
  readonly edit: (file: string, change: (text: string) => string) => Promise<void>;
  /** `npm run policies -- diff`, as its user types it there. */
  readonly diff: (...args: readonly string[]) => Promise<Outcome>;
  readonly remove: () => Promise<void>;
}

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const run = promisify(execFile);

export async function makePolicyRepository(): Promise<PolicyRepository> {
  const directory = await mkdtemp(path.join(tmpdir(), "bailiwick-repository-"));
  const policies = path.join(directory, "policies");
  const git = async (...args: readonly string[]): Promise<void> => {
    await gitIn(directory, ...args);
  };
  const commit = async (message: string): Promise<void> => {
    await git("add", "--all");
    await git("commit", "--quiet", `--message=${message}`);
  };
  await writeFile(path.join(directory, "README.md"), "Nothing yet.\n");
  await git("init", "--quiet", "--initial-branch=main");
  await commit("nothing");
  await git("tag", "empty");
  await cp(POLICIES, policies, { recursive: true });
  await commit("policies");
  return {
    ...{ directory, policies, git, commit },
    edit: async (file, change) => {
      const place = path.join(policies, file);
      const before = await readFile(place, "utf8");
      const after = change(before);
      expect(after).not.toBe(before);
      await writeFile(place, after);
    },
    diff: async (...args) => {
      try {
        const given = [PROGRAM, "diff", `--policies=${policies}`, ...args];
        return { status: 0, ...(await run(process.execPath, given, { cwd: directory })) };
      } catch (error) {
        const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }; // what execFile rejects with
        return { status: code, stdout, stderr };
      }
    },
    remove: async () => await rm(directory, { recursive: true }),
  };
}
