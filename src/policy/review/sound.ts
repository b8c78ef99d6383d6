import { isTest } from "../policy-files.ts";
import { AuthorError } from "./author-error.ts";
import { cerbosOf, type RevisionCerbos } from "./cerbos-of.ts";
import { findingInWords } from "./finding.ts";
import { exampleFindings } from "./lint-facts.ts";
import { readCoreModel } from "./lint-model.ts";
import { refuseUnreadable } from "./lint-syntax.ts";
import { compileFindings } from "./lint-tests.ts";
import { readRevision, type Revision } from "./revision.ts";
import type { Folders } from "./sources.ts";
import { refuseStrangers } from "./strangers.ts";

/** What stands in the folders, if all of it can be looked at. Throws AuthorError with file and line where something is broken. */
export async function readSound(folders: Folders): Promise<Revision> {
  await refuseUnreadable(folders);
  await refuseStrangers(folders.policiesDir);
  const { findings } = await readCoreModel(folders.policiesDir);
  if (findings.length > 0) throw new AuthorError(findings.map(findingInWords).join("\n"));
  const revision = await readRevision(folders.policiesDir, folders.hostFolders);
  if (revision.problems.length > 0) throw new AuthorError(revision.problems.join("\n"));
  const unknown = await exampleFindings(revision);
  if (unknown.length > 0) throw new AuthorError(unknown.map(findingInWords).join("\n"));
  return revision;
}

/** The same as `cerbosOf`, but where the policies do not compile it throws AuthorError with file and line. */
export async function soundCerbosOf(revision: Revision): Promise<RevisionCerbos> {
  try {
    return await cerbosOf(revision);
  } catch (error) {
    if (!(error instanceof AuthorError)) throw error;
    // A Cerbos that does not start says why in its log alone, among much else.
    const broken = (await compileFindings(revision.policiesDir)).filter(({ file }) => !isTest(file));
    const told = broken.length > 0 ? broken.map(findingInWords).join("\n") : error.message;
    throw new AuthorError(told, { cause: error });
  }
}

/** Both at once, or neither: one that has started beside one that does not is stopped. */
export async function soundCerbosOfBoth(
  was: Revision,
  is: Revision,
): Promise<AsyncDisposable & { readonly base: RevisionCerbos; readonly head: RevisionCerbos }> {
  const starting = [soundCerbosOf(was), soundCerbosOf(is)] as const;
  await Promise.allSettled(starting);
  const stop = async (): Promise<void> => {
    for (const each of await Promise.allSettled(starting)) {
      if (each.status === "fulfilled") await each.value[Symbol.asyncDispose]();
    }
  };
  try {
    const [base, head] = await Promise.all(starting);
    return { base, head, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
