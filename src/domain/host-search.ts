import type { Caller } from "../entities/callers.ts";
import type { HostKind } from "../entities/host-kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Selector } from "../stores/facts.ts";
import { requireKind, requireScope } from "./actor.ts";
import { deadlineIn } from "./deadline.ts";
import type { Deps } from "./deps.ts";
import { type Pdp, requireMayAsk } from "./evaluate.ts";
import { gather } from "./gather.ts";
import { onlyOrganization, sentIn, subjectOf } from "./host-decisions.ts";
import { askHost, type HostAnswer, type HostQuestion, type Pair } from "./host-questions.ts";
import type { ActionSearch, Named, ResourceSearch, Searches, SubjectSearch, Thing } from "./search.ts";
import { NOTHING_FOUND, type SearchPage, type SearchRequest } from "./search-page.ts";

/** Searches about a host's kind: by the same function as a question about one thing, with many. */
export function hostSearches(kind: HostKind): Searches {
  return {
    subjects: async (deps, caller, pdp, asked) => await subjectsOf(deps, caller, pdp, { ...asked, kind }),
    resources: async (deps, caller, pdp, asked) => await resourcesOf(deps, caller, pdp, { ...asked, kind }),
    actions: async (deps, caller, pdp, asked) => await actionsOf(deps, caller, pdp, { ...asked, kind }),
  };
}

type Of<Search> = Search & { readonly kind: HostKind };

async function subjectsOf(deps: Deps, caller: Caller, pdp: Pdp, asked: Of<SubjectSearch>): Promise<SearchPage<Thing>> {
  const { subject, resource, action, kind, page } = asked;
  const head = await gather(deps, caller, NOBODY);
  requireKind(requireScope(caller, head.caller.client, "authz:search"), kind.type);
  const slug = pdp.slug ?? onlyOrganization(head);
  if (!kind.actions.includes(action.name)) return NOTHING_FOUND;
  const { keeping } = subjectOf(deps, kind, { subject: { ...subject, id: "" } });
  const question = (selector: Selector): HostQuestion => ({
    ...{ slug, kind, sent: sentIn(asked), actions: [action.name] },
    subjects: { selector, keeping },
    resources: { selector: { type: kind.type, ids: [resource.id] }, keeping: kind.resources },
  });
  const side = { name: "subjects", of: ({ subject: found }: Pair) => found } as const;
  const all = { type: subject.type, unstored: keeping === "sent" };
  return await pageOf(deps, caller, { question, side, all, action: action.name, request: page });
}

async function resourcesOf(
  deps: Deps,
  caller: Caller,
  pdp: Pdp,
  asked: Of<ResourceSearch>,
): Promise<SearchPage<Thing>> {
  const { action, kind, page } = asked;
  const slug = await organizationOf(deps, caller, pdp, asked);
  if (!kind.actions.includes(action.name)) return NOTHING_FOUND;
  const question = (selector: Selector): HostQuestion => ({
    ...{ slug, kind, sent: sentIn(asked), actions: [action.name] },
    subjects: subjectOf(deps, kind, asked),
    resources: { selector, keeping: kind.resources },
  });
  const side = { name: "resources", of: ({ resource: found }: Pair) => found } as const;
  const all = { type: kind.type, unstored: kind.resources === "sent" };
  return await pageOf(deps, caller, { question, side, all, action: action.name, request: page });
}

/** What may the subject do to the thing? One question, of all actions, by name. */
async function actionsOf(deps: Deps, caller: Caller, pdp: Pdp, asked: Of<ActionSearch>): Promise<SearchPage<Named>> {
  const { resource, kind, page } = asked;
  const slug = await organizationOf(deps, caller, pdp, asked);
  const question: HostQuestion = {
    ...{ slug, kind, sent: sentIn(asked), actions: kind.actions },
    subjects: subjectOf(deps, kind, asked),
    resources: { selector: { type: kind.type, ids: [resource.id] }, keeping: kind.resources },
  };
  const { pairs } = await askHost(deps, caller, question, deadlineIn(deps.timeouts.decisionMs));
  const allowed = kind.actions
    .slice(kind.actions.indexOf(page.after) + 1)
    .filter((name) => pairs[0]?.verdicts.get(name)?.allowed === true);
  const results = allowed.slice(0, page.size).map((name) => ({ name }));
  return { results, next: allowed.length > page.size ? (results.at(-1)?.name ?? null) : null, isCut: false };
}

const NOBODY = { kind: "account", id: null, slug: null } as const;

/** May the caller search at all, and where? */
async function organizationOf(
  deps: Deps,
  caller: Caller,
  pdp: Pdp,
  asked: Pick<ResourceSearch, "subject" | "resource">,
): Promise<string> {
  const head = await gather(deps, caller, NOBODY);
  requireMayAsk({ caller, scope: "authz:search" }, asked, head);
  return pdp.slug ?? onlyOrganization(head);
}

interface Paging {
  readonly question: (selector: Selector) => HostQuestion;
  readonly side: { readonly name: "subjects" | "resources"; readonly of: (pair: Pair) => { readonly id: string } };
  readonly all: { readonly type: string; readonly unstored: boolean };
  readonly action: string;
  readonly request: SearchRequest;
}

/**
 * Makes a page out of as many candidates as it takes. It is exact at one version of organization and entities: where one moves, the page
 * ends before what would be of another. No candidates are looked at after SEARCH_TIMEOUT_MS, but some always are.
 */
async function pageOf(
  deps: Deps,
  caller: Caller,
  { question, side, all, action, request }: Paging,
): Promise<SearchPage<Thing>> {
  const deadline = deadlineIn(deps.timeouts.searchMs);
  const results: Thing[] = [];
  let moment: string | undefined;
  let { after } = request;
  for (let looked = 0, limit = 0; ; looked += limit) {
    if (looked > 0 && deadline() <= 0) return { results, next: after, isCut: true };
    limit = goOf({ looked, found: results.length, missing: request.size - results.length });
    const asked = question({ ...all, after, limit });
    const answer = await askHost(deps, caller, asked, deadlineIn(deps.timeouts.searchMs));
    if (answer.subjects.length === 0 || answer.resources.length === 0) return { results, next: null, isCut: false };
    const now = momentOf(answer);
    if (results.length > 0 && moment !== now) return { results, next: after, isCut: false };
    moment = now;
    const isLast = (answer.facts.resource?.[side.name].length ?? 0) < limit;
    for (const [index, pair] of answer.pairs.entries()) {
      after = keyOf(answer, side.name, index);
      if (pair.verdicts.get(action)?.allowed !== true) continue;
      results.push({ type: all.type, id: side.of(pair).id });
      if (results.length < request.size) continue;
      return { results, next: isLast && index === answer.pairs.length - 1 ? null : after, isCut: false };
    }
    if (isLast) return { results, next: null, isCut: false };
  }
}

/** How many to look at next: one more than fits, which tells whether there is a next page, by what was found among those before. */
function goOf({ looked, found, missing }: Readonly<Record<"looked" | "found" | "missing", number>>): number {
  const share = looked === 0 ? 1 : found / looked;
  return Math.min(Math.ceil((missing + 1) / share), LIMITS.searchMost); // where nothing was found, as many as there may be
}

function momentOf({ facts: { organization, resource } }: HostAnswer): string {
  return `${organization?.version} ${resource?.version}`;
}

/** Pairs are as the candidates of the one side are: the other side is one. */
function keyOf(answer: HostAnswer, side: "subjects" | "resources", index: number): string {
  return answer[side][index]?.key ?? "";
}
