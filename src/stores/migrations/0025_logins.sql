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
