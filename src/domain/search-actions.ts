import type { Caller } from "../entities/callers.ts";
import { ACTIONS, type Kind } from "../entities/kinds.ts";
import type { Facts } from "../stores/facts.ts";
import { ask } from "./access.ts";
import type { Deps } from "./deps.ts";
import { actionsFor, decisionOf, type Pdp, requireMayAsk, targetAt } from "./evaluate.ts";
import { gather } from "./gather.ts";
import type { ActionSearch, Named } from "./search.ts";
import { NOTHING_FOUND, type SearchPage } from "./search-page.ts";

/** What may an account do to a thing of a built-in kind? One question, of all actions that there are, in the order of the kind's own list. */
export async function actionsOf(
  deps: Deps,
  caller: Caller,
  pdp: Pdp,
  asked: ActionSearch & { readonly kind: Kind },
): Promise<SearchPage<Named>> {
  const { subject, resource, kind, page } = asked;
  const scope = "authz:search";
  if (subject.type !== "account") {
    requireMayAsk({ caller, scope }, asked, await gather(deps, caller, { kind: "account", id: null, slug: null }));
    return NOTHING_FOUND;
  }
  const all: readonly string[] = ACTIONS[kind];
  const actions = (facts: Facts): never[] => actionsFor(kind, all, facts) as never[]; // of this kind
  const answer = await ask(deps, caller, { target: targetAt(pdp, kind, resource.id), alias: subject.id, actions });
  requireMayAsk({ caller, scope }, asked, answer.facts);
  const allowed = all
    .slice(all.indexOf(page.after) + 1)
    .filter((name) => decisionOf(deps, caller, { action: { name }, resource }, answer).decision);
  const results = allowed.slice(0, page.size).map((name) => ({ name }));
  return { results, next: allowed.length > page.size ? (results.at(-1)?.name ?? null) : null, isCut: false };
}
