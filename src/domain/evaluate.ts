import type { Caller } from "../entities/callers.ts";
import { AppError, type Remedy } from "../entities/errors.ts";
import { type ActionOf, isAction, isKind, type Kind, type PrincipalRole } from "../entities/kinds.ts";
import type { Scope } from "../entities/records.ts";
import type { Facts } from "../stores/facts.ts";
import { type Answer, ask, type GraphWord } from "./access.ts";
import { isBoundTo, requireKind, requireScope } from "./actor.ts";
import type { Deps } from "./deps.ts";
import { gather, type Target } from "./gather.ts";
import { hostDecision } from "./host-decisions.ts";
import { askingAlone, type HostAsking } from "./host-together.ts";
import { judgedOf } from "./judged.ts";
import { type ClassifiedReason, classified } from "./reasons.ts";
import { callerIn, factsRead, type Note, type Recorded, recorded, seenIn } from "./recorded.ts";
import { remediesFor } from "./remedies.ts";
import { named, requireSectorNames } from "./sector-names.ts";
import type { Judged } from "./story.ts";
import { shown } from "./visible.ts";

/**
 * Where it is asked: each organization is a decision point of its own (its slug), to which what lies elsewhere is unknown; null: the
 * plain paths, to which ids of the built-in kinds mean the same everywhere.
 */
export interface Pdp {
  readonly slug: string | null;
}

export type Properties = Readonly<Record<string, unknown>>;

export interface Entity {
  readonly type: string;
  readonly id: string;
  readonly properties?: Properties | undefined;
  /** Of an account that was named so: what the asking service's sector calls it. */
  readonly ofSector?: string | undefined;
}

/** A central check: ids only; roles and state are ours. Built-in rules never read what is sent beside them. */
export interface Evaluation {
  readonly subject: Entity;
  readonly action: { readonly name: string; readonly properties?: Properties | undefined };
  readonly resource: Entity;
  readonly context?: Properties | undefined;
}

/** What the policies read, as far as the caller may know it. */
export interface UsedFacts {
  /** The subject's attributes are a host's; an account has none. */
  readonly subject: { readonly role: PrincipalRole; readonly attributes?: Readonly<Record<string, unknown>> };
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface Decision {
  readonly decision: boolean;
  readonly context: {
    readonly reasons: readonly ClassifiedReason[];
    readonly remedies?: readonly Remedy[];
    readonly facts?: UsedFacts;
    /** The names of the rules that decided, the matrix' before the floor's. */
    readonly rules?: readonly string[];
    readonly graph?: GraphWord;
    /** The version of the organization that the facts belong to. */
    readonly version?: number;
    readonly matrix?: string;
    readonly unit: string;
  };
}

/**
 * Answers one question for another service, or for a person about themselves. A denial is a value. Throws what is wrong with
 * the caller (NOT_ABOUT_SELF, SCOPE_MISSING, KIND_NOT_BOUND, ALIAS_REFUSED), CANNOT_DECIDE or CONTENTION.
 */
export async function evaluate(deps: Deps, caller: Caller, pdp: Pdp, asked: Evaluation): Promise<Recorded<Decision>> {
  return await evaluateOne({ deps, caller, pdp, host: askingAlone(deps, caller) }, asked);
}

/** The same, of one that may be asked together with others. */
export async function evaluateOne(
  asking: Pick<Flow, "deps" | "caller" | "pdp" | "host">,
  asked: Evaluation,
): Promise<Recorded<Decision>> {
  return await recorded(asking.deps, async (note) => {
    return (await settle({ ...asking, note, scope: "authz:evaluate" }, asked)).decision;
  });
}

/** One question on its way. */
export interface Flow {
  readonly deps: Deps;
  readonly caller: Caller;
  readonly pdp: Pdp;
  /** How the facts about a thing of a host's kind are asked for. */
  readonly host: HostAsking;
  /** Takes what the log of decisions is to tell, as soon as it is known. */
  readonly note: Note;
  /** What a service must have to ask. */
  readonly scope: Scope;
}

/** A decision, and what an explanation of it needs; null: the policies were not asked. */
export interface Settled {
  readonly decision: Decision;
  readonly judged: () => Judged | null;
}

export async function settle(flow: Flow, sent: Evaluation): Promise<Settled> {
  const { deps, caller, pdp, note } = flow;
  const asked = await named(deps, caller, sent);
  const { resource, action, subject } = asked;
  if (!isKind(resource.type)) return await hostDecision(flow, asked);
  if (subject.type !== "account") return await unknown(flow, asked, "UNKNOWN_SUBJECT");
  const { type: kind } = resource;
  const actions = (facts: Facts<Kind>): never[] => {
    note(seenIn(asked, facts)); // the judge may fail
    return actionsFor(kind, [action.name], facts) as never[]; // of this kind
  };
  const answer = await ask(deps, caller, { target: targetAt(pdp, kind, resource.id), alias: subject.id, actions });
  const { facts, graph, role, attributes } = answer;
  note({ ...seenIn(asked, facts), graph, facts: factsRead(role, attributes) });
  requireMayAsk(flow, asked, facts);
  return { decision: decisionOf(deps, caller, asked, answer), judged: () => judgedOf(flow, asked, answer) };
}

/**
 * What the policies are asked so that these can be decided. A person who may not view the thing learns nothing of it; for a service nobody
 * asks that.
 */
export function actionsFor<K extends Kind>(kind: K, actions: readonly string[], { caller }: Facts): ActionOf<K>[] {
  const known = actions.filter((action) => isAction(kind, action));
  const asked = caller.client !== null && known.length > 0 ? known : [...new Set([...known, "view"])];
  return asked as ActionOf<K>[]; // checked by isAction; every kind has view
}

/** A member is named with its organization, in exactly one way; what is named otherwise is nobody. */
export function targetAt<K extends Kind>({ slug }: Pdp, kind: K, id: string): Target<K> {
  const isNamed = kind !== "member" || (slug === null ? id.includes("/") : id.startsWith(`${slug}/`));
  return { kind, id: isNamed ? id : `${slug ?? ""}/`, slug };
}

/**
 * Throws unless the caller may ask about this subject and this kind: a service with the scope about everybody, where it is bound to kinds
 * about these; a person about themselves, and for no explanation.
 */
export function requireMayAsk(
  { caller, scope }: Pick<Flow, "caller" | "scope">,
  { subject, resource }: { readonly subject: Entity; readonly resource: Pick<Entity, "type"> },
  { caller: { client, account } }: Pick<Facts, "caller">,
): void {
  if (client !== null || scope === "authz:explain") {
    requireKind(requireScope(caller, client, scope), resource.type);
    requireSectorNames(client, subject, resource);
  } else if (subject.type !== "account" || account?.alias !== subject.id) {
    throw new AppError("NOT_ABOUT_SELF", "People may ask about themselves only; the subject's id is your alias.");
  }
}

/** What nothing is known of, whoever asks. */
export async function unknown({ deps, caller, note, scope }: Flow, asked: Evaluation, code: string): Promise<Settled> {
  const facts = await gather(deps, caller, { kind: "account", id: null, slug: null });
  note({ caller: callerIn(facts) });
  requireMayAsk({ caller, scope }, asked, facts);
  return { decision: denial(deps, code, {}), judged: () => null };
}

/** Unknown things are told from foreign ones only to a client that is bound to no organization, or to this one. */
export function decisionOf<K extends Kind>(
  deps: Deps,
  caller: Caller,
  asked: Pick<Evaluation, "action" | "resource">,
  answer: Answer<K>,
): Decision {
  const { facts, graph, attributes, role, verdicts } = answer;
  const { client } = facts.caller;
  const version = facts.organization?.version;
  const common = { graph, ...(version !== undefined && { version, matrix: facts.organization?.matrix ?? "default" }) };
  const mayKnow =
    client === null
      ? verdicts.get("view")?.allowed === true
      : isBoundTo(caller, client, facts.organization?.slug ?? "");
  if (!mayKnow) return denial(deps, "ORGANIZATION_NOT_ACCESSIBLE", {});
  if (facts.subject === null) return denial(deps, "UNKNOWN_SUBJECT", common);
  if (attributes === undefined) return denial(deps, "UNKNOWN_RESOURCE", common);
  const verdict = verdicts.get(asked.action.name);
  if (verdict === undefined || !isAction(asked.resource.type as Kind, asked.action.name)) {
    return denial(deps, "UNKNOWN_ACTION", common);
  }
  const kind = asked.resource.type as K; // the answer is about it
  const remedies = remediesFor(verdict.reasons, facts);
  const used: UsedFacts = { subject: { role }, resource: { ...shown({ kind, attributes, facts, caller }) } };
  const rules = deps.rulesFor(common.matrix ?? "default", kind, asked.action.name).map(({ name }) => name);
  const context = { facts: used, rules, ...common, unit: deps.unit };
  if (verdict.allowed) return { decision: true, context: { reasons: [], ...context } };
  return { decision: false, context: { reasons: verdict.reasons.map(classified), remedies, ...context } };
}

export function denial(deps: Deps, code: string, common: Partial<Decision["context"]>): Decision {
  return { decision: false, context: { reasons: [classified({ code })], ...common, unit: deps.unit } };
}
