/** What a diff says of changes whose effect is known. Each asks two real Cerbos processes, and two stores of a real OpenFGA. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { checkPolicies, servingFindings } from "../../../src/policy/check.ts";
import { AuthorError } from "../../../src/policy/review/author-error.ts";
import { diffFrom, differencesBetween, type Found, type PolicyDiff } from "../../../src/policy/review/diff.ts";
import { findingInWords } from "../../../src/policy/review/finding.ts";
import { isDenied } from "../../../src/policy/review/groups.ts";
import { readRevision } from "../../../src/policy/review/revision.ts";
import { type Folders, workingTree } from "../../../src/policy/review/sources.ts";
import { isUnchanged } from "../../../src/policy/review/unchanged.ts";
import { copyFolder, DOCUMENTS, type FolderCopy, POLICIES, RECORDS } from "../../support/host-folder.ts";
import { describedBy } from "./described.ts";
import { linesOf } from "./effects.ts";
import { edits, type SeededChange } from "./seeded-change.ts";
import { BUILT_IN_CHANGES } from "./seeded-changes.ts";
import { SURROUNDING_CHANGES } from "./seeded-surroundings.ts";
import { BROKEN_HOST_CHANGES, HOST_CHANGES, REFACTORINGS } from "./seeded-host-changes.ts";
import { UNSEEN_CHANGES } from "./unseen-changes.ts";

/** The reduced run takes every eighth. */
const some = <Each>(all: readonly Each[]): readonly Each[] =>
  process.env["BAILIWICK_FULL"] === "1" ? all : all.filter((_each, index) => index % 8 === 2);

const CHANGES = [...BUILT_IN_CHANGES, ...HOST_CHANGES, ...SURROUNDING_CHANGES];
const FOLDERS = { "built-in": POLICIES, host: DOCUMENTS, records: RECORDS };

const copies: FolderCopy[] = [];
afterEach(async () => {
  for (const copy of copies.splice(0)) await copy.remove();
});

type Change = Pick<SeededChange, "folder" | "make">;

async function changed({ folder, make }: Change): Promise<Folders> {
  const copy = await copyFolder(FOLDERS[folder]);
  copies.push(copy);
  await make(copy);
  return folder === "built-in"
    ? { policiesDir: copy.directory, hostFolders: [] }
    : { policiesDir: POLICIES, hostFolders: [copy.directory] };
}

async function diffFor(change: Change): Promise<Found & { readonly diff: PolicyDiff }> {
  const base = workingTree({
    policiesDir: POLICIES,
    hostFolders: change.folder === "built-in" ? [] : [FOLDERS[change.folder]],
  });
  const head = workingTree(await changed(change));
  const found = await differencesBetween(base, head, () => undefined);
  return { ...found, diff: await diffFrom(found, { base, head }, { approvals: [], now: new Date(0) }) };
}

/** The file as its repository has it, or from beside a folder that lies in none; then the line, and what is there. */
const PLACED = /^(bailiwick-host-\w+|policies|examples\/[\w-]+\/policies)\/(cerbos|openfga|plans\.yaml)[\w./-]*:\d+: ./;

describe("A change that does something is told by exactly what it does, and its words say exactly those cells", () => {
  test.each(some(CHANGES))("$title", async ({ effect, isDrawn = false, ...change }) => {
    const { diff, differences, revisions } = await diffFor(change);
    const isTold = (line: string): boolean => !isDrawn || /^(widened|narrowed)/.test(line);
    expect(linesOf(diff).filter(isTold)).toEqual(effect.filter(isTold));
    for (const group of diff.groups.filter((each) => !isDenied(each))) {
      const described = describedBy(group, differences, revisions);
      expect(described.map(({ action }) => action)).toEqual(group.actions);
      for (const { said, differing } of described) expect(said).toEqual(differing);
    }
    expect(diff.isUnapproved).toBe(effect.some((line) => line.startsWith("widened")));
    expect(diff.groups.flatMap(({ causes }) => causes)).not.toContain("");
    for (const { causes } of diff.groups) expect(causes.length).toBeGreaterThan(0);
    expect(diff.groups.flatMap(({ causes }) => causes).filter((cause) => !PLACED.test(cause))).toEqual([]);
  });
});

/** That tests fail and that the table is stale belongs to every change of what is decided. */
const OF_ANY_CHANGE = /^the test (".*" )?fails|^the table is not/;

describe("A change that is wrong in itself is refused by the check, whatever it does, and others are not", () => {
  test.each(some(CHANGES))("$title", async ({ wrong, ...change }) => {
    const findings = (await checkPolicies(await changed(change))).filter(({ problem }) => !OF_ANY_CHANGE.test(problem));
    if (wrong === undefined) expect(findings).toEqual([]);
    else expect(findings.map(({ problem }) => problem)).toContainEqual(expect.stringContaining(wrong));
  });
});

describe("A change that breaks a host's kind is refused by the check, and diff says nothing of it but that", () => {
  test.each(some(BROKEN_HOST_CHANGES))("$title", async ({ make, says }) => {
    const found = await checkPolicies(await changed({ folder: "host", make }));
    expect(found.map(findingInWords)).toContainEqual(expect.stringMatching(says));
    const diff = diffFor({ folder: "host", make });
    await expect(diff).rejects.toThrow(says);
    await expect(diff).rejects.toThrow(AuthorError);
  });
});

describe("A change that does nothing gives an empty diff", () => {
  test.each(some(REFACTORINGS))("$title", async (change) => {
    expect(linesOf((await diffFor(change)).diff)).toEqual([]);
  });
});

describe("A change that no kind's own files show is refused by the check, and diff says nothing of it but that", () => {
  const made = ({ file, text }: { readonly file: string; readonly text: string }): Change["make"] => {
    return async (copy) => {
      await mkdir(path.dirname(path.join(copy.directory, file)), { recursive: true });
      await copy.write(file, text);
    };
  };

  test.each(UNSEEN_CHANGES)("$title", async ({ file, says, ...change }) => {
    const make = made({ file, ...change });
    const diff = diffFor({ folder: "built-in", make });
    await expect(diff).rejects.toThrow(`${file}:${says}`);
    await expect(diff).rejects.toThrow(AuthorError);
    const found = await servingFindings((await changed({ folder: "built-in", make })).policiesDir);
    expect(found.map(findingInWords)).toContainEqual(expect.stringContaining(`${file}:${says}`));
  });

  test.each([
    [
      "the subject's schema",
      "cerbos/_schemas/principal.json",
      '"type": "object",',
      '"type": "object", "minProperties": 1,',
    ],
    ["a rank", "cerbos/roles.yaml", "parentRoles: [owner]", "parentRoles: [owner, viewer]"],
  ])("but what is every kind's is asked about for each: %s", async (_what, file, from, to) => {
    const { policiesDir } = await changed({ folder: "built-in", make: edits([file, from, to]) });
    const [was, is] = await Promise.all([readRevision(POLICIES, [DOCUMENTS]), readRevision(policiesDir, [DOCUMENTS])]);
    const moved = [...is.kinds].filter(([kind, { fingerprint }]) => was.kinds.get(kind)?.fingerprint !== fingerprint);
    expect(moved.map(([kind]) => kind)).toEqual([...was.kinds.keys()]);
    const sides = {
      base: { revision: was, kind: was.kinds.get("sector") },
      head: { revision: is, kind: is.kinds.get("sector") },
    };
    expect(isUnchanged(sides, { base: [], head: [] })).toBe(false);
    expect(isUnchanged({ ...sides, head: sides.base }, { base: [], head: [] })).toBe(true);
  });
});
