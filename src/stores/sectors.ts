import type { ResourceState } from "../entities/kinds.ts";
import type { Page, PageRequest, Sector } from "../entities/records.ts";
import type { Transaction } from "./database.ts";
import { type Dated, pageOf } from "./page.ts";

export interface NewSector {
  readonly id: string;
  readonly organization: string;
  readonly name: string;
  readonly now: Date;
}

export async function insertSector(tx: Transaction, row: NewSector): Promise<void> {
  await tx.query({
    name: "insert_sector",
    text: `
      insert into sectors (id, organization_id, name, state, created_at, updated_at)
      values ($1, $2, $3, 'enabled', $4, $4)`,
    values: [row.id, row.organization, row.name, row.now],
  });
}

export async function setSectorName(tx: Transaction, id: string, name: string, now: Date): Promise<void> {
  await tx.query({
    name: "set_sector_name",
    text: `
      update sectors
      set name = $2, revision = revision + 1, updated_at = $3
      where id = $1`,
    values: [id, name, now],
  });
}

export async function setSectorState(tx: Transaction, id: string, state: ResourceState, now: Date): Promise<void> {
  await tx.query({
    name: "set_sector_state",
    text: `
      update sectors
      set state = $2, revision = revision + 1, updated_at = $3
      where id = $1`,
    values: [id, state, now],
  });
}

/** By id. */
export async function listSectors(tx: Transaction, organization: string, page: PageRequest): Promise<Page<Sector>> {
  const rows = await tx.query<Dated<Sector>>({
    name: "list_sectors",
    text: `
      select id, name, state, revision::int, created_at as "createdAt", updated_at as "updatedAt"
      from sectors
      where organization_id = $1
        and id > $2
      order by id
      limit $3`,
    values: [organization, page.after, page.size + 1],
  });
  return pageOf<Sector>(rows, page, (item) => item.id);
}
