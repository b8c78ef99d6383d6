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

interface ApplicationRow {
  readonly organization_id: string;
  readonly state: string;
  readonly sector_state: string;
}

interface Counts {
  readonly applications: number;
  readonly sectors: number;
  readonly members: number;
  readonly invitations: number;
  readonly limits: Readonly<Record<string, number>> | null;
}

/** The rows that a question needs, each read by a statement of its own; what does not wait for another goes side by side. */
export async function createNaiveFacts(pool: pg.Pool, policiesDir: string): Promise<NaiveFacts> {
  const plans = await readPlans(path.resolve(policiesDir));
  const one = async <Row extends object>(text: string, value: string): Promise<Row | undefined> =>
    (await pool.query<Row>(text, [value])).rows[0];
  return async (alias, { type, id }) => {
    const subject = one<{ pseudonym: string }>("select pseudonym from accounts where alias = $1", alias);
    const found = await Promise.all([
      subject,
      type === "application" ? applicationFacts(one, plans, id) : organizationFacts(one, plans, id),
    ]);
    const [account, facts] = found;
    return account === undefined || facts === undefined ? undefined : { ...facts, pseudonym: account.pseudonym };
  };
}

type One = <Row extends object>(text: string, value: string) => Promise<Row | undefined>;
type ResourceFacts = Omit<Facts, "pseudonym">;

const ORGANIZATION = "select id, state, matrix, plan from organizations where";

async function applicationFacts(one: One, plans: Plans, anchor: string): Promise<ResourceFacts | undefined> {
  const application = await one<ApplicationRow>(
    `select a.organization_id, a.state, s.state as sector_state
     from applications a
     join sectors s on s.id = a.sector_id
     where a.anchor = $1`,
    anchor,
  );
  if (application === undefined) return undefined;
  const { organization_id: id } = application;
  const [organization, ownerCount, enabled] = await Promise.all([
    one<OrganizationRow>(`${ORGANIZATION} id = $1`, id),
    ownersOf(one, id),
    one<{ count: number; max: number | null }>(
      `select
         (select count(*)::int from applications where organization_id = $1 and state = 'enabled') as count,
         (select max from limits where organization_id = $1 and name = 'applications') as max`,
      id,
    ),
  ]);
  if (organization === undefined) return undefined;
  const attr = {
    state: application.state,
    sectorState: application.sector_state,
    organizationState: organization.state,
    ownerCount,
    organizationApplications: enabled?.count ?? 0,
    maxApplications: enabled?.max ?? plans.get(organization.plan)?.applications ?? 0,
  };
  return { organization: id, matrix: organization.matrix, attr };
}

async function organizationFacts(one: One, plans: Plans, slug: string): Promise<ResourceFacts | undefined> {
  const organization = await one<OrganizationRow>(`${ORGANIZATION} slug = $1`, slug);
  if (organization === undefined) return undefined;
  const { id, state, matrix, plan } = organization;
  const [ownerCount, counts] = await Promise.all([
    ownersOf(one, id),
    one<Counts>(
      `select
         (select count(*)::int from applications where organization_id = $1 and state = 'enabled') as applications,
         (select count(*)::int from sectors where organization_id = $1 and state = 'enabled') as sectors,
         (select count(*)::int from memberships where organization_id = $1) as members,
         (select count(*)::int from invitations
          where organization_id = $1 and state = 'pending' and expires_at > now()) as invitations,
         (select json_object_agg(name, max) from limits where organization_id = $1) as limits`,
      id,
    ),
  ]);
  const max = { ...plans.get(plan), ...counts?.limits };
  const attr = {
    state,
    ownerCount,
    enabledApplications: counts?.applications ?? 0,
    enabledSectors: counts?.sectors ?? 0,
    members: counts?.members ?? 0,
    pendingInvitations: counts?.invitations ?? 0,
    maxApplications: max.applications ?? 0,
    maxSectors: max.sectors ?? 0,
    maxMembers: max.members ?? 0,
    maxPendingInvitations: max.pendingInvitations ?? 0,
  };
  return { organization: id, matrix, attr };
}

async function ownersOf(one: One, id: string): Promise<number> {
  const row = await one<{ count: number }>(
    "select count(*)::int from memberships where organization_id = $1 and role = 'owner'",
    id,
  );
  return row?.count ?? 0;
}
