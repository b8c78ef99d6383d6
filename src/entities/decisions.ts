import type { Reason } from "./errors.ts";

/**
 * What the log of decisions keeps of every question. Ids are the ledger's own (pseudonyms, anchors, surrogates), never what was sent: an
 * alias or an e-mail address could stand there (S0.19). What is unknown, or was not looked up, is null.
 */
interface Asked {
  /** `dec-…`; the answer carries it too. */
  readonly id: string;
  readonly time: Date;
  /** A client by its registration, an account by its pseudonym; null: it failed before the ledger could tell. */
  readonly caller: { readonly kind: "account" | "client"; readonly id: string } | null;
  readonly question: DecidedQuestion;
  /** Content hash of policies, schemas, model and plans. */
  readonly unit: string;
  /** Of git; null: it is not known, or the folders differ from it. */
  readonly commit: string | null;
  /** OpenFGA's id of its authorization model. */
  readonly model: string;
  readonly reasons: readonly Reason[];
  readonly durationMs: number;
}

/** A decision of a check. */
export interface DecisionRecord extends Asked {
  readonly organization: string | null;
  /** All that the policies read, also what the caller may not see. */
  readonly facts: DecidedFacts | null;
  readonly graph: string | null;
  /** The organization's, of all these facts. */
  readonly version: number | null;
  readonly matrix: string | null;
  readonly answer: "allow" | "deny" | "undecided";
}

/** A page of a search: what is searched for has no id in the question, or no action. */
export interface SearchRecord extends Asked {
  readonly search: SearchedFor;
  /** The one that is searched; of a search in several, those of the results. */
  readonly organizations: readonly SearchedOrganization[];
  /** So many were decided. */
  readonly candidates: number;
  /** Ids, or names of actions: a page's at most. */
  readonly results: readonly string[];
  /** Why the page ended before it was full, though there is more; null: it did not. */
  readonly cut: "deadline" | null;
  readonly answer: "found" | "undecided";
}

export type SearchedFor = "subject" | "resource" | "action";

export interface SearchedOrganization {
  readonly id: string;
  readonly version: number;
  readonly matrix: string;
}

export type LogRecord = DecisionRecord | SearchRecord;

export interface DecidedQuestion {
  readonly subject: DecidedThing;
  readonly action: string | null;
  readonly resource: DecidedThing;
}

export interface DecidedThing {
  readonly type: string | null;
  readonly id: string | null;
}

export interface DecidedFacts {
  readonly subject: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}
