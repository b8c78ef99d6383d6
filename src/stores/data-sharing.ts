import type { DataSharing, Page, PageRequest } from "../entities/records.ts";
import type { Queryable, Transaction } from "./database.ts";
import { type Dated, pageOf } from "./page.ts";

/** S0.4: the applications that know one account, by anchor. */
export async function listDataSharing(on: Queryable, account: string, page: PageRequest): Promise<Page<DataSharing>> {
  const rows = await on.query<Dated<DataSharing>>({
    name: "list_data_sharing",
    text: `
      select application, application_name as "applicationName", organization, organization_name as "organizationName", claims,
        first_at as "firstAt", last_at as "lastAt", withdrawn_at as "withdrawnAt"
      from list_data_sharing($1, $2, $3)
      order by application`,
    values: [account, page.after, page.size + 1],
  });
  return pageOf<DataSharing>(rows, page, (item) => item.application);
}

export interface SharedWith {
  readonly account: string;
  readonly anchor: string;
}

/** Waits for a login that is noting it just now, and keeps the next one waiting. Undefined: the application does not know the account. */
export async function lockDataSharing(
  tx: Transaction,
  { account, anchor }: SharedWith,
): Promise<{ readonly isWithdrawn: boolean } | undefined> {
  const rows = await tx.query<{ isWithdrawn: boolean }>({
    name: "lock_data_sharing",
    text: `
      select withdrawn_at is not null as "isWithdrawn"
      from data_sharing
      where account_id = $1
        and application_anchor = $2
      for no key update`,
    values: [account, anchor],
  });
  return rows[0];
}

export async function withdrawDataSharing(tx: Transaction, { account, anchor }: SharedWith, now: Date): Promise<void> {
  await tx.query({
    name: "withdraw_data_sharing",
    text: `
      update data_sharing
      set withdrawn_at = $3
      where account_id = $1
        and application_anchor = $2`,
    values: [account, anchor, now],
  });
}
