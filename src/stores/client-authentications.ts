import type { ClientJwk } from "../entities/client-keys.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Transaction } from "./database.ts";

interface Usable {
  readonly id: string;
  readonly name: string;
  readonly expiresAt: Date;
}

/** What an application authenticates with at this moment. */
export type UsableKey =
  | (Usable & { readonly kind: "public_key"; readonly publicKey: ClientJwk })
  | (Usable & { readonly kind: "secret"; readonly secretHash: Uint8Array });

/** By id; those that have expired, and all of an application that nobody could log in to, are none. */
export async function listUsableKeys(tx: Transaction, anchor: string, now: Date): Promise<UsableKey[]> {
  return await tx.query<UsableKey>({
    name: "list_usable_keys",
    text: `
      select id, name, kind, public_key as "publicKey", secret_hash as "secretHash", expires_at as "expiresAt"
      from usable_client_keys($1, $2)
      order by id`,
    values: [anchor, now],
  });
}

export interface SpentAssertion {
  readonly anchor: string;
  /** Of the key that has signed it. */
  readonly key: string;
  /** SHA-256 of its `jti`. */
  readonly digest: Uint8Array;
  /** From when on it would be refused anyhow. */
  readonly until: Date;
  readonly now: Date;
}

/**
 * From now on it has been used. False: it was before, or the key is none any more. Waits for a transaction that notes the same one. Clears away some of
 * the application's that are over.
 */
export async function spendAssertion(tx: Transaction, spent: SpentAssertion): Promise<boolean> {
  await tx.query({
    name: "clear_client_assertions",
    text: `
      delete from client_assertions
      where (organization_id, anchor, digest) in (
        select organization_id, anchor, digest
        from client_assertions
        where anchor = $1
          and until <= $2
        order by until
        limit $3
        for update skip locked
      )`,
    values: [spent.anchor, spent.now, LIMITS.assertionsCleared],
  });
  const rows = await tx.query({
    name: "spend_client_assertion",
    text: `
      insert into client_assertions (organization_id, anchor, digest, until)
      select organization_id, anchor, $4, $5
      from usable_client_keys($1, $2)
      where id = $3
      on conflict do nothing
      returning anchor`,
    values: [spent.anchor, spent.now, spent.key, Buffer.from(spent.digest), spent.until],
  });
  return rows.length === 1;
}
