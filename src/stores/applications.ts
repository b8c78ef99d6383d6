import type { ApplicationKind, ResourceState } from "../entities/kinds.ts";
import type { Application, Page, PageRequest } from "../entities/records.ts";
import type { Transaction } from "./database.ts";
import { type Dated, pageOf } from "./page.ts";

export interface NewApplication {
  readonly anchor: string;
  readonly organization: string;
  readonly sector: string;
  readonly name: string;
  readonly kind: ApplicationKind;
  readonly now: Date;
}

export async function insertApplication(tx: Transaction, row: NewApplication): Promise<void> {
  await tx.query({
    name: "insert_application",
    text: `
      insert into applications (anchor, organization_id, sector_id, name, kind, state, created_at, updated_at)
      values ($1, $2, $3, $4, $5, 'enabled', $6, $6)`,
    values: [row.anchor, row.organization, row.sector, row.name, row.kind, row.now],
  });
}

export async function setApplicationName(tx: Transaction, anchor: string, name: string, now: Date): Promise<void> {
  await tx.query({
    name: "set_application_name",
    text: `
      update applications
      set name = $2, revision = revision + 1, updated_at = $3
      where anchor = $1`,
    values: [anchor, name, now],
  });
}

export async function setApplicationState(
  tx: Transaction,
  anchor: string,
  state: ResourceState,
  now: Date,
): Promise<void> {
  await tx.query({
    name: "set_application_state",
    text: `
      update applications
      set state = $2, revision = revision + 1, updated_at = $3
      where anchor = $1`,
    values: [anchor, state, now],
  });
}

/** By anchor. */
export async function listApplications(
  tx: Transaction,
  organization: string,
  page: PageRequest,
): Promise<Page<Application>> {
  const rows = await tx.query<Dated<Application>>({
    name: "list_applications",
    text: `
      select anchor, name, kind, state, sector_id as sector, revision::int,
        created_at as "createdAt", updated_at as "updatedAt"
      from applications
      where organization_id = $1
        and anchor > $2
      order by anchor
      limit $3`,
    values: [organization, page.after, page.size + 1],
  });
  return pageOf<Application>(rows, page, (item) => item.anchor);
}
