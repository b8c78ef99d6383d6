import { createHash } from "node:crypto";
import { glob, readFile } from "node:fs/promises";
import path from "node:path";

/** Everything that decides: policies, schemas, model, plans, and what a host's kinds are. Tests and prose decide nothing. */
const DECIDING = ["cerbos/**/*.yaml", "cerbos/**/*.json", "openfga/**/*.fga", "plans.yaml", "kinds.yaml"];
const TESTS = /(_test\.yaml|\.fga\.yaml)$|(^|\/)testdata\//;

/**
 * The policy unit: a content hash, so that a decision can say by which policies it was taken. 16 hexadecimal digits.
 * @param hostFolders in their order: of two that bring the same type the first has it. Where they stand says nothing.
 */
export async function policyUnit(policiesDir: string, hostFolders: readonly string[] = []): Promise<string> {
  const hash = createHash("sha256");
  for (const [index, folder] of [policiesDir, ...hostFolders].entries()) {
    const names: string[] = [];
    for await (const name of glob(DECIDING, { cwd: folder })) names.push(name.split(path.sep).join("/"));
    for (const name of names.filter((each) => !TESTS.test(each)).sort()) {
      const contents = await readFile(path.join(folder, name));
      hash.update(`${index}/${name}\0${contents.length}\0`).update(contents);
    }
  }
  return hash.digest("hex").slice(0, 16);
}
