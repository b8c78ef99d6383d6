-- Up Migration

-- S1.17, S2.10: an Owner offers ownership to another member. Acceptance swaps the two: the member becomes Owner, who offered becomes Admin.
create table transfers (
  id text primary key,
  organization_id text not null references organizations (id),
  account_id text references accounts (id), -- to whom it is offered
  offered_by text references accounts (id),
  state text not null check (state in ('pending', 'accepted', 'declined', 'cancelled', 'expired')),
  expires_at timestamptz not null,
  revision bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (organization_id, id),
  -- Who is erased is named nowhere; what waits for an answer names both.
  check (state <> 'pending' or (account_id is not null and offered_by is not null))
);
comment on column transfers.state is 'An offer whose time has passed stays pending until the next one is made: see transfer_state.';
create unique index transfers_one_pending on transfers (organization_id) where state = 'pending';
create index transfers_of_account on transfers (account_id, id) where state = 'pending';

create function transfer_state(t transfers, p_now timestamptz) returns text
language sql immutable
return case when t.state = 'pending' and t.expires_at <= p_now then 'expired' else t.state end;

grant select, insert, update on transfers to bailiwick_app;
grant select on transfers to bailiwick_directory;
alter table transfers enable row level security;
alter table transfers force row level security;
create policy one_organization on transfers to bailiwick_app using (organization_id = (select current_organization()));
create policy across on transfers to bailiwick_directory using (true);

-- The offers that wait for one account, by id: while it is the member that it was when ownership was offered (0012).
create function list_my_transfers(p_account text, p_now timestamptz, p_after text, p_limit integer)
returns table (id text, organization text, organization_name text, offered_by text, expires_at timestamptz, revision bigint, created_at timestamptz)
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select t.id, o.slug, o.name, a.alias, t.expires_at, t.revision, t.created_at
  from transfers t
  join organizations o on o.id = t.organization_id
  join memberships m on m.organization_id = t.organization_id and m.account_id = t.account_id and m.created_at <= t.created_at
  join accounts a on a.id = t.offered_by
  where t.account_id = p_account
    and t.state = 'pending'
    and t.expires_at > p_now
    and o.state <> 'archived'
    and t.id > p_after
  order by t.id
  limit p_limit;
end;

grant create on schema public to bailiwick_directory; -- as in 0002
revoke all on function list_my_transfers(text, timestamptz, text, integer) from public;
alter function list_my_transfers(text, timestamptz, text, integer) owner to bailiwick_directory;
grant execute on function list_my_transfers(text, timestamptz, text, integer) to bailiwick_app;
revoke create on schema public from bailiwick_directory;
