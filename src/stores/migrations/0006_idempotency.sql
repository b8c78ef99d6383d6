-- Up Migration

-- What an Idempotency-Key has brought about, so that a repetition answers the same. Belongs to who asked, not to an
-- organization: one key can found one.
create table idempotency_records (
  owner_id text not null, -- an account's id or a client's
  route text not null, -- method and path, ids included
  key text not null check (length(key) between 1 and 255),
  body_hash text not null,
  outcome json, -- letter by letter, for a repetition answers as the first did; null only inside the transaction that makes the change
  created_at timestamptz not null,
  primary key (owner_id, route, key)
);
create index idempotency_records_by_age on idempotency_records (created_at);

grant select, insert, update, delete on idempotency_records to bailiwick_app;
