import { newId } from "../entities/ids.ts";
import type { Tuple } from "../entities/tuples.ts";
import { type AuditEntry, type ChangeRecord, recordChange } from "../stores/audit.ts";
import type { Transaction } from "../stores/database.ts";
import { fileTuples } from "../stores/outbox.ts";
import { enterOrganization } from "../stores/scope.ts";
import type { Deps } from "./deps.ts";

/** What a change does in one organization, beside its rows. */
export interface Effects {
  /** Appends an audit event. A change that notes nothing has changed nothing. */
  readonly note: (entry: AuditEntry) => void;
  readonly writeTuples: (tuples: readonly Tuple[]) => void;
  readonly deleteTuples: (tuples: readonly Tuple[]) => void;
}

/** Effects with what has come together so far. */
export interface Collected extends Effects {
  readonly entries: readonly AuditEntry[];
  readonly writes: readonly Tuple[];
  readonly deletes: readonly Tuple[];
}

export function collectEffects(): Collected {
  const entries: AuditEntry[] = [];
  const writes: Tuple[] = [];
  const deletes: Tuple[] = [];
  const add = (to: Tuple[], tuples: readonly Tuple[]): void => tuples.forEach((tuple) => void to.push(tuple)); // there may be many
  return {
    entries,
    writes,
    deletes,
    note: (entry) => void entries.push(entry),
    writeTuples: (tuples) => add(writes, tuples),
    deleteTuples: (tuples) => add(deletes, tuples),
  };
}

type Common = Pick<ChangeRecord, "requestId" | "now">;

/** Writes them down: the organization's next version, its audit events and its tuples. True when there are tuples on their way then. */
export async function recordEffects(
  deps: Deps,
  tx: Transaction,
  record: Common & Pick<ChangeRecord, "organization" | "actor" | "rule" | "matrix" | "ofEntities">,
  { entries, writes, deletes }: Collected,
): Promise<boolean> {
  const { organization, now } = record;
  const freshPseudonyms = Array.from({ length: entries.length + 1 }, () => newId(deps.random, "a-"));
  const version = await recordChange(tx, { ...record, unit: deps.unit, entries, freshPseudonyms });
  await fileTuples(tx, { organization, version, change: { writes, deletes }, now });
  return writes.length + deletes.length > 0;
}

/** The same for other organizations than the change's own, where it is the system that acts (K12); gives those with tuples on their way. */
export async function recordElsewhere(
  deps: Deps,
  tx: Transaction,
  common: Common,
  others: ReadonlyMap<string, Collected>,
): Promise<string[]> {
  const filed: string[] = [];
  for (const [organization, collected] of others) {
    await enterOrganization(tx, organization);
    const record = { ...common, organization, actor: { kind: "system", id: "system" }, matrix: null } as const;
    if (await recordEffects(deps, tx, record, collected)) filed.push(organization);
  }
  return filed;
}
