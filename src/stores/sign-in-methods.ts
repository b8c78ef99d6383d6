import type { Queryable, Transaction } from "./database.ts";
import type { NewSignInMethod } from "./accounts.ts";

/** The unique constraint of issuer and subject: one account's. */
export const IDENTITY_CONSTRAINT = "sign_in_methods_issuer_subject_key";

export interface SoughtIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly clientId: string | null;
  /** Its keyed hash (domain/tombstones.ts). */
  readonly digest: Uint8Array;
  readonly now: Date;
}

/** What the ledger knows of an identity: a registered client's, some account's, or one that was erased a moment ago. */
export type Standing = "client" | "account" | "erased" | "unknown";

export async function findStanding(on: Queryable, sought: SoughtIdentity): Promise<Standing> {
  const rows = await on.query<{ standing: Standing }>({
    name: "find_standing",
    text: `
      select case
        when exists (select from clients c where c.issuer = $1 and c.client_id = $3 and c.subject = $2) then 'client'
        when exists (select from sign_in_methods s where s.issuer = $1 and s.subject = $2) then 'account'
        when exists (select from identity_tombstones t where t.digest = $4 and t.until > $5) then 'erased'
        else 'unknown'
      end as standing`,
    values: [sought.issuer, sought.subject, sought.clientId, Buffer.from(sought.digest), sought.now],
  });
  return rows[0]?.standing ?? "unknown";
}

export async function insertSignInMethod(
  tx: Transaction,
  row: NewSignInMethod & { readonly account: string; readonly now: Date },
): Promise<void> {
  await tx.query({
    name: "insert_sign_in_method",
    text: `
      insert into sign_in_methods (id, account_id, issuer, subject, created_at)
      values ($1, $2, $3, $4, $5)`,
    values: [row.id, row.account, row.issuer, row.subject, row.now],
  });
}

export async function deleteSignInMethod(tx: Transaction, account: string, id: string): Promise<void> {
  await tx.query({
    name: "delete_sign_in_method",
    text: `
      delete from sign_in_methods
      where account_id = $1
        and id = $2`,
    values: [account, id],
  });
}
