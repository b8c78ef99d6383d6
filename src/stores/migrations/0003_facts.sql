-- Up Migration

-- Everything that one decision needs, in one statement and so of one version: who calls, who is asked about, the organization, the
-- subject's role in it, and the resource with what its policies read. It runs as the gateway's role, under row-level
-- security: the setting below lasts as long as the statement's transaction.
--   p_caller   {"issuer", "subject", "clientId" | null}: the verified token
--   p_alias    the account asked about; null: the caller's own
--   p_slug     the organization, where the path names it: what lies elsewhere is then not found; null: the resource's own
--   p_kind, p_id  the resource (AUTHZEN.md: slug, anchor, id, `slug/alias`, alias; an account without one is the caller's)
create function gather_facts(p_caller jsonb, p_alias text, p_slug text, p_kind text, p_id text, p_now timestamptz) returns jsonb
language plpgsql volatile
as $$
declare
  caller_client clients%rowtype;
  caller_account accounts%rowtype;
  subject_account accounts%rowtype;
  found text := case when p_slug is null then find_organization(p_kind, p_id) else find_organization('organization', p_slug) end;
  answer jsonb;
begin
  select * into caller_client from clients c
  where c.issuer = p_caller ->> 'issuer'
    and c.client_id = p_caller ->> 'clientId'
    and c.subject = p_caller ->> 'subject';
  if caller_client.id is null then
    select * into caller_account from accounts a
    where a.issuer = p_caller ->> 'issuer' and a.subject = p_caller ->> 'subject';
  end if;
  if p_alias is null or p_alias = caller_account.alias then
    subject_account := caller_account;
  else
    select * into subject_account from accounts a where a.alias = p_alias;
  end if;
  answer := jsonb_build_object(
    'caller', jsonb_build_object(
      'account', account_json(caller_account),
      'client', case when caller_client.id is null then null else jsonb_build_object(
        'id', caller_client.id, 'clientId', caller_client.client_id, 'scopes', caller_client.scopes,
        'organizations', caller_client.organizations, 'applications', caller_client.applications,
        'origin', caller_client.origin, 'state', caller_client.state) end),
    'subject', account_json(subject_account),
    'organization', null, 'role', null, 'graph', null, 'resource', null);
  if p_kind = 'account' then
    return answer || jsonb_build_object('resource', account_facts(coalesce(p_id, subject_account.alias)));
  end if;
  if found is null then
    return answer;
  end if;
  perform set_config('app.organization', found, true);
  return answer || jsonb_build_object(
    'organization', organization_facts(found, p_now),
    'role', (select m.role from memberships m where m.organization_id = found and m.account_id = subject_account.id),
    'graph', (select jsonb_build_object('filed', o.tuples_filed, 'applied', g.applied)
              from organizations o join graph_positions g on g.organization_id = o.id where o.id = found),
    'resource', resource_facts(p_kind, p_id, p_now));
end
$$;

create function account_json(a accounts) returns jsonb
language sql immutable
return case when a.id is null then null else jsonb_build_object(
  'id', a.id, 'alias', a.alias, 'pseudonym', a.pseudonym, 'version', a.version) end;

create function account_facts(p_alias text) returns jsonb
language sql stable
begin atomic
  select account_json(a) || jsonb_build_object(
    'ownedOrganizations', count_owned_organizations(a.id), 'maxOwnedOrganizations', a.max_owned_organizations)
  from accounts a
  where a.alias = p_alias;
end;

-- The counts are over what is enabled, pending or a member: each bounded by a limit, each on an index of its own.
create function organization_facts(p_organization text, p_now timestamptz) returns jsonb
language sql stable
begin atomic
  select jsonb_build_object(
    'id', o.id, 'slug', o.slug, 'name', o.name, 'state', o.state, 'matrix', o.matrix, 'plan', o.plan,
    'version', o.version, 'revision', o.revision, 'createdAt', o.created_at, 'updatedAt', o.updated_at,
    'foundedBy', (select a.alias from accounts a where a.id = o.founded_by),
    'ownerCount', (select count(*) from memberships m where m.organization_id = o.id and m.role = 'owner'),
    'members', (select count(*) from memberships m where m.organization_id = o.id),
    'enabledApplications', (select count(*) from applications a where a.organization_id = o.id and a.state = 'enabled'),
    'enabledSectors', (select count(*) from sectors s where s.organization_id = o.id and s.state = 'enabled'),
    'pendingInvitations', (select count(*) from invitations i
      where i.organization_id = o.id and i.state = 'pending' and i.expires_at > p_now),
    'limits', (select coalesce(jsonb_object_agg(l.name, l.max), '{}') from limits l where l.organization_id = o.id))
  from organizations o
  where o.id = p_organization;
end;

create function invitation_state(i invitations, p_now timestamptz) returns text
language sql immutable
return case when i.state = 'pending' and i.expires_at <= p_now then 'expired' else i.state end;

create function resource_facts(p_kind text, p_id text, p_now timestamptz) returns jsonb
language plpgsql stable
as $$
begin
  case p_kind
    when 'organization' then
      return jsonb_build_object(
        'liveApplications', (
          select coalesce(jsonb_agg(live.anchor order by live.anchor), '[]')
          from (select a.anchor from applications a where a.state = 'enabled' order by a.anchor limit 20) live),
        'liveSectors', (
          select coalesce(jsonb_agg(live.id order by live.id), '[]')
          from (select s.id from sectors s where s.state = 'enabled' order by s.id limit 20) live));
    when 'sector' then
      return (
        select jsonb_build_object('id', s.id, 'name', s.name, 'state', s.state, 'revision', s.revision,
          'createdAt', s.created_at, 'updatedAt', s.updated_at,
          'enabledApplications', (select count(*) from applications a where a.sector_id = s.id and a.state = 'enabled'),
          'liveApplications', (
            select coalesce(jsonb_agg(live.anchor order by live.anchor), '[]')
            from (select a.anchor from applications a where a.sector_id = s.id and a.state = 'enabled'
                  order by a.anchor limit 20) live))
        from sectors s
        where s.id = p_id);
    when 'application' then
      return (
        select jsonb_build_object('anchor', a.anchor, 'name', a.name, 'kind', a.kind, 'state', a.state, 'sector', a.sector_id,
          'sectorState', s.state, 'revision', a.revision, 'createdAt', a.created_at, 'updatedAt', a.updated_at)
        from applications a
        join sectors s on s.id = a.sector_id
        where a.anchor = p_id);
    when 'member' then
      return (
        select jsonb_build_object('account', account_json(a), 'alias', a.alias, 'role', m.role, 'revision', m.revision,
          'createdAt', m.created_at, 'updatedAt', m.updated_at,
          'ownedOrganizations', count_owned_organizations(a.id), 'maxOwnedOrganizations', a.max_owned_organizations)
        from memberships m
        join accounts a on a.id = m.account_id
        where a.alias = substr(p_id, strpos(p_id, '/') + 1));
    when 'invitation' then
      return (
        select jsonb_build_object('id', i.id, 'account', account_json(a), 'alias', a.alias, 'role', i.role,
          'state', invitation_state(i, p_now), 'invitedBy', (select b.alias from accounts b where b.id = i.invited_by),
          'expiresAt', i.expires_at, 'revision', i.revision, 'createdAt', i.created_at, 'updatedAt', i.updated_at,
          'inviteeIsMember', exists (select from memberships m where m.account_id = i.account_id))
        from invitations i
        join accounts a on a.id = i.account_id
        where i.id = p_id);
    else
      return null;
  end case;
end
$$;

-- The lock of a change. Takes the accounts by id, then the organization, and says whether all of them still are at the
-- versions that the decision was taken on. Lock order everywhere: accounts, organizations, rows.
create function lock_at(p_accounts text[], p_account_versions bigint[], p_organization text, p_version bigint) returns boolean
language plpgsql volatile
as $$
declare
  account record;
  holds boolean := true;
  current_version bigint;
begin
  for account in
    select a.id, a.version, asked.version as asked_version
    from unnest(p_accounts, p_account_versions) as asked (id, version)
    join accounts a on a.id = asked.id
    order by a.id
    for no key update of a
  loop
    holds := holds and account.version = account.asked_version;
  end loop;
  if p_organization is not null then
    perform set_config('app.organization', p_organization, true);
    select o.version into current_version from organizations o where o.id = p_organization for no key update;
    holds := holds and current_version = p_version;
  end if;
  return coalesce(holds, false);
end
$$;
