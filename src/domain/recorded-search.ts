import type { Caller } from "../entities/callers.ts";
import type { SearchedFor, SearchedOrganization, SearchRecord } from "../entities/decisions.ts";
import type { Kind } from "../entities/kinds.ts";
import type { Facts } from "../stores/facts.ts";
import type { Deps } from "./deps.ts";
import type { Pdp } from "./evaluate.ts";
import { callerIn, questionIn, told } from "./recorded.ts";
import type { SearchPage } from "./search-page.ts";

/** What a search finds out on its way. */
type Seen = Pick<SearchRecord, "caller" | "question" | "organizations" | "candidates" | "results">;
type Known = Partial<Pick<Seen, "caller" | "question">>;

export interface SearchNotes {
  /** Who asks, and what; the organization, where only one is searched. */
  readonly asked: (known: Known, organization?: SearchedOrganization | null) => void;
  /** So many candidates were decided. */
  readonly decided: (candidates: number) => void;
  /** One of them is a result: by the ledger's name, in this organization. */
  readonly found: (result: string | null, organization?: SearchedOrganization | null) => void;
}

/** One search on its way. */
export interface SearchFlow {
  readonly deps: Deps;
  readonly caller: Caller;
  readonly pdp: Pdp;
  /** Take what the log of decisions is to tell, as soon as it is known. */
  readonly notes: SearchNotes;
}

const NOTHING: Known & Pick<Seen, "caller" | "question"> = {
  caller: null,
  question: { subject: { type: null, id: null }, action: null, resource: { type: null, id: null } },
};

/** A page, with the id of its line in the log. */
export interface LoggedPage<Result> extends SearchPage<Result> {
  readonly id: string;
}

/**
 * Makes one page of a search and tells it to `deps.decided`, also when it cannot be made; what is wrong with the caller leaves no line.
 * Throws what `make` throws, and CANNOT_DECIDE when the line must be kept and cannot be.
 */
export async function recordedSearch<Result>(
  deps: Deps,
  search: SearchedFor,
  make: (notes: SearchNotes) => Promise<SearchPage<Result>>,
): Promise<LoggedPage<Result>> {
  let asked = NOTHING;
  let candidates = 0;
  const results: string[] = [];
  const organizations = new Map<string, SearchedOrganization>();
  const searched = (organization?: SearchedOrganization | null): void => {
    if (organization) organizations.set(organization.id, organization);
  };
  const notes: SearchNotes = {
    asked: (known, organization) => {
      asked = { ...asked, ...known };
      searched(organization);
    },
    decided: (count) => {
      candidates += count;
    },
    found: (result, organization) => {
      if (result !== null) results.push(result);
      searched(organization);
    },
  };
  const { id, answer } = await told(deps, {
    find: async () => await make(notes),
    lineOf: (page, reasons) => ({
      ...{ caller: asked.caller, search, question: asked.question, organizations: [...organizations.values()] },
      ...{ candidates, results, cut: page?.cut ?? null, answer: page === null ? "undecided" : "found", reasons },
    }),
  });
  return { ...answer, id };
}

/** Of a search about a built-in kind. */
export function searchIn(kind: Kind, action: string, facts: Facts<Kind>): Pick<SearchRecord, "caller" | "question"> {
  return { caller: callerIn(facts), question: questionIn(kind, action, facts) };
}

/** The organization of these facts, in which a search looks. */
export function searchedIn(
  { organization }: Pick<Facts, "organization">,
  matrix?: string,
): SearchedOrganization | null {
  if (organization === null) return null;
  return { id: organization.id, version: organization.version, matrix: matrix ?? organization.matrix };
}
