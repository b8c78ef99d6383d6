import { readFile } from "node:fs/promises";
import { z } from "zod";
import { isSystemError } from "../../local/process-mark.ts";
import { type Fault, isFault, misfitsOf, type Place, readPositioned } from "../positioned.ts";
import { AuthorError } from "./author-error.ts";
import { findingInWords, ofFault } from "./finding.ts";
import type { Group } from "./groups.ts";

const Hash = (digits: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`), `expected ${digits} hexadecimal digits, in quotes`);
/** What somebody has written themselves, and not left as it was printed, or for later. */
const Written = z
  .string()
  .refine(
    (text) =>
      /[\p{L}\p{N}]/u.test(text) &&
      !/^\W*(you|me|who|why|name|reason|todo|tbd|fixme|xxx+)\W*$|^<.*>$/iu.test(text.trim()),
    "expected who approves it and why, in words: it is empty, or a placeholder",
  );
const Approval = z.strictObject({
  /** As `diff` prints it: exactly these cells. */
  group: Hash(12),
  who: Written,
  why: Written,
  /** The policy units that were compared. */
  base: Hash(16),
  head: Hash(16),
  /** The last day on which it counts. */
  until: z.iso.date().optional(),
});

/** Of `policies/approvals.yaml`, each with its place. */
export type Approvals = readonly (z.infer<typeof Approval> & Place & { readonly file: string })[];

const ENTRY = "Write an entry as diff prints it, with who and why; policies/README.md shows one";

/** None where there is no file. Throws AuthorError with file and place where it cannot be read. */
export async function readApprovals(file: string): Promise<Approvals> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (isSystemError(error, "ENOENT")) return "[]";
    throw error;
  });
  const refused = (faults: readonly Fault[]): AuthorError =>
    new AuthorError(faults.map((fault) => findingInWords(ofFault(file, text, fault, ENTRY))).join("\n"));
  const document = readPositioned(text);
  if (isFault(document)) throw refused([document]);
  const read = z.array(Approval).safeParse(document.value ?? []);
  if (!read.success) throw refused(misfitsOf(document, read.error));
  return read.data.map((approval, index) => ({ ...approval, file, ...document.placeOf([index]) }));
}

interface Units {
  readonly base: string;
  readonly head: string;
}

/**
 * By group, those that were given for exactly this change. Throws AuthorError where one of this change names no group that widens, or is
 * over.
 */
export function approvalsFor(
  approvals: Approvals,
  units: Units,
  groups: readonly Group[],
  now: Date,
): ReadonlyMap<string, Approvals[number]> {
  const widened = idsOf(groups);
  const meant = approvals.filter((approval) => isFor(approval, units));
  for (const { group, until, file, line, column } of meant) {
    const refused = (problem: string, fix: string): AuthorError =>
      new AuthorError(findingInWords({ file, line, column, problem: `the approval of ${group} ${problem}`, fix }));
    if (!widened.has(group)) {
      const known = [...widened].join(", ");
      throw refused(
        "names nothing that widens here",
        known === "" ? "Nothing does: take it out" : `Name one of ${known}`,
      );
    }
    if (until !== undefined && now.toISOString().slice(0, 10) > until) {
      throw refused(`counted until ${until}`, "Look at the change again, and approve it anew");
    }
  }
  return new Map(meant.map((approval) => [approval.group, approval]));
}

/** Those that name a group of this change, and were given between other policies: they do not count. */
export function strayApprovals(approvals: Approvals, units: Units, groups: readonly Group[]): Approvals {
  const widened = idsOf(groups);
  return approvals.filter((approval) => widened.has(approval.group) && !isFor(approval, units));
}

function isFor({ base, head }: Approvals[number], units: Units): boolean {
  return base === units.base && head === units.head;
}

function idsOf(groups: readonly Group[]): Set<string> {
  return new Set(groups.filter(({ direction }) => direction === "widened").map(({ id }) => id));
}
