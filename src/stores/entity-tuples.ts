import type { Subject } from "../entities/tuples.ts";
import type { Transaction } from "./database.ts";

/** `isEnding`: it points to somebody who has left; the graph may have it still, and must not get it. */
interface GraphedRelation {
  readonly relation: string;
  readonly subject: Subject;
  readonly isEnding: boolean;
}

/** An entity with all that it stands in, under the names that the graph has for both ends. */
export interface GraphedEntity {
  readonly type: string;
  readonly surrogate: string;
  readonly isStored: boolean;
  readonly relations: readonly GraphedRelation[];
}

/** The next ones behind a surrogate. */
export interface EntitySlice {
  readonly after: string; // "": from the first
  readonly entities: number; // at most
  readonly tuples: number; // at most, but for an entity that has more by itself
}

interface Sized {
  readonly type: string;
  readonly surrogate: string;
  readonly isStored: boolean;
  readonly relations: number;
}

/** A slice of the transaction's organization, by surrogate; none: the end is reached. */
export async function readSlice(tx: Transaction, organization: string, slice: EntitySlice): Promise<GraphedEntity[]> {
  const sized = await tx.query<Sized>({
    name: "read_entity_slice",
    text: `
      select e.type, e.surrogate, e.is_stored as "isStored",
        (select count(*)::int
          from entity_relations r
          where r.organization_id = e.organization_id
            and r.object = e.surrogate) as relations
      from entities e
      where e.organization_id = $1
        and e.surrogate > $2
      order by e.surrogate
      limit $3`,
    values: [organization, slice.after, slice.entities],
  });
  let tuples = 0;
  const fitting = sized.findIndex(({ relations }) => (tuples += relations) > slice.tuples);
  return await withRelations(tx, organization, fitting === -1 ? sized : sized.slice(0, Math.max(1, fitting)));
}

/** Those of these surrogates that there are. */
export async function readNamed(
  tx: Transaction,
  organization: string,
  surrogates: readonly string[],
): Promise<GraphedEntity[]> {
  const found = await tx.query<Omit<Sized, "relations">>({
    name: "read_named_entities",
    text: `
      select e.type, e.surrogate, e.is_stored as "isStored"
      from entities e
      where e.organization_id = $1
        and e.surrogate = any ($2)`,
    values: [organization, surrogates],
  });
  return await withRelations(tx, organization, found);
}

interface Related {
  readonly object: string;
  readonly relation: string;
  readonly type: string;
  readonly name: string;
  readonly subjectRelation: string;
  readonly isEnding: boolean;
}

async function withRelations(
  tx: Transaction,
  organization: string,
  entities: readonly Omit<Sized, "relations">[],
): Promise<GraphedEntity[]> {
  if (entities.length === 0) return [];
  const rows = await tx.query<Related>({
    name: "read_relations_of",
    text: `
      select r.object, r.relation, coalesce(s.type, 'account') as type,
        coalesce(s.surrogate, a.pseudonym, d.pseudonym) as name, r.subject_relation as "subjectRelation", d.account_id is not null as "isEnding"
      from entity_relations r
      left join entities s on s.organization_id = r.organization_id and s.surrogate = r.subject
      left join accounts a on a.id = r.account_id
      left join departures d on d.organization_id = r.organization_id and d.account_id = r.account_id
      where r.organization_id = $1
        and r.object = any ($2)`,
    values: [organization, entities.map(({ surrogate }) => surrogate)],
  });
  const byObject = Map.groupBy(rows, ({ object }) => object);
  return entities.map(({ type, surrogate, isStored }) => ({
    type,
    surrogate,
    isStored,
    relations: (byObject.get(surrogate) ?? []).map(({ relation, type: of, name, subjectRelation, isEnding }) => ({
      relation,
      subject: { type: of, name, relation: subjectRelation },
      isEnding,
    })),
  }));
}
