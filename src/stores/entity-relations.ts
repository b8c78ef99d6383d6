import type { EntityKey } from "../entities/records.ts";
import { relationTuple, type Tuple } from "../entities/tuples.ts";
import type { Transaction } from "./database.ts";

/** What a document names: an entity with its surrogate, or a member with its pseudonym and account. */
export interface NamedEntity extends EntityKey {
  readonly name: string;
  readonly isStored: boolean;
  readonly account: string | null;
}

/** Those of the names that there are: members by alias (type `account`), entities whether stored or only named. */
export async function resolveNames(
  tx: Transaction,
  organization: string,
  keys: readonly EntityKey[],
): Promise<NamedEntity[]> {
  return await tx.query<NamedEntity>({
    name: "resolve_names",
    text: `
      select e.type, e.id, e.surrogate as name, e.is_stored as "isStored", null as account
      from unnest($2::text[], $3::text[]) as asked (type, id)
      join entities e on e.type = asked.type and e.id = asked.id
      union all
      select 'account', a.alias, a.pseudonym, true, a.id
      from unnest($2::text[], $3::text[]) as asked (type, id)
      join accounts a on a.alias = asked.id
      join memberships m on m.account_id = a.id and m.organization_id = $1
      where asked.type = 'account'`,
    values: [organization, keys.map(({ type }) => type), keys.map(({ id }) => id)],
  });
}

export interface RelationRow {
  readonly object: string; // a surrogate
  readonly relation: string;
  readonly subject: string | null; // a surrogate
  readonly subjectRelation: string;
  readonly account: string | null;
}

export async function writeRelations(
  tx: Transaction,
  organization: string,
  change: { readonly added: readonly RelationRow[]; readonly removed: readonly RelationRow[] },
): Promise<void> {
  const values = (rows: readonly RelationRow[]): unknown[] => [
    organization,
    rows.map((row) => row.object),
    rows.map((row) => row.relation),
    rows.map((row) => row.subject),
    rows.map((row) => row.subjectRelation),
    rows.map((row) => row.account),
  ];
  if (change.removed.length > 0) {
    await tx.query({
      name: "delete_relations",
      text: `
        delete from entity_relations r
        using unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
          as gone (object, relation, subject, subject_relation, account)
        where r.organization_id = $1
          and r.object = gone.object
          and r.relation = gone.relation
          and r.subject is not distinct from gone.subject
          and r.subject_relation = gone.subject_relation
          and r.account_id is not distinct from gone.account`,
      values: values(change.removed),
    });
  }
  if (change.added.length > 0) {
    await tx.query({
      name: "insert_relations",
      text: `
        insert into entity_relations (organization_id, object, relation, subject, subject_relation, account_id)
        select $1, n.object, n.relation, n.subject, n.subject_relation, n.account
        from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
          as n (object, relation, subject, subject_relation, account)`,
      values: values(change.added),
    });
  }
}

/** A relation with the names that the graph has for both of its ends. */
interface Pointing {
  readonly objectType: string;
  readonly object: string;
  readonly relation: string;
  readonly subjectType: string;
  readonly name: string;
  readonly subjectRelation: string;
}

const POINTING = `o.type as "objectType", r.object, r.relation, coalesce(s.type, 'account') as "subjectType",
        coalesce(s.surrogate, a.pseudonym, d.pseudonym) as name, r.subject_relation as "subjectRelation"
      from gone r
      join entities o on o.organization_id = r.organization_id and o.surrogate = r.object
      left join entities s on s.organization_id = r.organization_id and s.surrogate = r.subject
      left join accounts a on a.id = r.account_id
      left join departures d on d.organization_id = r.organization_id and d.account_id = r.account_id`;

function pointingTuple({ objectType, object, relation, subjectType, name, subjectRelation }: Pointing): Tuple {
  const subject = { type: subjectType, name, relation: subjectRelation };
  return relationTuple({ type: objectType, name: object }, relation, subject);
}

/** Ends what points to it, so many relations at most, and gives their tuples; the revisions of what pointed to it are raised. */
export async function removePointingTo(
  tx: Transaction,
  organization: string,
  end: { readonly surrogate: string } | { readonly account: string },
  { most, now }: { readonly most: number; readonly now: Date },
): Promise<Tuple[]> {
  const isEntity = "surrogate" in end;
  const rows = await tx.query<Pointing>({
    name: isEntity ? "remove_pointing_to_entity" : "remove_pointing_to_account",
    text: `
      with gone as (
        delete from entity_relations
        where ctid = any (array(
          select r.ctid
          from entity_relations r
          where r.organization_id = $1
            and ${isEntity ? "r.subject" : "r.account_id"} = $2
          limit $4)) -- whichever: all of them go
        returning *
      ),
      touched as (
        update entities e
        set revision = revision + 1, updated_at = $3
        where e.organization_id = $1
          and e.surrogate in (select object from gone)
      )
      select ${POINTING}`,
    values: [organization, isEntity ? end.surrogate : end.account, now, most],
  });
  return rows.map(pointingTuple);
}

/** How many relations point to it; counted up to this many. */
export async function countPointingTo(
  tx: Transaction,
  organization: string,
  surrogate: string,
  most: number,
): Promise<number> {
  const [row] = await tx.query<{ count: number }>({
    name: "count_pointing_to",
    text: `
      select count(*)::int as count
      from (
        select
        from entity_relations r
        where r.organization_id = $1
          and r.subject = $2
        limit $3) counted`,
    values: [organization, surrogate, most],
  });
  return row?.count ?? 0;
}

/** Ends what the entity itself stands in, and gives its tuples. */
export async function removeRelationsOf(tx: Transaction, organization: string, surrogate: string): Promise<Tuple[]> {
  const rows = await tx.query<Pointing>({
    name: "remove_relations_of",
    text: `
      with gone as (
        delete from entity_relations
        where organization_id = $1
          and object = $2
        returning *
      )
      select ${POINTING}`,
    values: [organization, surrogate],
  });
  return rows.map(pointingTuple);
}
