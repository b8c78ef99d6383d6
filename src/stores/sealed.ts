import type { Purpose, SealedPlace } from "../entities/master-keys.ts";
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
export async function replaceSealed(
  tx: Transaction,
  { purpose, owner, row, sealed }: SealedSecret,
  by: string,
): Promise<void> {
  const text = REPLACING[purpose];
  const name = `replace_sealed_${purpose.replace(" ", "_")}`;
  await tx.query({ name, text, values: [owner, row, sealed, by] });
}

const REPLACING: Readonly<Record<Purpose, string>> = {
  "signing key": "update signing_keys set private_key = $4 where anchor = $1 and kid = $2 and private_key = $3",
  "sector secret": "update sector_secrets set secret = $4 where sector_id = $1 and sector_id = $2 and secret = $3",
  "connector secret": "update connectors set client_secret = $4 where id = $1 and id = $2 and client_secret = $3",
};
