import { createHash } from "node:crypto";
import { glob, readFile } from "node:fs/promises";
import path from "node:path";

/** Everything that decides: policies, schemas, model and plans. Tests and prose decide nothing. */
const DECIDING = ["cerbos/**/*.yaml", "cerbos/**/*.json", "openfga/**/*.fga", "plans.yaml"];
const TESTS = /(_test\.yaml|\.fga\.yaml)$|(^|\/)testdata\//;

/** The policy unit: a content hash, so that a decision can say by which policies it was taken. 16 hexadecimal digits. */
export async function policyUnit(policiesDir: string): Promise<string> {
  const names: string[] = [];
  for await (const name of glob(DECIDING, { cwd: policiesDir })) names.push(name.split(path.sep).join("/"));
  const hash = createHash("sha256");
  for (const name of names.filter((each) => !TESTS.test(each)).sort()) {
    const contents = await readFile(path.join(policiesDir, name));
    hash.update(`${name}\0${contents.length}\0`).update(contents);
  }
  return hash.digest("hex").slice(0, 16);
}
