import { AppError } from "../entities/errors.ts";
import type { HostKind, Reach } from "../entities/host-kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import { rolesNeeded } from "../entities/rules.ts";
import type { Candidate, Selector, Whole } from "../stores/candidates.ts";
import { requireKind, requireScope } from "./actor.ts";
import { deadlineIn } from "./deadline.ts";
import { requireMayAsk } from "./evaluate.ts";
import { gather } from "./gather.ts";
import { onlyOrganization, sentIn, subjectOf } from "./host-decisions.ts";
import { askHost, type HostAnswer, type HostQuestion, type Pair } from "./host-questions.ts";
import { callerIn, hostQuestionIn } from "./recorded.ts";
import { searchedIn, type SearchFlow } from "./recorded-search.ts";
import { requireSectorNames, SECTOR_SUBJECT, sectorOf } from "./sector-names.ts";
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
  const { resource, action, kind, page } = asked;
  const head = await gather(deps, caller, NOBODY);
  const client = requireScope(caller, head.caller.client, "authz:search");
  requireKind(client, kind.type);
  requireSectorNames(client, asked.subject, resource);
  flow.notes.asked({ caller: callerIn(head) });
  const sector = asked.subject.type === SECTOR_SUBJECT ? await sectorOf(deps, client) : null;
  const subject = sector === null ? asked.subject : { ...asked.subject, type: "account" };
  const slug = pdp.slug ?? onlyOrganization(caller, head);
  if (!kind.actions.includes(action.name)) return NOTHING_FOUND;
  const { keeping } = subjectOf(deps, kind, { subject: { ...subject, id: "" } });
  const question = (selector: Selector): HostQuestion => ({
    ...{ slug, kind, sent: sentIn(asked), actions: [action.name], relations: "deciding" },
    subjects: { selector, keeping },
    resources: { selector: { type: kind.type, ids: [resource.id] }, keeping: kind.resources },
  });
  const side = { name: "subjects", of: ({ subject: found }: Pair) => found } as const;
  const within = reachOf({ ...asked, subject }, { resource: { type: kind.type, id: resource.id } });
  const roles = rolesNeeded(deps.rulesFor, { kind: kind.type, action: action.name }, kind.matrices);
  const narrowed = { ...(roles !== null && { roles }), ...(sector !== null && { sector: sector.sector }) };
  const all = { type: subject.type, unstored: keeping === "sent", ...narrowed };
  return await pageOf(flow, { question, side, all, within, asked: { subject, action }, request: page });
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
  const within = reachOf(asked, { subject: { type: subject.type, id: subject.id } });
  const all = { type: kind.type, unstored: kind.resources === "sent" };
  return await pageOf(flow, { question, side, all, within, asked: { subject, action }, request: page });
}

/** Only what tuples lead to from this end, where the action needs a relation. */
function reachOf<End extends object>(
  { kind, action, subject }: Of<Pick<SubjectSearch, "action" | "subject">>,
  end: End,
): { readonly reach?: Reach & { readonly most: number } & End } {
  const reach = kind.reachFor(action.name, subject.type);
  return reach === null ? {} : { reach: { ...reach, most: LIMITS.searchReach, ...end } };
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
  readonly all: { readonly type: string } & Omit<Whole, "reach">;
  /** What all is narrowed down to, unless that takes too long. */
  readonly within: Pick<Whole, "reach">;
  readonly asked: { readonly subject: { readonly type: string }; readonly action: { readonly name: string } };
  readonly request: SearchRequest;
}

/**
 * Makes a page out of as many candidates as it takes. It is exact at one version of organization and entities: where one moves, the page
 * ends before what would be of another. No candidates are looked at after SEARCH_TIMEOUT_MS, but some always are. Where it takes too long to find
 * out what the subject's tuples lead to, everything is looked at. Where candidates cannot be decided together, they are looked at one by one, with
 * that time anew: it ends before the one that cannot be, and the page that begins with that one is CANNOT_DECIDE.
 */
async function pageOf(
  { deps, caller, notes }: SearchFlow,
  { question, side, all, within, asked, request }: Paging,
): Promise<SearchPage<Thing>> {
  const { timeouts } = deps;
  let deadline = deadlineIn(timeouts.searchMs);
  const results: Thing[] = [];
  let moment: string | undefined;
  let { after } = request;
  let [reach, most]: [Whole["reach"], number] = [within.reach, LIMITS.searchMost];
  for (let [looked, decided, limit] = [0, 0, 0]; ; looked += limit) {
    if (looked > 0 && deadline() <= 0) return { results, next: after, cut: "deadline" };
    limit = Math.min(goOf({ decided, found: results.length, missing: request.size - results.length }), most);
    const look = question({ ...all, ...(reach && { reach }), after, limit });
    const patience = deadlineIn(most === 1 ? timeouts.decisionMs : timeouts.searchMs);
    const stuck = { isStuck: limit === 1 && after === request.after, isWhole: reach === undefined };
    const answer = await askHost(deps, caller, look, patience).catch(orUndecided(stuck));
    if (answer === "undecided" || answer === "late") {
      if (limit === 1 && answer === "undecided")
        return { results, next: after, cut: deadline() <= 0 ? "deadline" : null };
      if (answer === "late") reach = undefined;
      else most = 1;
      limit = 0;
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
    decided += answer.pairs.length;
    const { isLast, end } = endOf(answer, side.name, limit);
    for (const [index, pair] of answer.pairs.entries()) {
      after = keyOf(answer, side.name, index);
      if (pair.verdicts.get(asked.action.name)?.allowed !== true) continue;
      const { id, name } = side.of(pair);
      results.push(all.sector === undefined ? { type: all.type, id } : { type: SECTOR_SUBJECT, id: after });
      notes.found(name);
      if (results.length < request.size) continue;
      return { results, next: isLast && index === answer.pairs.length - 1 ? null : after, cut: null };
    }
    if (isLast) return { results, next: null, cut: null };
    after = end ?? after;
  }
}

/** Is nothing behind these candidates? Else where the look ended. */
function endOf(
  { facts, subjects, resources }: HostAnswer,
  side: "subjects" | "resources",
  limit: number,
): { readonly isLast: boolean; readonly end?: string } {
  const found = facts.resource?.[side] ?? [];
  const last = found.at(-1);
  if (subjects.length === 0) return { isLast: true };
  if (last?.goesOn === true) return { isLast: false, end: last.key };
  return { isLast: found.length < limit || resources.length === 0 };
}

/** `late`: it may be what the subject's tuples lead to that takes so long. Throws where this is as few as can be looked at. */
function orUndecided({
  isStuck,
  isWhole,
}: Readonly<Record<"isStuck" | "isWhole", boolean>>): (error: unknown) => "undecided" | "late" {
  return (error) => {
    if (!(error instanceof AppError) || error.code !== "CANNOT_DECIDE") throw error;
    if (!isWhole && error.details.engine === "postgres") return "late";
    if (isStuck) throw error;
    return "undecided";
  };
}

/** How many to look at next: one more than fits, which tells whether there is a next page, by what was found among those before. */
function goOf({ decided, found, missing }: Readonly<Record<"decided" | "found" | "missing", number>>): number {
  const share = decided === 0 ? 1 : found / decided;
  return Math.min(Math.ceil((missing + 1) / share), LIMITS.searchMost); // where nothing was found, as many as there may be
}

function momentOf({ facts: { organization, resource } }: HostAnswer): string {
  return `${organization?.version} ${resource?.version}`;
}

/** Pairs are as the candidates of the one side are: the other side is one. */
function keyOf(answer: HostAnswer, side: "subjects" | "resources", index: number): string {
  return answer[side][index]?.key ?? "";
}
