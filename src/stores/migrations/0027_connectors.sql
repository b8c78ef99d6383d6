-- Up Migration

-- S0.1: identity providers from which an organization's people may come (entities/connectors.ts).
create table connectors (
  organization_id text not null references organizations (id),
  id text not null unique,
  name text not null,
  state text not null check (state in ('enabled', 'disabled')),
  identifier text not null, -- the issuer's, or the entity's
  settings jsonb not null,
  client_secret text, -- sealed (domain/sealing.ts)
  client_secret_set_at timestamptz,
  revision bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organization_id, id),
  unique (organization_id, identifier),
  check ((client_secret is null) = (client_secret_set_at is null))
);

grant select, insert, update, delete on connectors to bailiwick_app;
alter table connectors enable row level security;
alter table connectors force row level security;
create policy one_organization on connectors to bailiwick_app using (organization_id = (select current_organization()));
create policy across on connectors to bailiwick_directory using (true);
grant select on connectors to bailiwick_directory;

-- As before (0023), and those of connectors.
create or replace function list_sealed(p_newest text, p_after text, p_limit integer)
returns table (organization text, purpose text, owner text, "row" text, sealed text)
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select s.organization, s.purpose, s.owner, s."row", s.sealed
  from (
    select k.organization_id, 'signing key', k.anchor, k.kid, k.private_key
    from signing_keys k
    where k.private_key is not null
    union all
    select c.organization_id, 'sector secret', c.sector_id, c.sector_id, c.secret
    from sector_secrets c
    union all
    select n.organization_id, 'connector secret', n.id, n.id, n.client_secret
    from connectors n
    where n.client_secret is not null) s (organization, purpose, owner, "row", sealed)
  where split_part(s.sealed, '.', 2) <> p_newest and s."row" > p_after
  order by s."row"
  limit p_limit;
end;

create or replace function count_sealed() returns table (master_key text, secrets bigint)
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select split_part(s.sealed, '.', 2), count(*)
  from (
    select k.private_key from signing_keys k where k.private_key is not null
    union all
    select c.secret from sector_secrets c
    union all
    select n.client_secret from connectors n where n.client_secret is not null) s (sealed)
  group by 1;
end;
