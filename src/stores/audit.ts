import type { AuditEvent, AuditFilters, Page, PageRequest } from "../entities/records.ts";
import type { Transaction } from "./database.ts";
import { type Dated, pageOf } from "./page.ts";

/** One line of the audit log: what was done to what. `before` and `after` name nobody. */
export interface AuditEntry {
  readonly action: string; // `<kind>.<verb>`
  readonly target: { readonly kind: string; readonly id: string } | { readonly kind: string; readonly account: string };
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface ChangeRecord {
  readonly organization: string;
  readonly actor: { readonly kind: "account" | "client" | "system"; readonly id: string };
  /** The matrix's rule that allowed it; absent: no policy was asked. */
  readonly rule?: string | null;
  readonly matrix: string | null;
  readonly unit: string;
  readonly requestId: string | null;
  /** It changes a host's entities alone: their version is raised, and not the organization's. */
  readonly ofEntities?: boolean;
  readonly entries: readonly AuditEntry[];
  /** Unused pseudonyms, one more than there are entries. */
  readonly freshPseudonyms: readonly string[];
  readonly now: Date;
}

/** Raises the version and appends the events, under the organization's lock; gives the organization's version. */
export async function recordChange(tx: Transaction, change: ChangeRecord): Promise<number> {
  const header = {
    actorKind: change.actor.kind,
    actor: change.actor.id,
    rule: change.rule ?? null,
    matrix: change.matrix,
    unit: change.unit,
    requestId: change.requestId,
    ofEntities: change.ofEntities ?? false,
  };
  const events = change.entries.map((entry) => ({
    action: entry.action,
    targetKind: entry.target.kind,
    ...("id" in entry.target ? { targetId: entry.target.id } : { targetAccount: entry.target.account }),
    before: entry.before ?? null,
    after: entry.after ?? null,
  }));
  const rows = await tx.query<{ version: number }>({
    name: "record_change",
    text: "select record_change($1, $2, $3, $4, $5)::int as version",
    values: [change.organization, JSON.stringify(header), JSON.stringify(events), change.freshPseudonyms, change.now],
  });
  const version = rows[0]?.version;
  if (version === undefined) throw new Error("record_change gave no version");
  return version;
}

/** Newest first; `after` is the id of the last event of the page before. */
export async function listAuditEvents(
  tx: Transaction,
  organization: string,
  filters: AuditFilters,
  page: PageRequest,
): Promise<Page<AuditEvent>> {
  const rows = await selectEvents(tx, {
    ...{ organization, filters, order: "newest", after: page.after },
    ...{ upTo: null, most: page.size + 1 },
  });
  return pageOf<AuditEvent>(rows, page, (item) => item.id);
}

/**
 * Oldest first, up to the event that made this version: changes of entities append to the newest one, so that the version alone would be
 * no end. What came before stays as it is, so that pages read one after the other are one whole.
 */
export async function exportAuditEvents(
  tx: Transaction,
  organization: string,
  filters: AuditFilters,
  page: PageRequest & { readonly upTo: number },
): Promise<Page<AuditEvent>> {
  const { after, upTo, size } = page;
  const rows = await selectEvents(tx, { organization, filters, order: "oldest", after, upTo, most: size + 1 });
  return pageOf<AuditEvent>(rows, page, (item) => item.id);
}

interface EventsQuestion {
  readonly organization: string;
  readonly filters: AuditFilters;
  readonly order: "newest" | "oldest";
  readonly after: string; // "": from the beginning
  readonly upTo: number | null; // a version
  readonly most: number;
}

/** Each filter's clause; a member is named by its alias, which the index knows by its audit pseudonym. */
const CLAUSES = {
  action: "e.action = $2",
  actor: `e.actor = (
          select p.pseudonym
          from accounts a
          join audit_pseudonyms p on p.account_id = a.id and p.organization_id = $1
          where a.alias = $3)`,
  targetKind: "e.target_kind = $4",
  targetId: `e.target_id = case when $4::text = 'member' then (
          select p.pseudonym
          from accounts a
          join audit_pseudonyms p on p.account_id = a.id and p.organization_id = $1
          where a.alias = $5) else $5 end`,
  since: "e.at >= $6",
  until: "e.at < $7",
};
/** Where a filter is not set its value is null, and said to be: every statement has all parameters. */
const UNSET = {
  action: "$2::text is null",
  actor: "$3::text is null",
  targetKind: "$4::text is null",
  targetId: "$5::text is null",
  since: "$6::timestamptz is null",
  until: "$7::timestamptz is null",
};
const FILTERS = ["action", "actor", "targetKind", "targetId", "since", "until"] as const;

/** One statement for each set of filters: a plan that served them all would use no index. */
async function selectEvents(tx: Transaction, asked: EventsQuestion): Promise<Dated<AuditEvent>[]> {
  const { organization, filters, order, after, upTo, most } = asked;
  const given = FILTERS.filter((name) => filters[name] !== undefined);
  const [version, ordinal] = after === "" ? [null, null] : after.split(".");
  const [beyond, direction] = order === "newest" ? ["<", "desc"] : [">", "asc"];
  const position = `(e.at, e.version, e.ordinal) ${beyond} ((
          select c.at
          from audit_events c
          where c.organization_id = $1 and c.version = $8 and c.ordinal = $9), $8::bigint, $9::integer)`;
  return await tx.query<Dated<AuditEvent>>({
    name: ["audit", order, ...given, ...(after === "" ? [] : ["after"])].join("_"),
    text: `
      select e.version || '.' || e.ordinal as id, e.at,
        jsonb_build_object('kind', e.actor_kind, 'id', e.actor, 'alias', actor.alias) as actor,
        e.action,
        jsonb_build_object('kind', e.target_kind, 'id', e.target_id, 'alias', target.alias) as target,
        e.before, e.after, e.rule, e.matrix, e.unit, e.request_id as "requestId"
      from audit_events e
      left join audit_pseudonyms ap on ap.organization_id = e.organization_id and ap.pseudonym = e.actor
      left join accounts actor on actor.id = ap.account_id
      left join audit_pseudonyms tp on tp.organization_id = e.organization_id and tp.pseudonym = e.target_id
      left join accounts target on target.id = tp.account_id
      where e.organization_id = $1
        and ${FILTERS.map((name) => (given.includes(name) ? CLAUSES : UNSET)[name]).join("\n        and ")}
        and ${after === "" ? "$8::bigint is null and $9::integer is null" : position}
        and ($10::bigint is null or (e.version, e.ordinal) <= ($10, 1))
      order by e.at ${direction}, e.version ${direction}, e.ordinal ${direction}
      limit $11`,
    values: [organization, ...FILTERS.map((name) => filters[name] ?? null), version, ordinal, upTo, most],
  });
}

/** The version that the change under way will make: its transaction holds the organization's lock. */
export async function nextVersion(tx: Transaction, organization: string): Promise<number> {
  const [row] = await tx.query<{ version: number }>({
    name: "next_version",
    text: `
      select (version + 1)::float8 as version
      from organizations
      where id = $1`,
    values: [organization],
  });
  if (row === undefined) throw new Error("there is no such organization");
  return row.version;
}
