-- Up Migration

-- Which entities a subject can be in a relation to at all: what its tuples lead to, step by step, as the model has them. It may name more than the
-- graph does, and never lacks one: whatever a search leaves out by it is in none of the relations that are asked for.
--   p_reach  {"subject": {"type", "id"}, "targets": ["document#viewer"],
--             "steps": [{"from": "folder#viewer" | null: the subject itself, "relation": "folder", "of": "" | "member", "to": "document#viewer"}],
--             "roles": [{"role": "admin", "to": "project#manager"}: every project]}
-- Gives surrogates; null: there are more than `p_most` on the way.
create function reachable(p_reach jsonb, p_most integer) returns text[]
language plpgsql stable
as $$
declare
  subject_account text;
  subject_role text;
  subject_surrogate text;
  targets text[] := array(select jsonb_array_elements_text(p_reach -> 'targets'));
  seen integer;
  objects text[];
begin
  if p_reach #>> '{subject,type}' = 'account' then
    select m.account_id, m.role into subject_account, subject_role
    from accounts a
    join memberships m on m.account_id = a.id
    where a.alias = p_reach #>> '{subject,id}';
  else
    select e.surrogate into subject_surrogate
    from entities e
    where e.type = p_reach #>> '{subject,type}' and e.id = p_reach #>> '{subject,id}';
  end if;
  -- `limit` ends the recursion, and `offset 0` keeps each step at the index of the one subject.
  with recursive
    steps as materialized (
      select step ->> 'from' as origin, step ->> 'relation' as relation, step ->> 'of' as userset, step ->> 'to' as node,
        split_part(step ->> 'to', '#', 1) as type
      from jsonb_array_elements(p_reach -> 'steps') given (step)),
    reached (object, node) as (
      (
        select led.object, s.node
        from (
          select r.object, r.relation from entity_relations r where r.account_id = subject_account
          union all
          select r.object, r.relation from entity_relations r where r.subject = subject_surrogate and r.subject_relation = ''
        ) r
        join steps s on s.origin is null and s.relation = r.relation
        cross join lateral (
          select e.surrogate as object from entities e where e.surrogate = r.object and e.type = s.type offset 0) led
        union all
        select e.surrogate, given.entry ->> 'to'
        from jsonb_array_elements(p_reach -> 'roles') given (entry)
        join entities e on e.type = split_part(given.entry ->> 'to', '#', 1)
        where given.entry ->> 'role' = subject_role
      )
      union
      select led.object, s.node
      from reached b
      join steps s on s.origin = b.node
      cross join lateral (
        select r.object
        from entity_relations r
        join entities e on e.surrogate = r.object and e.type = s.type
        where r.subject = b.object and r.relation = s.relation and r.subject_relation = s.userset
        offset 0) led)
  select count(*), array_agg(distinct met.object) filter (where met.node = any (targets)) into seen, objects
  from (select b.object, b.node from reached b limit p_most + 1) met;
  return case when seen > p_most then null else coalesce(objects, '{}') end;
end
$$;

-- As 0015 has it, with `reach` and `most` in the selector of a page: only what is within that reach.
create or replace function candidates(p_selector jsonb) returns json
language plpgsql stable
as $$
declare
  kind text := p_selector ->> 'type';
  within text[];
  found json;
begin
  if p_selector ? 'reach' then
    within := reachable(p_selector -> 'reach', (p_selector ->> 'most')::integer);
  end if;
  if kind = 'account' and p_selector ? 'ids' then
    select coalesce(json_agg(json_build_object('key', a.id, 'id', a.alias, 'name', a.pseudonym, 'role', m.role, 'isStored', true, 'attributes', json_object('{}'))), '[]')
    into found
    from accounts a
    join memberships m on m.account_id = a.id
    where a.alias = any (array(select jsonb_array_elements_text(p_selector -> 'ids')));
  elsif kind = 'account' then
    select coalesce(json_agg(json_build_object('key', page.account_id, 'id', a.alias, 'name', a.pseudonym, 'role', page.role, 'isStored', true, 'attributes', json_object('{}')) order by page.account_id), '[]')
    into found
    from (
      select m.account_id, m.role
      from memberships m
      where m.account_id > p_selector ->> 'after'
      order by m.account_id
      limit (p_selector ->> 'limit')::integer) page
    join accounts a on a.id = page.account_id;
  elsif p_selector ? 'ids' then
    select coalesce(json_agg(json_build_object('key', e.id, 'id', e.id, 'name', e.surrogate, 'role', null, 'isStored', e.is_stored, 'attributes', e.attributes)), '[]')
    into found
    from entities e
    where e.type = kind
      and e.id = any (array(select jsonb_array_elements_text(p_selector -> 'ids')));
  elsif within is not null then
    select coalesce(json_agg(json_build_object('key', page.id, 'id', page.id, 'name', page.surrogate, 'role', null, 'isStored', page.is_stored, 'attributes', page.attributes) order by page.id), '[]')
    into found
    from (
      select e.id, e.surrogate, e.is_stored, e.attributes
      from (select * from entities every where every.surrogate = any (within) offset 0) e
      where e.type = kind
        and e.id > p_selector ->> 'after'
        and (e.is_stored or (p_selector ->> 'unstored')::boolean)
      order by e.id
      limit (p_selector ->> 'limit')::integer) page;
  else
    select coalesce(json_agg(json_build_object('key', page.id, 'id', page.id, 'name', page.surrogate, 'role', null, 'isStored', page.is_stored, 'attributes', page.attributes) order by page.id), '[]')
    into found
    from (
      select e.id, e.surrogate, e.is_stored, e.attributes
      from entities e
      where e.type = kind
        and e.id > p_selector ->> 'after'
        and (e.is_stored or (p_selector ->> 'unstored')::boolean)
      order by e.id
      limit (p_selector ->> 'limit')::integer) page;
  end if;
  return found;
end
$$;
