-- Up Migration

-- S0.4: a person can sign in by several issuers; each of these is one way to be recognized as one account.
create table sign_in_methods (
  id text primary key,
  account_id text not null references accounts (id),
  issuer text not null check (length(issuer) between 1 and 512),
  subject text not null check (length(subject) between 1 and 256),
  created_at timestamptz not null,
  unique (issuer, subject)
);
create index sign_in_methods_of_account on sign_in_methods (account_id, id);

insert into sign_in_methods (id, account_id, issuer, subject, created_at)
select 'sim-' || left(replace(gen_random_uuid()::text, '-', ''), 20), a.id, a.issuer, a.subject, a.created_at
from accounts a;

alter table accounts
  drop column issuer,
  drop column subject,
  add column name text check (length(name) between 1 and 200), -- what the person is called; null: they have not said
  add column revision bigint not null default 1, -- of the profile: its ETag
  add column alias_changed_at timestamptz, -- null: never; the next change has to wait (a cool-down)
  add column updated_at timestamptz;
update accounts set updated_at = created_at;
alter table accounts alter column updated_at set not null;

-- Aliases that nobody is given again, because they were changed or their account was erased: keyed hashes, which say nothing.
create table alias_tombstones (
  digest bytea primary key
);

-- Whose account was erased: until the longest token has expired, theirs makes no new one.
create table identity_tombstones (
  digest bytea primary key, -- of issuer and subject
  until timestamptz not null
);
create index identity_tombstones_by_age on identity_tombstones (until);

-- Who is erased is named nowhere: neither as the founder (K5) nor as who invited.
alter table invitations alter column invited_by drop not null;

grant select, insert, update, delete on sign_in_methods to bailiwick_app; -- it belongs to no organization
grant select, insert on alias_tombstones to bailiwick_app;
grant select, insert, update, delete on identity_tombstones to bailiwick_app;
grant select on sign_in_methods to bailiwick_directory;

-- Locks accounts, then organizations, each by id; false when one of them is gone or no longer at its version. The transaction is about
-- the last of the organizations afterwards.
drop function lock_at(text[], bigint[], text, bigint);
create function lock_at(
  p_accounts text[], p_account_versions bigint[], p_organizations text[], p_organization_versions bigint[]) returns boolean
language plpgsql volatile
as $$
declare
  asked record;
  found_version bigint;
  holds boolean := true;
begin
  for asked in
    select a.id, a.version from unnest(p_accounts, p_account_versions) as a (id, version) order by a.id
  loop
    select a.version into found_version from accounts a where a.id = asked.id for no key update;
    holds := holds and coalesce(found_version = asked.version, false);
  end loop;
  for asked in
    select o.id, o.version from unnest(p_organizations, p_organization_versions) as o (id, version) order by o.id
  loop
    perform set_config('app.organization', asked.id, true);
    select o.version into found_version from organizations o where o.id = asked.id for no key update;
    holds := holds and coalesce(found_version = asked.version, false);
  end loop;
  return holds;
end
$$;
