import { z } from "zod";
import { LIMITS } from "../entities/limits.ts";
import { type Tuple, type TupleChange, tupleKey } from "../entities/tuples.ts";
import type { Transaction } from "./database.ts";

export interface Filing {
  readonly organization: string;
  readonly version: number;
  readonly change: TupleChange;
  readonly now: Date;
}

/** A row as the relay gets it. */
export interface OutboxRow {
  readonly number: number;
  readonly rebuildEpoch: number | null;
  readonly change: TupleChange;
}

const Tuples = z.array(z.strictObject({ user: z.string(), relation: z.string(), object: z.string() }));

/** What the columns `writes` and `deletes` hold. */
export function readChange(writes: unknown, deletes: unknown): TupleChange {
  return { writes: Tuples.parse(writes), deletes: Tuples.parse(deletes) };
}

/**
 * Files what a change does to the graph, in the change's own transaction, which holds the organization's lock: rows of at most
 * `tuplesPerRow` tuples, numbered without gaps; deletes first, the smaller right comes first. Nothing to do files no row.
 */
export async function fileTuples(tx: Transaction, filing: Filing): Promise<void> {
  await insertRows(tx, filing, split(filing.change), null);
}

/**
 * Files a rebuilt graph in place of everything that is pending: a row that begins epoch `epoch` and carries no tuples, so that
 * every try of it is the same Write, then the rows of `change`. Numbers go on after `from`, which nothing had before. The rows
 * that it stands for are behind the position now; the relay removes them with the first one that it applies.
 */
export async function fileRebuild(tx: Transaction, filing: Filing & { epoch: number; from: number }): Promise<void> {
  const { organization, epoch, from } = filing;
  await tx.query({
    name: "begin_rebuild",
    text: `
      with position as (
        update graph_positions
        set applied = $2, epoch = $3, attempts = 0, next_attempt_at = null, stopped = null
        where organization_id = $1
      )
      update organizations
      set tuples_filed = $2
      where id = $1`,
    values: [organization, from, epoch],
  });
  await insertRows(tx, filing, [{ writes: [], deletes: [] }, ...split(filing.change)], epoch);
}

/** What the rows that are pending would delete: a rebuild that takes their place deletes it as well. */
export async function pendingDeletes(tx: Transaction, organization: string, applied: number): Promise<Tuple[]> {
  const rows = await tx.query<{ deletes: unknown }>({
    name: "pending_deletes",
    text: `
      select deletes
      from outbox
      where organization_id = $1
        and number > $2
        and deletes <> '[]'`,
    values: [organization, applied],
  });
  return rows.flatMap(({ deletes }) => Tuples.parse(deletes));
}

async function insertRows(
  tx: Transaction,
  filing: Filing,
  rows: readonly TupleChange[],
  rebuildEpoch: number | null,
): Promise<void> {
  if (rows.length === 0) return;
  const writes = rows.map((row) => JSON.stringify(row.writes));
  const deletes = rows.map((row) => JSON.stringify(row.deletes));
  const inserted = await tx.query({
    name: "file_tuples",
    text: `
      with numbered as (
        update organizations
        set tuples_filed = tuples_filed + $2
        where id = $1
        returning tuples_filed - $2 as before
      )
      insert into outbox (organization_id, number, version, writes, deletes, rebuild_epoch, created_at)
      select $1, n.before + r.ordinal, $3, r.writes::jsonb, r.deletes::jsonb,
        case when r.ordinal = 1 then $6::integer end, $7
      from numbered n
      cross join unnest($4::text[], $5::text[]) with ordinality as r (writes, deletes, ordinal)
      returning number`,
    values: [filing.organization, rows.length, filing.version, writes, deletes, rebuildEpoch, filing.now],
  });
  if (inserted.length !== rows.length) throw new Error(`no organization ${filing.organization} to file tuples for`);
}

/** OpenFGA refuses a tuple that stands twice in one Write: the same one twice is one, in both halves it is a mistake. */
function split(change: TupleChange): TupleChange[] {
  const deletes = distinct(change.deletes);
  const writes = distinct(change.writes);
  for (const key of writes.keys()) {
    if (deletes.has(key)) throw new Error(`a change both writes and deletes ${key}`);
  }
  const steps = [
    ...[...deletes.values()].map((tuple) => ({ tuple, isWrite: false })),
    ...[...writes.values()].map((tuple) => ({ tuple, isWrite: true })),
  ];
  const rows: TupleChange[] = [];
  for (let start = 0; start < steps.length; start += LIMITS.tuplesPerRow) {
    const part = steps.slice(start, start + LIMITS.tuplesPerRow);
    rows.push({
      deletes: part.filter((step) => !step.isWrite).map((step) => step.tuple),
      writes: part.filter((step) => step.isWrite).map((step) => step.tuple),
    });
  }
  return rows;
}

function distinct(tuples: readonly Tuple[]): Map<string, Tuple> {
  return new Map(tuples.map((tuple) => [tupleKey(tuple), tuple]));
}
