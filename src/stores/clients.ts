import { LIMITS } from "../entities/limits.ts";
import type { Client, Page, PageRequest, Scope } from "../entities/records.ts";
import { type Queryable, violates } from "./database.ts";
import { type Dated, pageOf } from "./page.ts";

export interface ClientRow {
  readonly issuer: string;
  readonly clientId: string;
  readonly subject: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly organizations: readonly string[];
  readonly applications: readonly string[];
  readonly kinds: readonly string[];
}

const COLUMNS = `
  id, issuer, client_id as "clientId", subject, name, scopes, organizations, applications, kinds, origin, state,
  revision::int, created_at as "createdAt", updated_at as "updatedAt"`;

/** False when a client of that issuer and id is registered already. */
export async function insertClient(
  on: Queryable,
  row: ClientRow & { readonly id: string; readonly origin: Client["origin"]; readonly now: Date },
): Promise<boolean> {
  try {
    await on.query({
      name: "insert_client",
      text: `
        insert into clients (id, issuer, client_id, subject, name, scopes, organizations, applications, kinds, origin, state,
          created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'enabled', $11, $11)`,
      values: [
        row.id,
        row.issuer,
        row.clientId,
        row.subject,
        row.name,
        row.scopes,
        row.organizations,
        row.applications,
        row.kinds,
        row.origin,
        row.now,
      ],
    });
    return true;
  } catch (error) {
    if (violates(error, "clients_issuer_client_id_key")) return false;
    throw error;
  }
}

/**
 * The development issuer's clients grow with their tokens; a client registered over REST never does. Past the limit those organizations stay
 * that the token names: a token that names one of the others widens the client again.
 */
export async function widenDevelopmentClient(
  on: Queryable,
  wider: {
    readonly id: string;
    readonly scopes: readonly Scope[];
    readonly organizations: readonly string[];
    readonly now: Date;
  },
): Promise<void> {
  await on.query({
    name: "widen_development_client",
    text: `
      update clients
      set scopes = array(select distinct unnest(scopes || $2::text[]) order by 1),
        organizations = array(
          select slug
          from (
            select distinct slug, slug = any ($3::text[]) as is_named
            from unnest(organizations || $3::text[]) as known (slug)
            order by is_named desc, slug
            limit $5
          ) as kept
          order by slug
        ),
        revision = revision + 1,
        updated_at = $4
      where id = $1
        and origin = 'development'`,
    values: [wider.id, wider.scopes, wider.organizations, wider.now, LIMITS.clientBindings],
  });
}

export async function findClient(on: Queryable, id: string): Promise<Client | undefined> {
  const page = await readClients(on, { name: "find_client", where: "id = $1", values: [id] });
  return page.items[0];
}

/** By id. */
export async function listClients(on: Queryable, page: PageRequest): Promise<Page<Client>> {
  const statement = {
    name: "list_clients",
    where: "id > $1 order by id limit $2",
    values: [page.after, page.size + 1],
  };
  return await readClients(on, statement, page);
}

async function readClients(
  on: Queryable,
  statement: { readonly name: string; readonly where: string; readonly values: readonly unknown[] },
  page: PageRequest = { after: "", size: 1 },
): Promise<Page<Client>> {
  const rows = await on.query<Dated<Client>>({
    name: statement.name,
    text: `select ${COLUMNS} from clients where ${statement.where}`,
    values: statement.values,
  });
  return pageOf<Client>(rows, page, (item) => item.id);
}

export interface ClientUpdate {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly organizations: readonly string[];
  readonly applications: readonly string[];
  readonly kinds: readonly string[];
  readonly state: Client["state"];
}

/** Writes the whole registration unless it changed since `revision`; false when it did. */
export async function updateClient(
  on: Queryable,
  id: string,
  revision: number,
  update: ClientUpdate & { readonly now: Date },
): Promise<boolean> {
  const rows = await on.query({
    name: "update_client",
    text: `
      update clients
      set name = $3, scopes = $4, organizations = $5, applications = $6, kinds = $7, state = $8, revision = revision + 1, updated_at = $9
      where id = $1
        and revision = $2
      returning id`,
    values: [
      id,
      revision,
      update.name,
      update.scopes,
      update.organizations,
      update.applications,
      update.kinds,
      update.state,
      update.now,
    ],
  });
  return rows.length === 1;
}
