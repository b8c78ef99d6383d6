-- Up Migration

-- The few organizations whose graph waits for somebody to look; readiness asks for them.
create index graph_positions_stopped on graph_positions (organization_id) where stopped is not null;
