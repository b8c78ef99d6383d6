import { ACTIONS, type Kind } from "../entities/kinds.ts";
import type { Facts } from "../stores/facts.ts";
import { ask } from "./access.ts";
import { actionsFor, decisionOf, requireMayAsk, targetAt } from "./evaluate.ts";
import { gather } from "./gather.ts";
import { callerIn } from "./recorded.ts";
import { searchedIn, searchIn, type SearchFlow } from "./recorded-search.ts";
import type { ActionSearch, Verb } from "./search.ts";
import { NOTHING_FOUND, type SearchPage } from "./search-page.ts";

/** What may an account do to a thing of a built-in kind? One question, of all actions that there are, in the order of ACTIONS. */
export async function actionsOf(
  { deps, caller, pdp, notes }: SearchFlow,
  asked: ActionSearch & { readonly kind: Kind },
): Promise<SearchPage<Verb>> {
  const { subject, resource, kind, page } = asked;
  const scope = "authz:search";
  if (subject.type !== "account") {
    const head = await gather(deps, caller, { kind: "account", id: null, slug: null });
    requireMayAsk({ caller, scope }, asked, head);
    notes.asked({ caller: callerIn(head) });
    return NOTHING_FOUND;
  }
  const all: readonly string[] = ACTIONS[kind];
  const actions = (facts: Facts<Kind>): never[] => {
    notes.asked(searchIn(kind, "", facts), searchedIn(facts)); // the judge may fail
    return actionsFor(kind, all, facts) as never[]; // of this kind
  };
  const answer = await ask(deps, caller, { target: targetAt(pdp, kind, resource.id), alias: subject.id, actions });
  requireMayAsk({ caller, scope }, asked, answer.facts);
  notes.asked(searchIn(kind, "", answer.facts), searchedIn(answer.facts));
  const candidates = all.slice(all.indexOf(page.after) + 1);
  const allowed = candidates.filter(
    (name) => decisionOf(deps, caller, { action: { name }, resource }, answer).decision,
  );
  const results = allowed.slice(0, page.size).map((name) => ({ name }));
  notes.decided(candidates.length);
  for (const { name } of results) notes.found(name);
  return { results, next: allowed.length > page.size ? (results.at(-1)?.name ?? null) : null, cut: null };
}
