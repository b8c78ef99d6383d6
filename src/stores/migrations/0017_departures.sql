-- Up Migration

-- Who has left an organization, or was erased, while more of it pointed to the account than one transaction ends. What is left counts for
-- nothing and is shown to nobody; the reconciler ends it in parts, and until then nobody comes back.
create table departures (
  organization_id text not null references organizations (id),
  account_id text not null, -- of an account that may be gone
  pseudonym text not null, -- what the graph calls it
  primary key (organization_id, account_id)
);

-- A relation outlives the membership by as long as there is a departure.
alter table entity_relations drop constraint entity_relations_organization_id_account_id_fkey;

create function note_departure() returns trigger
language plpgsql security definer
set search_path = public, pg_temp
as $$
begin
  insert into departures (organization_id, account_id, pseudonym)
  select old.organization_id, a.id, a.pseudonym
  from accounts a
  where a.id = old.account_id
    and exists (
      select from entity_relations r
      where r.organization_id = old.organization_id and r.account_id = old.account_id);
  return null;
end
$$;

create trigger departure after delete on memberships
for each row execute function note_departure();

alter table departures enable row level security;
alter table departures force row level security;
create policy one_organization on departures to bailiwick_app using (organization_id = (select current_organization()));
create policy across on departures to bailiwick_directory using (true);
create policy across on entity_relations to bailiwick_directory using (true);
grant select, delete on departures to bailiwick_app;
grant insert on departures to bailiwick_directory;
grant select on entity_relations to bailiwick_directory;

do $$
begin
  grant create on schema public to bailiwick_directory; -- only an owner-to-be that may create can take a function over
  revoke all on function note_departure() from public;
  alter function note_departure() owner to bailiwick_directory;
  revoke create on schema public from bailiwick_directory;
end
$$;
