import { type AdoptedDomain, lapseOf, proofOf } from "../entities/adopted-domains.ts";
import type { Caller } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import { randomText } from "../entities/ids.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Page, PageRequest } from "../entities/records.ts";
import type { AuditEntry } from "../stores/audit.ts";
import { type Transaction, violates } from "../stores/database.ts";
import * as store from "../stores/domains.ts";
import { inOrganization } from "../stores/scope.ts";
import { change } from "./change.ts";
import type { Deps, IfMatch } from "./deps.ts";
import type { Target } from "./gather.ts";
import { readOrganizationFor } from "./read.ts";

export interface DomainPath {
  readonly slug: string;
  readonly domain: string;
}

/** Five bits each: nobody guesses what another organization is to show. */
const TOKEN_CHARACTERS = 32;

/** By name. */
export async function listDomains(
  deps: Deps,
  caller: Caller,
  slug: string,
  page: PageRequest,
): Promise<Page<AdoptedDomain>> {
  const { id } = await readOrganizationFor(deps, caller, slug, "view_domains");
  const rows = await inOrganization(deps.database, id, async (tx) => await store.listDomains(tx, id, page));
  const items = rows.slice(0, page.size).map(recordOf);
  return { items, next: rows.length > page.size ? (items.at(-1)?.domain ?? null) : null };
}

/** Throws NOT_FOUND. */
export async function viewDomain(deps: Deps, caller: Caller, { slug, domain }: DomainPath): Promise<AdoptedDomain> {
  const { id } = await readOrganizationFor(deps, caller, slug, "view_domains");
  return recordOf(await inOrganization(deps.database, id, async (tx) => await adopted(tx, id, domain)));
}

/**
 * S0.1. Several organizations may wait for the proof of the same domain, and none learns of the others by it.
 * @param domain in its canonical form. Throws DOMAIN_EXISTS where the organization has it, TOO_MANY_DOMAINS
 */
export async function addDomain(
  deps: Deps,
  caller: Caller,
  { slug, domain }: DomainPath,
  input: { readonly ifMatch: IfMatch },
): Promise<AdoptedDomain> {
  const token = randomText(deps.random, TOKEN_CHARACTERS);
  try {
    const spec = { target: targetOf(slug), action: "manage_domains", ...input } as const;
    const { value } = await change(deps, caller, spec, async ({ tx, now, organization, note }) => {
      const count = await store.insertDomain(tx, { organization, domain, token, now });
      if (count > LIMITS.domains) throw tooMany();
      note({ action: "domain.add", target: { kind: "domain", id: domain }, after: { state: "pending" } });
      return recordOf(await adopted(tx, organization, domain));
    });
    return value;
  } catch (error) {
    if (!violates(error, store.DOMAIN_CONSTRAINT)) throw error;
    throw new AppError("DOMAIN_EXISTS", `The organization has ${domain} already.`, { cause: error });
  }
}

/** Whoever adds it again gets another value to show. Throws NOT_FOUND. */
export async function removeDomain(
  deps: Deps,
  caller: Caller,
  { slug, domain }: DomainPath,
  input: { readonly ifMatch: IfMatch },
): Promise<void> {
  const spec = { target: targetOf(slug), action: "manage_domains", ...input } as const;
  await change(deps, caller, spec, async ({ tx, organization, note }) => {
    const { state } = await adopted(tx, organization, domain);
    await store.deleteDomain(tx, organization, domain);
    note({ action: "domain.remove", target: { kind: "domain", id: domain }, before: { state } });
    return null;
  });
}

/** An organization that is retired, or archived, holds none. */
export async function lapseDomains(
  { tx, note }: { readonly tx: Transaction; readonly note: (entry: AuditEntry) => void },
  organization: string,
): Promise<void> {
  for (const domain of await store.setLapsed(tx, organization)) note(lapseOf(domain));
}

export function targetOf(slug: string): Target<"organization"> {
  return { kind: "organization", id: slug, slug };
}

/** Throws NOT_FOUND. */
export async function adopted(tx: Transaction, organization: string, domain: string): Promise<store.DomainRow> {
  const row = await store.findDomain(tx, organization, domain);
  if (row === undefined) throw new AppError("NOT_FOUND", "The organization has not adopted this domain.");
  return row;
}

export function recordOf(row: store.DomainRow): AdoptedDomain {
  const { domain, state, token, createdAt, verifiedAt, seenAt, missingSince } = row;
  return {
    ...{ domain, state, record: proofOf(domain, token) },
    verifiedAt: verifiedAt?.toISOString() ?? null,
    seenAt: seenAt?.toISOString() ?? null,
    missingSince: missingSince?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
  };
}

function tooMany(): AppError {
  return new AppError("TOO_MANY_DOMAINS", `The organization has ${LIMITS.domains} domains already. Remove one.`);
}
