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

do $$
declare
  signature text;
begin
  grant create on schema public to bailiwick_directory; -- only an owner-to-be that may create can take a function over
  foreach signature in array array['list_data_sharing(text, text, integer)'] loop
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
