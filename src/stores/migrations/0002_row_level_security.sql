-- Up Migration

grant select, insert, update on accounts, clients to bailiwick_app; -- neither belongs to an organization
grant select, insert, update on organizations, sectors, applications, invitations to bailiwick_app;
grant select, insert, update, delete on memberships, limits to bailiwick_app;
grant select, insert on audit_events, audit_pseudonyms, outbox to bailiwick_app; -- append-only
grant select, insert on graph_positions to bailiwick_app;
grant update (applied, epoch, attempts, next_attempt_at, stopped) on graph_positions to bailiwick_app; -- a rebuild stands for the rows that it replaces

grant select on accounts, organizations, memberships, sectors, applications, invitations to bailiwick_directory;
grant update (version) on organizations to bailiwick_directory; -- what `for no key update` asks for

grant select on organizations to bailiwick_relay;
grant select, delete on outbox to bailiwick_relay;
grant select, update on graph_positions to bailiwick_relay;

do $$
declare
  table_name text;
  key text;
begin
  foreach table_name in array array['organizations', 'memberships', 'sectors', 'applications', 'invitations', 'limits',
      'audit_pseudonyms', 'audit_events', 'outbox', 'graph_positions'] loop
    key := case table_name when 'organizations' then 'id' else 'organization_id' end;
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    execute format(
      'create policy one_organization on %I to bailiwick_app using (%I = (select current_organization()))',
      table_name, key);
    execute format('create policy across on %I to bailiwick_directory using (true)', table_name);
  end loop;
  foreach table_name in array array['organizations', 'outbox', 'graph_positions'] loop
    execute format('create policy every_organization on %I to bailiwick_relay using (true)', table_name);
  end loop;
end
$$;

-- S0.28, S2.7, S1.4: an organization that is not archived has an Owner. The gateway's policies see to it; this stands behind
-- them. Deferred: it looks at what the transaction leaves. It locks the organization's row before it counts, because
-- two transactions that each demote one of two Owners would otherwise both see the other.
create function require_owner() returns trigger
language plpgsql security definer
set search_path = public, pg_temp
as $$
declare
  row_now jsonb := coalesce(to_jsonb(new), to_jsonb(old)); -- two tables, whose key has two names
  organization text := coalesce(row_now ->> 'organization_id', row_now ->> 'id');
  current_state text;
begin
  select o.state into current_state from organizations o where o.id = organization for no key update;
  if organization = 'platform' or current_state = 'archived' then
    return null;
  end if;
  if not exists (select from memberships m where m.organization_id = organization and m.role = 'owner') then
    raise exception 'organization % would be left without an owner', organization
      using errcode = 'check_violation', constraint = 'organization_has_owner';
  end if;
  return null;
end
$$;

create constraint trigger organization_has_owner
after insert or update of state on organizations
deferrable initially deferred
for each row execute function require_owner();

create constraint trigger organization_has_owner
after update or delete on memberships
deferrable initially deferred
for each row execute function require_owner();

-- The named exceptions: each looks across organizations and answers one narrow question.

-- Which organization does this belong to? Ids of the built-in kinds are unique everywhere (AUTHZEN.md).
create function find_organization(p_kind text, p_id text) returns text
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select case p_kind
    when 'organization' then (select o.id from organizations o where o.slug = p_id and o.id <> 'platform')
    when 'member' then (select o.id from organizations o where o.slug = split_part(p_id, '/', 1) and o.id <> 'platform')
    when 'sector' then (select s.organization_id from sectors s where s.id = p_id)
    when 'application' then (select a.organization_id from applications a where a.anchor = p_id)
    when 'invitation' then (select i.organization_id from invitations i where i.id = p_id)
  end;
end;

-- How many organizations count against the account's limit (S0.8)? Archived ones do not.
create function count_owned_organizations(p_account text) returns bigint
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select count(*)
  from memberships m
  join organizations o on o.id = m.organization_id
  where m.account_id = p_account
    and m.role = 'owner'
    and o.state <> 'archived';
end;

-- The organizations of one account, by slug (S0.5).
create function list_my_organizations(p_account text, p_after text, p_limit integer)
returns table (id text, slug text, name text, state text, matrix text, plan text, version bigint, revision bigint, created_at timestamptz, updated_at timestamptz, role text)
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select o.id, o.slug, o.name, o.state, o.matrix, o.plan, o.version, o.revision, o.created_at, o.updated_at, m.role
  from memberships m
  join organizations o on o.id = m.organization_id
  where m.account_id = p_account
    and o.state <> 'archived'
    and o.slug > p_after
  order by o.slug
  limit p_limit;
end;

-- The invitations that wait for one account, by id.
create function list_my_invitations(p_account text, p_now timestamptz, p_after text, p_limit integer)
returns table (id text, organization text, organization_name text, role text, invited_by text, expires_at timestamptz, revision bigint, created_at timestamptz)
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select i.id, o.slug, o.name, i.role, a.alias, i.expires_at, i.revision, i.created_at
  from invitations i
  join organizations o on o.id = i.organization_id
  join accounts a on a.id = i.invited_by
  where i.account_id = p_account
    and i.state = 'pending'
    and i.expires_at > p_now
    and o.state <> 'archived'
    and i.id > p_after
  order by i.id
  limit p_limit;
end;

do $$
declare
  signature text;
begin
  grant create on schema public to bailiwick_directory; -- only an owner-to-be that may create can take a function over
  foreach signature in array array['require_owner()', 'find_organization(text, text)', 'count_owned_organizations(text)',
      'list_my_organizations(text, text, integer)', 'list_my_invitations(text, timestamptz, text, integer)'] loop
    execute format('revoke all on function %s from public', signature);
    execute format('alter function %s owner to bailiwick_directory', signature);
    execute format('grant execute on function %s to bailiwick_app', signature);
  end loop;
  revoke create on schema public from bailiwick_directory;
end
$$;
