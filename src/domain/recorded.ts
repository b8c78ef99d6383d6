import { performance } from "node:perf_hooks";
import type { DecidedQuestion, DecisionRecord, SearchRecord } from "../entities/decisions.ts";
import { AppError, type Reason } from "../entities/errors.ts";
import type { HostKind, HostKinds } from "../entities/host-kinds.ts";
import { newId } from "../entities/ids.ts";
import { isAction, isKind, type Kind, type PrincipalRole } from "../entities/kinds.ts";
import type { Candidate } from "../stores/candidates.ts";
import type { Facts, Resources } from "../stores/facts.ts";
import type { Deps } from "./deps.ts";
import type { HostAnswer } from "./host-questions.ts";

/** What a flow finds out on its way; what it never came to stays null. */
type Seen = Pick<DecisionRecord, "caller" | "organization" | "question" | "facts" | "graph" | "version" | "matrix">;
export type Note = (seen: Partial<Seen>) => void;

const NOTHING: Seen = {
  caller: null,
  organization: null,
  question: { subject: { type: null, id: null }, action: null, resource: { type: null, id: null } },
  facts: null,
  graph: null,
  version: null,
  matrix: null,
};

interface Decided {
  readonly decision: boolean;
  readonly context: { readonly reasons: readonly Reason[]; readonly unit: string };
}

/** With the id of its line in the log. */
export type Recorded<D> = D & { readonly context: { readonly id: string } };

/**
 * Takes one decision of a check and tells it to `deps.decided`, also when it cannot be taken; what is wrong with the caller is no
 * decision. The answer gets the record's id. Throws what `decide` throws, and CANNOT_DECIDE when the record must be kept and cannot be.
 */
export async function recorded<D extends Decided>(
  deps: Deps,
  decide: (note: Note) => Promise<D>,
): Promise<Recorded<D>> {
  let seen = NOTHING;
  const note: Note = (more) => {
    seen = { ...seen, ...more };
  };
  const { id, answer } = await told(deps, {
    find: async () => await decide(note),
    lineOf: (taken, reasons) => {
      if (taken === null) return { ...seen, answer: "undecided", reasons };
      return { ...seen, answer: taken.decision ? "allow" : "deny", reasons: taken.context.reasons };
    },
  });
  return { ...answer, context: { id, ...answer.context } };
}

/** What all lines have alike. */
type Framed = "id" | "time" | "unit" | "commit" | "model" | "durationMs";

interface Telling<Answer> {
  readonly find: () => Promise<Answer>;
  /** null: there is none, and the reasons say why. */
  readonly lineOf: (
    answer: Answer | null,
    reasons: readonly Reason[],
  ) => Omit<DecisionRecord, Framed> | Omit<SearchRecord, Framed>;
}

/** Finds an answer and tells its line to `deps.decided`. Throws what `find` throws, and CANNOT_DECIDE as `recorded` does. */
export async function told<Answer>(
  deps: Deps,
  { find, lineOf }: Telling<Answer>,
): Promise<{ readonly id: string; readonly answer: Answer }> {
  const start = performance.now();
  const id = newId(deps.random, "dec-");
  const tell = (answer: Answer | null, reasons: readonly Reason[]): void => {
    const { unit, commit, model } = deps;
    const durationMs = Math.round((performance.now() - start) * 1000) / 1000;
    deps.decided({ id, time: deps.clock(), ...lineOf(answer, reasons), unit, commit, model, durationMs });
  };
  const answer = await find().catch((error: unknown) => {
    if (error instanceof AppError && UNDECIDED.has(error.code)) tell(null, [{ code: error.code }]);
    throw error;
  });
  tell(answer, []);
  return { id, answer };
}

const UNDECIDED: ReadonlySet<string> = new Set(["CANNOT_DECIDE", "CONTENTION"]);

/** Of a question about a built-in kind: who asks, and what about, in the ledger's ids. Unknown words are null. */
export function seenIn(
  asked: { readonly action: { readonly name: string }; readonly resource: { readonly type: string } },
  facts: Facts<Kind>,
): Partial<Seen> {
  const { organization } = facts;
  const { type } = asked.resource;
  return {
    caller: callerIn(facts),
    organization: organization?.id ?? null,
    version: organization?.version ?? null,
    matrix: organization?.matrix ?? null,
    ...(isKind(type) && { question: questionIn(type, asked.action.name, facts) }),
  };
}

/** Of a question about a thing of a host's kind: those that are stored have names of the ledger's. */
export function seenOfHost(
  kinds: HostKinds,
  asked: { readonly action: { readonly name: string }; readonly subject: { readonly type: string } },
  kind: HostKind,
  { facts, matrix, subjects, resources, pairs }: HostAnswer,
): Partial<Seen> {
  const [pair] = pairs;
  return {
    caller: callerIn(facts),
    organization: facts.organization?.id ?? null,
    version: facts.organization?.version ?? null,
    ...{ matrix, graph: "agrees" },
    question: hostQuestionIn(kinds, asked, kind, { subjects, resources }),
    facts:
      pair === undefined
        ? null
        : { subject: { role: pair.role, attributes: pair.subject.attributes }, resource: pair.attributes },
  };
}

/** Words that are not known are null, and so is who or what is not stored; of many of them, the first stands here. */
export function hostQuestionIn(
  { served }: HostKinds,
  { subject, action }: { readonly subject: { readonly type: string }; readonly action: { readonly name: string } },
  kind: HostKind,
  { subjects, resources }: Pick<HostAnswer, "subjects" | "resources">,
): DecidedQuestion {
  const { type } = subject;
  return {
    subject: { type: type === "account" || served.has(type) ? type : null, id: namedBy(subjects) },
    action: kind.actions.includes(action.name) ? action.name : null,
    resource: { type: kind.type, id: namedBy(resources) },
  };
}

function namedBy([candidate]: readonly Candidate[]): string | null {
  return candidate === undefined || candidate.name === "" ? null : candidate.name;
}

/** Who calls, by pseudonym or registration. */
export function callerIn({ caller: { account, client } }: Pick<Facts, "caller">): Seen["caller"] {
  if (client !== null) return { kind: "client", id: client.id };
  return account === null ? null : { kind: "account", id: account.pseudonym };
}

export function questionIn<K extends Kind>(kind: K, action: string, facts: Facts<K>): DecidedQuestion {
  const { subject } = facts;
  return {
    subject: { type: "account", id: subject?.pseudonym ?? null },
    action: isAction(kind, action) ? action : null,
    resource: { type: kind, id: ledgerIdIn(kind, facts) },
  };
}

/** What the ledger calls the resource. */
export function ledgerIdIn<K extends Kind>(kind: K, facts: Facts<K>): string | null {
  return facts.resource === null ? null : LEDGER_IDS[kind](facts.resource, facts);
}

const LEDGER_IDS: {
  readonly [K in Kind]: (resource: Resources[K], facts: Pick<Facts, "organization">) => string | null;
} = {
  account: ({ pseudonym }) => pseudonym,
  organization: (_resource, { organization }) => organization?.id ?? null,
  sector: ({ id }) => id,
  application: ({ anchor }) => anchor,
  member: ({ account }) => account.pseudonym,
  invitation: ({ id }) => id,
  transfer: ({ id }) => id,
};

/** What the policies read of a built-in kind. */
export function factsRead(role: PrincipalRole, attributes: object | undefined): Seen["facts"] {
  return attributes === undefined ? null : { subject: { role }, resource: { ...attributes } };
}
