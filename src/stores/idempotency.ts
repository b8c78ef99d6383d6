import type { Idempotency } from "../entities/callers.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Queryable, Transaction } from "./database.ts";

export interface IdempotencyRecord {
  readonly fingerprint: string; // of the request's body
  /** What the change gave; its shape is the change's own. */
  readonly outcome: unknown;
}

interface Claim {
  readonly owner: string; // an account's id or a client's
  readonly idempotency: Idempotency;
  readonly now: Date;
}

const HOUR_MS = 60 * 60 * 1000;

function kept(now: Date): Date {
  return new Date(now.getTime() - LIMITS.idempotencyHours * HOUR_MS);
}

/** The record of a key that is not too old; undefined when there is none. */
export async function findIdempotencyRecord(on: Queryable, claim: Claim): Promise<IdempotencyRecord | undefined> {
  const rows = await on.query<IdempotencyRecord>({
    name: "find_idempotency_record",
    text: `
      select body_hash as fingerprint, outcome
      from idempotency_records
      where owner_id = $1
        and route = $2
        and key = $3
        and created_at > $4`,
    values: [claim.owner, claim.idempotency.route, claim.idempotency.key, kept(claim.now)],
  });
  return rows[0];
}

/**
 * Takes the key for this transaction; false when another one has made the change meanwhile. Waits for a transaction that holds the
 * key. Clears away some records that are too old, and an old one of this key.
 */
export async function claimIdempotencyKey(tx: Transaction, claim: Claim, fingerprint: string): Promise<boolean> {
  await tx.query({
    name: "clear_idempotency_records",
    text: `
      delete from idempotency_records
      where (owner_id, route, key) in (
        select owner_id, route, key
        from idempotency_records
        where created_at <= $1
        order by created_at
        limit $2
        for update skip locked
      )
      or (owner_id = $3 and route = $4 and key = $5 and created_at <= $1)`,
    values: [kept(claim.now), LIMITS.idempotencyCleared, claim.owner, claim.idempotency.route, claim.idempotency.key],
  });
  const rows = await tx.query({
    name: "claim_idempotency_key",
    text: `
      insert into idempotency_records (owner_id, route, key, body_hash, created_at)
      values ($1, $2, $3, $4, $5)
      on conflict do nothing
      returning key`,
    values: [claim.owner, claim.idempotency.route, claim.idempotency.key, fingerprint, claim.now],
  });
  return rows.length === 1;
}

export interface Outcome {
  readonly outcome: unknown;
  /** Whom it tells of: it is removed when one of them is erased. */
  readonly aliases: readonly string[];
}

/** Notes what the change gave, in the change's own transaction. */
export async function noteIdempotencyOutcome(tx: Transaction, claim: Claim, noted: Outcome): Promise<void> {
  const { outcome, aliases } = noted;
  await tx.query({
    name: "note_idempotency_outcome",
    text: `
      update idempotency_records
      set outcome = $4, about = array(select a.id from accounts a where a.alias = any ($5))
      where owner_id = $1
        and route = $2
        and key = $3`,
    values: [claim.owner, claim.idempotency.route, claim.idempotency.key, JSON.stringify(outcome), aliases],
  });
}
