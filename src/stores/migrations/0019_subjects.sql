-- Up Migration

-- Who can do something to a resource is looked for among those that can at all: the members with one of the roles that the action needs, and those that
-- tuples lead to from a host's resource, against the steps of 0018. It may name more than there are, and never lacks one.

create index memberships_of_role on memberships (organization_id, role, account_id);

-- The organization's accounts, by id, which never changes: members, who has a pending invitation, and the parties to the resource itself, who may have left;
-- or only members with one of `p_roles`, as long as the organization has the matrix that these are read from.
create function search_subjects(
  p_organization text, p_kind text, p_id text, p_after text, p_limit integer, p_now timestamptz, p_roles text[], p_matrix text)
returns table (key text, facts json)
language plpgsql stable
as $$
declare
  about record;
  resource json;
  found text[];
  scope text := set_config('app.organization', p_organization, true);
begin
  select * into about from organization_facts(p_organization, null);
  resource := resource_facts(p_kind, p_id, p_now);
  if p_roles is not null and about.facts ->> 'matrix' = p_matrix then
    found := array(
      select m.account_id
      from memberships m
      where m.organization_id = p_organization and m.role = any (p_roles) and m.account_id > p_after
      order by m.account_id
      limit p_limit);
  else
    found := array(
      (
        select m.account_id
        from memberships m
        where m.organization_id = p_organization and m.account_id > p_after
        order by m.account_id
        limit p_limit
      )
      union
      select i.account_id
      from invitations i
      where i.organization_id = p_organization and i.state = 'pending' and i.account_id > p_after
      union
      select i.account_id
      from invitations i
      where p_kind = 'invitation' and i.id = p_id and i.account_id > p_after
      union
      select party
      from transfers t
      cross join unnest(array[t.account_id, t.offered_by]) party
      where p_kind = 'transfer' and t.id = p_id and party > p_after);
  end if;
  return query
    select a.id, json_build_object('subject', account_json(a), 'organization', about.facts, 'role', m.role,
      'graph', json_build_object('filed', about.filed, 'applied', about.applied), 'resource', resource)
    from accounts a
    left join memberships m on m.organization_id = p_organization and m.account_id = a.id
    where a.id = any (found)
    order by a.id
    limit p_limit;
end
$$;

-- Who may be in one of the relations that are meant to the resource: these accounts, these entities (by surrogate), and whoever has one of these roles. All
-- null where nothing is meant, or where more than `most` objects and subjects tell.
create function led_from(p_reach jsonb, out accounts text[], out subjects text[], out roles text[])
language plpgsql stable
as $$
declare
  most integer := (p_reach ->> 'most')::integer;
  seen integer;
  nodes text[];
begin
  if p_reach is null then
    return;
  end if;
  -- `limit` ends the recursion, as in 0018.
  with recursive
    steps as materialized (
      select step ->> 'from' as origin, step ->> 'relation' as relation, step ->> 'of' as userset, step ->> 'to' as node
      from jsonb_array_elements(p_reach -> 'steps') given (step)),
    met (object, node, account) as (
      select e.surrogate, target, null
      from entities e
      cross join jsonb_array_elements_text(p_reach -> 'targets') target
      where e.type = p_reach #>> '{resource,type}' and e.id = p_reach #>> '{resource,id}'
      union
      select r.subject, s.origin, r.account_id
      from met b
      join steps s on s.node = b.node
      cross join lateral (
        select own.subject, own.account_id
        from entity_relations own
        where own.object = b.object and own.relation = s.relation and own.subject_relation = s.userset
          and (s.origin is null or own.subject is not null)
        offset 0) r)
  select count(*), array_agg(m.account) filter (where m.account is not null),
    array_agg(m.object) filter (where m.node is null and m.object is not null), array_agg(m.node) filter (where m.node is not null)
  into seen, accounts, subjects, nodes
  from (select * from met limit most + 1) m;
  if seen > most then
    accounts := null;
    subjects := null;
    return;
  end if;
  accounts := coalesce(accounts, '{}');
  subjects := coalesce(subjects, '{}');
  roles := array(
    select given.entry ->> 'role' from jsonb_array_elements(p_reach -> 'roles') given (entry) where given.entry ->> 'to' = any (nodes));
end
$$;

-- A page of an organization's members, by account.
--   p_selector  {"after", "limit", "roles": only those with one of them, "reach": only those that lead from its `resource`}
create function member_page(p_selector jsonb) returns table (account_id text, role text)
language plpgsql stable
as $$
#variable_conflict use_column
declare
  previous text := p_selector ->> 'after';
  size integer := (p_selector ->> 'limit')::integer;
  needed text[];
  led record;
begin
  if p_selector ? 'roles' then
    needed := array(select jsonb_array_elements_text(p_selector -> 'roles'));
  end if;
  select * into led from led_from(p_selector -> 'reach');
  if led.accounts is null then
    return query
      select m.account_id, m.role
      from memberships m
      where m.account_id > previous and (needed is null or m.role = any (needed))
      order by m.account_id
      limit size;
    return;
  end if;
  return query
    select m.account_id, m.role
    from (
      select own.account_id, own.role from memberships own where own.account_id = any (led.accounts)
      union
      select ranked.account_id, ranked.role from memberships ranked where ranked.role = any (led.roles)) m
    where m.account_id > previous and (needed is null or m.role = any (needed))
    order by m.account_id
    limit size;
end
$$;

-- A page of a type's entities: as `entity_page` has it, and where they are looked for from a `resource`, of those that lead from it.
create function candidate_page(p_selector jsonb) returns table (entity entities, is_passed boolean, goes_on boolean)
language plpgsql stable
as $$
declare
  led record;
begin
  if not coalesce(p_selector -> 'reach' ? 'resource', false) then
    return query select page.entity, page.is_passed, page.goes_on from entity_page(p_selector) page;
    return;
  end if;
  select * into led from led_from(p_selector -> 'reach');
  if led.subjects is null then
    return query select page.entity, page.is_passed, page.goes_on from entity_page(p_selector - 'reach') page;
    return;
  end if;
  return query
    select e, false, false
    from (select every from entities every where every.surrogate = any (led.subjects) offset 0) found (e)
    where (e).type = p_selector ->> 'type' and (e).id > p_selector ->> 'after'
      and ((e).is_stored or (p_selector ->> 'unstored')::boolean)
    order by (e).id
    limit (p_selector ->> 'limit')::integer;
end
$$;

-- As 0018 has it; pages of members and of subjects are those of above.
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
    from member_page(p_selector) page
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
    from candidate_page(p_selector) page;
  end if;
  return found;
end
$$;
