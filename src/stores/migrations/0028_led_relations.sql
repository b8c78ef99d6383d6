-- Up Migration

-- A search knows by which of the relations that are meant tuples lead to each thing, and asks about no other: what the ledger does not lead to is in none.

-- Of the targets of a reach (`document#viewer`), the relations that are not among what something is led to as.
create function unled(p_targets text[], p_nodes text[]) returns jsonb
language sql immutable
as $$
  select coalesce(jsonb_agg(split_part(target, '#', 2)), '[]') from unnest(p_targets) target where target <> all (p_nodes)
$$;

-- A page of a type's entities, by id, as 0018 has it; where there is a reach, each with the relations of it that no tuple leads to there (`unled`).
drop function entity_page(jsonb);
create function entity_page(p_selector jsonb) returns table (entity entities, is_passed boolean, goes_on boolean, unled jsonb)
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
  nodes text[];
  under jsonb;
begin
  if reach is not null then
    select coalesce(sum(led.ways), 0), array_agg(led.object) filter (where led.nodes is not null),
      array_agg(led.nodes) filter (where led.nodes is not null)
    into seen, objects, nodes
    from (
      select l.object, count(*) as ways, string_agg(l.node, ' ') filter (where l.node = any (targets)) as nodes
      from led_to(reach, false, most) l
      group by l.object) led;
    if seen <= most then
      return query
        select page.e, false, false, unled(targets, string_to_array(page.nodes, ' '))
        from (
          select found.e, led.nodes
          from unnest(objects, nodes) led (object, nodes)
          cross join lateral (select every as e from entities every where every.surrogate = led.object offset 0) found
          where (found.e).type = kind and (found.e).id > previous and ((found.e).is_stored or has_unstored)
          order by (found.e).id
          limit size) page;
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
        select step ->> 'from' as origin, step ->> 'relation' as relation, step ->> 'of' as userset, step ->> 'to' as node
        from jsonb_array_elements(reach -> 'steps') given (step)
        where step ->> 'to' = any (targets))
      select ahead.entity, led.nodes is null, ahead.place = most, unled(targets, led.nodes)
      from (
        select every as entity, every.id, every.surrogate, row_number() over (order by every.id) as place
        from entities every
        where every.type = kind and every.id > previous and (every.is_stored or has_unstored)
        order by every.id
        limit most) ahead
      cross join lateral (
        select array_agg(w.node) as nodes
        from entity_relations r
        join ways w on w.relation = r.relation and w.userset = r.subject_relation
        where r.object = ahead.surrogate
          and case when w.origin is null then r.account_id = subject_account or r.subject = subject_surrogate
            else under ? (r.subject || ' ' || w.origin) end) led
      where led.nodes is not null or ahead.place = most
      order by ahead.id
      limit size;
    return;
  end if;
  return query
    select every, false, false, jsonb '[]'
    from entities every
    where every.type = kind and every.id > previous and (every.is_stored or has_unstored)
    order by every.id
    limit size;
end
$$;

-- As 0019 has it; what is looked for from a `resource` is told nothing more of.
drop function candidate_page(jsonb);
create function candidate_page(p_selector jsonb) returns table (entity entities, is_passed boolean, goes_on boolean, unled jsonb)
language plpgsql stable
as $$
declare
  led record;
begin
  if not coalesce(p_selector -> 'reach' ? 'resource', false) then
    return query select page.entity, page.is_passed, page.goes_on, page.unled from entity_page(p_selector) page;
    return;
  end if;
  select * into led from led_from(p_selector -> 'reach');
  if led.subjects is null then
    return query select page.entity, page.is_passed, page.goes_on, page.unled from entity_page(p_selector - 'reach') page;
    return;
  end if;
  return query
    select e, false, false, jsonb '[]'
    from (select every from entities every where every.surrogate = any (led.subjects) offset 0) found (e)
    where (e).type = p_selector ->> 'type' and (e).id > p_selector ->> 'after'
      and ((e).is_stored or (p_selector ->> 'unstored')::boolean)
    order by (e).id
    limit (p_selector ->> 'limit')::integer;
end
$$;

-- As 0024 has it; each entity of a page with what it is not led to.
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
    select coalesce(json_agg(json_build_object('key', page.key, 'id', a.alias, 'name', a.pseudonym, 'role', page.role, 'isStored', true, 'attributes', json_object('{}')) order by page.key), '[]')
    into found
    from member_page(p_selector) page
    join accounts a on a.id = page.account_id;
  elsif p_selector ? 'ids' then
    select coalesce(json_agg(json_build_object('key', e.id, 'id', e.id, 'name', e.surrogate, 'role', null, 'isStored', e.is_stored, 'attributes', e.attributes)), '[]')
    into found
    from entities e
    where e.type = kind
      and e.id = any (array(select jsonb_array_elements_text(p_selector -> 'ids')));
  else
    select coalesce(json_agg(json_build_object('key', (page.entity).id, 'id', (page.entity).id, 'name', (page.entity).surrogate, 'role', null, 'isStored', (page.entity).is_stored, 'attributes', (page.entity).attributes, 'isPassed', page.is_passed, 'goesOn', page.goes_on, 'unled', page.unled) order by (page.entity).id), '[]')
    into found
    from candidate_page(p_selector) page;
  end if;
  return found;
end
$$;
