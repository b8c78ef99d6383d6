-- Up Migration

-- The rule of the matrix that allowed the change, `<kind>#<rule>`; null: nobody asked a policy, or it is of before there were rules here.
alter table audit_events add column rule text;

-- Each filter has its index, in the order of the list: newest first by `at`, and by version and ordinal where that is equal. Gateways
-- whose clocks differ can make `at` go back a little from one version to the next; so it leads, and a filter by time is a range of it.
create index audit_events_by_time on audit_events (organization_id, at, version, ordinal);
create index audit_events_by_action on audit_events (organization_id, action, at, version, ordinal);
create index audit_events_by_actor on audit_events (organization_id, actor, at, version, ordinal);
create index audit_events_by_kind on audit_events (organization_id, target_kind, at, version, ordinal);
create index audit_events_by_target on audit_events (organization_id, target_id, at, version, ordinal);

-- Ends every change, under the organization's lock: the next version, and the audit events that made it. Answers the version.
--   p_header  {"actorKind", "actor": account id | client id | "system", "rule", "matrix", "unit", "requestId"}
--   p_events  [{"action", "targetKind", "targetId" | "targetAccount", "before", "after"}]
--   p_fresh   unused pseudonyms, one more than there are events
create or replace function record_change(p_organization text, p_header jsonb, p_events jsonb, p_fresh text[], p_now timestamptz) returns bigint
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
    before, after, rule, matrix, unit, request_id)
  select p_organization, new_version, e.ordinal, p_now, p_header ->> 'actorKind', actor, e.event ->> 'action',
    e.event ->> 'targetKind',
    case when e.event ? 'targetAccount'
      then audit_pseudonym(p_organization, e.event ->> 'targetAccount', p_fresh[e.ordinal + 1])
      else e.event ->> 'targetId' end,
    e.event -> 'before', e.event -> 'after', p_header ->> 'rule', p_header ->> 'matrix', p_header ->> 'unit',
    p_header ->> 'requestId'
  from jsonb_array_elements(p_events) with ordinality as e (event, ordinal)
  order by e.ordinal;
  return new_version;
end
$$;
