import type { Stores } from "./graph.ts";

/** Documents `d-1` … of the example, half as many as relations: each has the account for its author, and is shared with it. The graph does not know yet. */
export async function addRelationsBySql(
  { sql }: Pick<Stores, "sql">,
  organization: string,
  alias: string,
  relations: number,
): Promise<void> {
  await sql(
    `insert into entities (organization_id, type, id, surrogate, is_stored, attributes, created_at, updated_at)
     select $1, 'document', 'd-' || n, 'e-' || substr(md5($1 || '/' || n), 1, 20), true,
       jsonb_build_object('title', 'D', 'state', 'open', 'classification', 'internal'), now(), now()
     from generate_series(1, $2::int) n`,
    [organization, Math.ceil(relations / 2)],
  );
  await sql(
    `insert into entity_relations (organization_id, object, relation, account_id)
     select $1, e.surrogate, r.relation, a.id
     from entities e, accounts a, unnest(array['author', 'shared_with']) as r (relation)
     where e.organization_id = $1 and a.alias = $2
     order by e.surrogate, r.relation
     limit $3`,
    [organization, alias, relations],
  );
}

/** Those in the organization that point to no member. */
export async function relationsLeft({ sql }: Pick<Stores, "sql">, organization: string): Promise<number> {
  const [row] = await sql<{ count: number }>(
    `select count(*)::int as count from entity_relations r
     where r.organization_id = $1 and r.account_id is not null and not exists (
       select from memberships m where m.organization_id = r.organization_id and m.account_id = r.account_id)`,
    [organization],
  );
  return row?.count ?? -1;
}
