import { LIMITS } from "../entities/limits.ts";
import type { Kind } from "../entities/kinds.ts";
import type { Caller } from "../entities/callers.ts";
import type { Facts } from "../stores/facts.ts";
import { attributesOf } from "./attributes.ts";
import { type Deadline, deadlineIn } from "./deadline.ts";
import type { Deps } from "./deps.ts";
import { actionsFor, decisionOf, type Evaluation } from "./evaluate.ts";
import { searchedIn, type SearchFlow } from "./recorded-search.ts";
import { type Witnessed, witnessAll } from "./witness.ts";

export interface SearchRequest {
  /** Where the page before ended; "" for the first. */
  readonly after: string;
  readonly size: number;
}

/** A page of what a question about each candidate is answered with yes. */
export interface SearchPage<Result> {
  readonly results: readonly Result[];
  /** Where the next page begins (exclusive); null at the end. */
  readonly next: string | null;
  /** Why it ended before it was full: the time was over. */
  readonly cut: "deadline" | null;
}

export const NOTHING_FOUND: SearchPage<never> = { results: [], next: null, cut: null };

export interface Candidate<K extends Kind, Result> {
  /** Candidates come in an order of their own; what comes after this one is found by this. */
  readonly at: string;
  readonly facts: Facts<K>;
  readonly asked: Pick<Evaluation, "action" | "resource">;
  readonly result: Result;
  /** The result as the log of decisions has it. */
  readonly name: string | null;
}

export interface Search<K extends Kind, Result> {
  readonly kind: K;
  /** The next candidates, fewer than asked for only at the end, with facts of one snapshot; one statement. */
  readonly candidates: (after: string, limit: number) => Promise<readonly Candidate<K, Result>[]>;
}

/**
 * Makes a page. It is exact at one version of all that it was decided on: where one moves while the page is being made, the page ends
 * before what would be of another. No candidates are looked at after SEARCH_TIMEOUT_MS, but some always are: every page goes on.
 */
export async function searchPage<K extends Kind, Result>(
  flow: SearchFlow,
  search: Search<K, Result>,
  request: SearchRequest,
): Promise<SearchPage<Result>> {
  const { deps, caller, notes } = flow;
  const deadline = deadlineIn(deps.timeouts.searchMs);
  const results: Result[] = [];
  const versions = new Map<string, number>();
  let { after } = request;
  for (let isFirst = true; ; isFirst = false) {
    if (!isFirst && deadline() <= 0) return { results, next: after, cut: "deadline" };
    // One more than fits tells whether there is a next page; where many are denied, many are looked at.
    const limit = isFirst ? Math.min(request.size + 1, LIMITS.searchMost) : LIMITS.searchMost;
    const share = deadlineIn(deps.timeouts.decisionMs);
    const found = await witnessAll(deps, async () => await search.candidates(after, limit), share);
    const admitted = found.flatMap(({ candidate }) => candidate.facts.organization?.id ?? []);
    for (const id of new Set(admitted)) if (!versions.has(id)) await deps.admit(id, "questions");
    if (!isOfVersions(versions, found)) return { results, next: after, cut: null };
    const questions = found.map((each) => ({ ...each, kind: search.kind, deadline: share }));
    const words = await Promise.all(questions.map(async (each) => await isAllowed(deps, caller, each)));
    notes.decided(found.length);
    for (const [index, { candidate }] of found.entries()) {
      after = candidate.at;
      if (words[index] !== true) continue;
      results.push(candidate.result);
      notes.found(candidate.name, searchedIn(candidate.facts));
      const isLast = found.length < limit && index === found.length - 1;
      if (results.length === request.size) return { results, next: isLast ? null : after, cut: null };
    }
    if (found.length < limit) return { results, next: null, cut: null };
  }
}

/** Notes the versions that are new; false when one that was noted has moved. */
function isOfVersions(versions: Map<string, number>, found: readonly Witnessed<{ readonly facts: Facts }>[]): boolean {
  let isSame = true;
  for (const { candidate } of found) {
    for (const { id, version } of decidingIn(candidate.facts)) {
      isSame &&= (versions.get(id) ?? version) === version;
      versions.set(id, version);
    }
  }
  return isSame;
}

function decidingIn({ organization, subject, resource }: Facts): { readonly id: string; readonly version: number }[] {
  const account = resource !== null && "account" in resource ? resource.account : null;
  return [organization, subject, account].filter((each) => each !== null);
}

interface Judged<K extends Kind> extends Witnessed<Candidate<K, unknown>> {
  readonly kind: K;
  readonly deadline: Deadline;
}

/** As `evaluate` says of it, by the same function. */
async function isAllowed<K extends Kind>(deps: Deps, caller: Caller, judged: Judged<K>): Promise<boolean> {
  const { kind, candidate, role, deadline } = judged;
  const { facts, asked } = candidate;
  const attributes = attributesOf(kind, facts, deps.plans);
  if (attributes === undefined) return false;
  const matrix = facts.organization?.matrix ?? "default";
  const actions = actionsFor(kind, [asked.action.name], facts);
  const verdicts = await deps.judge({ kind, role, matrix, actions, attributes }, deadline());
  return decisionOf(deps, caller, asked, { facts, role, graph: "agrees", attributes, verdicts }).decision;
}
