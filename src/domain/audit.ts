import type { Caller } from "../entities/callers.ts";
import type { AuditEvent, Page, PageRequest } from "../entities/records.ts";
import { listAuditEvents } from "../stores/audit.ts";
import { inOrganization } from "../stores/scope.ts";
import type { Deps } from "./deps.ts";
import { readOrganizationFor } from "./read.ts";

/** S1.6: every state change, newest first. */
export async function listAudit(
  deps: Deps,
  caller: Caller,
  slug: string,
  page: PageRequest,
): Promise<Page<AuditEvent>> {
  const { id } = await readOrganizationFor(deps, caller, slug, "view_audit");
  return await inOrganization(deps.database, id, async (tx) => await listAuditEvents(tx, id, page));
}
