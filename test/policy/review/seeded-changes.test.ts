/** What a diff says of changes whose effect is known. Each asks two real Cerbos processes, and two stores of a real OpenFGA. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { diffOf, type PolicyDiff } from "../../../src/policy/review/diff.ts";
import { workingTree } from "../../../src/policy/review/sources.ts";
import { copyFolder, DOCUMENTS, type FolderCopy, POLICIES } from "../../support/host-folder.ts";
import { linesOf } from "./effects.ts";
import { BUILT_IN_CHANGES, type SeededChange } from "./seeded-changes.ts";
import { HOST_CHANGES, REFACTORINGS } from "./seeded-host-changes.ts";

const copies: FolderCopy[] = [];
afterEach(async () => {
  for (const copy of copies.splice(0)) await copy.remove();
});

async function diffFor({ folder, make }: Pick<SeededChange, "folder" | "make">): Promise<PolicyDiff> {
  const copy = await copyFolder(folder === "built-in" ? POLICIES : DOCUMENTS);
  copies.push(copy);
  await make(copy);
  const isHosts = folder === "host";
  const base = workingTree({ policiesDir: POLICIES, hostFolders: isHosts ? [DOCUMENTS] : [] });
  const head = workingTree(
    isHosts
      ? { policiesDir: POLICIES, hostFolders: [copy.directory] }
      : { policiesDir: copy.directory, hostFolders: [] },
  );
  const approvalsFile = `${copy.directory}/approvals.yaml`;
  return await diffOf(base, head, { approvalsFile, now: new Date(0), onProgress: () => undefined });
}

describe("A change that does something is told by exactly what it does", () => {
  test.each([...BUILT_IN_CHANGES, ...HOST_CHANGES])("$title", async ({ effect, isDrawn = false, ...change }) => {
    const diff = await diffFor(change);
    const isTold = (line: string): boolean => !isDrawn || /^(widened|narrowed)/.test(line);
    expect(linesOf(diff).filter(isTold)).toEqual(effect.filter(isTold));
    expect(diff.isUnapproved).toBe(effect.some((line) => line.startsWith("widened")));
    expect(diff.groups.flatMap(({ causes }) => causes)).not.toContain("");
    for (const { causes } of diff.groups) expect(causes.length).toBeGreaterThan(0);
  });
});

describe("A change that does nothing gives an empty diff", () => {
  test.each(REFACTORINGS)("$title", async (change) => {
    expect(linesOf(await diffFor(change))).toEqual([]);
  });
});
