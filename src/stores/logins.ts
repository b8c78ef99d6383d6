import { z } from "zod";
import { SIGNING_ALGORITHMS } from "../entities/signing-keys.ts";
import { lacksReferent, type Queryable, type Transaction } from "./database.ts";

/** The account that signs in so; undefined: nobody is known to. */
export async function findAliasByIdentity(
  on: Queryable,
  { issuer, subject }: { readonly issuer: string; readonly subject: string },
): Promise<string | undefined> {
  const rows = await on.query<{ alias: string }>({
    name: "find_alias_by_identity",
    text: `
      select a.alias
      from sign_in_methods s
      join accounts a on a.id = s.account_id
      where s.issuer = $1
        and s.subject = $2`,
    values: [issuer, subject],
  });
  return rows[0]?.alias;
}

/** Whom the application's sector knows so; undefined: nobody. */
export async function findAliasBySectorSubject(
  on: Queryable,
  { anchor, subject }: { readonly anchor: string; readonly subject: string },
): Promise<string | undefined> {
  const rows = await on.query<{ alias: string | null }>({
    name: "find_by_sector_subject",
    text: "select find_by_sector_subject($1, $2) as alias",
    values: [anchor, subject],
  });
  return rows[0]?.alias ?? undefined;
}

const Document = z.record(z.string(), z.unknown());
const Time = z.string().transform((text) => new Date(text));
const Found = z.object({
  documents: z.record(z.string(), Document).nullable(),
  documentRevisions: z.number(), // together
  listed: z.boolean(),
  blocked: z.boolean(),
  heldDomain: z.string().nullable(), // the one that was asked about, where the organization holds it now
  profileName: z.string().nullable(),
  key: z.object({ kid: z.string(), algorithm: z.enum(SIGNING_ALGORITHMS), sealed: z.string() }).nullable(),
  secret: z.string().nullable(),
  withdrawnAt: Time.nullable(),
  connectorEnabled: z.boolean(),
});
/** What the application's documents say, what a login is signed with, and what the person has said (S0.4). Documents that were never set are not there. */
export type LoginRules = z.infer<typeof Found>;

export interface LoginPlace {
  readonly anchor: string;
  readonly sector: string;
  readonly account: string;
}

interface Asked extends LoginPlace {
  /** Null: of none, by none. */
  readonly domain: string | null;
  readonly connector: string | null;
}

/** One statement, one moment, within the application's organization. */
export async function readLoginRules(tx: Transaction, place: Asked, now: Date): Promise<LoginRules> {
  const rows = await tx.query<{ found: unknown }>({
    name: "read_login_rules",
    text: `
      select json_build_object(
        'documents', (select json_object_agg(d.name, d.document) from application_documents d where d.anchor = $1),
        'documentRevisions', (select coalesce(sum(d.revision), 0) from application_documents d where d.anchor = $1),
        'listed', exists (
          select from application_accounts l where l.anchor = $1 and l.account_id = $3 and l.list = 'accounts'),
        'blocked', exists (
          select from application_accounts l where l.anchor = $1 and l.account_id = $3 and l.list = 'blocked'),
        'heldDomain', (select d.domain from domains d where d.domain = $5 and d.state = 'verified'),
        'profileName', (select a.name from accounts a where a.id = $3),
        'key', (
          select json_build_object('kid', k.kid, 'algorithm', k.algorithm, 'sealed', k.private_key)
          from signing_keys k
          where k.anchor = $1
            and k.activates_at <= $4
            and (k.superseded_at is null or k.superseded_at > $4)
            and k.revoked_at is null),
        'secret', (select s.secret from sector_secrets s where s.sector_id = $2),
        'withdrawnAt', (
          select d.withdrawn_at from data_sharing d where d.account_id = $3 and d.application_anchor = $1),
        'connectorEnabled', exists (select from connectors n where n.id = $6 and n.state = 'enabled')
      ) as found`,
    values: [place.anchor, place.sector, place.account, now, place.domain, place.connector],
  });
  return Found.parse(rows[0]?.found);
}

/** What a login to the platform's applications rests on, beside the account (migration 0025). */
export interface LoginBasis {
  readonly application: number; // its revision
  readonly sector: string; // its state
  readonly documents: number; // their revisions together
  readonly signs: true;
}

export interface BegunLogin extends LoginPlace {
  readonly organization: string;
  readonly organizationVersion: number;
  readonly accountVersion: number;
  readonly basis: LoginBasis;
  /** Of the key that has signed. */
  readonly kid: string;
  readonly subject: string;
  /** Names of those that leave. */
  readonly claims: readonly string[];
  /** As it was when that was decided, and whether it stays so. */
  readonly withdrawnAt: Date | null;
  readonly isWithheld: boolean;
  readonly now: Date;
}

/**
 * Notes that the sector knows the account so, and what the application has been told. False, and nothing is noted, where organization or account are no longer
 * at these versions (of the platform, whose version says too much: where the basis is another), or the person has withdrawn, or consented anew, meanwhile: the last
 * look at what the login was decided on. Who waited here for a withdrawal to be written sees the account of before it, but what was withdrawn as it is.
 */
export async function noteLogin(tx: Transaction, login: BegunLogin): Promise<boolean> {
  try {
    const rows = await tx.query({
      name: "note_login",
      text: `
        with held as (
          select a.id as account
          from organizations o
          cross join accounts a
          where o.id = $1
            and (o.version = $2 or (o.id = 'platform' and login_basis($7, $12) = $13))
            and a.id = $3
            and a.version = $4
        ),
        shared as (
          insert into data_sharing (account_id, application_anchor, claims, first_at, last_at)
          select account, $7, $8, $9, $9 from held
          on conflict (account_id, application_anchor) do update
          set last_at = greatest(data_sharing.last_at, excluded.last_at),
            claims = array(select distinct unnest(data_sharing.claims || excluded.claims) order by 1),
            withdrawn_at = case when $11 then data_sharing.withdrawn_at end
          where data_sharing.withdrawn_at is not distinct from $10
          returning account_id
        ),
        known as (
          insert into sector_subjects (organization_id, sector_id, subject, account_id)
          select $1, $5, $6, account_id from shared
          on conflict do nothing
        )
        select from shared`,
      values: [
        ...[login.organization, login.organizationVersion, login.account, login.accountVersion],
        ...[login.sector, login.subject, login.anchor, login.claims, login.now],
        ...[login.withdrawnAt, login.isWithheld, login.kid, JSON.stringify(login.basis)],
      ],
    });
    return rows.length === 1;
  } catch (error) {
    if (lacksReferent(error)) return false; // the account was erased a moment ago
    throw error;
  }
}
