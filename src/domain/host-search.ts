import { AppError } from "../entities/errors.ts";
import type { HostKind } from "../entities/host-kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Candidate, Selector, Whole } from "../stores/candidates.ts";
import { requireKind, requireScope } from "./actor.ts";
import { deadlineIn } from "./deadline.ts";
import { requireMayAsk } from "./evaluate.ts";
import { gather } from "./gather.ts";
import { onlyOrganization, sentIn, subjectOf } from "./host-decisions.ts";
import { askHost, type HostAnswer, type HostQuestion, type Pair } from "./host-questions.ts";
import { callerIn, hostQuestionIn } from "./recorded.ts";
import { searchedIn, type SearchFlow } from "./recorded-search.ts";
import type { ActionSearch, ResourceSearch, Searches, SubjectSearch, Thing, Verb } from "./search.ts";
import { NOTHING_FOUND, type SearchPage, type SearchRequest } from "./search-page.ts";

/** Searches about a host's kind: by the same function as a question about one thing, with many. */
export function hostSearches(kind: HostKind): Searches {
  return {
    subjects: async (flow, asked) => await subjectsOf(flow, { ...asked, kind }),
    resources: async (flow, asked) => await resourcesOf(flow, { ...asked, kind }),
    actions: async (flow, asked) => await actionsOf(flow, { ...asked, kind }),
  };
}

type Of<Search> = Search & { readonly kind: HostKind };

async function subjectsOf(flow: SearchFlow, asked: Of<SubjectSearch>): Promise<SearchPage<Thing>> {
  const { deps, caller, pdp } = flow;
  const { subject, resource, action, kind, page } = asked;
  const head = await gather(deps, caller, NOBODY);
  requireKind(requireScope(caller, head.caller.client, "authz:search"), kind.type);
  flow.notes.asked({ caller: callerIn(head) });
  const slug = pdp.slug ?? onlyOrganization(caller, head);
  if (!kind.actions.includes(action.name)) return NOTHING_FOUND;
  const { keeping } = subjectOf(deps, kind, { subject: { ...subject, id: "" } });
  const question = (selector: Selector): HostQuestion => ({
    ...{ slug, kind, sent: sentIn(asked), actions: [action.name], relations: "deciding" },
    subjects: { selector, keeping },
    resources: { selector: { type: kind.type, ids: [resource.id] }, keeping: kind.resources },
  });
  const side = { name: "subjects", of: ({ subject: found }: Pair) => found } as const;
  const all = { type: subject.type, unstored: keeping === "sent" };
  return await pageOf(flow, { question, side, all, asked: { subject, action }, request: page });
}

async function resourcesOf(flow: SearchFlow, asked: Of<ResourceSearch>): Promise<SearchPage<Thing>> {
  const { subject, action, kind, page } = asked;
  const slug = await organizationOf(flow, asked);
  if (!kind.actions.includes(action.name)) return NOTHING_FOUND;
  const question = (selector: Selector): HostQuestion => ({
    ...{ slug, kind, sent: sentIn(asked), actions: [action.name], relations: "deciding" },
    subjects: subjectOf(flow.deps, kind, asked),
    resources: { selector, keeping: kind.resources },
  });
  const side = { name: "resources", of: ({ resource: found }: Pair) => found } as const;
  const reach = kind.reachFor(action.name, subject.type);
  const of = { type: subject.type, id: subject.id };
  const within = reach === null ? {} : { reach: { ...reach, subject: of } };
  const all = { type: kind.type, unstored: kind.resources === "sent", ...within };
  return await pageOf(flow, { question, side, all, asked: { subject, action }, request: page });
}

/** What may the subject do to the thing? One question, of all actions, by name. */
async function actionsOf(flow: SearchFlow, asked: Of<ActionSearch>): Promise<SearchPage<Verb>> {
  const { deps, caller, notes } = flow;
  const { resource, kind, page } = asked;
  const slug = await organizationOf(flow, asked);
  const question: HostQuestion = {
    ...{ slug, kind, sent: sentIn(asked), actions: kind.actions, relations: "deciding" },
    subjects: subjectOf(deps, kind, asked),
    resources: { selector: { type: kind.type, ids: [resource.id] }, keeping: kind.resources },
  };
  const answer = await askHost(deps, caller, question, deadlineIn(deps.timeouts.decisionMs));
  const { facts, matrix, pairs } = answer;
  const all = { subject: asked.subject, action: { name: "" } };
  notes.asked({ question: hostQuestionIn(deps.kinds, all, kind, answer) }, searchedIn(facts, matrix));
  const candidates = kind.actions.filter((name) => name > page.after); // also where that one is gone, by a reload
  const allowed = candidates.filter((name) => pairs[0]?.verdicts.get(name)?.allowed === true);
  const results = allowed.slice(0, page.size).map((name) => ({ name }));
  notes.decided(pairs.length === 0 ? 0 : candidates.length);
  for (const { name } of results) notes.found(name);
  return { results, next: allowed.length > page.size ? (results.at(-1)?.name ?? null) : null, cut: null };
}

const NOBODY = { kind: "account", id: null, slug: null } as const;

/** May the caller search at all, and where? */
async function organizationOf(
  { deps, caller, pdp, notes }: SearchFlow,
  asked: Pick<ResourceSearch, "subject" | "resource">,
): Promise<string> {
  const head = await gather(deps, caller, NOBODY);
  requireMayAsk({ caller, scope: "authz:search" }, asked, head);
  notes.asked({ caller: callerIn(head) });
  return pdp.slug ?? onlyOrganization(caller, head);
}

interface Paging {
  readonly question: (selector: Selector) => HostQuestion;
  readonly side: { readonly name: "subjects" | "resources"; readonly of: (pair: Pair) => Candidate };
  readonly all: { readonly type: string } & Omit<Whole, "most">;
  readonly asked: { readonly subject: { readonly type: string }; readonly action: { readonly name: string } };
  readonly request: SearchRequest;
}

/**
 * Makes a page out of as many candidates as it takes. It is exact at one version of organization and entities: where one moves, the page
 * ends before what would be of another. No candidates are looked at after SEARCH_TIMEOUT_MS, but some always are. Where they cannot be decided
 * together, they are looked at one by one, with that time anew: it ends before the one that cannot be, and the page that begins with that one
 * is CANNOT_DECIDE.
 */
async function pageOf(
  { deps, caller, notes }: SearchFlow,
  { question, side, all, asked, request }: Paging,
): Promise<SearchPage<Thing>> {
  const { timeouts } = deps;
  let deadline = deadlineIn(timeouts.searchMs);
  const results: Thing[] = [];
  let moment: string | undefined;
  let { after } = request;
  let most: number = LIMITS.searchMost;
  for (let looked = 0, limit = 0; ; looked += limit) {
    if (looked > 0 && deadline() <= 0) return { results, next: after, cut: "deadline" };
    const go = goOf({ looked, found: results.length, size: request.size });
    limit = Math.min(go.limit, most);
    const look = question({ ...all, after, limit, most: go.reach });
    const isStuck = limit === 1 && after === request.after;
    const patience = deadlineIn(most === 1 ? timeouts.decisionMs : timeouts.searchMs);
    const answer = await askHost(deps, caller, look, patience).catch(orUndecided(isStuck));
    if (answer === "undecided") {
      if (limit === 1) return { results, next: after, cut: deadline() <= 0 ? "deadline" : null };
      [most, limit] = [1, 0];
      deadline = deadlineIn(timeouts.searchMs);
      continue;
    }
    moment ??= momentOf(answer);
    if (moment !== momentOf(answer)) return { results, next: after, cut: null }; // what was passed over is denied at the version before
    const one = { subjects: answer.subjects, resources: answer.resources, [side.name]: [] }; // the others are looked for
    notes.asked(
      { question: hostQuestionIn(deps.kinds, asked, look.kind, one) },
      searchedIn(answer.facts, answer.matrix),
    );
    notes.decided(answer.pairs.length);
    if (answer.subjects.length === 0 || answer.resources.length === 0) return { results, next: null, cut: null };
    const isLast = (answer.facts.resource?.[side.name].length ?? 0) < limit;
    for (const [index, pair] of answer.pairs.entries()) {
      after = keyOf(answer, side.name, index);
      if (pair.verdicts.get(asked.action.name)?.allowed !== true) continue;
      const { id, name } = side.of(pair);
      results.push({ type: all.type, id });
      notes.found(name);
      if (results.length < request.size) continue;
      return { results, next: isLast && index === answer.pairs.length - 1 ? null : after, cut: null };
    }
    if (isLast) return { results, next: null, cut: null };
  }
}

function orUndecided(isStuck: boolean): (error: unknown) => "undecided" {
  return (error) => {
    if (!isStuck && error instanceof AppError && error.code === "CANNOT_DECIDE") return "undecided";
    throw error;
  };
}

/**
 * How many to look at next: one more than fits, which tells whether there is a next page, by what was found among those before. Where that was
 * little, the subject's tuples are followed further than at first, and what they lead to is believed to be found.
 */
function goOf({ looked, found, size }: Readonly<Record<"looked" | "found" | "size", number>>): Go {
  const share = looked === 0 ? 1 : found / looked;
  const isSparse = share < LIMITS.searchSparse;
  const expected = isSparse && looked <= size + 1 ? 1 : share;
  const limit = Math.ceil((size - found + 1) / expected); // where nothing was found, as many as there may be
  return { limit: Math.min(limit, LIMITS.searchMost), reach: isSparse ? LIMITS.searchReachFar : LIMITS.searchReach };
}

interface Go {
  readonly limit: number;
  readonly reach: number;
}

function momentOf({ facts: { organization, resource } }: HostAnswer): string {
  return `${organization?.version} ${resource?.version}`;
}

/** Pairs are as the candidates of the one side are: the other side is one. */
function keyOf(answer: HostAnswer, side: "subjects" | "resources", index: number): string {
  return answer[side][index]?.key ?? "";
}
