-- Up Migration

-- Three roles, none of which owns a table or may log in:
--   bailiwick_app        what the gateway works as; sees one organization at a time
--   bailiwick_directory  owns the named functions that look across organizations
--   bailiwick_relay      reads the outbox of every organization and moves graph positions
do $$
declare
  role_name text;
begin
  foreach role_name in array array['bailiwick_app', 'bailiwick_directory', 'bailiwick_relay'] loop
    begin
      execute format('create role %I nologin', role_name);
    exception when duplicate_object or unique_violation then
      null; -- Roles belong to the server; another database of ours made them.
    end;
    if not pg_has_role(current_user, role_name, 'set') then
      execute format('grant %I to current_user', role_name);
    end if;
  end loop;
end
$$;

grant usage on schema public to bailiwick_app, bailiwick_directory, bailiwick_relay;

-- The organization that the transaction is about. An unset one is an error, never "all" and never "none".
create function current_organization() returns text
language plpgsql stable
as $$
begin
  if coalesce(current_setting('app.organization', true), '') = '' then
    raise exception 'app.organization is not set' using errcode = 'insufficient_privilege';
  end if;
  return current_setting('app.organization');
end
$$;

create table accounts (
  id text primary key,
  issuer text not null check (length(issuer) between 1 and 512),
  subject text not null check (length(subject) between 1 and 256),
  alias text not null unique check (alias ~ '^[a-z0-9-]{3,40}$'),
  pseudonym text not null unique, -- what OpenFGA's tuples carry
  max_owned_organizations integer check (max_owned_organizations >= 0), -- null: the plan's
  version bigint not null default 1,
  created_at timestamptz not null,
  unique (issuer, subject)
);
comment on column accounts.version is 'Raised by every change of the account''s memberships.';

create table organizations (
  id text primary key,
  slug text not null unique check (slug ~ '^[a-z0-9-]{1,100}$'), -- S2.15; never reused (K13)
  name text not null check (length(name) between 1 and 200),
  state text not null check (state in ('active', 'retired', 'archived')),
  matrix text not null default 'default' check (matrix ~ '^[a-z0-9_-]{1,40}$'),
  plan text not null default 'free' check (plan ~ '^[a-z0-9_-]{1,40}$'),
  founded_by text references accounts (id), -- K5; null for the platform only
  version bigint not null default 1,
  revision bigint not null default 1, -- of the organization's own attributes: its ETag
  tuples_filed bigint not null default 0, -- number of the last outbox row
  created_at timestamptz not null,
  updated_at timestamptz not null
);
comment on column organizations.version is 'Raised by every change inside the organization; every fact that decides belongs to a version.';

create table memberships (
  organization_id text not null references organizations (id),
  account_id text not null references accounts (id),
  role text not null check (role in ('viewer', 'member', 'billing', 'admin', 'owner')),
  revision bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organization_id, account_id)
);
create index memberships_of_account on memberships (account_id, organization_id);
create index memberships_owners on memberships (organization_id) where role = 'owner';

create table sectors (
  id text primary key,
  organization_id text not null references organizations (id),
  name text not null check (length(name) between 1 and 200),
  state text not null check (state in ('enabled', 'retired')),
  revision bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (organization_id, id)
);
create index sectors_enabled on sectors (organization_id) where state = 'enabled';

create table applications (
  anchor text primary key,
  organization_id text not null references organizations (id),
  sector_id text not null,
  name text not null check (length(name) between 1 and 200),
  kind text not null check (kind in ('web', 'game', 'cli', 'oidc')),
  state text not null check (state in ('enabled', 'retired')),
  revision bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (organization_id, anchor),
  -- S0.13, S0.14: exactly one sector, and of the same organization.
  foreign key (organization_id, sector_id) references sectors (organization_id, id)
);
create index applications_enabled on applications (organization_id) where state = 'enabled';
create index applications_of_sector on applications (sector_id, state);

create table invitations (
  id text primary key,
  organization_id text not null references organizations (id),
  account_id text not null references accounts (id),
  role text not null check (role in ('viewer', 'member', 'billing', 'admin')), -- never owner (K3)
  state text not null check (state in ('pending', 'accepted', 'declined', 'revoked')),
  invited_by text not null references accounts (id),
  expires_at timestamptz not null,
  revision bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (organization_id, id)
);
create unique index invitations_one_pending on invitations (organization_id, account_id) where state = 'pending';
create index invitations_of_account on invitations (account_id, id);

-- What the platform allows an organization beyond (or below) its plan; policies/plans.yaml holds the plans.
create table limits (
  organization_id text not null references organizations (id),
  name text not null check (name in ('applications', 'sectors', 'members', 'pendingInvitations')),
  max integer not null check (max >= 0),
  primary key (organization_id, name)
);

-- Audit rows name accounts by these; erasing an account cuts the link (K7).
create table audit_pseudonyms (
  organization_id text not null references organizations (id),
  account_id text not null references accounts (id),
  pseudonym text not null unique,
  primary key (organization_id, account_id)
);

create table audit_events (
  organization_id text not null references organizations (id),
  version bigint not null, -- the version that the change made
  ordinal integer not null, -- a change can have several events
  at timestamptz not null,
  actor_kind text not null check (actor_kind in ('account', 'client', 'system')),
  actor text not null, -- an audit pseudonym, a client id, or 'system'
  action text not null,
  target_kind text not null,
  target_id text not null, -- for a member: its audit pseudonym
  before jsonb,
  after jsonb,
  matrix text,
  unit text,
  request_id text,
  primary key (organization_id, version, ordinal)
);

-- Tuples on their way to OpenFGA: numbered without gaps per organization, applied in that order.
create table outbox (
  organization_id text not null references organizations (id),
  number bigint not null,
  version bigint not null,
  writes jsonb not null,
  deletes jsonb not null,
  rebuild_epoch integer, -- set on the first row of a rebuilt graph
  created_at timestamptz not null,
  primary key (organization_id, number)
);

create table graph_positions (
  organization_id text primary key references organizations (id),
  applied bigint not null default 0, -- number of the last outbox row that OpenFGA has
  epoch integer not null default 0, -- how many times the graph was rebuilt
  attempts integer not null default 0,
  next_attempt_at timestamptz, -- null: at once
  lease_owner text,
  lease_until timestamptz,
  stopped text -- why nothing more is applied until somebody looks
);

create table clients (
  id text primary key,
  issuer text not null check (length(issuer) between 1 and 512),
  client_id text not null check (length(client_id) between 1 and 256),
  subject text not null check (length(subject) between 1 and 256), -- the `sub` of the client's own tokens
  name text not null check (length(name) between 1 and 200),
  scopes text[] not null,
  organizations text[] not null default '{}', -- slugs; not bound to any with the scope authz:all
  applications text[] not null default '{}', -- anchors
  origin text not null check (origin in ('configuration', 'registered', 'development')),
  state text not null check (state in ('enabled', 'disabled')),
  revision bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (issuer, client_id)
);

-- K8: what belongs to no organization belongs to this one, which has no members and stands in no list.
insert into organizations (id, slug, name, state, created_at, updated_at)
values ('platform', 'platform', 'Platform', 'active', now(), now());
insert into graph_positions (organization_id) values ('platform');
