-- Up Migration

-- What a service that is bound to applications calls people: the subjects of their one sector.

-- Whom this client's sector knows so, by alias; null: nobody, or it is bound to no application.
create function find_by_client_subject(p_issuer text, p_client_id text, p_client_subject text, p_subject text) returns text
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select acc.alias
  from clients c
  join applications a on a.anchor = c.applications[1]
  join sector_subjects s on s.organization_id = a.organization_id and s.sector_id = a.sector_id and s.subject = p_subject
  join accounts acc on acc.id = s.account_id
  where c.issuer = p_issuer
    and c.client_id = p_client_id
    and c.subject = p_client_subject;
end;

-- The sectors of these applications, each once, with the slug of its organization, and how many of the applications there are.
create function find_sectors(p_anchors text[]) returns table (organization text, slug text, sector text, applications bigint)
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select a.organization_id, o.slug, a.sector_id, count(*)
  from applications a
  join organizations o on o.id = a.organization_id
  where a.anchor = any (p_anchors)
  group by a.organization_id, o.slug, a.sector_id;
end;

do $$
declare
  signature text;
begin
  grant select on clients to bailiwick_directory;
  grant create on schema public to bailiwick_directory; -- only an owner-to-be that may create can take a function over
  foreach signature in array array['find_by_client_subject(text, text, text, text)', 'find_sectors(text[])'] loop
    execute format('revoke all on function %s from public', signature);
    execute format('alter function %s owner to bailiwick_directory', signature);
    execute format('grant execute on function %s to bailiwick_app', signature);
  end loop;
  revoke create on schema public from bailiwick_directory;
end
$$;

-- Whom a search could find in the organization that the transaction is about, and its sector does not know yet.
create function list_unknown_to_sector(p_organization text, p_sector text, p_limit integer) returns table (account text)
language sql stable
begin atomic
  select people.account_id
  from (
    select m.account_id from memberships m where m.organization_id = p_organization
    union
    select i.account_id from invitations i where i.organization_id = p_organization
    union
    select party from transfers t cross join unnest(array[t.account_id, t.offered_by]) party
    where t.organization_id = p_organization and party is not null) people
  where not exists (
    select from sector_subjects s
    where s.organization_id = p_organization and s.sector_id = p_sector and s.account_id = people.account_id)
  limit p_limit;
end;

-- As 0019 has it; with a sector, whom that knows, by what it calls them.
drop function search_subjects(text, text, text, text, integer, timestamptz, text[], text);
create function search_subjects(
  p_organization text, p_kind text, p_id text, p_after text, p_limit integer, p_now timestamptz, p_roles text[], p_matrix text, p_sector text)
returns table (key text, facts json)
language plpgsql stable
as $$
declare
  about record;
  resource json;
  found text[];
  is_narrowed boolean;
  -- Of a sector, people come by another key: all of them are looked at.
  behind text := case when p_sector is null then p_after else '' end;
  most integer := case when p_sector is null then p_limit end;
  scope text := set_config('app.organization', p_organization, true);
begin
  select * into about from organization_facts(p_organization, null);
  resource := resource_facts(p_kind, p_id, p_now);
  is_narrowed := p_roles is not null and about.facts ->> 'matrix' = p_matrix;
  if is_narrowed then
    found := array(
      select m.account_id
      from memberships m
      where m.organization_id = p_organization and m.role = any (p_roles) and m.account_id > behind
      order by m.account_id
      limit most);
  else
    found := array(
      (
        select m.account_id
        from memberships m
        where m.organization_id = p_organization and m.account_id > behind
        order by m.account_id
        limit most
      )
      union
      select i.account_id
      from invitations i
      where i.organization_id = p_organization and i.state = 'pending' and i.account_id > behind
      union
      select i.account_id
      from invitations i
      where p_kind = 'invitation' and i.id = p_id and i.account_id > behind
      union
      select party
      from transfers t
      cross join unnest(array[t.account_id, t.offered_by]) party
      where p_kind = 'transfer' and t.id = p_id and party > behind);
  end if;
  return query
    select page.key, json_build_object('subject', account_json(page.a), 'organization', about.facts, 'role', m.role,
      'graph', json_build_object('filed', about.filed, 'applied', about.applied), 'resource', resource)
    from (
      select case when p_sector is null then a.id else s.subject end as key, a
      from accounts a
      left join sector_subjects s on s.organization_id = p_organization and s.sector_id = p_sector and s.account_id = a.id
      where a.id = any (found)
        and (p_sector is null or s.subject > p_after)
      order by 1
      limit p_limit) page
    left join memberships m on m.organization_id = p_organization and m.account_id = (page.a).id
    order by page.key;
end
$$;

-- As 0019 has it; with a `sector`, whom that knows, by what it calls them.
drop function member_page(jsonb);
create function member_page(p_selector jsonb) returns table (account_id text, role text, key text)
language plpgsql stable
as $$
#variable_conflict use_column
declare
  previous text := p_selector ->> 'after';
  size integer := (p_selector ->> 'limit')::integer;
  sector text := p_selector ->> 'sector';
  needed text[];
  led record;
begin
  if p_selector ? 'roles' then
    needed := array(select jsonb_array_elements_text(p_selector -> 'roles'));
  end if;
  select * into led from led_from(p_selector -> 'reach');
  if sector is not null then
    return query
      select m.account_id, m.role, s.subject
      from memberships m
      join sector_subjects s on s.organization_id = m.organization_id and s.sector_id = sector and s.account_id = m.account_id
      where s.subject > previous and (needed is null or m.role = any (needed))
        and (led.accounts is null or m.account_id = any (led.accounts) or m.role = any (led.roles))
      order by s.subject
      limit size;
    return;
  end if;
  if led.accounts is null then
    return query
      select m.account_id, m.role, m.account_id
      from memberships m
      where m.account_id > previous and (needed is null or m.role = any (needed))
      order by m.account_id
      limit size;
    return;
  end if;
  return query
    select m.account_id, m.role, m.account_id
    from (
      select own.account_id, own.role from memberships own where own.account_id = any (led.accounts)
      union
      select ranked.account_id, ranked.role from memberships ranked where ranked.role = any (led.roles)) m
    where m.account_id > previous and (needed is null or m.role = any (needed))
    order by m.account_id
    limit size;
end
$$;

-- As 0019 has it; pages of members are those of above.
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
    select coalesce(json_agg(json_build_object('key', (page.entity).id, 'id', (page.entity).id, 'name', (page.entity).surrogate, 'role', null, 'isStored', (page.entity).is_stored, 'attributes', (page.entity).attributes, 'isPassed', page.is_passed, 'goesOn', page.goes_on) order by (page.entity).id), '[]')
    into found
    from candidate_page(p_selector) page;
  end if;
  return found;
end
$$;
