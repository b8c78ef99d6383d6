import type { Caller } from "../entities/callers.ts";
import { isKind, type Kind } from "../entities/kinds.ts";
import { requireKind, requireScope } from "./actor.ts";
import type { Deps } from "./deps.ts";
import { type Entity, type Evaluation, type Pdp, requireMayAsk } from "./evaluate.ts";
import { brokenKind } from "./entity-documents.ts";
import { gather } from "./gather.ts";
import { hostSearches } from "./host-search.ts";
import { actionsOf } from "./search-actions.ts";
import { NOTHING_FOUND, type SearchPage, type SearchRequest } from "./search-page.ts";
import { callerIn } from "./recorded.ts";
import { type LoggedPage, recordedSearch, type SearchFlow } from "./recorded-search.ts";
import { resourcesOf } from "./search-resources.ts";
import { subjectsOf } from "./search-subjects.ts";
import { named, requireSectorNames } from "./sector-names.ts";

/** Searches answer with what a question about each, by `evaluate`, is answered with yes: all of that, in pages, and nothing else. */

type Kindred = Pick<Entity, "type" | "properties">;
interface Paged {
  readonly page: SearchRequest;
}

export interface SubjectSearch extends Pick<Evaluation, "action" | "resource" | "context">, Paged {
  readonly subject: Kindred;
}
export interface ResourceSearch extends Pick<Evaluation, "subject" | "action" | "context">, Paged {
  readonly resource: Kindred;
}
export interface ActionSearch extends Pick<Evaluation, "subject" | "resource" | "context">, Paged {}

/** What is found: a subject or a resource, or an action. */
export interface Thing {
  readonly type: string;
  readonly id: string;
}
export interface Verb {
  readonly name: string;
}

type Searching<Asked, Result> = (flow: SearchFlow, asked: Asked) => Promise<SearchPage<Result>>;

/** How things of one type are searched. All throw what `evaluate` throws; people search for resources and actions of their own. */
export interface Searches {
  readonly subjects: Searching<SubjectSearch, Thing>;
  readonly resources: Searching<ResourceSearch, Thing>;
  readonly actions: Searching<ActionSearch, Verb>;
}

/** The one place where the resource's type says how a search is made. */
function searchesOf({ kinds }: Deps, type: string): Searches {
  if (isKind(type)) return builtIn(type);
  const kind = kinds.served.get(type);
  return kind === undefined ? UNKNOWN : hostSearches(kind);
}

function builtIn(kind: Kind): Searches {
  return {
    subjects: async (flow, asked) => await subjectsOf(flow, { ...asked, kind }),
    resources: async (flow, asked) => await resourcesOf(flow, { ...asked, kind }),
    actions: async (flow, asked) => await actionsOf(flow, { ...asked, kind }),
  };
}

/** Of what nobody knows, nothing is found; whoever may not ask is told so all the same. */
const UNKNOWN: Searches = {
  subjects: async ({ deps, caller, notes }, { subject, resource }) => {
    const head = await gather(deps, caller, NOBODY);
    requireKind(requireScope(caller, head.caller.client, "authz:search"), resource.type);
    requireSectorNames(head.caller.client, subject, resource);
    notes.asked({ caller: callerIn(head) });
    return nothingOf(deps, resource.type);
  },
  resources: async (flow, asked) => await findsNothing(flow, asked),
  actions: async (flow, asked) => await findsNothing(flow, asked),
};

const NOBODY = { kind: "account", id: null, slug: null } as const;

async function findsNothing(
  { deps, caller, notes }: SearchFlow,
  asked: Pick<ResourceSearch, "subject" | "resource">,
): Promise<SearchPage<never>> {
  const head = await gather(deps, caller, NOBODY);
  requireMayAsk({ caller, scope: "authz:search" }, asked, head);
  notes.asked({ caller: callerIn(head) });
  return nothingOf(deps, asked.resource.type);
}

/** Of a kind whose policies are broken nobody knows what there is. */
function nothingOf({ kinds }: Deps, type: string): SearchPage<never> {
  const refusal = kinds.refused.get(type);
  if (refusal !== undefined) throw brokenKind(type, refusal);
  return NOTHING_FOUND;
}

/** The searches as they are asked for: a page each, which leaves a line in the log of decisions. */
type Asking<Asked, Result> = (deps: Deps, caller: Caller, pdp: Pdp, asked: Asked) => Promise<LoggedPage<Result>>;

export const searchSubjects: Asking<SubjectSearch, Thing> = async (deps, caller, pdp, asked) =>
  await recordedSearch(deps, "subject", async (notes) => {
    return await searchesOf(deps, asked.resource.type).subjects({ deps, caller, pdp, notes }, asked);
  });

export const searchResources: Asking<ResourceSearch, Thing> = async (deps, caller, pdp, sent) =>
  await recordedSearch(deps, "resource", async (notes) => {
    const asked = await named(deps, caller, sent);
    return await searchesOf(deps, asked.resource.type).resources({ deps, caller, pdp, notes }, asked);
  });

export const searchActions: Asking<ActionSearch, Verb> = async (deps, caller, pdp, sent) =>
  await recordedSearch(deps, "action", async (notes) => {
    const asked = await named(deps, caller, sent);
    return await searchesOf(deps, asked.resource.type).actions({ deps, caller, pdp, notes }, asked);
  });
