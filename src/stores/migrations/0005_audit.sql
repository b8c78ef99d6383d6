-- Up Migration

-- The name of an account in one organization's audit log; made when it is first needed.
create function audit_pseudonym(p_organization text, p_account text, p_fresh text) returns text
language plpgsql volatile
as $$
begin
  insert into audit_pseudonyms (organization_id, account_id, pseudonym)
  values (p_organization, p_account, p_fresh)
  on conflict (organization_id, account_id) do nothing;
  return (
    select a.pseudonym
    from audit_pseudonyms a
    where a.organization_id = p_organization and a.account_id = p_account);
end
$$;

-- Ends every change, under the organization's lock: the next version, and the audit events that made it. Answers the version.
--   p_header  {"actorKind", "actor": account id | client id | "system", "matrix", "unit", "requestId"}
--   p_events  [{"action", "targetKind", "targetId" | "targetAccount", "before", "after"}]
--   p_fresh   unused pseudonyms, one more than there are events
create function record_change(p_organization text, p_header jsonb, p_events jsonb, p_fresh text[], p_now timestamptz) returns bigint
language plpgsql volatile
as $$
declare
  new_version bigint;
  actor text := p_header ->> 'actor';
begin
  update organizations set version = version + 1 where id = p_organization returning version into new_version;
  if p_header ->> 'actorKind' = 'account' then
    actor := audit_pseudonym(p_organization, actor, p_fresh[1]);
  end if;
  insert into audit_events (organization_id, version, ordinal, at, actor_kind, actor, action, target_kind, target_id,
    before, after, matrix, unit, request_id)
  select p_organization, new_version, e.ordinal, p_now, p_header ->> 'actorKind', actor, e.event ->> 'action',
    e.event ->> 'targetKind',
    case when e.event ? 'targetAccount'
      then audit_pseudonym(p_organization, e.event ->> 'targetAccount', p_fresh[e.ordinal + 1])
      else e.event ->> 'targetId' end,
    e.event -> 'before', e.event -> 'after', p_header ->> 'matrix', p_header ->> 'unit', p_header ->> 'requestId'
  from jsonb_array_elements(p_events) with ordinality as e (event, ordinal)
  order by e.ordinal;
  return new_version;
end
$$;

-- Audit rows are for ever: no privilege changes them, and neither does their owner by mistake.
create function refuse_change() returns trigger
language plpgsql
as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end
$$;

create trigger append_only
before update or delete or truncate on audit_events
for each statement execute function refuse_change();
