-- Up Migration

-- S0.4: since when a person has not wanted an application to be told anything. The entry stays, for it still knows the person.
alter table data_sharing add column withdrawn_at timestamptz;

-- As before (0023), and since when it is withdrawn.
drop function list_data_sharing(text, text, integer);
create function list_data_sharing(p_account text, p_after text, p_limit integer)
returns table (
  application text, application_name text, organization text, organization_name text, claims text[],
  first_at timestamptz, last_at timestamptz, withdrawn_at timestamptz)
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select a.anchor, a.name, o.slug, o.name, d.claims, d.first_at, d.last_at, d.withdrawn_at
  from data_sharing d
  join applications a on a.anchor = d.application_anchor
  join organizations o on o.id = a.organization_id
  where d.account_id = p_account
    and d.application_anchor > p_after
  order by d.application_anchor
  limit p_limit;
end;

-- Where an application is, be it the platform's: logins alone find it so. Its key set tells everybody that it is there.
create function find_application(p_anchor text) returns text
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select a.organization_id from applications a where a.anchor = p_anchor;
end;

do $$
declare
  signature text;
begin
  grant create on schema public to bailiwick_directory; -- only an owner-to-be that may create can take a function over
  foreach signature in array array['list_data_sharing(text, text, integer)', 'find_application(text)'] loop
    execute format('revoke all on function %s from public', signature);
    execute format('alter function %s owner to bailiwick_directory', signature);
    execute format('grant execute on function %s to bailiwick_app', signature);
  end loop;
  revoke create on schema public from bailiwick_directory;
end
$$;

-- Assertions by which an application has authenticated (RFC 7523, 3, item 7): each is good once, and is kept for as long as it would be good.
create table client_assertions (
  organization_id text not null,
  anchor text not null,
  digest bytea not null, -- SHA-256 of `jti`
  until timestamptz not null,
  primary key (organization_id, anchor, digest),
  foreign key (organization_id, anchor) references applications (organization_id, anchor)
);
create index client_assertions_over on client_assertions (organization_id, anchor, until);

grant select, insert, update, delete on client_assertions to bailiwick_app; -- who clears them away locks them
alter table client_assertions enable row level security;
alter table client_assertions force row level security;
create policy one_organization on client_assertions to bailiwick_app using (organization_id = (select current_organization()));

-- What an application authenticates with at this moment: nothing where no login could begin (policies/cerbos/login_floor.yaml).
create function usable_client_keys(p_anchor text, p_now timestamptz)
returns table (
  organization_id text, anchor text, id text, name text, kind text, public_key jsonb, secret_hash bytea, expires_at timestamptz)
language sql stable
begin atomic
  select k.organization_id, k.anchor, k.id, k.name, k.kind, k.public_key, k.secret_hash, k.expires_at
  from client_keys k
  join applications a on a.organization_id = k.organization_id and a.anchor = k.anchor and a.state = 'enabled'
  join sectors s on s.id = a.sector_id and s.state = 'enabled'
  join organizations o on o.id = a.organization_id and o.state = 'active'
  where k.anchor = p_anchor
    and k.expires_at > p_now;
end;

-- As 0015 has it. `~anywhere`, which no slug can be either, stands for where the application is, be it on the platform: for clients that are bound to none, to
-- the organization, or to the application itself.
create or replace function gather_facts(
  p_issuer text, p_subject text, p_client_id text, p_alias text, p_slug text, p_kind text, p_id text, p_now timestamptz) returns json
language plpgsql stable
as $$
declare
  caller_client clients%rowtype;
  caller_account accounts%rowtype;
  subject_account accounts%rowtype;
  organization text;
  scope text;
  is_insider boolean;
  facts json;
  role text;
  graph json;
  resource json;
begin
  select * into caller_client from clients c
  where c.issuer = p_issuer and c.client_id = p_client_id and c.subject = p_subject;
  if caller_client.id is null then
    select a.* into caller_account from sign_in_methods s join accounts a on a.id = s.account_id
    where s.issuer = p_issuer and s.subject = p_subject;
  end if;
  if p_alias is null or p_alias = caller_account.alias then
    subject_account := caller_account;
  else
    select * into subject_account from accounts a where a.alias = p_alias;
  end if;
  if p_kind = 'account' then
    resource := account_facts(coalesce(p_id, subject_account.alias));
  else
    organization := case when p_slug is null then find_organization(p_kind, p_id)
      when p_slug = '~platform' then 'platform'
      when p_slug = '~anywhere' then find_application(p_id)
      else find_organization('organization', p_slug) end;
  end if;
  if p_kind <> 'account' then
    scope := set_config('app.organization', coalesce(organization, 'none'), true); -- an id that nothing has; by assignment: a `perform` would be a statement of its own
    if caller_client.id is null then
      is_insider := exists (
        select from memberships m
        where m.organization_id = scope and m.account_id = caller_account.id);
      if p_kind = 'invitation' and not is_insider then
        is_insider := exists (select from invitations i where i.id = p_id and i.account_id = caller_account.id);
      end if;
    else
      is_insider := case when p_slug = '~platform' then 'platform:admin' else 'authz:all' end = any (caller_client.scopes)
        or (p_slug = '~anywhere' and p_id = any (caller_client.applications))
        or exists (
          select from organizations o
          where o.id = scope and o.slug = any (caller_client.organizations));
    end if;
  end if;
  if organization is not null and is_insider then
    select o.facts, o.role, json_build_object('filed', o.filed, 'applied', o.applied) into facts, role, graph
    from organization_facts(organization, subject_account.id) o;
    resource := resource_facts(p_kind, p_id, p_now);
  end if;
  return json_build_object(
    'caller', json_build_object(
      'account', account_json(caller_account),
      'client', case when caller_client.id is null then null else json_build_object(
        'id', caller_client.id, 'clientId', caller_client.client_id, 'scopes', caller_client.scopes,
        'organizations', caller_client.organizations, 'applications', caller_client.applications, 'kinds', caller_client.kinds,
        'origin', caller_client.origin, 'state', caller_client.state) end),
    'subject', account_json(subject_account),
    'organization', facts, 'role', role, 'graph', graph, 'resource', resource);
end
$$;

-- What a login to an application of the platform's rests on beside the account. Of an organization its version says that; the platform's moves with whatever people
-- change of themselves, and a login would be decided again for each of them.
create function login_basis(p_anchor text, p_kid text) returns jsonb
language sql stable
begin atomic
  select jsonb_build_object(
    'application', a.revision,
    'sector', s.state,
    'documents', (select coalesce(sum(d.revision), 0) from application_documents d where d.anchor = a.anchor),
    'signs', exists (select from signing_keys k where k.anchor = a.anchor and k.kid = p_kid and k.revoked_at is null))
  from applications a
  join sectors s on s.organization_id = a.organization_id and s.id = a.sector_id
  where a.anchor = p_anchor;
end;
