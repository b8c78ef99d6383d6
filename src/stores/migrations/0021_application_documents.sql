-- Up Migration

-- What an application carries beside its name (entities/application-documents.ts). One that was never set has no row, and is the default.
create table application_documents (
  organization_id text not null,
  anchor text not null,
  name text not null check (name in ('settings', 'admission', 'authentication', 'session', 'claims')),
  document jsonb not null, -- without the accounts that it names
  revision bigint not null check (revision > 1),
  updated_at timestamptz not null,
  primary key (organization_id, anchor, name),
  foreign key (organization_id, anchor) references applications (organization_id, anchor)
);

-- Whom the admission of an application names: bound when it is written, whatever they are called later. Who is erased is named no longer.
create table application_accounts (
  organization_id text not null,
  anchor text not null,
  account_id text not null references accounts (id) on delete cascade,
  list text not null check (list in ('accounts', 'blocked')),
  primary key (organization_id, anchor, list, account_id),
  foreign key (organization_id, anchor) references applications (organization_id, anchor)
);
create index application_accounts_of_account on application_accounts (account_id);

grant select, insert, update on application_documents to bailiwick_app;
grant select, insert, delete on application_accounts to bailiwick_app;
alter table application_documents enable row level security;
alter table application_documents force row level security;
alter table application_accounts enable row level security;
alter table application_accounts force row level security;
create policy one_organization on application_documents to bailiwick_app using (organization_id = (select current_organization()));
create policy one_organization on application_accounts to bailiwick_app using (organization_id = (select current_organization()));
