-- Up Migration

-- Facts as 0007 gathers them, and what came since: people sign in by several methods (0008).

-- It keeps its owner and who may call it (0002). What the platform holds is found by nobody's question (K8, S0.42): its administrators name
-- the platform where they ask.
create or replace function find_organization(p_kind text, p_id text) returns text
language plpgsql stable security definer
set search_path = public, pg_temp
as $$
begin
  case p_kind -- A `case` in SQL would open every table for each question.
    when 'organization' then
      return (select o.id from organizations o where o.slug = p_id and o.id <> 'platform');
    when 'member' then
      return (select o.id from organizations o where o.slug = split_part(p_id, '/', 1) and o.id <> 'platform');
    when 'sector' then
      return (select nullif(s.organization_id, 'platform') from sectors s where s.id = p_id);
    when 'application' then
      return (select nullif(a.organization_id, 'platform') from applications a where a.anchor = p_id);
    when 'invitation' then
      return (select i.organization_id from invitations i where i.id = p_id);
    when 'transfer' then
      return (select t.organization_id from transfers t where t.id = p_id);
    else
      return null;
  end case;
end
$$;

-- Everything that one decision needs, in one statement, on one snapshot and so of one version: who calls, who is asked about, the
-- organization, the subject's role in it, and the resource with what its policies read. It runs as the gateway's role, under
-- row-level security: the setting below lasts as long as the statement's transaction. What a question costs is the relations
-- that its statements open: each is opened once, and only where the kind's policies read it.
--   p_issuer, p_subject, p_client_id  the verified token's
--   p_alias    the account asked about; null: the caller's own
--   p_slug     the organization, where the path names it: what lies elsewhere is then not found; null: the resource's own;
--              '~platform', which no slug can be: the platform
--   p_kind, p_id  the resource (AUTHZEN.md: slug, anchor, id, `slug/alias`, alias; an account without one is the caller's)
-- K9, by the clock too: what a stranger may not know of is not gathered, so that the question ends where it ends for what does not exist,
-- before OpenFGA and Cerbos are asked. The same statements run in both cases. Whoever may know of it: a member, the invited, a client
-- that is bound to the organization or to none.
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
      when p_slug = '~platform' then 'platform' else find_organization('organization', p_slug) end;
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
      is_insider := case when organization = 'platform' then 'platform:admin' else 'authz:all' end = any (caller_client.scopes) or exists (
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
        'organizations', caller_client.organizations, 'applications', caller_client.applications,
        'origin', caller_client.origin, 'state', caller_client.state) end),
    'subject', account_json(subject_account),
    'organization', facts, 'role', role, 'graph', graph, 'resource', resource);
end
$$;

create or replace function account_json(a accounts) returns json
language sql immutable
return case when a.id is null then null else json_build_object(
  'id', a.id, 'alias', a.alias, 'pseudonym', a.pseudonym, 'version', a.version) end;

create or replace function account_facts(p_alias text) returns json
language sql stable
begin atomic
  select json_build_object('id', a.id, 'alias', a.alias, 'pseudonym', a.pseudonym, 'version', a.version,
    'name', a.name, 'revision', a.revision, 'createdAt', a.created_at, 'updatedAt', a.updated_at,
    'aliasChangedAt', a.alias_changed_at, 'isDeveloper', is_developer(a.id),
    'signInMethods', (
      select coalesce(json_agg(json_build_object(
        'id', s.id, 'issuer', s.issuer, 'subject', s.subject, 'createdAt', s.created_at) order by s.id), '[]')
      from sign_in_methods s
      where s.account_id = a.id),
    'ownedOrganizations', owned.count, 'maxOwnedOrganizations', a.max_owned_organizations, 'owned', owned.organizations)
  from accounts a
  cross join lateral (
    select count(*) as count, coalesce(json_agg(json_build_object(
      'id', o.id, 'slug', o.slug, 'version', o.version, 'isSole', o.is_sole, 'isLive', o.is_live)), '[]') as organizations
    from list_owned_organizations(a.id) o) owned
  where a.alias = p_alias;
end;

-- What decisions read of an organization, whatever they are about, and the role in it of one account. Owners and members are counted
-- where the role is looked up.
create or replace function organization_facts(p_organization text, p_account text)
returns table (facts json, role text, filed bigint, applied bigint)
language sql stable
begin atomic
  select
    json_build_object(
      'id', o.id, 'slug', o.slug, 'state', o.state, 'matrix', o.matrix, 'plan', o.plan, 'version', o.version,
      'ownerCount', counted.owners, 'members', counted.members,
      'limits', (select coalesce(json_object_agg(l.name, l.max), '{}') from limits l where l.organization_id = o.id)),
    counted.role,
    o.tuples_filed,
    g.applied
  from organizations o
  join graph_positions g on g.organization_id = o.id
  cross join lateral (
    select count(*) as members, count(*) filter (where m.role = 'owner') as owners, max(m.role) filter (where m.account_id = p_account) as role
    from memberships m
    where m.organization_id = o.id) counted
  where o.id = p_organization;
end;

-- Who invited may have been erased since. It keeps its owner and who may call it (0002).
create or replace function list_my_invitations(p_account text, p_now timestamptz, p_after text, p_limit integer)
returns table (id text, organization text, organization_name text, role text, invited_by text, expires_at timestamptz, revision bigint, created_at timestamptz)
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select i.id, o.slug, o.name, i.role, a.alias, i.expires_at, i.revision, i.created_at
  from invitations i
  join organizations o on o.id = i.organization_id
  left join accounts a on a.id = i.invited_by
  where i.account_id = p_account
    and i.state = 'pending'
    and i.expires_at > p_now
    and o.state <> 'archived'
    and i.id > p_after
  order by i.id
  limit p_limit;
end;

-- The counts are over what is enabled or pending: each bounded by a limit, each on an index.
create or replace function resource_facts(p_kind text, p_id text, p_now timestamptz) returns json
language plpgsql stable
as $$
declare
  facts json;
begin
  case p_kind
    when 'organization' then
      select json_build_object('slug', o.slug, 'name', o.name, 'state', o.state, 'matrix', o.matrix, 'plan', o.plan,
        'revision', o.revision, 'createdAt', o.created_at, 'updatedAt', o.updated_at,
        'foundedBy', (select a.alias from accounts a where a.id = o.founded_by),
        'enabledApplications', applications.enabled, 'liveApplications', applications.live,
        'enabledSectors', sectors.enabled, 'liveSectors', sectors.live,
        'pendingInvitations', (select count(*) from invitations i where i.state = 'pending' and i.expires_at > p_now))
      into facts
      from organizations o,
        (select count(*) as enabled, coalesce((array_agg(a.anchor order by a.anchor))[:20], '{}') as live
         from applications a where a.state = 'enabled') applications,
        (select count(*) as enabled, coalesce((array_agg(s.id order by s.id))[:20], '{}') as live
         from sectors s where s.state = 'enabled') sectors
      where o.slug = p_id;
    when 'sector' then
      select json_build_object('id', s.id, 'name', s.name, 'state', s.state, 'revision', s.revision,
        'createdAt', s.created_at, 'updatedAt', s.updated_at,
        'organizationApplications', applications.enabled,
        'enabledApplications', applications.enabled_here, 'liveApplications', applications.live,
        'organizationSectors', (select count(*) from sectors others where others.state = 'enabled'))
      into facts
      from sectors s
      cross join lateral (
        select count(*) as enabled, count(*) filter (where a.sector_id = s.id) as enabled_here,
          coalesce((array_agg(a.anchor order by a.anchor) filter (where a.sector_id = s.id))[:20], '{}') as live
        from applications a where a.state = 'enabled') applications
      where s.id = p_id;
    when 'application' then
      select json_build_object('anchor', a.anchor, 'name', a.name, 'kind', a.kind, 'state', a.state, 'sector', a.sector_id,
        'sectorState', s.state, 'revision', a.revision, 'createdAt', a.created_at, 'updatedAt', a.updated_at,
        'organizationApplications', (select count(*) from applications others where others.state = 'enabled'))
      into facts
      from applications a
      join sectors s on s.id = a.sector_id
      where a.anchor = p_id;
    when 'member' then
      select json_build_object('account', account_json(a), 'alias', a.alias, 'role', m.role, 'revision', m.revision,
        'createdAt', m.created_at, 'updatedAt', m.updated_at,
        'ownedOrganizations', count_owned_organizations(a.id), 'maxOwnedOrganizations', a.max_owned_organizations,
        'transferPending', exists (select from transfers t where t.state = 'pending' and t.expires_at > p_now))
      into facts
      from memberships m
      join accounts a on a.id = m.account_id
      where a.alias = substr(p_id, strpos(p_id, '/') + 1);
    when 'invitation' then
      select json_build_object('id', i.id, 'account', account_json(a), 'alias', a.alias, 'role', i.role,
        'state', invitation_state(i, p_now), 'invitedBy', (select b.alias from accounts b where b.id = i.invited_by),
        'expiresAt', i.expires_at, 'revision', i.revision, 'createdAt', i.created_at, 'updatedAt', i.updated_at,
        'inviteeIsMember', exists (select from memberships m where m.account_id = i.account_id),
        'pendingInvitations', (select count(*) from invitations others where others.state = 'pending' and others.expires_at > p_now))
      into facts
      from invitations i
      join accounts a on a.id = i.account_id
      where i.id = p_id;
    when 'transfer' then
      select json_build_object('id', t.id, 'account', account_json(a), 'alias', a.alias,
        'offerer', account_json(b), 'offeredBy', b.alias, 'state', transfer_state(t, p_now),
        -- Whose membership began later was removed and has joined again: it is not the member that ownership was offered to.
        'role', (select m.role from memberships m where m.account_id = t.account_id and m.created_at <= t.created_at),
        'offererIsOwner', exists (select from memberships m where m.account_id = t.offered_by and m.role = 'owner'),
        'ownedOrganizations', coalesce(count_owned_organizations(a.id), 0), 'maxOwnedOrganizations', a.max_owned_organizations,
        'expiresAt', t.expires_at, 'revision', t.revision, 'createdAt', t.created_at, 'updatedAt', t.updated_at)
      into facts
      from transfers t
      left join accounts a on a.id = t.account_id
      left join accounts b on b.id = t.offered_by
      where t.id = p_id;
  end case;
  return facts;
end
$$;
