import type { Database, Transaction } from "./database.ts";

/** Says which organization the transaction is about from here on (row-level security). */
export async function enterOrganization(tx: Transaction, organization: string): Promise<void> {
  await tx.query({
    name: "enter_organization",
    text: "select set_config('app.organization', $1, true)",
    values: [organization],
  });
}

/** Runs `work` in a transaction about one organization. */
export async function inOrganization<Result>(
  database: Database,
  organization: string,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  return await database.transaction(async (tx) => {
    await enterOrganization(tx, organization);
    return await work(tx);
  });
}
