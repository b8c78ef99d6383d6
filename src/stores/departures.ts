import type { Transaction } from "./database.ts";

/** One of those who have left the transaction's organization, or this one, while something points to the account there still. */
export async function findDeparture(
  tx: Transaction,
  organization: string,
  account?: string,
): Promise<string | undefined> {
  const [row] = await tx.query<{ account: string }>({
    name: "find_departure",
    text: `
      select account_id as account
      from departures
      where organization_id = $1
        and ($2::text is null or account_id = $2)
      order by account_id
      limit 1`,
    values: [organization, account ?? null],
  });
  return row?.account;
}

/** Nothing points to the account any more. */
export async function endDeparture(tx: Transaction, organization: string, account: string): Promise<void> {
  await tx.query({
    name: "end_departure",
    text: `
      delete from departures
      where organization_id = $1
        and account_id = $2`,
    values: [organization, account],
  });
}
