import type { MyTransfer, Page, PageRequest, Transfer } from "../entities/records.ts";
import type { Queryable, Transaction } from "./database.ts";
import { type Dated, pageOf } from "./page.ts";

export interface NewTransfer {
  readonly id: string;
  readonly organization: string;
  readonly account: string; // to whom it is offered
  readonly offeredBy: string; // an account id
  readonly expiresAt: Date;
  readonly now: Date;
}

/** One waits at a time (transfers_one_pending); one whose time has passed makes room. */
export async function insertTransfer(tx: Transaction, row: NewTransfer): Promise<void> {
  await tx.query({
    name: "close_expired_transfer",
    text: `
      update transfers
      set state = 'expired', revision = revision + 1, updated_at = $2
      where organization_id = $1
        and state = 'pending'
        and expires_at <= $2`,
    values: [row.organization, row.now],
  });
  await tx.query({
    name: "insert_transfer",
    text: `
      insert into transfers (id, organization_id, account_id, offered_by, state, expires_at, created_at, updated_at)
      values ($1, $2, $3, $4, 'pending', $5, $6, $6)`,
    values: [row.id, row.organization, row.account, row.offeredBy, row.expiresAt, row.now],
  });
}

export async function setTransferState(
  tx: Transaction,
  id: string,
  state: "accepted" | "declined" | "cancelled",
  now: Date,
): Promise<void> {
  await tx.query({
    name: "set_transfer_state",
    text: `
      update transfers
      set state = $2, revision = revision + 1, updated_at = $3
      where id = $1`,
    values: [id, state, now],
  });
}

/** By id. */
export async function listTransfers(
  tx: Transaction,
  scope: { readonly organization: string; readonly now: Date },
  page: PageRequest,
): Promise<Page<Transfer>> {
  const rows = await tx.query<Dated<Transfer>>({
    name: "list_transfers",
    text: `
      select t.id, a.alias, b.alias as "offeredBy", transfer_state(t, $2) as state, t.expires_at as "expiresAt",
        t.revision::int, t.created_at as "createdAt", t.updated_at as "updatedAt"
      from transfers t
      left join accounts a on a.id = t.account_id
      left join accounts b on b.id = t.offered_by
      where t.organization_id = $1
        and t.id > $3
      order by t.id
      limit $4`,
    values: [scope.organization, scope.now, page.after, page.size + 1],
  });
  return pageOf<Transfer>(rows, page, (item) => item.id);
}

/** The offers that wait for one account, by id. */
export async function listMyTransfers(
  on: Queryable,
  who: { readonly account: string; readonly now: Date },
  page: PageRequest,
): Promise<Page<MyTransfer>> {
  const rows = await on.query<Dated<MyTransfer>>({
    name: "list_my_transfers",
    text: `
      select id, organization, organization_name as "organizationName", 'pending' as state, offered_by as "offeredBy",
        expires_at as "expiresAt", revision::int, created_at as "createdAt"
      from list_my_transfers($1, $2, $3, $4)
      order by id`,
    values: [who.account, who.now, page.after, page.size + 1],
  });
  return pageOf<MyTransfer>(rows, page, (item) => item.id);
}
