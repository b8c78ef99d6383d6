import type { ClientJwk, ClientKey, ClientKeyKind } from "../entities/client-keys.ts";
import type { Page, PageRequest } from "../entities/records.ts";
import type { Transaction } from "./database.ts";
import { type Dated, pageOf } from "./page.ts";

export interface NewClientKey {
  readonly organization: string;
  readonly anchor: string;
  readonly id: string;
  readonly kind: ClientKeyKind;
  readonly name: string;
  readonly publicKey: ClientJwk | null;
  readonly secretHash: Uint8Array | null;
  readonly now: Date;
  readonly expiresAt: Date;
}

/** Clears those away that are over. Gives how many the application has then. */
export async function insertClientKey(tx: Transaction, row: NewClientKey): Promise<number> {
  await tx.query({
    name: "clear_client_keys",
    text: "delete from client_keys where anchor = $1 and expires_at <= $2",
    values: [row.anchor, row.now],
  });
  await tx.query({
    name: "insert_client_key",
    text: `
      insert into client_keys (organization_id, anchor, id, kind, name, public_key, secret_hash, created_at, expires_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    values: [
      ...[row.organization, row.anchor, row.id, row.kind, row.name],
      row.publicKey === null ? null : JSON.stringify(row.publicKey),
      row.secretHash === null ? null : Buffer.from(row.secretHash),
      ...[row.now, row.expiresAt],
    ],
  });
  const [counted] = await tx.query<{ count: number }>({
    name: "count_client_keys",
    text: "select count(*)::int as count from client_keys where anchor = $1",
    values: [row.anchor],
  });
  return counted?.count ?? 0;
}

const COLUMNS = `id, kind, name, public_key as "publicKey", created_at as "createdAt", expires_at as "expiresAt"`;

/** By id. */
export async function listClientKeys(tx: Transaction, anchor: string, page: PageRequest): Promise<Page<ClientKey>> {
  const rows = await tx.query<Dated<ClientKey>>({
    name: "list_client_keys",
    text: `
      select ${COLUMNS}
      from client_keys
      where anchor = $1
        and id > $2
      order by id
      limit $3`,
    values: [anchor, page.after, page.size + 1],
  });
  return pageOf<ClientKey>(rows, page, ({ id }) => id);
}

export async function findClientKey(tx: Transaction, anchor: string, id: string): Promise<ClientKey | undefined> {
  const rows = await tx.query<Dated<ClientKey>>({
    name: "find_client_key",
    text: `
      select ${COLUMNS}
      from client_keys
      where anchor = $1
        and id = $2`,
    values: [anchor, id],
  });
  return pageOf<ClientKey>(rows, { after: "", size: 1 }, (key) => key.id).items[0];
}

export async function deleteClientKey(tx: Transaction, anchor: string, id: string): Promise<void> {
  await tx.query({
    name: "delete_client_key",
    text: "delete from client_keys where anchor = $1 and id = $2",
    values: [anchor, id],
  });
}
