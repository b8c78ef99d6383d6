-- Up Migration

-- S0.15, S0.16: of each sector a secret, with which what its applications see of an account is made (domain/sector-subjects.ts). Made when it is needed first.
create table sector_secrets (
  organization_id text not null,
  sector_id text not null,
  secret text not null, -- sealed (domain/sealing.ts)
  created_at timestamptz not null,
  primary key (organization_id, sector_id),
  foreign key (organization_id, sector_id) references sectors (organization_id, id)
);

-- Whom a sector knows: the way back from what its applications see.
create table sector_subjects (
  organization_id text not null,
  sector_id text not null,
  subject text not null,
  account_id text not null references accounts (id) on delete cascade,
  primary key (organization_id, sector_id, subject),
  unique (organization_id, sector_id, account_id),
  foreign key (organization_id, sector_id) references sectors (organization_id, id)
);
create index sector_subjects_of_account on sector_subjects (account_id);

grant select, insert, update on sector_secrets to bailiwick_app;
grant select, insert on sector_subjects to bailiwick_app;

do $$
declare
  table_name text;
begin
  foreach table_name in array array['sector_secrets', 'sector_subjects'] loop
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    execute format('create policy one_organization on %I to bailiwick_app using (organization_id = (select current_organization()))', table_name);
    execute format('create policy across on %I to bailiwick_directory using (true)', table_name);
    execute format('grant select on %I to bailiwick_directory', table_name);
  end loop;
end
$$;

-- Which claims an application has had of an account, whenever that was.
alter table data_sharing add column claims text[] not null default '{}';

-- As before (0020), and those of sectors.
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
    from sector_secrets c) s (organization, purpose, owner, "row", sealed)
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
    select c.secret from sector_secrets c) s (sealed)
  group by 1;
end;

-- As before (0010), and which claims were let out.
drop function list_data_sharing(text, text, integer);
create function list_data_sharing(p_account text, p_after text, p_limit integer)
returns table (application text, application_name text, organization text, organization_name text, claims text[], first_at timestamptz, last_at timestamptz)
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select a.anchor, a.name, o.slug, o.name, d.claims, d.first_at, d.last_at
  from data_sharing d
  join applications a on a.anchor = d.application_anchor
  join organizations o on o.id = a.organization_id
  where d.account_id = p_account
    and d.application_anchor > p_after
  order by d.application_anchor
  limit p_limit;
end;

-- Who is meant by what the sector of this application sees; null: nobody that it knows.
create function find_by_sector_subject(p_anchor text, p_subject text) returns text
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select acc.alias
  from applications a
  join sector_subjects s on s.organization_id = a.organization_id and s.sector_id = a.sector_id and s.subject = p_subject
  join accounts acc on acc.id = s.account_id
  where a.anchor = p_anchor;
end;

do $$
declare
  signature text;
begin
  grant create on schema public to bailiwick_directory; -- only an owner-to-be that may create can take a function over
  foreach signature in array array['list_data_sharing(text, text, integer)', 'find_by_sector_subject(text, text)'] loop
    execute format('revoke all on function %s from public', signature);
    execute format('alter function %s owner to bailiwick_directory', signature);
    execute format('grant execute on function %s to bailiwick_app', signature);
  end loop;
  revoke create on schema public from bailiwick_directory;
end
$$;
