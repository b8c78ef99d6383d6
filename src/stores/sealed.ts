import type { SealedPlace } from "../entities/master-keys.ts";
import type { Queryable, Transaction } from "./database.ts";

/** A secret that the ledger keeps, and where. */
export interface SealedSecret extends SealedPlace {
  readonly sealed: string;
}

/** Those of every organization that are not sealed with this master key, by row, which is unique. */
export async function listSealed(
  on: Queryable,
  newest: string,
  page: { readonly after: string; readonly limit: number },
): Promise<SealedSecret[]> {
  return await on.query<SealedSecret>({
    name: "list_sealed",
    text: 'select organization, purpose, owner, "row", sealed from list_sealed($1, $2, $3)',
    values: [newest, page.after, page.limit],
  });
}

/** By master key, how many are sealed with it. */
export async function countSealed(on: Queryable): Promise<ReadonlyMap<string, number>> {
  const rows = await on.query<{ key: string; secrets: number }>({
    name: "count_sealed",
    text: "select master_key as key, secrets::int from count_sealed()",
    values: [],
  });
  return new Map(rows.map(({ key, secrets }) => [key, secrets]));
}

/** Within its organization; nothing where it is gone, or another one, meanwhile. */
export async function replaceSealed(tx: Transaction, { owner, row, sealed }: SealedSecret, by: string): Promise<void> {
  await tx.query({
    name: "replace_sealed",
    text: "update signing_keys set private_key = $4 where anchor = $1 and kid = $2 and private_key = $3",
    values: [owner, row, sealed, by],
  });
}
