import type { OrganizationState } from "../entities/kinds.ts";
import type { MyOrganization, Page, PageRequest } from "../entities/records.ts";
import type { Queryable, Transaction } from "./database.ts";
import { type Dated, pageOf } from "./page.ts";

export interface NewOrganization {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly foundedBy: string; // an account id
  readonly now: Date;
}

/** The unique constraint of a slug: once given, never given again (K13). */
export const SLUG_CONSTRAINT = "organizations_slug_key";

export async function insertOrganization(tx: Transaction, row: NewOrganization): Promise<void> {
  await tx.query({
    name: "insert_organization",
    text: `
      with made as (
        insert into organizations (id, slug, name, state, founded_by, created_at, updated_at)
        values ($1, $2, $3, 'active', $4, $5, $5)
        returning id
      )
      insert into graph_positions (organization_id)
      select made.id
      from made`,
    values: [row.id, row.slug, row.name, row.foundedBy, row.now],
  });
}

export async function setOrganizationName(tx: Transaction, id: string, name: string, now: Date): Promise<void> {
  await tx.query({
    name: "set_organization_name",
    text: `
      update organizations
      set name = $2, revision = revision + 1, updated_at = $3
      where id = $1`,
    values: [id, name, now],
  });
}

export async function setOrganizationState(
  tx: Transaction,
  id: string,
  state: OrganizationState,
  now: Date,
): Promise<void> {
  await tx.query({
    name: "set_organization_state",
    text: `
      update organizations
      set state = $2, revision = revision + 1, updated_at = $3
      where id = $1`,
    values: [id, state, now],
  });
}

/** S0.5: the organizations of one account, by slug. */
export async function listMyOrganizations(
  on: Queryable,
  account: string,
  page: PageRequest,
): Promise<Page<MyOrganization>> {
  const rows = await on.query<Dated<MyOrganization>>({
    name: "list_my_organizations",
    text: `
      select slug, name, state, matrix, plan, role, revision::int, created_at as "createdAt", updated_at as "updatedAt"
      from list_my_organizations($1, $2, $3)
      order by slug`,
    values: [account, page.after, page.size + 1],
  });
  return pageOf<MyOrganization>(rows, page, (item) => item.slug);
}
