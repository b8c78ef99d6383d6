import path from "node:path";
import type pg from "pg";
import { readPlans } from "../src/policy/plans.ts";

export interface Facts {
  readonly pseudonym: string;
  /** The organization's id. */
  readonly organization: string;
  readonly matrix: string;
  readonly attr: Record<string, string | number>;
}

/** Undefined when the subject or the resource is unknown. */
export type NaiveFacts = (
  alias: string,
  resource: { readonly type: string; readonly id: string },
) => Promise<Facts | undefined>;

type Plans = Awaited<ReturnType<typeof readPlans>>;

interface OrganizationRow {
  readonly id: string;
  readonly state: string;
  readonly matrix: string;
  readonly plan: string;
}

interface ApplicationRow extends OrganizationRow {
  readonly application_state: string;
  readonly sector_state: string;
}

interface ApplicationCounts {
  readonly owners: number;
  readonly applications: number;
  readonly limits: Limits | null;
}

interface OrganizationCounts extends ApplicationCounts {
  readonly sectors: number;
  readonly members: number;
  readonly invitations: number;
}

type Limits = Readonly<Record<string, number>>;

/** The rows that a question needs, in three statements: the account, the resource, and what is counted. */
export async function createNaiveFacts(pool: pg.Pool, policiesDir: string): Promise<NaiveFacts> {
  const plans = await readPlans(path.resolve(policiesDir));
  const one: One = async <Row extends object>(text: string, value: string): Promise<Row | undefined> =>
    (await pool.query<Row>(text, [value])).rows[0];
  return async (alias, { type, id }) => {
    const [account, facts] = await Promise.all([
      one<{ pseudonym: string }>("select pseudonym from accounts where alias = $1", alias),
      type === "application" ? applicationFacts(one, plans, id) : organizationFacts(one, plans, id),
    ]);
    return account === undefined || facts === undefined ? undefined : { ...facts, pseudonym: account.pseudonym };
  };
}

type One = <Row extends object>(text: string, value: string) => Promise<Row | undefined>;
type ResourceFacts = Omit<Facts, "pseudonym">;

async function applicationFacts(one: One, plans: Plans, anchor: string): Promise<ResourceFacts | undefined> {
  const row = await one<ApplicationRow>(
    `select o.id, o.state, o.matrix, o.plan, a.state as application_state, s.state as sector_state
     from applications a
     join sectors s on s.id = a.sector_id
     join organizations o on o.id = a.organization_id
     where a.anchor = $1`,
    anchor,
  );
  if (row === undefined) return undefined;
  const counts = await one<ApplicationCounts>(
    `select
       (select count(*)::int from memberships where organization_id = $1 and role = 'owner') as owners,
       (select count(*)::int from applications where organization_id = $1 and state = 'enabled') as applications,
       (select json_object_agg(name, max) from limits where organization_id = $1) as limits`,
    row.id,
  );
  const attr = {
    state: row.application_state,
    sectorState: row.sector_state,
    organizationState: row.state,
    ownerCount: counts?.owners ?? 0,
    organizationApplications: counts?.applications ?? 0,
    maxApplications: { ...plans.get(row.plan), ...counts?.limits }.applications ?? 0,
  };
  return { organization: row.id, matrix: row.matrix, attr };
}

async function organizationFacts(one: One, plans: Plans, slug: string): Promise<ResourceFacts | undefined> {
  const row = await one<OrganizationRow>("select id, state, matrix, plan from organizations where slug = $1", slug);
  if (row === undefined) return undefined;
  const counts = await one<OrganizationCounts>(
    `select
       (select count(*)::int from memberships where organization_id = $1 and role = 'owner') as owners,
       (select count(*)::int from applications where organization_id = $1 and state = 'enabled') as applications,
       (select count(*)::int from sectors where organization_id = $1 and state = 'enabled') as sectors,
       (select count(*)::int from memberships where organization_id = $1) as members,
       (select count(*)::int from invitations
        where organization_id = $1 and state = 'pending' and expires_at > now()) as invitations,
       (select json_object_agg(name, max) from limits where organization_id = $1) as limits`,
    row.id,
  );
  const max = { ...plans.get(row.plan), ...counts?.limits };
  const attr = {
    state: row.state,
    ownerCount: counts?.owners ?? 0,
    enabledApplications: counts?.applications ?? 0,
    enabledSectors: counts?.sectors ?? 0,
    members: counts?.members ?? 0,
    pendingInvitations: counts?.invitations ?? 0,
    maxApplications: max.applications ?? 0,
    maxSectors: max.sectors ?? 0,
    maxMembers: max.members ?? 0,
    maxPendingInvitations: max.pendingInvitations ?? 0,
  };
  return { organization: row.id, matrix: row.matrix, attr };
}
