-- Up Migration

-- Which entities a subject can be in a relation to at all: what its tuples lead to, step by step, as the model has them. It may name more than the
-- graph does, and never lacks one: whatever a search leaves out by it is in none of the relations that are asked for.
--   reach  {"subject": {"type", "id"}, "targets": ["document#viewer"], "most": 2000,
--           "steps": [{"from": "folder#viewer" | null: the subject itself, "relation": "folder", "of": "" | "member", "to": "document#viewer"}],
--           "roles": [{"role": "admin", "to": "project#manager"}: every project]}

-- A step reads no tuples of another relation.
drop index entity_relations_of_subject, entity_relations_of_account;
create index entity_relations_of_subject on entity_relations (organization_id, subject, relation, subject_relation) where subject is not null;
create index entity_relations_of_account on entity_relations (organization_id, account_id, relation) where account_id is not null;

-- What the ledger knows of who asks.
create function reach_subject(p_subject jsonb, out account text, out role text, out surrogate text)
language plpgsql stable
as $$
begin
  if p_subject ->> 'type' = 'account' then
    select m.account_id, m.role into account, role
    from accounts a
    join memberships m on m.account_id = a.id
    where a.alias = p_subject ->> 'id';
  else
    select e.surrogate into surrogate
    from entities e
    where e.type = p_subject ->> 'type' and e.id = p_subject ->> 'id';
  end if;
end
$$;

-- The objects that the subject's tuples lead to, on the way and at its end, each with what it is to the subject; where `p_is_inner`, only on the way. A
-- tuple of such a relation on an object of a type that nothing follows for counts, too: `node` is empty then. No more than `p_most` and one.
create function led_to(p_reach jsonb, p_is_inner boolean, p_most integer) returns table (object text, node text)
language plpgsql stable
as $$
#variable_conflict use_column
declare
  subject_account text;
  subject_role text;
  subject_surrogate text;
begin
  select s.account, s.role, s.surrogate into subject_account, subject_role, subject_surrogate
  from reach_subject(p_reach -> 'subject') s;
  -- `limit` ends the recursion, and `offset 0` keeps each step at what it stands for: nothing is read ahead.
  return query
    with recursive
      every_step as materialized (
        select step ->> 'from' as origin, step ->> 'relation' as relation, step ->> 'of' as userset, step ->> 'to' as node,
          split_part(step ->> 'to', '#', 1) as type
        from jsonb_array_elements(p_reach -> 'steps') given (step)),
      origins as materialized (select distinct s.origin from every_step s where s.origin is not null),
      steps as materialized (
        select s.* from every_step s where not p_is_inner or s.node in (select o.origin from origins o)),
      ways as materialized (select distinct s.origin, s.relation, s.userset from steps s),
      met (object, node) as (
        (
          select led.object, coalesce(s.node, '')
          from ways w
          cross join lateral (
            select r.object, e.type
            from (
              select own.object from entity_relations own where own.account_id = subject_account and own.relation = w.relation
              union all
              select own.object
              from entity_relations own
              where own.subject = subject_surrogate and own.relation = w.relation and own.subject_relation = ''
            ) r
            join entities e on e.surrogate = r.object
            offset 0) led
          left join lateral (
            select s.node
            from steps s
            where s.origin is null and s.relation = w.relation and s.userset = w.userset and s.type = led.type
            offset 0) s on true
          where w.origin is null
          union all
          select e.surrogate, given.entry ->> 'to'
          from jsonb_array_elements(p_reach -> 'roles') given (entry)
          join entities e on e.type = split_part(given.entry ->> 'to', '#', 1)
          where given.entry ->> 'role' = subject_role
            and (not p_is_inner or given.entry ->> 'to' in (select o.origin from origins o))
        )
        union
        select led.object, coalesce(s.node, '')
        from met b
        join ways w on w.origin = b.node
        cross join lateral (
          select r.object, e.type
          from entity_relations r
          join entities e on e.surrogate = r.object
          where r.subject = b.object and r.relation = w.relation and r.subject_relation = w.userset
          offset 0) led
        left join lateral (
          select s.node
          from steps s
          where s.origin = w.origin and s.relation = w.relation and s.userset = w.userset and s.type = led.type
          offset 0) s on true)
    select m.object, m.node from met m limit p_most + 1;
end
$$;

-- A page of a type's entities, by id.
--   p_selector  {"type", "after", "limit", "unstored": also what is not stored, "reach": only what is in it}
-- With a reach it is taken from what that leads to, where this is `most` objects at the most. Else the next `most` of the type are looked at, whether they
-- hang under what lies on the way; the last of so many `goes_on`: others may come behind it. It is told also where it is not in the reach (`is_passed`). And
-- where that is too much, too, the page is taken from all.
create function entity_page(p_selector jsonb) returns table (entity entities, is_passed boolean, goes_on boolean)
language plpgsql stable
as $$
declare
  kind text := p_selector ->> 'type';
  previous text := p_selector ->> 'after';
  size integer := (p_selector ->> 'limit')::integer;
  has_unstored boolean := (p_selector ->> 'unstored')::boolean;
  reach jsonb := p_selector -> 'reach';
  most integer := (reach ->> 'most')::integer;
  most_on_the_way integer := 4 * most;
  targets text[] := array(select jsonb_array_elements_text(reach -> 'targets'));
  subject_account text;
  subject_role text;
  subject_surrogate text;
  is_everywhere boolean := true;
  seen integer;
  objects text[];
  under jsonb;
begin
  if reach is not null then
    select count(*), coalesce(array_agg(distinct l.object) filter (where l.node = any (targets)), '{}') into seen, objects
    from led_to(reach, false, most) l;
    if seen <= most then
      return query
        select e, false, false
        from (select every from entities every where every.surrogate = any (objects) offset 0) led (e)
        where (e).type = kind and (e).id > previous and ((e).is_stored or has_unstored)
        order by (e).id
        limit size;
      return;
    end if;
    select s.account, s.role, s.surrogate into subject_account, subject_role, subject_surrogate
    from reach_subject(reach -> 'subject') s;
    is_everywhere := exists (
      select from jsonb_array_elements(reach -> 'roles') given (entry)
      where given.entry ->> 'role' = subject_role and given.entry ->> 'to' = any (targets));
  end if;
  if not is_everywhere then
    select count(*), coalesce(jsonb_object_agg(l.object || ' ' || l.node, true) filter (where l.node <> ''), '{}') into seen, under
    from led_to(reach, true, most_on_the_way) l;
    is_everywhere := seen > most_on_the_way;
  end if;
  if not is_everywhere then
    return query
      with ways as materialized (
        select distinct step ->> 'from' as origin, step ->> 'relation' as relation, step ->> 'of' as userset
        from jsonb_array_elements(reach -> 'steps') given (step)
        where step ->> 'to' = any (targets))
      select ahead.entity, led.is_led is null, ahead.place = most
      from (
        select every as entity, every.id, every.surrogate, row_number() over (order by every.id) as place
        from entities every
        where every.type = kind and every.id > previous and (every.is_stored or has_unstored)
        order by every.id
        limit most) ahead
      left join lateral (
        select true as is_led
        from entity_relations r
        join ways w on w.relation = r.relation and w.userset = r.subject_relation
        where r.object = ahead.surrogate
          and case when w.origin is null then r.account_id = subject_account or r.subject = subject_surrogate
            else under ? (r.subject || ' ' || w.origin) end
        limit 1) led on true
      where led.is_led or ahead.place = most
      order by ahead.id
      limit size;
    return;
  end if;
  return query
    select every, false, false
    from entities every
    where every.type = kind and every.id > previous and (every.is_stored or has_unstored)
    order by every.id
    limit size;
end
$$;

-- As 0015 has it; a page of entities is that of `entity_page`.
create or replace function candidates(p_selector jsonb) returns json
language plpgsql stable
as $$
declare
  kind text := p_selector ->> 'type';
  found json;
begin
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
  else
    select coalesce(json_agg(json_build_object('key', (page.entity).id, 'id', (page.entity).id, 'name', (page.entity).surrogate, 'role', null, 'isStored', (page.entity).is_stored, 'attributes', (page.entity).attributes, 'isPassed', page.is_passed, 'goesOn', page.goes_on) order by (page.entity).id), '[]')
    into found
    from entity_page(p_selector) page;
  end if;
  return found;
end
$$;
