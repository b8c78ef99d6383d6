-- Up Migration

-- K8: what the platform may hold is for those who run it to say, and so has a plan of its own in policies/plans.yaml. Row-level security
-- is forced upon the owner too; no policy lets a migration in.
alter table organizations no force row level security;
update organizations set plan = 'platform' where id = 'platform';
alter table organizations force row level security;
