import type { Role } from "../entities/kinds.ts";
import type { Invitation, MyInvitation, Page, PageRequest } from "../entities/records.ts";
import type { Queryable, Transaction } from "./database.ts";
import { type Dated, pageOf } from "./page.ts";

export interface NewInvitation {
  readonly id: string;
  readonly organization: string;
  readonly account: string;
  readonly role: Exclude<Role, "owner">;
  readonly invitedBy: string; // an account id
  readonly expiresAt: Date;
  readonly now: Date;
}

/** The partial unique index behind "one pending invitation per organization and account". */
export const PENDING_CONSTRAINT = "invitations_one_pending";

/** An expired invitation of the same account makes room for the new one. */
export async function insertInvitation(tx: Transaction, row: NewInvitation): Promise<void> {
  await tx.query({
    name: "revoke_expired_invitation",
    text: `
      update invitations
      set state = 'revoked', revision = revision + 1, updated_at = $3
      where organization_id = $1
        and account_id = $2
        and state = 'pending'
        and expires_at <= $3`,
    values: [row.organization, row.account, row.now],
  });
  await tx.query({
    name: "insert_invitation",
    text: `
      insert into invitations (id, organization_id, account_id, role, state, invited_by, expires_at, created_at, updated_at)
      values ($1, $2, $3, $4, 'pending', $5, $6, $7, $7)`,
    values: [row.id, row.organization, row.account, row.role, row.invitedBy, row.expiresAt, row.now],
  });
}

export async function setInvitationState(
  tx: Transaction,
  id: string,
  state: "accepted" | "declined" | "revoked",
  now: Date,
): Promise<void> {
  await tx.query({
    name: "set_invitation_state",
    text: `
      update invitations
      set state = $2, revision = revision + 1, updated_at = $3
      where id = $1`,
    values: [id, state, now],
  });
}

export async function setInvitationExpiry(tx: Transaction, id: string, expiresAt: Date, now: Date): Promise<void> {
  await tx.query({
    name: "set_invitation_expiry",
    text: `
      update invitations
      set expires_at = $2, revision = revision + 1, updated_at = $3
      where id = $1`,
    values: [id, expiresAt, now],
  });
}

/** By id. */
export async function listInvitations(
  tx: Transaction,
  scope: { readonly organization: string; readonly now: Date },
  page: PageRequest,
): Promise<Page<Invitation>> {
  const rows = await tx.query<Dated<Invitation>>({
    name: "list_invitations",
    text: `
      select i.id, a.alias, i.role, invitation_state(i, $2) as state, b.alias as "invitedBy", i.expires_at as "expiresAt",
        i.revision::int, i.created_at as "createdAt", i.updated_at as "updatedAt"
      from invitations i
      join accounts a on a.id = i.account_id
      left join accounts b on b.id = i.invited_by
      where i.organization_id = $1
        and i.id > $3
      order by i.id
      limit $4`,
    values: [scope.organization, scope.now, page.after, page.size + 1],
  });
  return pageOf<Invitation>(rows, page, (item) => item.id);
}

/** The invitations that wait for one account, by id. */
export async function listMyInvitations(
  on: Queryable,
  who: { readonly account: string; readonly now: Date },
  page: PageRequest,
): Promise<Page<MyInvitation>> {
  const rows = await on.query<Dated<MyInvitation>>({
    name: "list_my_invitations",
    text: `
      select id, organization, organization_name as "organizationName", role, 'pending' as state, invited_by as "invitedBy",
        expires_at as "expiresAt", revision::int, created_at as "createdAt"
      from list_my_invitations($1, $2, $3, $4)
      order by id`,
    values: [who.account, who.now, page.after, page.size + 1],
  });
  return pageOf<MyInvitation>(rows, page, (item) => item.id);
}
