-- Up Migration

-- A repetition answers letter by letter what the first one did; jsonb would give an object's members in an order of its own.
alter table idempotency_records alter column outcome type json;
