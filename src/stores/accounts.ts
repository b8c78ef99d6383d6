import type { Queryable, Transaction } from "./database.ts";
import { violates } from "./database.ts";

export interface NewAccount {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly alias: string;
  readonly pseudonym: string;
  readonly now: Date;
}

/** Inserts unless the person is known already; false when the alias belongs to somebody else. */
export async function insertAccount(on: Queryable, row: NewAccount): Promise<boolean> {
  try {
    await on.query({
      name: "insert_account",
      text: `
        insert into accounts (id, issuer, subject, alias, pseudonym, created_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (issuer, subject) do nothing`,
      values: [row.id, row.issuer, row.subject, row.alias, row.pseudonym, row.now],
    });
    return true;
  } catch (error) {
    if (violates(error, "accounts_alias_key")) return false;
    throw error;
  }
}

export async function findAccountByAlias(
  on: Queryable,
  alias: string,
): Promise<{ id: string; pseudonym: string } | undefined> {
  const rows = await on.query<{ id: string; pseudonym: string }>({
    name: "find_account_by_alias",
    text: `
      select id, pseudonym
      from accounts
      where alias = $1`,
    values: [alias],
  });
  return rows[0];
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
