import type { AuditEvent, Page, PageRequest } from "../entities/records.ts";
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
  readonly matrix: string | null;
  readonly unit: string;
  readonly requestId: string | null;
  readonly entries: readonly AuditEntry[];
  /** Unused pseudonyms, one more than there are entries. */
  readonly freshPseudonyms: readonly string[];
  readonly now: Date;
}

/** Raises the organization's version and appends the events, under its lock; gives the new version. */
export async function recordChange(tx: Transaction, change: ChangeRecord): Promise<number> {
  const header = {
    actorKind: change.actor.kind,
    actor: change.actor.id,
    matrix: change.matrix,
    unit: change.unit,
    requestId: change.requestId,
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
  page: PageRequest,
): Promise<Page<AuditEvent>> {
  const [version, ordinal] = page.after === "" ? [null, null] : page.after.split(".");
  const rows = await tx.query<Dated<AuditEvent>>({
    name: "list_audit_events",
    text: `
      select e.version || '.' || e.ordinal as id, e.at,
        jsonb_build_object('kind', e.actor_kind, 'id', e.actor, 'alias', actor.alias) as actor,
        e.action,
        jsonb_build_object('kind', e.target_kind, 'id', e.target_id, 'alias', target.alias) as target,
        e.before, e.after, e.matrix, e.unit, e.request_id as "requestId"
      from audit_events e
      left join audit_pseudonyms ap on ap.organization_id = e.organization_id and ap.pseudonym = e.actor
      left join accounts actor on actor.id = ap.account_id
      left join audit_pseudonyms tp on tp.organization_id = e.organization_id and tp.pseudonym = e.target_id
      left join accounts target on target.id = tp.account_id
      where e.organization_id = $1
        and ($2::bigint is null or (e.version, e.ordinal) < ($2::bigint, $3::int))
      order by e.version desc, e.ordinal desc
      limit $4`,
    values: [organization, version, ordinal, page.size + 1],
  });
  return pageOf<AuditEvent>(rows, page, (item) => item.id);
}
