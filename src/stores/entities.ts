import { z } from "zod";
import type { EntityFilters, EntityKey, Page, PageRequest } from "../entities/records.ts";
import type { Transaction } from "./database.ts";
import { pageOf } from "./page.ts";

/** To whom, or to what, a relation points, and what the graph calls it. */
const Related = z.object({
  relation: z.string(),
  type: z.string(), // `account`: a member
  id: z.string(), // of an account: its alias
  subjectRelation: z.string(), // "": to it alone
  name: z.string(), // a surrogate; of an account: its pseudonym
});
export type Related = z.infer<typeof Related>;

export interface EntityRow extends EntityKey {
  readonly surrogate: string;
  readonly isStored: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly relations: readonly Related[];
}

type Selected = Omit<EntityRow, "relations"> & { readonly relations: unknown };

/** What points to somebody who has left, and is not ended yet, is no longer said. */
const NOT_LEFT =
  "not exists (select from departures d where d.organization_id = r.organization_id and d.account_id = r.account_id)";

const COLUMNS = `
        e.type, e.id, e.surrogate, e.is_stored as "isStored", e.attributes, e.revision::int, e.created_at as "createdAt", e.updated_at as "updatedAt",
        (select coalesce(jsonb_agg(jsonb_build_object('relation', r.relation, 'subjectRelation', r.subject_relation,
            'type', coalesce(s.type, 'account'), 'id', coalesce(s.id, a.alias), 'name', coalesce(s.surrogate, a.pseudonym))
            order by r.relation, s.type, s.id, a.alias, r.subject_relation), '[]')
          from entity_relations r
          left join entities s on s.organization_id = r.organization_id and s.surrogate = r.subject
          left join accounts a on a.id = r.account_id
          where r.organization_id = e.organization_id and r.object = e.surrogate
            and ${NOT_LEFT}) as relations`;

/** Those of the transaction's organization that are there, also those that are named only. */
export async function readEntities(tx: Transaction, keys: readonly EntityKey[]): Promise<EntityRow[]> {
  const rows = await tx.query<Selected>({
    name: "read_entities",
    text: `
      select ${COLUMNS}
      from unnest($1::text[], $2::text[]) as asked (type, id)
      join entities e on e.type = asked.type and e.id = asked.id`,
    values: [keys.map(({ type }) => type), keys.map(({ id }) => id)],
  });
  return rows.map((row) => ({ ...row, relations: z.array(Related).parse(row.relations) }));
}

/** How many relations each of these has that is there; counted up to this many. */
export async function countRelations(
  tx: Transaction,
  keys: readonly EntityKey[],
  most: number,
): Promise<(EntityKey & { readonly count: number })[]> {
  return await tx.query<EntityKey & { readonly count: number }>({
    name: "count_relations",
    text: `
      select e.type, e.id,
        (select count(*)::int
          from (
            select
            from entity_relations r
            where r.organization_id = e.organization_id
              and r.object = e.surrogate
            limit $3) counted) as count
      from unnest($1::text[], $2::text[]) as asked (type, id)
      join entities e on e.type = asked.type and e.id = asked.id`,
    values: [keys.map(({ type }) => type), keys.map(({ id }) => id), most],
  });
}

/** Of which there is a stored one, from one to the next by the index. */
export async function listStoredTypes(tx: Transaction, organization: string): Promise<string[]> {
  const rows = await tx.query<{ type: string }>({
    name: "list_stored_types",
    text: `
      with recursive types as (
        select min(e.type) as type
        from entities e
        where e.organization_id = $1
          and e.is_stored
        union all
        select (
          select min(e.type)
          from entities e
          where e.organization_id = $1
            and e.is_stored
            and e.type > t.type)
        from types t
        where t.type is not null
      )
      select t.type
      from types t
      where t.type is not null
      order by t.type`,
    values: [organization],
  });
  return rows.map(({ type }) => type);
}

/** Stored ones, by id. */
export async function listEntities(
  tx: Transaction,
  type: string,
  { attribute, related }: EntityFilters,
  page: PageRequest,
): Promise<Page<EntityRow>> {
  const rows = await tx.query<Selected>({
    name: ["list_entities", ...(attribute ? ["attribute"] : []), ...(related ? ["related"] : [])].join("_"),
    text: `
      select ${COLUMNS}
      from entities e
      where e.type = $1
        and e.is_stored
        and e.id > $2
        and ${attribute === undefined ? "$4::text is null and $5::text is null" : "e.attributes ->> $4 = $5"}
        and ${related === undefined ? "$6::text is null and $7::text is null and $8::text is null" : RELATED}
      order by e.id
      limit $3`,
    values: [
      type,
      page.after,
      page.size + 1,
      ...(attribute === undefined ? [null, null] : [attribute.name, attribute.value]),
      ...(related === undefined ? [null, null, null] : [related.relation, related.type, related.id]),
    ],
  });
  const parsed = rows.map((row) => ({ ...row, relations: z.array(Related).parse(row.relations) }));
  const { items, next } = pageOf<{ readonly id: string }>(parsed, page, ({ id }) => id);
  return { items: parsed.slice(0, items.length), next };
}

const RELATED = `e.surrogate in (
          select r.object
          from entity_relations r
          left join entities s on s.organization_id = r.organization_id and s.surrogate = r.subject
          left join accounts a on a.id = r.account_id
          where r.relation = $6
            and coalesce(s.type, 'account') = $7
            and coalesce(s.id, a.alias) = $8
            and ${NOT_LEFT})`;

export interface EntityWrite extends EntityKey {
  readonly surrogate: string;
  readonly isStored: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Makes them, or puts these attributes in the place of theirs; raises the revision of those that are there. */
export async function writeEntities(
  tx: Transaction,
  organization: string,
  rows: readonly EntityWrite[],
  now: Date,
): Promise<void> {
  if (rows.length === 0) return;
  await tx.query({
    name: "write_entities",
    text: `
      insert into entities (organization_id, type, id, surrogate, is_stored, attributes, created_at, updated_at)
      select $1, w.type, w.id, w.surrogate, w.is_stored, w.attributes, $2, $2
      from jsonb_to_recordset($3) as w (type text, id text, surrogate text, is_stored boolean, attributes jsonb)
      on conflict (organization_id, type, id) do update
      set is_stored = excluded.is_stored, attributes = excluded.attributes, updated_at = excluded.updated_at,
        -- What was named only begins where something new begins.
        revision = case when entities.is_stored then entities.revision + 1 else 1 end,
        created_at = case when entities.is_stored then entities.created_at else excluded.created_at end`,
    values: [organization, now, JSON.stringify(rows.map(({ isStored, ...row }) => ({ ...row, is_stored: isStored })))],
  });
}

/** Its row; nothing may be related to it any more, nor it to anything. */
export async function deleteEntity(tx: Transaction, organization: string, surrogate: string): Promise<void> {
  await tx.query({
    name: "delete_entity",
    text: `
      delete from entities
      where organization_id = $1
        and surrogate = $2`,
    values: [organization, surrogate],
  });
}

/** What callers call these entities; those of other organizations are none. */
export async function readSurrogates(
  tx: Transaction,
  organization: string,
  surrogates: readonly string[],
): Promise<(EntityKey & { readonly surrogate: string })[]> {
  return await tx.query<EntityKey & { readonly surrogate: string }>({
    name: "read_surrogates",
    text: `
      select e.type, e.id, e.surrogate
      from entities e
      where e.organization_id = $1
        and e.surrogate = any ($2)
      order by e.surrogate`,
    values: [organization, surrogates],
  });
}
