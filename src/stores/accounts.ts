import type { Queryable, Transaction } from "./database.ts";
import { violates } from "./database.ts";

export interface NewAccount {
  readonly id: string;
  readonly alias: string;
  readonly pseudonym: string;
  readonly signInMethod: NewSignInMethod;
  /** Keyed hashes (domain/tombstones.ts) of the alias, and of the issuer with the subject. */
  readonly digests: { readonly alias: Uint8Array; readonly identity: Uint8Array };
  readonly now: Date;
}

export interface NewSignInMethod {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
}

/** `known`: by another request, a moment ago. `alias taken`: given to somebody, now or once. `erased`: it asked to be forgotten. */
export type Introduction = "made" | "known" | "alias taken" | "erased";

/** The unique constraint of an alias, among those that somebody has now. */
export const ALIAS_CONSTRAINT = "accounts_alias_key";

/** Accounts and tombstones are looked at in one statement: an alias that goes from one to the other meanwhile is seen in one of them. */
export async function insertAccount(on: Queryable, row: NewAccount): Promise<Introduction> {
  try {
    const { signInMethod: method } = row;
    const rows = await on.query<{ outcome: Introduction }>({
      name: "insert_account",
      text: `
        with found as (
          select case
            when exists (select from sign_in_methods s where s.issuer = $6 and s.subject = $7) then 'known'
            when exists (select from identity_tombstones t where t.digest = $9 and t.until > $4) then 'erased'
            when exists (select from accounts a where a.alias = $2) then 'alias taken'
            when exists (select from alias_tombstones t where t.digest = $8) then 'alias taken'
            else 'made'
          end as outcome
        ),
        account as (
          insert into accounts (id, alias, pseudonym, created_at, updated_at)
          select $1, $2, $3, $4, $4 from found where found.outcome = 'made'
          returning id
        ),
        method as (
          insert into sign_in_methods (id, account_id, issuer, subject, created_at)
          select $5, account.id, $6, $7, $4 from account
        )
        select found.outcome from found`,
      values: [
        ...[row.id, row.alias, row.pseudonym, row.now],
        ...[method.id, method.issuer, method.subject],
        ...[Buffer.from(row.digests.alias), Buffer.from(row.digests.identity)],
      ],
    });
    return rows[0]?.outcome ?? "known";
  } catch (error) {
    if (violates(error, ALIAS_CONSTRAINT)) return "alias taken";
    if (violates(error, "sign_in_methods_issuer_subject_key")) return "known";
    throw error;
  }
}

/** From here to the end of the transaction nobody erases it: a row can be written that names it. */
export async function findAccountByAlias(
  tx: Transaction,
  alias: string,
): Promise<{ id: string; pseudonym: string } | undefined> {
  const rows = await tx.query<{ id: string; pseudonym: string }>({
    name: "find_account_by_alias",
    text: `
      select id, pseudonym
      from accounts
      where alias = $1
      for key share`,
    values: [alias],
  });
  return rows[0];
}

export interface ProfileUpdate {
  readonly name: string | null;
  readonly alias: string;
  /** The keyed hash of the alias that is given up; null: it is kept. */
  readonly givenUp: Uint8Array | null;
  readonly now: Date;
}

/** Whoever gives an alias up leaves a tombstone of it. */
export async function updateProfile(tx: Transaction, id: string, update: ProfileUpdate): Promise<void> {
  const { name, alias, givenUp, now } = update;
  await tx.query({
    name: "update_profile",
    text: `
      with tombstone as (
        insert into alias_tombstones (digest)
        select $5::bytea
        where $5::bytea is not null
      )
      update accounts
      set name = $2,
        alias = $3,
        alias_changed_at = case when $5::bytea is null then alias_changed_at else $4 end,
        revision = revision + 1,
        updated_at = $4
      where id = $1`,
    values: [id, name, alias, now, givenUp === null ? null : Buffer.from(givenUp)],
  });
}

export async function isAliasTombstoned(tx: Transaction, digest: Uint8Array): Promise<boolean> {
  const rows = await tx.query({
    name: "is_alias_tombstoned",
    text: `
      select
      from alias_tombstones
      where digest = $1`,
    values: [Buffer.from(digest)],
  });
  return rows.length > 0;
}

/** Raises the version of an account whose memberships changed. The account is locked by the change already. */
export async function raiseAccountVersion(tx: Transaction, id: string): Promise<void> {
  await tx.query({
    name: "raise_account_version",
    text: `
      update accounts
      set version = version + 1
      where id = $1`,
    values: [id],
  });
}
