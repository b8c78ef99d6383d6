import { readFile } from "node:fs/promises";
import { z } from "zod";
import { isSystemError } from "../../local/process-mark.ts";
import { isFault, misfitsOf, readPositioned } from "../positioned.ts";
import { AuthorError } from "./author-error.ts";
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

/** Of `policies/approvals.yaml`, each with its line. */
export type Approvals = readonly (z.infer<typeof Approval> & { readonly file: string; readonly line: number })[];

/** None where there is no file. Throws AuthorError with file and line where it cannot be read. */
export async function readApprovals(file: string): Promise<Approvals> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (isSystemError(error, "ENOENT")) return "[]";
    throw error;
  });
  const document = readPositioned(text);
  if (isFault(document)) throw new AuthorError(`${file}:${document.line ?? 1}: ${document.problem}`);
  const read = z.array(Approval).safeParse(document.value ?? []);
  if (read.success) return read.data.map((approval, index) => ({ ...approval, file, line: document.lineOf([index]) }));
  const faults = misfitsOf(document, read.error).map(({ line, problem }) => `${file}:${line ?? 1}: ${problem}`);
  throw new AuthorError(faults.join("\n"));
}

/**
 * By group, those that were given for exactly this change. Throws AuthorError where one of this change names no group that widens, or is
 * over.
 */
export function approvalsFor(
  approvals: Approvals,
  units: { readonly base: string; readonly head: string },
  groups: readonly Group[],
  now: Date,
): ReadonlyMap<string, Approvals[number]> {
  const widened = new Set(groups.filter(({ direction }) => direction === "widened").map(({ id }) => id));
  const meant = approvals.filter(({ base, head }) => base === units.base && head === units.head);
  for (const { group, until, file, line } of meant) {
    const at = `${file}:${line}: the approval of ${group}`;
    if (!widened.has(group))
      throw new AuthorError(`${at} names nothing that widens here: ${[...widened].join(", ") || "nothing does"}`);
    if (until !== undefined && now.toISOString().slice(0, 10) > until) {
      throw new AuthorError(`${at} counted until ${until}: look at the change again, and approve it anew`);
    }
  }
  return new Map(meant.map((approval) => [approval.group, approval]));
}
