import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { decidingFilesIn } from "./policy-files.ts";

/**
 * The policy unit: a content hash of everything that decides, so that a decision can say by which policies it was taken. 16 hexadecimal digits.
 * @param hostFolders in their order: of two that bring the same type the first has it. Where they stand says nothing.
 */
export async function policyUnit(policiesDir: string, hostFolders: readonly string[] = []): Promise<string> {
  const hash = createHash("sha256");
  for (const [index, folder] of [policiesDir, ...hostFolders].entries()) {
    for (const name of await decidingFilesIn(folder)) {
      const contents = await readFile(path.join(folder, name));
      hash.update(`${index}/${name}\0${contents.length}\0`).update(contents);
    }
  }
  return hash.digest("hex").slice(0, 16);
}
