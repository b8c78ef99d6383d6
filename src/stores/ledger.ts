import { z } from "zod";
import { ROLES } from "../entities/kinds.ts";
import { applicationTuples, roleTuple, sectorTuple, type Tuple } from "../entities/tuples.ts";
import type { Queryable, Transaction } from "./database.ts";

/** What the graph of one organization must hold of the built-in kinds, and where the relay is with it: one statement, so of one moment. */
export interface Ledger {
  readonly organization: string;
  readonly position: LedgerPosition;
  readonly tuples: readonly Tuple[];
  readonly sectors: readonly string[];
  readonly applications: readonly string[];
}

/** While all of this stays the same, so do the ledger's tuples and what the relay has been told to do with the graph. */
export interface LedgerPosition {
  readonly version: number;
  readonly filed: number;
  readonly applied: number;
  readonly epoch: number;
  /** The next row's, when it begins a rebuilt graph. */
  readonly rebuildEpoch: number | null;
}

const Members = z.array(z.strictObject({ pseudonym: z.string(), role: z.enum(ROLES) }));
const Sectors = z.array(z.string());
const Applications = z.array(z.strictObject({ anchor: z.string(), sector: z.string() }));

/** Undefined when there is no such organization. */
export async function readLedger(tx: Transaction, organization: string): Promise<Ledger | undefined> {
  const [row] = await tx.query<LedgerPosition & { members: unknown; sectors: unknown; applications: unknown }>({
    name: "read_ledger",
    text: `
      select o.version::float8, o.tuples_filed::float8 as filed, g.applied::float8, g.epoch,
        (select r.rebuild_epoch from outbox r
          where r.organization_id = o.id and r.number = g.applied + 1) as "rebuildEpoch",
        (select coalesce(jsonb_agg(jsonb_build_object('pseudonym', a.pseudonym, 'role', m.role)), '[]')
          from memberships m
          join accounts a on a.id = m.account_id
          where m.organization_id = o.id) as members,
        (select coalesce(jsonb_agg(s.id), '[]') from sectors s where s.organization_id = o.id) as sectors,
        (select coalesce(jsonb_agg(jsonb_build_object('anchor', a.anchor, 'sector', a.sector_id)), '[]')
          from applications a
          where a.organization_id = o.id) as applications
      from organizations o
      join graph_positions g on g.organization_id = o.id
      where o.id = $1`,
    values: [organization],
  });
  if (row === undefined) return undefined;
  const { members, sectors, applications, ...position } = row;
  const sectorIds = Sectors.parse(sectors);
  const placed = Applications.parse(applications);
  return {
    organization,
    position,
    tuples: [
      ...Members.parse(members).map(({ pseudonym, role }) => roleTuple(organization, role, pseudonym)),
      ...sectorIds.map((sector) => sectorTuple(organization, sector)),
      ...placed.flatMap(({ anchor, sector }) => applicationTuples(organization, sector, anchor)),
    ],
    sectors: sectorIds,
    applications: placed.map(({ anchor }) => anchor),
  };
}

/** Nothing was filed or applied between the two; attributes of entities may have changed, which are nothing to the graph. */
export function samePosition(a: LedgerPosition, b: LedgerPosition): boolean {
  return (
    a.version === b.version &&
    a.filed === b.filed &&
    a.applied === b.applied &&
    a.epoch === b.epoch &&
    a.rebuildEpoch === b.rebuildEpoch
  );
}

/** Takes the organization's lock and says where it is. Nothing of it changes until the transaction ends but `applied`. */
export async function lockPosition(tx: Transaction, organization: string): Promise<LedgerPosition | undefined> {
  await tx.query({
    name: "lock_organization",
    text: `
      select
      from organizations
      where id = $1
      for no key update`,
    values: [organization],
  });
  return await readPosition(tx, organization);
}

/** Undefined when there is no such organization. */
export async function readPosition(tx: Transaction, organization: string): Promise<LedgerPosition | undefined> {
  const [position] = await tx.query<LedgerPosition>({
    name: "read_position",
    text: `
      select o.version::float8, o.tuples_filed::float8 as filed, g.applied::float8, g.epoch,
        (select r.rebuild_epoch from outbox r
          where r.organization_id = o.id and r.number = g.applied + 1) as "rebuildEpoch"
      from organizations o
      join graph_positions g on g.organization_id = o.id
      where o.id = $1`,
    values: [organization],
  });
  return position;
}

export interface OrganizationPage {
  readonly after: string;
  /** The one of this slug; null: every one. */
  readonly slug: string | null;
  readonly limit: number;
}

/** Organizations, by id. */
export async function listOrganizations(on: Queryable, page: OrganizationPage): Promise<string[]> {
  const rows = await on.query<{ organization: string }>({
    name: "list_organizations",
    text: `
      select g.organization_id as organization
      from graph_positions g
      join organizations o on o.id = g.organization_id
      where g.organization_id > $1
        and ($2::text is null or o.slug = $2)
      order by g.organization_id
      limit $3`,
    values: [page.after, page.slug, page.limit],
  });
  return rows.map((row) => row.organization);
}
