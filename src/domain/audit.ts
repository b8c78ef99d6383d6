import type { Caller } from "../entities/callers.ts";
import { PLATFORM } from "../entities/ids.ts";
import { LIMITS } from "../entities/limits.ts";
import type { AuditEvent, AuditFilters, Page, PageRequest } from "../entities/records.ts";
import { exportAuditEvents, listAuditEvents, nextVersion } from "../stores/audit.ts";
import { inOrganization } from "../stores/scope.ts";
import { change } from "./change.ts";
import type { Deps } from "./deps.ts";
import { readOrganizationFor } from "./read.ts";

/** S1.6: every state change, newest first. The platform's is about people of whom its readers are told no alias. */
export async function listAudit(
  deps: Deps,
  caller: Caller,
  asked: { readonly slug: string; readonly filters: AuditFilters; readonly page: PageRequest },
): Promise<Page<AuditEvent>> {
  const { slug, filters, page } = asked;
  const { id } = await readOrganizationFor(deps, caller, slug, "view_audit");
  const found = await inOrganization(deps.database, id, async (tx) => await listAuditEvents(tx, id, filters, page));
  return { ...found, items: told(id, found.items) };
}

/** The platform's log tells what happened to accounts by their pseudonyms in this log alone (K7). */
function told(organization: string, events: readonly AuditEvent[]): readonly AuditEvent[] {
  return organization === PLATFORM ? events.map(unnamed) : events;
}

function unnamed(event: AuditEvent): AuditEvent {
  return { ...event, actor: { ...event.actor, alias: null }, target: { ...event.target, alias: null } };
}

type Pages = AsyncGenerator<readonly AuditEvent[], void, undefined>;

/**
 * S1.6: the log as it is at this moment, oldest first, in pages. That it is taken is an event of its own, which is in the log before
 * the first page is read and is the last that the export can hold.
 */
export async function exportAudit(
  deps: Deps,
  caller: Caller,
  { slug, filters }: { readonly slug: string; readonly filters: AuditFilters },
): Promise<Pages> {
  const target = { kind: "organization", id: slug, slug } as const;
  const { value } = await change(deps, caller, { target, action: "export_audit" }, async (changing) => {
    const { tx, organization, note } = changing;
    note({ action: "audit.export", target: { kind: "organization", id: slug } });
    return { organization, upTo: await nextVersion(tx, organization) };
  });
  return pages(deps, value.organization, filters, value.upTo);
}

/** No transaction is open, and no more than a page is held, while somebody reads slowly. */
async function* pages(deps: Deps, id: string, filters: AuditFilters, upTo: number): Pages {
  let after = "";
  for (;;) {
    const page = { after, upTo, size: LIMITS.exportPage };
    const { items, next } = await inOrganization(deps.database, id, async (tx) => {
      return await exportAuditEvents(tx, id, filters, page);
    });
    if (items.length > 0) yield told(id, items);
    if (next === null) return;
    after = next;
  }
}
