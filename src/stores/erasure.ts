import { LIMITS } from "../entities/limits.ts";
import type { OrganizationState, Role } from "../entities/kinds.ts";
import type { Queryable, Transaction } from "./database.ts";

/** An organization in which a row names the account. */
export interface Trace {
  readonly organization: string;
  readonly version: number;
  readonly slug: string;
  readonly state: OrganizationState;
  /** Null: it is no member there; it was invited, invited others, or founded it. */
  readonly role: Role | null;
  readonly isSoleOwner: boolean;
  readonly invitations: readonly string[]; // to it, pending, by id
  readonly transfers: readonly string[]; // by it or to it, pending, by id
}

/** By id, the order in which organizations are locked. */
export async function listTraces(on: Queryable, account: string): Promise<Trace[]> {
  return await on.query<Trace>({
    name: "list_account_traces",
    text: `
      select organization, version::float8, slug, state, role, is_sole_owner as "isSoleOwner", invitations, transfers
      from list_account_traces($1)
      order by organization`,
    values: [account],
  });
}

/** Keeps out everybody who is about to write a row that names it, which `for no key update` does not; waits for who has begun. */
export async function lockForErasure(tx: Transaction, account: string): Promise<void> {
  await tx.query({
    name: "lock_for_erasure",
    text: `
      select
      from accounts
      where id = $1
      for update`,
    values: [account],
  });
}

export interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

export async function listIdentities(tx: Transaction, account: string): Promise<Identity[]> {
  return await tx.query<Identity>({
    name: "list_identities",
    text: `
      select issuer, subject
      from sign_in_methods
      where account_id = $1
      order by id`,
    values: [account],
  });
}

export interface TombstoneRow {
  readonly alias: Uint8Array;
  readonly identities: readonly Uint8Array[];
  readonly until: Date; // of the identities; an alias is never given again
  readonly now: Date;
}

/** Clears away some that are over, too. */
export async function insertTombstones(tx: Transaction, row: TombstoneRow): Promise<void> {
  await tx.query({
    name: "insert_tombstones",
    text: `
      with cleared as (
        delete from identity_tombstones
        where digest in (
          select t.digest
          from identity_tombstones t
          where t.until <= $4
            and t.digest <> all ($2::bytea[])
          order by t.until
          limit $5
          for update skip locked
        )
      ),
      alias as (
        insert into alias_tombstones (digest)
        values ($1)
        on conflict do nothing
      )
      insert into identity_tombstones (digest, until)
      select digest, $3
      from unnest($2::bytea[]) as digest
      on conflict (digest) do update set until = greatest(identity_tombstones.until, excluded.until)`,
    values: [
      Buffer.from(row.alias),
      row.identities.map((digest) => Buffer.from(digest)),
      row.until,
      row.now,
      LIMITS.tombstonesCleared,
    ],
  });
}

/** Removes every row that names the account, and the account itself. */
export async function forgetAccount(tx: Transaction, account: string, now: Date): Promise<void> {
  await tx.query({
    name: "forget_account",
    text: "select forget_account($1, $2)",
    values: [account, now],
  });
}
