import type { Reason } from "./errors.ts";

/**
 * A decision of a check, as the decision log keeps it. Ids are the ledger's own (pseudonyms, anchors, surrogates), never what was
 * sent: an alias or an e-mail address could stand there (S0.19). What is unknown, or was not looked up, is null.
 */
export interface DecisionRecord {
  /** `dec-…`; the answer carries it too. */
  readonly id: string;
  readonly time: Date;
  /** A client by its registration, an account by its pseudonym; null: it failed before the ledger could tell. */
  readonly caller: { readonly kind: "account" | "client"; readonly id: string } | null;
  readonly organization: string | null;
  readonly question: DecidedQuestion;
  /** All that the policies read, also what the caller may not see. */
  readonly facts: DecidedFacts | null;
  readonly graph: string | null;
  /** The organization's, of all these facts. */
  readonly version: number | null;
  readonly matrix: string | null;
  /** Content hash of policies, schemas, model and plans. */
  readonly unit: string;
  /** OpenFGA's id of its authorization model. */
  readonly model: string;
  readonly answer: "allow" | "deny" | "undecided";
  readonly reasons: readonly Reason[];
  readonly durationMs: number;
}

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
