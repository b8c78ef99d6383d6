import type { Transaction } from "./database.ts";

/** What can stand in the way of a retirement, whole. */
export interface Standing {
  /** Of the organization. */
  readonly version: number;
  /** Enabled, by anchor; of the sector alone where one is named. */
  readonly applications: readonly string[];
  readonly sectors: readonly string[]; // enabled, by id
  /** Every Owner's alias. */
  readonly owners: readonly string[];
}

export async function readStanding(tx: Transaction, organization: string, sector: string | null): Promise<Standing> {
  const rows = await tx.query<Standing>({
    name: "read_standing",
    text: `
      select o.version::int,
        array(select a.anchor from applications a
              where a.organization_id = o.id and a.state = 'enabled' and ($2::text is null or a.sector_id = $2)
              order by a.anchor) as applications,
        array(select s.id from sectors s where s.organization_id = o.id and s.state = 'enabled' order by s.id) as sectors,
        array(select a.alias from memberships m join accounts a on a.id = m.account_id
              where m.organization_id = o.id and m.role = 'owner' order by a.alias) as owners
      from organizations o
      where o.id = $1`,
    values: [organization, sector],
  });
  const [row] = rows;
  if (row === undefined) throw new Error("the organization is not there"); // its facts were read a moment ago
  return row;
}
