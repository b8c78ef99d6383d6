import type { DomainState } from "../entities/adopted-domains.ts";
import type { PageRequest } from "../entities/records.ts";
import type { Queryable, Transaction } from "./database.ts";
import type { Versioned } from "./facts.ts";

/** One that an organization has adopted. What changes it holds the organization's lock. */
export interface DomainRow {
  readonly domain: string;
  readonly state: DomainState;
  readonly token: string;
  readonly createdAt: Date;
  readonly verifiedAt: Date | null;
  readonly seenAt: Date | null;
  readonly missingSince: Date | null;
}

const COLUMNS = `domain, state, token, created_at as "createdAt", verified_at as "verifiedAt", seen_at as "seenAt",
        missing_since as "missingSince"`;

/** The primary key: an organization has a domain once. */
export const DOMAIN_CONSTRAINT = "domains_pkey";

export interface NewDomain {
  readonly organization: string;
  readonly domain: string;
  readonly token: string;
  readonly now: Date;
}

/** Gives how many the organization has then. */
export async function insertDomain(tx: Transaction, row: NewDomain): Promise<number> {
  const { organization, domain, token, now } = row;
  await tx.query({
    name: "insert_domain",
    text: `
      insert into domains (organization_id, domain, token, state, created_at)
      values ($1, $2, $3, 'pending', $4)`,
    values: [organization, domain, token, now],
  });
  const [counted] = await tx.query<{ count: number }>({
    name: "count_domains",
    text: "select count(*)::int as count from domains where organization_id = $1",
    values: [organization],
  });
  return counted?.count ?? 0;
}

/** By name: one more than fits on the page. */
export async function listDomains(tx: Transaction, organization: string, page: PageRequest): Promise<DomainRow[]> {
  return await tx.query<DomainRow>({
    name: "list_domains",
    text: `
      select ${COLUMNS}
      from domains
      where organization_id = $1
        and domain > $2
      order by domain
      limit $3`,
    values: [organization, page.after, page.size + 1],
  });
}

export async function findDomain(
  tx: Transaction,
  organization: string,
  domain: string,
): Promise<DomainRow | undefined> {
  const rows = await tx.query<DomainRow>({
    name: "find_domain",
    text: `
      select ${COLUMNS}
      from domains
      where organization_id = $1
        and domain = $2`,
    values: [organization, domain],
  });
  return rows[0];
}

/** Of these, those that the organization has not adopted. */
export async function notAdopted(
  tx: Transaction,
  organization: string,
  domains: readonly string[],
): Promise<readonly string[]> {
  const rows = await tx.query<{ domain: string }>({
    name: "find_adopted_domains",
    text: `
      select domain
      from domains
      where organization_id = $1
        and domain = any ($2)
      order by domain
      limit cardinality($2)`,
    values: [organization, domains],
  });
  return domains.filter((domain) => !rows.some((row) => row.domain === domain));
}

export async function deleteDomain(tx: Transaction, organization: string, domain: string): Promise<void> {
  await tx.query({
    name: "delete_domain",
    text: "delete from domains where organization_id = $1 and domain = $2",
    values: [organization, domain],
  });
}

/** One transaction at a time decides who holds a domain. Taken after the organizations' locks, and the last of all. */
export async function lockHolding(tx: Transaction, domain: string): Promise<void> {
  await tx.query({
    name: "lock_domain",
    text: "select pg_advisory_xact_lock(hashtextextended('domain ' || $1, 0))",
    values: [domain],
  });
}

/** The organization that holds it; undefined: none. */
export async function findHolder(on: Queryable, domain: string): Promise<Versioned | undefined> {
  const rows = await on.query<Versioned>({
    name: "find_domain_holder",
    text: "select organization as id, version::float8 from find_domain_holder($1)",
    values: [domain],
  });
  return rows[0];
}

interface Seen {
  readonly organization: string;
  readonly domain: string;
  readonly seenAt: Date;
  readonly checkAt: Date;
}

/** The organization holds it from now on, or goes on holding it. */
export async function setVerified(tx: Transaction, { organization, domain, seenAt, checkAt }: Seen): Promise<void> {
  await tx.query({
    name: "set_domain_verified",
    text: `
      update domains
      set verified_at = case when state = 'verified' then verified_at else $3 end,
        state = 'verified', seen_at = $3, missing_since = null, check_at = $4
      where organization_id = $1
        and domain = $2`,
    values: [organization, domain, seenAt, checkAt],
  });
}

interface Missing {
  readonly organization: string;
  readonly domain: string;
  readonly since: Date | null;
  readonly checkAt: Date;
}

/** A verified one is to be looked at again; `since` null: its proof is not known to be missing. */
export async function postponeCheck(tx: Transaction, { organization, domain, since, checkAt }: Missing): Promise<void> {
  await tx.query({
    name: "postpone_domain_check",
    text: `
      update domains
      set missing_since = $3, check_at = $4
      where organization_id = $1
        and domain = $2
        and state = 'verified'`,
    values: [organization, domain, since, checkAt],
  });
}

/** Those that the organization holds, or this one: it holds them no longer. Gives their names, in order. */
export async function setLapsed(tx: Transaction, organization: string, domain?: string): Promise<string[]> {
  const rows = await tx.query<{ domain: string }>({
    name: "set_domains_lapsed",
    text: `
      update domains
      set state = 'lapsed', missing_since = null, check_at = null
      where organization_id = $1
        and ($2::text is null or domain = $2)
        and state = 'verified'
      returning domain`,
    values: [organization, domain ?? null],
  });
  return rows.map((row) => row.domain).sort();
}

/** A verified domain, and whose: this gateway's to look at. */
export interface ClaimedDomain {
  readonly organization: string;
  readonly domain: string;
  readonly token: string;
}

/** Those whose proof is due; nobody else gets them until then. */
export async function claimDomains(
  on: Queryable,
  { now, until, most }: { readonly now: Date; readonly until: Date; readonly most: number },
): Promise<ClaimedDomain[]> {
  return await on.query<ClaimedDomain>({
    name: "claim_domains",
    text: "select organization, domain, token from claim_domains($1, $2, $3)",
    values: [now, until, most],
  });
}
