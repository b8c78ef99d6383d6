import { rm } from "node:fs/promises";
import path from "node:path";
import type { Finding } from "../../src/policy/review/finding.ts";
import type { FolderCopy } from "./host-folder.ts";

/** One thing that is wrong with a policies folder, and where `check` is to find it. */
export interface Broken {
  readonly what: string;
  /** Of the folder. */
  readonly file: string;
  /** Stands there once, and is replaced; null: the file is new. Undefined: what another case breaks shows here too. */
  readonly from?: string | null;
  /** null: the file is removed. */
  readonly to?: string | null;
  /** What the place begins with, the first one behind `after`. */
  readonly at: string;
  readonly after?: string;
  /** Where it is found, if not in the same file. */
  readonly foundIn?: string;
  readonly says: string;
  readonly fix: string;
}

export async function breakIn(folder: FolderCopy, cases: readonly Broken[]): Promise<void> {
  for (const { what, file, from, to } of cases) {
    if (to === undefined) continue;
    if (to === null) await rm(path.join(folder.directory, file));
    else if (from === null || from === undefined) await folder.write(file, to);
    else {
      await folder.edit(file, (text) => {
        if (text.split(from).length !== 2)
          throw new Error(`${what}: ${file} has ${text.split(from).length - 1} times ${from}`);
        return text.replace(from, () => to);
      });
    }
  }
}

/** The place in the broken folder. */
export async function placeOf(folder: FolderCopy, broken: Broken): Promise<Pick<Finding, "file" | "line" | "column">> {
  const name = broken.foundIn ?? broken.file;
  const text = await folder.read(name);
  const behind = text.indexOf(broken.after ?? "");
  const offset = text.indexOf(broken.at, behind);
  if (behind === -1 || offset === -1) throw new Error(`${broken.what}: there is no ${broken.at} in ${name}`);
  const lines = text.slice(0, offset).split("\n");
  return { file: path.join(folder.directory, name), line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
