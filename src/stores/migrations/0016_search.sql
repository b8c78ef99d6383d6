-- Up Migration

-- Searches: candidates by keyset, each with its facts as gather_facts has them, in one statement and so on one snapshot.

-- An account's invitations and offers, whatever became of them: who was a party to one may see it.
create index invitations_of_account_by_organization on invitations (account_id, organization_id);
create index transfers_of_recipient on transfers (account_id, organization_id);
create index transfers_of_offerer on transfers (offered_by, organization_id);

-- The organizations in which things of this kind can concern the account, by slug: those that it is a member of; for invitations those
-- that have invited it; for offers, where a service asks, those in which it is a party. Never the platform (K8).
--   p_slugs  only these; null: any
--   p_from   from this slug on
create function list_search_places(p_account text, p_kind text, p_is_client boolean, p_slugs text[], p_from text)
returns table (id text, slug text, is_member boolean)
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select o.id, o.slug, bool_or(found.is_member)
  from (
    select m.organization_id, true as is_member from memberships m where m.account_id = p_account
    union all
    select i.organization_id, false from invitations i where p_kind = 'invitation' and i.account_id = p_account
    union all
    select t.organization_id, false from transfers t
    where p_kind = 'transfer' and p_is_client and (t.account_id = p_account or t.offered_by = p_account)) found
  join organizations o on o.id = found.organization_id
  where o.id <> 'platform'
    and (p_slugs is null or o.slug = any (p_slugs))
    and o.slug >= p_from
  group by o.id, o.slug
  order by o.slug;
end;

-- The things of one kind in the organization that the transaction is about, by what they are listed by.
--   p_party  only those that this account is a party to; null: all
create function search_candidates(p_organization text, p_kind text, p_party text, p_after text, p_limit integer)
returns table (key text)
language plpgsql stable
as $$
begin
  case p_kind
    when 'organization' then
      return query select o.slug from organizations o where o.id = p_organization and o.slug > p_after limit p_limit;
    when 'sector' then
      return query
        select s.id from sectors s where s.organization_id = p_organization and s.id > p_after order by s.id limit p_limit;
    when 'application' then
      return query
        select a.anchor from applications a
        where a.organization_id = p_organization and a.anchor > p_after order by a.anchor limit p_limit;
    when 'member' then
      return query
        select a.alias from memberships m join accounts a on a.id = m.account_id
        where m.organization_id = p_organization and a.alias > p_after order by a.alias limit p_limit;
    when 'invitation' then
      return query
        select i.id from invitations i
        where i.organization_id = p_organization and i.id > p_after and (p_party is null or i.account_id = p_party)
        order by i.id limit p_limit;
    when 'transfer' then
      return query
        select t.id from transfers t
        where t.organization_id = p_organization and t.id > p_after
          and (p_party is null or t.account_id = p_party or t.offered_by = p_party)
        order by t.id limit p_limit;
  end case;
end
$$;

-- What could concern one account, by slug and key, after the place given. The organization's facts are gathered once for each.
create function search_resources(
  p_alias text, p_kind text, p_is_client boolean, p_slugs text[], p_after_slug text, p_after_key text, p_limit integer, p_now timestamptz)
returns table (slug text, key text, facts json)
language plpgsql stable
as $$
declare
  account accounts%rowtype;
  place record;
  candidate record;
  about record;
  scope text;
  remaining integer := p_limit;
begin
  select * into account from accounts a where a.alias = p_alias;
  if account.id is null then
    return;
  end if;
  for place in select * from list_search_places(account.id, p_kind, p_is_client, p_slugs, p_after_slug) loop
    scope := set_config('app.organization', place.id, true);
    select * into about from organization_facts(place.id, account.id);
    for candidate in
      select c.key
      from search_candidates(place.id, p_kind, case when place.is_member then null else account.id end,
        case when place.slug = p_after_slug then p_after_key else '' end, remaining) c
    loop
      slug := place.slug;
      key := candidate.key;
      facts := json_build_object('subject', account_json(account), 'organization', about.facts, 'role', about.role,
        'graph', json_build_object('filed', about.filed, 'applied', about.applied),
        'resource', resource_facts(p_kind, case when p_kind = 'member' then place.slug || '/' || key else key end, p_now));
      remaining := remaining - 1;
      return next;
    end loop;
    exit when remaining = 0;
  end loop;
end
$$;

-- The organization's accounts, by alias: members, who has a pending invitation, and the parties to the resource itself, who may have left.
create function search_subjects(
  p_organization text, p_kind text, p_id text, p_after text, p_limit integer, p_now timestamptz)
returns table (key text, facts json)
language plpgsql stable
as $$
declare
  about record;
  resource json;
  parties text[] := '{}';
  scope text := set_config('app.organization', p_organization, true);
begin
  select * into about from organization_facts(p_organization, null);
  resource := resource_facts(p_kind, p_id, p_now);
  if p_kind = 'invitation' then
    parties := array(select i.account_id from invitations i where i.id = p_id);
  elsif p_kind = 'transfer' then
    parties := array(select unnest(array[t.account_id, t.offered_by]) from transfers t where t.id = p_id);
  end if;
  return query
    select a.alias, json_build_object('subject', account_json(a), 'organization', about.facts, 'role', m.role,
      'graph', json_build_object('filed', about.filed, 'applied', about.applied), 'resource', resource)
    from accounts a
    left join memberships m on m.organization_id = p_organization and m.account_id = a.id
    where a.alias > p_after
      and a.id in (
        select c.account_id from memberships c where c.organization_id = p_organization
        union all
        select i.account_id from invitations i where i.organization_id = p_organization and i.state = 'pending'
        union all
        select unnest(parties))
    order by a.alias
    limit p_limit;
end
$$;

grant create on schema public to bailiwick_directory; -- as in 0002
revoke all on function list_search_places(text, text, boolean, text[], text) from public;
alter function list_search_places(text, text, boolean, text[], text) owner to bailiwick_directory;
grant execute on function list_search_places(text, text, boolean, text[], text) to bailiwick_app;
revoke create on schema public from bailiwick_directory;
