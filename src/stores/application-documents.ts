import type { DocumentName } from "../entities/application-documents.ts";
import type { Transaction } from "./database.ts";

export interface DocumentRow {
  readonly document: Readonly<Record<string, unknown>>;
  readonly revision: number;
}

/** Undefined: it was never set. */
export async function readDocument(
  tx: Transaction,
  anchor: string,
  name: DocumentName,
): Promise<DocumentRow | undefined> {
  const rows = await tx.query<DocumentRow>({
    name: "read_application_document",
    text: `
      select document, revision::int
      from application_documents
      where anchor = $1
        and name = $2`,
    values: [anchor, name],
  });
  return rows[0];
}

export interface NewDocument extends DocumentRow {
  readonly organization: string;
  readonly anchor: string;
  readonly name: DocumentName;
  readonly now: Date;
}

export async function writeDocument(tx: Transaction, row: NewDocument): Promise<void> {
  await tx.query({
    name: "write_application_document",
    text: `
      insert into application_documents (organization_id, anchor, name, document, revision, updated_at)
      values ($1, $2, $3, $4, $5, $6)
      on conflict (organization_id, anchor, name)
      do update set document = excluded.document, revision = excluded.revision, updated_at = excluded.updated_at`,
    values: [row.organization, row.anchor, row.name, JSON.stringify(row.document), row.revision, row.now],
  });
}

/** Of whom an application's admission tells. */
export const ACCOUNT_LISTS = ["accounts", "blocked"] as const;
export type AccountList = (typeof ACCOUNT_LISTS)[number];

interface Listed {
  readonly list: AccountList;
  readonly alias: string;
}

/** By alias. */
export async function readListed(tx: Transaction, anchor: string): Promise<Listed[]> {
  return await tx.query<Listed>({
    name: "read_listed_accounts",
    text: `
      select l.list, a.alias
      from application_accounts l
      join accounts a on a.id = l.account_id
      where l.anchor = $1
      order by a.alias`,
    values: [anchor],
  });
}

/** Replaces who is on the list: the accounts that have these aliases now. Gives those that nobody has; nothing is written then. */
export async function writeListed(
  tx: Transaction,
  of: { readonly organization: string; readonly anchor: string; readonly list: AccountList },
  aliases: readonly string[],
): Promise<string[]> {
  const { organization, anchor, list } = of;
  const found = await tx.query<{ id: string; alias: string }>({
    name: "find_accounts_by_alias",
    text: `
      select id, alias
      from accounts
      where alias = any ($1)
      order by id
      for key share`,
    values: [aliases],
  });
  const known = new Set(found.map(({ alias }) => alias));
  const unknown = aliases.filter((alias) => !known.has(alias));
  if (unknown.length > 0) return unknown;
  await tx.query({
    name: "write_listed_accounts",
    text: `
      with removed as (
        delete from application_accounts
        where anchor = $2
          and list = $3
          and account_id <> all ($4::text[])
      )
      insert into application_accounts (organization_id, anchor, list, account_id)
      select $1, $2, $3, id
      from unnest($4::text[]) as id
      on conflict do nothing`,
    values: [organization, anchor, list, found.map(({ id }) => id)],
  });
  return [];
}
