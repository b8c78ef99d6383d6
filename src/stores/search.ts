import type { Role } from "../entities/kinds.ts";
import type { Queryable } from "./database.ts";
import { type Facts, Gathered, type ResourceKind, resourceOf } from "./facts.ts";

/** A candidate of a search with the facts that decide about it: those that a question about it alone would be decided on. */
export interface Found<K extends ResourceKind> {
  /** What candidates are ordered by; the next ones come after it. */
  readonly key: string;
  readonly facts: Facts<K>;
}

interface Row {
  readonly key: string;
  readonly facts: unknown;
}

/** As a question has them, beside who asks. */
const FoundFacts = Gathered.omit({ caller: true });

function factsOf<K extends ResourceKind>(kind: K, caller: Facts["caller"], found: unknown, now: Date): Facts<K> {
  const facts = FoundFacts.parse(found);
  return { ...facts, caller, resource: resourceOf(kind, facts.resource), now };
}

export interface ResourceQuery<K extends ResourceKind> {
  readonly kind: K;
  readonly alias: string;
  /** Does a service ask? A person learns of an offer as a member only. */
  readonly isClient: boolean;
  /** Only in these organizations; null: in any. */
  readonly slugs: readonly string[] | null;
  readonly after: { readonly slug: string; readonly key: string };
  readonly limit: number;
  readonly now: Date;
}

export interface FoundResource<K extends ResourceKind> extends Found<K> {
  readonly slug: string;
}

/** What could concern an account, by slug and key; one statement. */
export async function searchResources<K extends ResourceKind>(
  on: Queryable,
  caller: Facts["caller"],
  query: ResourceQuery<K>,
): Promise<FoundResource<K>[]> {
  const { kind, alias, isClient, slugs, after, limit, now } = query;
  const rows = await on.query<Row & { readonly slug: string }>({
    name: "search_resources",
    text: "select slug, key, facts from search_resources($1, $2, $3, $4, $5, $6, $7, $8)",
    values: [alias, kind, isClient, slugs, after.slug, after.key, limit, now],
  });
  return rows.map((row) => ({ slug: row.slug, key: row.key, facts: factsOf(kind, caller, row.facts, now) }));
}

export interface SubjectQuery<K extends ResourceKind> {
  readonly kind: K;
  readonly id: string;
  readonly organization: string; // its id
  /** Only those with one of these roles, while the organization has that matrix; null: all. */
  readonly roles: readonly Role[] | null;
  readonly matrix: string;
  /** By what this sector calls them; null: by account. */
  readonly sector: string | null;
  readonly after: string;
  readonly limit: number;
  readonly now: Date;
}

/** The accounts of the resource's organization, by id; one statement. */
export async function searchSubjects<K extends ResourceKind>(
  on: Queryable,
  caller: Facts["caller"],
  query: SubjectQuery<K>,
): Promise<Found<K>[]> {
  const { kind, id, organization, roles, matrix, sector, after, limit, now } = query;
  const rows = await on.query<Row>({
    name: "search_subjects",
    text: "select key, facts from search_subjects($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    values: [organization, kind, id, after, limit, now, roles, matrix, sector],
  });
  return rows.map((row) => ({ key: row.key, facts: factsOf(kind, caller, row.facts, now) }));
}
