-- Up Migration

-- The things of a host's own kinds. Relations name them by a surrogate: ids of a host never enter the graph, and whoever is stored anew under an
-- old id has nothing of what was there before.
create table entities (
  organization_id text not null references organizations (id),
  type text collate "C" not null check (type ~ '^[a-z][a-z0-9_]{0,49}$'),
  id text collate "C" not null check (octet_length(id) between 1 and 256), -- the host's own, compared byte by byte
  surrogate text not null, -- what OpenFGA's tuples carry
  is_stored boolean not null, -- false: a relation names it, and the enforcement point keeps it
  attributes jsonb not null default '{}',
  revision bigint not null default 1, -- of attributes and relations: its ETag
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organization_id, type, id),
  unique (organization_id, surrogate)
);

-- What each tuple of an entity comes from: who, or what, stands in a relation to it.
create table entity_relations (
  organization_id text not null,
  object text not null, -- the entity's surrogate
  relation text not null check (length(relation) between 1 and 50),
  subject text, -- another entity's
  subject_relation text not null default '', -- `group#member`: everybody in that relation to the subject
  account_id text,
  check ((subject is null) <> (account_id is null)),
  foreign key (organization_id, object) references entities (organization_id, surrogate),
  foreign key (organization_id, subject) references entities (organization_id, surrogate),
  foreign key (organization_id, account_id) references memberships (organization_id, account_id), -- who leaves takes nothing along
  unique nulls not distinct (organization_id, object, relation, subject, subject_relation, account_id)
);
create index entity_relations_of_subject on entity_relations (organization_id, subject) where subject is not null;
create index entity_relations_of_account on entity_relations (organization_id, account_id) where account_id is not null;

alter table organizations add column entity_version bigint not null default 0;
comment on column organizations.entity_version is 'Raised by every change of the host''s entities, which leave `version` alone: busy data holds up no revocation.';

alter table clients add column kinds text[] not null default '{}'; -- that it may ask about and store; none: all

grant select, insert, update, delete on entities, entity_relations to bailiwick_app;

do $$
declare
  table_name text;
begin
  foreach table_name in array array['entities', 'entity_relations'] loop
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    execute format(
      'create policy one_organization on %I to bailiwick_app using (organization_id = (select current_organization()))',
      table_name);
  end loop;
end
$$;

-- Ends every change, under the organization's lock: the next version, and the audit events that made it. Answers the version. A change of entities
-- leaves the version as it is and raises theirs; its events follow those of the change that made the version.
--   p_header  {"actorKind", "actor": account id | client id | "system", "rule", "matrix", "unit", "requestId", "ofEntities"}
--   p_events  [{"action", "targetKind", "targetId" | "targetAccount", "before", "after"}]
--   p_fresh   unused pseudonyms, one more than there are events
create or replace function record_change(p_organization text, p_header jsonb, p_events jsonb, p_fresh text[], p_now timestamptz) returns bigint
language plpgsql volatile
as $$
declare
  version_now bigint;
  events_before integer := 0;
  actor text := p_header ->> 'actor';
begin
  if (p_header ->> 'ofEntities')::boolean then
    update organizations set entity_version = entity_version + 1 where id = p_organization returning version into version_now;
    events_before := coalesce((
      select max(e.ordinal) from audit_events e where e.organization_id = p_organization and e.version = version_now), 0);
  else
    update organizations set version = version + 1 where id = p_organization returning version into version_now;
  end if;
  if p_header ->> 'actorKind' = 'account' then
    actor := audit_pseudonym(p_organization, actor, p_fresh[1]);
  end if;
  insert into audit_events (organization_id, version, ordinal, at, actor_kind, actor, action, target_kind, target_id,
    before, after, rule, matrix, unit, request_id)
  select p_organization, version_now, events_before + e.ordinal, p_now, p_header ->> 'actorKind', actor, e.event ->> 'action',
    e.event ->> 'targetKind',
    case when e.event ? 'targetAccount'
      then audit_pseudonym(p_organization, e.event ->> 'targetAccount', p_fresh[e.ordinal + 1])
      else e.event ->> 'targetId' end,
    e.event -> 'before', e.event -> 'after', p_header ->> 'rule', p_header ->> 'matrix', p_header ->> 'unit',
    p_header ->> 'requestId'
  from jsonb_array_elements(p_events) with ordinality as e (event, ordinal)
  order by e.ordinal;
  return version_now;
end
$$;

-- Who, or what, a question is about: those with the ids, or a page of all by `key`.
--   p_selector  {"type", "ids"} | {"type", "after", "limit", "unstored": also what is not stored}
-- Gives [{"key", "id", "name": what the graph calls it, "role", "isStored", "attributes"}]; of type `account`: the members, by alias.
create function candidates(p_selector jsonb) returns json
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

-- As 0012 has it, with the kinds that a client is bound to.
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
        'organizations', caller_client.organizations, 'applications', caller_client.applications, 'kinds', caller_client.kinds,
        'origin', caller_client.origin, 'state', caller_client.state) end),
    'subject', account_json(subject_account),
    'organization', facts, 'role', role, 'graph', graph, 'resource', resource);
end
$$;

-- As 0012 has it, with entities: subjects and resources of one moment.
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
    when 'entities' then -- of a host's kinds; p_id is {"subjects", "resources"}: two selectors
      select json_build_object('version', o.entity_version,
        'subjects', candidates(p_id::jsonb -> 'subjects'), 'resources', candidates(p_id::jsonb -> 'resources'))
      into facts
      from organizations o;
  end case;
  return facts;
end
$$;
