import type { Connector, ConnectorSettings, ConnectorState } from "../entities/connectors.ts";
import type { Page, PageRequest } from "../entities/records.ts";
import type { Transaction } from "./database.ts";
import { type Dated, pageOf } from "./page.ts";

/** As the ledger keeps it; what its certificates are follows from its settings. */
export type ConnectorRow = Omit<Connector, "certificates">;

const COLUMNS = `id, name, state, settings, client_secret_set_at as "clientSecretSetAt", revision::int,
  created_at as "createdAt", updated_at as "updatedAt"`;

/** By id. */
export async function listConnectors(tx: Transaction, page: PageRequest): Promise<Page<ConnectorRow>> {
  const rows = await tx.query<Dated<ConnectorRow>>({
    name: "list_connectors",
    text: `
      select ${COLUMNS}
      from connectors
      where id > $1
      order by id
      limit $2`,
    values: [page.after, page.size + 1],
  });
  return pageOf<ConnectorRow>(rows, page, ({ id }) => id);
}

export async function findConnector(tx: Transaction, id: string): Promise<ConnectorRow | undefined> {
  const rows = await tx.query<Dated<ConnectorRow>>({
    name: "find_connector",
    text: `
      select ${COLUMNS}
      from connectors
      where id = $1`,
    values: [id],
  });
  return pageOf<ConnectorRow>(rows, { after: "", size: 1 }, (row) => row.id).items[0];
}

/** Those of these ids that there are. */
export async function findConnectorIds(tx: Transaction, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ id: string }>({
    name: "find_connector_ids",
    text: `
      select id
      from connectors
      where id = any ($1)`,
    values: [ids],
  });
  return new Set(rows.map(({ id }) => id));
}

/** How many there are, and is there one of this identifier beside the one with this id? */
export async function readCompany(
  tx: Transaction,
  { id, identifier }: { readonly id: string; readonly identifier: string },
): Promise<{ readonly count: number; readonly isTaken: boolean }> {
  const [found] = await tx.query<{ count: number; isTaken: boolean }>({
    name: "read_connectors_beside",
    text: `
      select count(*)::int as count, coalesce(bool_or(identifier = $2 and id <> $1), false) as "isTaken"
      from connectors`,
    values: [id, identifier],
  });
  return found ?? { count: 0, isTaken: false };
}

interface Written {
  readonly id: string;
  readonly name: string;
  readonly identifier: string;
  readonly settings: ConnectorSettings;
  readonly now: Date;
}

/** Disabled, and without a secret. */
export async function insertConnector(
  tx: Transaction,
  row: Written & { readonly organization: string },
): Promise<void> {
  await tx.query({
    name: "insert_connector",
    text: `
      insert into connectors (organization_id, id, name, state, identifier, settings, created_at, updated_at)
      values ($1, $2, $3, 'disabled', $4, $5, $6, $6)`,
    values: [row.organization, row.id, row.name, row.identifier, JSON.stringify(row.settings), row.now],
  });
}

/** All of it but the secret. */
export async function updateConnector(tx: Transaction, row: Written): Promise<void> {
  await tx.query({
    name: "update_connector",
    text: `
      update connectors
      set name = $2, identifier = $3, settings = $4, revision = revision + 1, updated_at = $5
      where id = $1`,
    values: [row.id, row.name, row.identifier, JSON.stringify(row.settings), row.now],
  });
}

/** @param sealed null: it has none from now on */
export async function setConnectorSecret(
  tx: Transaction,
  row: { readonly id: string; readonly sealed: string | null; readonly now: Date },
): Promise<void> {
  await tx.query({
    name: "set_connector_secret",
    text: `
      update connectors
      set client_secret = $2, client_secret_set_at = case when $2::text is not null then $3::timestamptz end
      where id = $1`,
    values: [row.id, row.sealed, row.now],
  });
}

export async function setConnectorState(
  tx: Transaction,
  row: { readonly id: string; readonly state: ConnectorState; readonly now: Date },
): Promise<void> {
  await tx.query({
    name: "set_connector_state",
    text: `
      update connectors
      set state = $2, revision = revision + 1, updated_at = $3
      where id = $1`,
    values: [row.id, row.state, row.now],
  });
}

export async function deleteConnector(tx: Transaction, id: string): Promise<void> {
  await tx.query({ name: "delete_connector", text: "delete from connectors where id = $1", values: [id] });
}
