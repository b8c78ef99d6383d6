-- Up Migration

-- S0.4: which applications know an account. It belongs to the person, not to the organization: erasing the account forgets it.
create table data_sharing (
  account_id text not null references accounts (id),
  application_anchor text not null references applications (anchor),
  first_at timestamptz not null, -- since when the application knows the account
  last_at timestamptz not null,
  primary key (account_id, application_anchor),
  check (first_at <= last_at)
);

grant select, insert, update, delete on data_sharing to bailiwick_app; -- it belongs to no organization
grant select on data_sharing to bailiwick_directory;

-- The applications that know one account, by anchor, whatever has become of them: who knows me does not forget it by being retired.
create function list_data_sharing(p_account text, p_after text, p_limit integer)
returns table (application text, application_name text, organization text, organization_name text, first_at timestamptz, last_at timestamptz)
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select a.anchor, a.name, o.slug, o.name, d.first_at, d.last_at
  from data_sharing d
  join applications a on a.anchor = d.application_anchor
  join organizations o on o.id = a.organization_id
  where d.account_id = p_account
    and d.application_anchor > p_after
  order by d.application_anchor
  limit p_limit;
end;

-- S0.3: a developer is who belongs to an organization, as list_my_organizations shows it; this is stored nowhere.
create function is_developer(p_account text) returns boolean
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select exists (
    select
    from memberships m
    join organizations o on o.id = m.organization_id
    where m.account_id = p_account
      and o.state <> 'archived');
end;

do $$
declare
  signature text;
begin
  grant create on schema public to bailiwick_directory; -- only an owner-to-be that may create can take a function over
  foreach signature in array array['list_data_sharing(text, text, integer)', 'is_developer(text)'] loop
    execute format('revoke all on function %s from public', signature);
    execute format('alter function %s owner to bailiwick_directory', signature);
    execute format('grant execute on function %s to bailiwick_app', signature);
  end loop;
  revoke create on schema public from bailiwick_directory;
end
$$;
