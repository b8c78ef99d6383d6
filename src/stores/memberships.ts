import type { Role } from "../entities/kinds.ts";
import type { Member, Page, PageRequest } from "../entities/records.ts";
import type { Transaction } from "./database.ts";
import { type Dated, pageOf } from "./page.ts";

export interface NewMembership {
  readonly organization: string;
  readonly account: string;
  readonly role: Role;
  readonly now: Date;
}

export async function insertMembership(tx: Transaction, row: NewMembership): Promise<void> {
  await tx.query({
    name: "insert_membership",
    text: `
      insert into memberships (organization_id, account_id, role, created_at, updated_at)
      values ($1, $2, $3, $4, $4)`,
    values: [row.organization, row.account, row.role, row.now],
  });
}

export async function setRole(tx: Transaction, row: NewMembership): Promise<void> {
  await tx.query({
    name: "set_role",
    text: `
      update memberships
      set role = $3, revision = revision + 1, updated_at = $4
      where organization_id = $1
        and account_id = $2`,
    values: [row.organization, row.account, row.role, row.now],
  });
}

export async function deleteMembership(tx: Transaction, organization: string, account: string): Promise<void> {
  await tx.query({
    name: "delete_membership",
    text: `
      delete from memberships
      where organization_id = $1
        and account_id = $2`,
    values: [organization, account],
  });
}

export async function isMember(tx: Transaction, organization: string, account: string): Promise<boolean> {
  const rows = await tx.query({
    name: "is_member",
    text: `
      select
      from memberships
      where organization_id = $1
        and account_id = $2`,
    values: [organization, account],
  });
  return rows.length > 0;
}

/** By alias. */
export async function listMembers(tx: Transaction, organization: string, page: PageRequest): Promise<Page<Member>> {
  const rows = await tx.query<Dated<Member>>({
    name: "list_members",
    text: `
      select a.alias, m.role, m.revision::int, m.created_at as "createdAt", m.updated_at as "updatedAt"
      from memberships m
      join accounts a on a.id = m.account_id
      where m.organization_id = $1
        and a.alias > $2
      order by a.alias
      limit $3`,
    values: [organization, page.after, page.size + 1],
  });
  return pageOf<Member>(rows, page, (item) => item.alias);
}
