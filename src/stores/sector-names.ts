import type { Queryable, Transaction } from "./database.ts";

interface Caller {
  readonly issuer: string;
  readonly subject: string;
  readonly clientId: string | null;
}

/** Whom the sector of the applications that the client is bound to knows so, by alias; undefined: nobody. */
export async function findAliasForClient(on: Queryable, caller: Caller, subject: string): Promise<string | undefined> {
  const rows = await on.query<{ alias: string | null }>({
    name: "find_by_client_subject",
    text: "select find_by_client_subject($1, $2, $3, $4) as alias",
    values: [caller.issuer, caller.clientId, caller.subject, subject],
  });
  return rows[0]?.alias ?? undefined;
}

export interface SectorOf {
  readonly organization: string; // its id
  readonly slug: string;
  readonly sector: string;
  /** Of those that were asked about. */
  readonly applications: number;
}

/** The sectors of these applications; of those that there are not, none. */
export async function findSectors(on: Queryable, anchors: readonly string[]): Promise<SectorOf[]> {
  return await on.query<SectorOf>({
    name: "find_sectors",
    text: "select organization, slug, sector, applications::int from find_sectors($1)",
    values: [anchors],
  });
}

/** Accounts that a search could find in the organization, and that the sector does not know yet. */
export async function listUnknownToSector(
  tx: Transaction,
  { organization, sector }: Pick<SectorOf, "organization" | "sector">,
  limit: number,
): Promise<string[]> {
  const rows = await tx.query<{ account: string }>({
    name: "list_unknown_to_sector",
    text: "select account from list_unknown_to_sector($1, $2, $3)",
    values: [organization, sector, limit],
  });
  return rows.map(({ account }) => account);
}

export interface Known {
  readonly account: string;
  readonly subject: string;
}

/** From now on the sector knows them. Whoever is erased meanwhile is left out. */
export async function insertSectorSubjects(
  tx: Transaction,
  { organization, sector }: Pick<SectorOf, "organization" | "sector">,
  known: readonly Known[],
): Promise<void> {
  await tx.query({
    name: "insert_sector_subjects",
    text: `
      insert into sector_subjects (organization_id, sector_id, subject, account_id)
      select $1, $2, given.subject, a.id
      from unnest($3::text[], $4::text[]) given (subject, account)
      join accounts a on a.id = given.account
      on conflict do nothing`,
    values: [organization, sector, known.map(({ subject }) => subject), known.map(({ account }) => account)],
  });
}

/** Sealed; undefined: there is none yet. */
export async function readSectorSecret(tx: Transaction, sector: string): Promise<string | undefined> {
  const rows = await tx.query<{ secret: string }>({
    name: "read_sector_secret",
    text: "select secret from sector_secrets where sector_id = $1",
    values: [sector],
  });
  return rows[0]?.secret;
}

/** Unless another request has made one a moment ago. */
export async function insertSectorSecret(
  tx: Transaction,
  row: { readonly organization: string; readonly sector: string; readonly sealed: string; readonly now: Date },
): Promise<void> {
  await tx.query({
    name: "insert_sector_secret",
    text: `
      insert into sector_secrets (organization_id, sector_id, secret, created_at)
      values ($1, $2, $3, $4)
      on conflict do nothing`,
    values: [row.organization, row.sector, row.sealed, row.now],
  });
}
