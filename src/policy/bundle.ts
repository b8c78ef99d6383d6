import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { readHostPolicies } from "./host-kinds.ts";
import { isTest, writeSet } from "./policy-set.ts";

/**
 * Writes what a Cerbos of one's own is to serve: the built-in policies with those of a host's folders. Throws, and writes nothing,
 * where a kind is broken or something is there already; gives the kinds.
 */
export async function writeBundle(
  target: string,
  policiesDir: string,
  hostFolders: readonly string[],
): Promise<readonly string[]> {
  const folders = hostFolders.map((folder) => path.resolve(folder));
  const { kinds, problems, files, isCompiled } = await readHostPolicies(policiesDir, folders);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  if (!isCompiled) throw new Error("there is no Cerbos on this machine to compile them with: npm ci installs one");
  await mkdir(target, { recursive: true });
  if ((await readdir(target)).length > 0) throw new Error(`${target} is not empty: name a new folder`);
  await writeSet(
    target,
    policiesDir,
    files.filter(({ to }) => !isTest(to)),
  );
  return [...kinds.served.keys()];
}
