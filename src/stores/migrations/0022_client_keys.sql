-- Up Migration

-- What an application authenticates with (entities/client-keys.ts): a public key, or the hash of a secret.
create table client_keys (
  organization_id text not null,
  anchor text not null,
  id text not null,
  kind text not null check (kind in ('public_key', 'secret')),
  name text not null,
  public_key jsonb,
  secret_hash bytea,
  created_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > created_at),
  primary key (organization_id, anchor, id),
  foreign key (organization_id, anchor) references applications (organization_id, anchor),
  check ((kind = 'public_key') = (public_key is not null) and (kind = 'secret') = (secret_hash is not null))
);

grant select, insert, delete on client_keys to bailiwick_app;
alter table client_keys enable row level security;
alter table client_keys force row level security;
create policy one_organization on client_keys to bailiwick_app using (organization_id = (select current_organization()));
