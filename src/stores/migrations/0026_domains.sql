-- Up Migration

-- S0.1: the domains that organizations have adopted (entities/adopted-domains.ts). Several may have one; one at a time holds it.
create table domains (
  organization_id text not null references organizations (id),
  domain text not null,
  token text not null, -- what the DNS is to show; no secret
  state text not null check (state in ('pending', 'verified', 'lapsed')),
  created_at timestamptz not null,
  verified_at timestamptz, -- when it was last verified anew
  seen_at timestamptz, -- when the proof was last seen
  missing_since timestamptz check (missing_since is null or state = 'verified'),
  check_at timestamptz, -- when a gateway looks again
  primary key (organization_id, domain),
  check ((state = 'pending') = (verified_at is null)),
  check ((verified_at is null) = (seen_at is null)),
  check ((state = 'verified') = (check_at is not null))
);
create unique index domains_held on domains (domain) where state = 'verified';
create index domains_due on domains (check_at) where state = 'verified';

grant select, insert, update, delete on domains to bailiwick_app;
alter table domains enable row level security;
alter table domains force row level security;
create policy one_organization on domains to bailiwick_app using (organization_id = (select current_organization()));
create policy across on domains to bailiwick_directory using (true);
grant select, update (check_at) on domains to bailiwick_directory;

-- Who holds a domain, and at which version; no row: nobody does.
create function find_domain_holder(p_domain text) returns table (organization text, version bigint)
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select o.id, o.version
  from domains d
  join organizations o on o.id = d.organization_id
  where d.domain = p_domain and d.state = 'verified';
end;

-- Those whose proof is due, the longest due first: until p_until they are the caller's, and nobody else's.
create function claim_domains(p_now timestamptz, p_until timestamptz, p_limit integer)
returns table (organization text, domain text, token text)
language sql volatile security definer
set search_path = public, pg_temp
begin atomic
  with due as (
    select d.organization_id, d.domain
    from domains d
    where d.state = 'verified' and d.check_at <= p_now
    order by d.check_at
    limit p_limit
    for update skip locked)
  update domains d
  set check_at = p_until
  from due
  where d.organization_id = due.organization_id and d.domain = due.domain
  returning d.organization_id, d.domain, d.token;
end;

do $$
declare
  signature text;
begin
  grant create on schema public to bailiwick_directory; -- only an owner-to-be that may create can take a function over
  foreach signature in array array['find_domain_holder(text)', 'claim_domains(timestamptz, timestamptz, integer)'] loop
    execute format('revoke all on function %s from public', signature);
    execute format('alter function %s owner to bailiwick_directory', signature);
    execute format('grant execute on function %s to bailiwick_app', signature);
  end loop;
  revoke create on schema public from bailiwick_directory;
end
$$;
