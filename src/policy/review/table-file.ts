import path from "node:path";
import { AuthorError } from "./author-error.ts";
import { evaluateAll, type EvaluatedKind } from "./evaluated.ts";
import { findingInWords } from "./finding.ts";
import { lintFindings } from "./lint.ts";
import { readSound, soundCerbosOf } from "./sound.ts";
import type { Folders } from "./sources.ts";
import { tableOf } from "./table.ts";

export const TABLE_FILE = "decisions.md";

export interface TableFile {
  readonly file: string;
  readonly text: string;
}

/**
 * The tables as they should be: the built-in kinds', and one for each host's folder. Throws AuthorError where a kind is broken, or where
 * the check finds, by reading alone, that something is wrong.
 */
export async function tableIn(folders: Folders, onProgress: (words: string) => void): Promise<TableFile[]> {
  const revision = await readSound(folders);
  const findings = await lintFindings(revision);
  if (findings.length > 0) throw new AuthorError(findings.map(findingInWords).join("\n"));
  await using cerbos = await soundCerbosOf(revision);
  return tablesOf(folders, await evaluateAll(cerbos.judge, revision, onProgress));
}

export function tablesOf({ policiesDir, hostFolders }: Folders, evaluated: readonly EvaluatedKind[]): TableFile[] {
  return [policiesDir, ...hostFolders].map((folder) => {
    const own = evaluated.filter(({ kind }) =>
      [...kind.matrices.values()].some(({ file }) => !path.relative(folder, file).startsWith("..")),
    );
    return { file: path.join(folder, TABLE_FILE), text: tableOf(own) };
  });
}
