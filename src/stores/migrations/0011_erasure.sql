-- Up Migration

-- S0.38, S0.39, S0.40: the organizations that an account owns, and whether each stands in the way of its erasure: without another Owner,
-- and with something enabled. Archived ones never do.
create function list_owned_organizations(p_account text)
returns table (id text, slug text, version bigint, is_sole boolean, is_live boolean)
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select o.id, o.slug, o.version,
    not exists (
      select from memberships other
      where other.organization_id = o.id and other.role = 'owner' and other.account_id <> p_account),
    exists (select from applications a where a.organization_id = o.id and a.state = 'enabled')
      or exists (select from sectors s where s.organization_id = o.id and s.state = 'enabled')
  from memberships m
  join organizations o on o.id = m.organization_id
  where m.account_id = p_account
    and m.role = 'owner'
    and o.state <> 'archived'
  order by o.slug;
end;

-- Every organization in which a row names the account: as a member, as invited or as who invited, as the founder,
-- as who offered ownership or to whom it was offered.
create function list_account_traces(p_account text)
returns table (organization text, version bigint, slug text, state text, role text, is_sole_owner boolean, invitations text[], transfers text[])
language sql stable security definer
set search_path = public, pg_temp
begin atomic
  select o.id, o.version, o.slug, o.state, m.role,
    m.role is not distinct from 'owner' and not exists (
      select from memberships other
      where other.organization_id = o.id and other.role = 'owner' and other.account_id <> p_account),
    array(
      select i.id from invitations i
      where i.organization_id = o.id and i.account_id = p_account and i.state = 'pending'
      order by i.id),
    array(
      select t.id from transfers t
      where t.organization_id = o.id and p_account in (t.account_id, t.offered_by) and t.state = 'pending'
      order by t.id)
  from (
    select m.organization_id as id from memberships m where m.account_id = p_account
    union select i.organization_id from invitations i where i.account_id = p_account
    union select i.organization_id from invitations i where i.invited_by = p_account
    union select o.id from organizations o where o.founded_by = p_account
    union select t.organization_id from transfers t where t.account_id = p_account
    union select t.organization_id from transfers t where t.offered_by = p_account) named
  join organizations o on o.id = named.id
  left join memberships m on m.organization_id = o.id and m.account_id = p_account
  order by o.id;
end;

-- Whom an outcome tells of by alias, by account id: for it must not outlive them.
alter table idempotency_records add column about text[] not null default '{}';
create index idempotency_records_about on idempotency_records using gin (about);
update idempotency_records r
set about = array(
  select a.id from accounts a
  where a.alias in (r.outcome #>> '{value,alias}', r.outcome #>> '{value,invitedBy}', r.outcome #>> '{value,foundedBy}'));

-- What names an account is found without reading what names others.
create index audit_pseudonyms_of_account on audit_pseudonyms (account_id);
create index invitations_by_inviter on invitations (invited_by) where invited_by is not null;
create index transfers_to_account on transfers (account_id) where account_id is not null;
create index transfers_by_offerer on transfers (offered_by) where offered_by is not null;
create index organizations_by_founder on organizations (founded_by) where founded_by is not null;

-- Removes every row that names the account, and the account. Audit events stay as they are: they know it by pseudonyms, which lead nowhere
-- from here on (K7). The caller holds the account and every organization that names it.
create function forget_account(p_account text, p_now timestamptz) returns void
language sql volatile security definer
set search_path = public, pg_temp
begin atomic
  delete from memberships where account_id = p_account;
  delete from invitations where account_id = p_account;
  delete from transfers where p_account in (account_id, offered_by) and state = 'pending';
  update transfers set account_id = null, revision = revision + 1, updated_at = p_now where account_id = p_account;
  update transfers set offered_by = null, revision = revision + 1, updated_at = p_now where offered_by = p_account;
  update invitations set invited_by = null, revision = revision + 1, updated_at = p_now where invited_by = p_account;
  update organizations set founded_by = null, revision = revision + 1, updated_at = p_now where founded_by = p_account;
  delete from audit_pseudonyms where account_id = p_account;
  delete from idempotency_records where owner_id = p_account or about @> array[p_account];
  delete from data_sharing where account_id = p_account;
  delete from sign_in_methods where account_id = p_account;
  delete from accounts where id = p_account;
end;

grant delete on memberships, accounts, sign_in_methods, data_sharing to bailiwick_directory;
grant update (invited_by, revision, updated_at), delete on invitations to bailiwick_directory;
grant update (account_id, offered_by, revision, updated_at), delete on transfers to bailiwick_directory;
grant update (founded_by, revision, updated_at) on organizations to bailiwick_directory;
grant select, delete on audit_pseudonyms, idempotency_records to bailiwick_directory;

do $$
declare
  signature text;
begin
  grant create on schema public to bailiwick_directory; -- only an owner-to-be that may create can take a function over
  foreach signature in array array['list_owned_organizations(text)', 'list_account_traces(text)', 'forget_account(text, timestamptz)'] loop
    execute format('revoke all on function %s from public', signature);
    execute format('alter function %s owner to bailiwick_directory', signature);
    execute format('grant execute on function %s to bailiwick_app', signature);
  end loop;
  revoke create on schema public from bailiwick_directory;
end
$$;
