import type { Queryable } from "./database.ts";
import { type OutboxRow, readChange } from "./outbox.ts";

/** Everything here is the relay's: it works as `bailiwick_relay`, which sees every organization. */

export interface ClaimRequest {
  readonly organization: string;
  readonly owner: string; // of the lease
  readonly now: Date;
  readonly leaseUntil: Date;
  readonly limit: number;
}

export interface Claim {
  readonly organization: string;
  readonly applied: number;
  readonly attempts: number;
  /** The rows behind `applied`, in order. */
  readonly rows: readonly OutboxRow[];
}

interface ClaimedRow {
  readonly applied: number;
  readonly attempts: number;
  readonly number: number | null;
  readonly rebuildEpoch: number | null;
  readonly writes: unknown;
  readonly deletes: unknown;
}

/**
 * Takes the organization's lease and its next rows. Undefined when there is nothing to do now: nothing pending, stopped, backing
 * off, or another relay holds the lease. The lease avoids waste only; that two relays do no harm is the fence's doing.
 */
export async function claimRows(on: Queryable, request: ClaimRequest): Promise<Claim | undefined> {
  const { organization, owner, now, leaseUntil, limit } = request;
  const rows = await on.query<ClaimedRow>({
    name: "claim_rows",
    text: `
      with claimed as (
        update graph_positions g
        set lease_owner = $2, lease_until = $3
        where g.organization_id = $1
          and g.stopped is null
          and (g.next_attempt_at is null or g.next_attempt_at <= $4)
          and (g.lease_owner is null or g.lease_owner = $2 or g.lease_until <= $4)
          and exists (select from outbox o where o.organization_id = g.organization_id and o.number > g.applied)
        returning g.organization_id, g.applied, g.attempts
      )
      select c.applied::float8, c.attempts, o.number::float8, o.rebuild_epoch as "rebuildEpoch", o.writes, o.deletes
      from claimed c
      left join outbox o on o.organization_id = c.organization_id and o.number > c.applied
      order by o.number
      limit $5`,
    values: [organization, owner, leaseUntil, now, limit],
  });
  const [first] = rows;
  if (first === undefined) return undefined;
  return { organization, applied: first.applied, attempts: first.attempts, rows: rows.flatMap(outboxRow) };
}

/** None when the rows were applied by somebody else between the statement's snapshot and the position's lock. */
function outboxRow(row: ClaimedRow): OutboxRow[] {
  if (row.number === null) return [];
  return [{ number: row.number, rebuildEpoch: row.rebuildEpoch, change: readChange(row.writes, row.deletes) }];
}

export interface Applied {
  readonly organization: string;
  readonly number: number;
  readonly owner: string;
  /** How long the lease is kept for the rows that follow; null gives it back. */
  readonly leaseUntil: Date | null;
}

/** OpenFGA has row `number`. The position never goes back: a relay that was overtaken says nothing new. */
export async function recordApplied(on: Queryable, applied: Applied): Promise<void> {
  await on.query({
    name: "record_applied",
    text: `
      with moved as (
        update graph_positions g
        set applied = greatest(g.applied, $2), attempts = 0, next_attempt_at = null,
          lease_owner = case when g.lease_owner = $3 and $4::timestamptz is null then null else g.lease_owner end,
          lease_until = case when g.lease_owner = $3 then $4::timestamptz else g.lease_until end
        where g.organization_id = $1
        returning g.organization_id
      )
      delete from outbox o
      using moved m
      where o.organization_id = m.organization_id
        and o.number <= $2`,
    values: [applied.organization, applied.number, applied.owner, applied.leaseUntil],
  });
}

export interface Failure {
  readonly organization: string;
  readonly owner: string;
  readonly applied: number; // where the position was when it failed
}

/** The next row was not applied, or nobody knows: gives the lease back and waits until `nextAttemptAt`. */
export async function recordFailed(on: Queryable, failure: Failure & { readonly nextAttemptAt: Date }): Promise<void> {
  await on.query({
    name: "record_failed",
    text: `
      update graph_positions
      set attempts = attempts + 1, next_attempt_at = $4, lease_owner = null, lease_until = null
      where organization_id = $1
        and lease_owner = $2
        and applied = $3`,
    values: [failure.organization, failure.owner, failure.applied, failure.nextAttemptAt],
  });
}

/** The rest after a failure is over: what it was for has passed. What is known of the tries so far stays known. */
export async function endRest(on: Queryable, organization: string): Promise<void> {
  await on.query({
    name: "end_rest",
    text: `
      update graph_positions
      set next_attempt_at = null
      where organization_id = $1`,
    values: [organization],
  });
}

/** The next row can never be applied: nothing more happens to this organization's graph until somebody has looked. */
export async function recordStopped(on: Queryable, failure: Failure & { readonly reason: string }): Promise<void> {
  await on.query({
    name: "record_stopped",
    text: `
      update graph_positions
      set stopped = $4, lease_owner = null, lease_until = null
      where organization_id = $1
        and lease_owner = $2
        and applied = $3`,
    values: [failure.organization, failure.owner, failure.applied, failure.reason],
  });
}

export async function releaseLease(on: Queryable, organization: string, owner: string): Promise<void> {
  await on.query({
    name: "release_lease",
    text: `
      update graph_positions
      set lease_owner = null, lease_until = null
      where organization_id = $1
        and lease_owner = $2`,
    values: [organization, owner],
  });
}

/** Somebody has looked: what was stopped is tried again, once, and stops again if it must. */
export async function resumeStopped(on: Queryable): Promise<void> {
  await on.query({
    name: "resume_stopped",
    text: `
      update graph_positions
      set stopped = null, attempts = 0, next_attempt_at = null
      where stopped is not null`,
    values: [],
  });
}

export interface RelayPosition {
  readonly applied: number;
  readonly filed: number;
  readonly stopped: string | null;
  readonly nextAttemptAt: Date | null;
  readonly leaseOwner: string | null;
}

export async function readRelayPosition(on: Queryable, organization: string): Promise<RelayPosition | undefined> {
  const rows = await on.query<RelayPosition>({
    name: "read_relay_position",
    text: `
      select g.applied::float8, o.tuples_filed::float8 as filed, g.stopped, g.next_attempt_at as "nextAttemptAt",
        g.lease_owner as "leaseOwner"
      from graph_positions g
      join organizations o on o.id = g.organization_id
      where g.organization_id = $1`,
    values: [organization],
  });
  return rows[0];
}

/** Organizations whose next row could be applied now, the one that waits longest first. */
export async function listDue(on: Queryable, now: Date, limit: number): Promise<string[]> {
  const rows = await on.query<{ organization: string }>({
    name: "list_due",
    text: `
      select o.organization_id as organization
      from outbox o
      join graph_positions g on g.organization_id = o.organization_id and o.number = g.applied + 1
      where g.stopped is null
        and (g.next_attempt_at is null or g.next_attempt_at <= $1)
        and (g.lease_owner is null or g.lease_until <= $1)
      order by o.created_at, o.organization_id
      limit $2`,
    values: [now, limit],
  });
  return rows.map((row) => row.organization);
}

export interface Backlog {
  /** Organizations with rows that OpenFGA has not got. */
  readonly pending: number;
  /** When the oldest of these rows was filed. */
  readonly oldest: Date | null;
  readonly stopped: readonly { readonly organization: string; readonly reason: string }[];
}

/** @param limit how many of the stopped organizations are named */
export async function readBacklog(on: Queryable, limit: number): Promise<Backlog> {
  const rows = await on.query<Backlog>({
    name: "read_backlog",
    text: `
      select
        (select count(distinct o.organization_id)::int from outbox o) as pending,
        (select min(o.created_at) from outbox o) as oldest,
        (select coalesce(jsonb_agg(jsonb_build_object('organization', s.organization_id, 'reason', s.stopped)), '[]')
          from (
            select g.organization_id, g.stopped
            from graph_positions g
            where g.stopped is not null
            order by g.organization_id
            limit $1
          ) s) as stopped`,
    values: [limit],
  });
  return rows[0] ?? { pending: 0, oldest: null, stopped: [] };
}
