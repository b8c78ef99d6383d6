-- Up Migration

-- What an application signs with. Which state a key is in follows from these times (entities/signing-keys.ts): nothing has to run for one to begin or to end.
create table signing_keys (
  organization_id text not null,
  anchor text not null,
  kid text not null,
  algorithm text not null check (algorithm in ('ES256', 'EdDSA')),
  public_key jsonb not null, -- a JWK without kid, alg and use
  private_key text, -- sealed (domain/sealing.ts); null: nothing is signed with it any more
  created_at timestamptz not null,
  activates_at timestamptz not null,
  superseded_at timestamptz, -- when the next one begins to sign
  revoked_at timestamptz,
  primary key (organization_id, anchor, kid),
  check (superseded_at is null or superseded_at >= activates_at)
);
-- At the most one signs next, or signs until further notice.
create unique index signing_keys_last on signing_keys (organization_id, anchor) where superseded_at is null and revoked_at is null;

alter table applications add unique (organization_id, anchor);
alter table signing_keys add foreign key (organization_id, anchor) references applications (organization_id, anchor);

grant select, insert, update on signing_keys to bailiwick_app;
alter table signing_keys enable row level security;
alter table signing_keys force row level security;
create policy one_organization on signing_keys to bailiwick_app using (organization_id = (select current_organization()));

-- Secrets that are not sealed with this master key, of every organization, behind the one that is named.
create policy across on signing_keys to bailiwick_directory using (true);
grant select on signing_keys to bailiwick_directory;
create function list_sealed(p_newest text, p_after text, p_limit integer)
returns table (organization text, purpose text, owner text, "row" text, sealed text)
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select k.organization_id, 'signing key', k.anchor, k.kid, k.private_key
  from signing_keys k
  where k.private_key is not null and split_part(k.private_key, '.', 2) <> p_newest and k.kid > p_after
  order by k.kid
  limit p_limit;
end;

-- By which master keys secrets are sealed, and how many by each.
create function count_sealed() returns table (master_key text, secrets bigint)
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select split_part(k.private_key, '.', 2), count(*)
  from signing_keys k
  where k.private_key is not null
  group by 1;
end;

do $$
declare
  signature text;
begin
  grant create on schema public to bailiwick_directory; -- only an owner-to-be that may create can take a function over
  foreach signature in array array['list_sealed(text, text, integer)', 'count_sealed()'] loop
    execute format('revoke all on function %s from public', signature);
    execute format('alter function %s owner to bailiwick_directory', signature);
    execute format('grant execute on function %s to bailiwick_app', signature);
  end loop;
  revoke create on schema public from bailiwick_directory;
end
$$;
