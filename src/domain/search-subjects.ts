import type { Kind } from "../entities/kinds.ts";
import { rolesNeeded } from "../entities/rules.ts";
import { searchSubjects } from "../stores/search.ts";
import { requireKind, requireScope } from "./actor.ts";
import { targetAt } from "./evaluate.ts";
import { gather } from "./gather.ts";
import { searchedIn, searchIn, type SearchFlow } from "./recorded-search.ts";
import type { SubjectSearch, Thing } from "./search.ts";
import { SECTOR_SUBJECT, requireSectorNames, sectorOf } from "./sector-names.ts";
import { NOTHING_FOUND, type Search, searchPage, type SearchPage } from "./search-page.ts";

/**
 * Which accounts may do this to a thing of a built-in kind? Looked for among those of its organization: members, those with a
 * pending invitation, and the parties to the thing itself. An account is the only one that may do anything to itself.
 */
export async function subjectsOf(
  flow: SearchFlow,
  asked: SubjectSearch & { readonly kind: Kind },
): Promise<SearchPage<Thing>> {
  const { deps, caller, pdp, notes } = flow;
  const { subject, action, resource, kind, page } = asked;
  const target = targetAt(pdp, kind, resource.id);
  const head = await gather(deps, caller, target, kind === "account" ? { alias: resource.id } : {});
  const client = requireScope(caller, head.caller.client, "authz:search");
  requireKind(client, kind);
  requireSectorNames(client, subject, resource);
  notes.asked(searchIn(kind, action.name, { ...head, subject: null }), searchedIn(head));
  const sector = await sectorOf(deps, client);
  const type = sector === null ? "account" : SECTOR_SUBJECT;
  if (subject.type !== type || head.resource === null) return NOTHING_FOUND;
  const { organization } = head;
  const matrices = organization === null ? [] : [organization.matrix];
  const roles = rolesNeeded(deps.rulesFor, { kind, action: action.name }, matrices);
  const now = deps.clock(); // one time for all of the page
  const search: Search<Kind, Thing> = {
    kind,
    candidates: async (after, limit) => {
      const of = { kind, id: target.id ?? "", roles, sector: sector?.sector ?? null, after, limit, now };
      const found =
        organization === null
          ? [{ key: resource.id, facts: head }].filter(({ key }) => after !== key)
          : await searchSubjects(deps.database, head.caller, {
              ...of,
              organization: organization.id,
              matrix: organization.matrix,
            });
      return found.map(({ key, facts }) => {
        const { alias, pseudonym: name } = facts.subject ?? { alias: key, pseudonym: null };
        const result = { type, id: sector === null ? alias : key };
        return { at: key, facts, asked: { action, resource }, result, name };
      });
    },
  };
  return await searchPage(flow, search, page);
}
