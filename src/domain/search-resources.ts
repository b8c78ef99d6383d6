import type { Caller } from "../entities/callers.ts";
import type { Kind } from "../entities/kinds.ts";
import type { Facts } from "../stores/facts.ts";
import { searchResources } from "../stores/search.ts";
import { hasScope } from "./actor.ts";
import { type Pdp, requireMayAsk } from "./evaluate.ts";
import { gather } from "./gather.ts";
import { callerIn, ledgerIdIn } from "./recorded.ts";
import { searchIn, type SearchFlow } from "./recorded-search.ts";
import type { ResourceSearch, Thing } from "./search.ts";
import { type Candidate, NOTHING_FOUND, type Search, searchPage, type SearchPage } from "./search-page.ts";

/**
 * On what of a built-in kind may an account do this? Looked for in all organizations that it belongs to, by their slugs; at one's own decision
 * point in that one; for a service in those that it is bound to.
 */
export async function resourcesOf(
  flow: SearchFlow,
  asked: ResourceSearch & { readonly kind: Kind },
): Promise<SearchPage<Thing>> {
  const { deps, caller, pdp, notes } = flow;
  const { subject, kind, page } = asked;
  const isAccount = subject.type === "account";
  const target = { kind: "account", id: isAccount ? subject.id : null, slug: null } as const;
  const head = await gather(deps, caller, target, isAccount ? { alias: subject.id } : {});
  requireMayAsk({ caller, scope: "authz:search" }, asked, head);
  notes.asked(isAccount ? searchIn(kind, asked.action.name, { ...head, resource: null }) : { caller: callerIn(head) });
  if (!isAccount || head.subject === null) return NOTHING_FOUND;
  const slugs = slugsFor(caller, pdp, head);
  const now = deps.clock(); // one time for all of the page
  const search: Search<Kind, Thing> = {
    kind,
    candidates: async (after, limit) => {
      const itself = { slug: "", key: subject.id, facts: head };
      if (kind === "account") return after === "" ? [candidate(asked, itself)] : [];
      const query = { kind, alias: subject.id, isClient: head.caller.client !== null, slugs, limit, now };
      const found = await searchResources(deps.database, head.caller, { ...query, after: placeOf(after) });
      return found.map((each) => candidate(asked, each));
    },
  };
  return await searchPage(flow, search, page);
}

/** The organizations in which the caller may know of something; null: in any. */
function slugsFor(caller: Caller, { slug }: Pdp, { caller: { client } }: Facts): readonly string[] | null {
  const bound = client === null || hasScope(caller, client, "authz:all") ? null : client.organizations;
  if (slug === null) return bound;
  return bound === null || bound.includes(slug) ? [slug] : [];
}

interface Found {
  readonly slug: string;
  readonly key: string;
  readonly facts: Facts<Kind>;
}

function candidate(
  { action, kind }: ResourceSearch & { readonly kind: Kind },
  { slug, key, facts }: Found,
): Candidate<Kind, Thing> {
  const resource = { type: kind, id: kind === "member" ? `${slug}/${key}` : key };
  return { at: `${slug}/${key}`, facts, asked: { action, resource }, result: resource, name: ledgerIdIn(kind, facts) };
}

/** No slug has a slash in it. */
function placeOf(at: string): { readonly slug: string; readonly key: string } {
  const end = at.indexOf("/");
  return end < 0 ? { slug: "", key: "" } : { slug: at.slice(0, end), key: at.slice(end + 1) };
}
