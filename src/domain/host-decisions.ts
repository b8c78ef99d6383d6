import type { Caller } from "../entities/callers.ts";
import { type Reason, type Remedy, unfit } from "../entities/errors.ts";
import type { HostKind } from "../entities/host-kinds.ts";
import type { Facts } from "../stores/facts.ts";
import { hasScope } from "./actor.ts";
import { deadlineIn } from "./deadline.ts";
import type { Deps } from "./deps.ts";
import { brokenKind } from "./entity-documents.ts";
import {
  denial,
  type Decision,
  type Evaluation,
  type Flow,
  type Properties,
  requireMayAsk,
  type Settled,
  unknown,
} from "./evaluate.ts";
import { hostJudgedOf } from "./host-judged.ts";
import type { HostAnswer, Pair, Party, Sent } from "./host-questions.ts";
import { classified } from "./reasons.ts";
import { seenOfHost } from "./recorded.ts";
import { remedyFor } from "./remedies.ts";
import { mayKnowSubject } from "./visible.ts";

/** A question about a thing of a host's kind. Throws what `evaluate` throws, and INVALID_REQUEST where no organization is meant. */
export async function hostDecision(flow: Flow, asked: Evaluation): Promise<Settled> {
  const { deps, note } = flow;
  const { type } = asked.resource;
  const kind = deps.kinds.served.get(type);
  if (kind === undefined) return await withoutKind(flow, asked);
  const slug = await meantOrganization(flow, asked);
  const action = asked.action.name;
  const isKnown = kind.actions.includes(action);
  // Who may view the thing may know what the decision was taken on.
  const actions = [...new Set([...(isKnown ? [action] : []), ...(kind.actions.includes("view") ? ["view"] : [])])];
  const question = {
    ...{ slug, kind, actions, sent: sentIn(asked), relations: "all" as const },
    subjects: subjectOf(deps, kind, asked),
    resource: { id: asked.resource.id, keeping: kind.resources },
  };
  const answer = await flow.host.ask(question, deadlineIn(deps.timeouts.decisionMs));
  note(seenOfHost(deps.kinds, asked, kind, answer));
  requireMayAsk(flow, asked, answer.facts);
  const { client } = answer.facts.caller;
  // What a client is not bound to has not been gathered.
  if (answer.facts.organization === null) {
    return { decision: denial(deps, "ORGANIZATION_NOT_ACCESSIBLE", {}), judged: () => null };
  }
  const decision = decisionOf(deps, asked, { kind, answer, isClient: client !== null });
  return { decision, judged: () => hostJudgedOf(deps, asked, answer) };
}

async function meantOrganization({ host, caller, pdp, scope }: Flow, asked: Evaluation): Promise<string> {
  if (pdp.slug !== null) return pdp.slug;
  const facts = await host.head();
  requireMayAsk({ caller, scope }, asked, facts);
  return onlyOrganization(caller, facts);
}

/** Where no organization is named, that of a credential that has exactly one. Throws INVALID_REQUEST for every other. */
export function onlyOrganization(caller: Caller, { caller: { client } }: Pick<Facts, "caller">): string {
  const [only, ...others] = client?.organizations ?? [];
  if (client !== null && only !== undefined && others.length === 0 && !hasScope(caller, client, "authz:all"))
    return only;
  const message =
    "what it is belongs to an organization: ask at /o/{slug}/access/v1/…, or with a client that is bound to one organization";
  throw unfit([{ path: "body.resource.type", message }]);
}

/** Nothing is denied of a kind whose policies are broken: nobody knows. */
async function withoutKind(flow: Flow, asked: Evaluation): Promise<Settled> {
  const settled = await unknown(flow, asked, "UNKNOWN_RESOURCE");
  const { type } = asked.resource;
  const refusal = flow.deps.kinds.refused.get(type);
  if (refusal !== undefined) throw brokenKind(type, refusal);
  return settled;
}

export function subjectOf({ kinds }: Deps, kind: HostKind, { subject }: Pick<Evaluation, "subject">): Party {
  const { type, id } = subject;
  const isKept = type === "account" || (kind.subjects === "stored" && kinds.served.has(type));
  return { selector: { type, ids: [id] }, keeping: isKept ? "stored" : kind.subjects };
}

type Sending = Partial<Record<"subject" | "resource" | "action", { readonly properties?: Properties | undefined }>>;

export function sentIn({ subject, resource, action, context }: Sending & Pick<Evaluation, "context">): Sent {
  return { subject: subject?.properties, resource: resource?.properties, action: action?.properties, context };
}

interface Answered {
  readonly kind: HostKind;
  readonly answer: HostAnswer;
  readonly isClient: boolean;
}

function decisionOf(deps: Deps, asked: Evaluation, { kind, answer, isClient }: Answered): Decision {
  const { facts, matrix, subjects, resources, pairs } = answer;
  const version = facts.organization?.version;
  const common = { graph: "agrees", matrix, ...(version !== undefined && { version }) } as const;
  const [pair] = pairs;
  const verdict = pair?.verdicts.get(asked.action.name);
  const isShown = isClient || pair?.verdicts.get("view")?.allowed === true;
  if (!isShown && verdict?.allowed !== true) return denial(deps, "ORGANIZATION_NOT_ACCESSIBLE", {});
  if (subjects.length === 0) return denial(deps, "UNKNOWN_SUBJECT", common);
  if (resources.length === 0) return denial(deps, "UNKNOWN_RESOURCE", common);
  if (pair === undefined || verdict === undefined || !kind.actions.includes(asked.action.name)) {
    return denial(deps, "UNKNOWN_ACTION", common);
  }
  const rules = deps.rulesFor(matrix, kind.type, asked.action.name).map(({ name }) => name);
  const used = factsOf(pair, mayKnowSubject(facts.caller, asked.subject.type));
  const told = { ...(isShown && { facts: used, rules }), ...common, unit: deps.unit };
  if (verdict.allowed) return { decision: true, context: { reasons: [], ...told } };
  const { reasons } = verdict;
  return {
    decision: false,
    context: { reasons: reasons.map(classified), remedies: remediesOf(reasons), ...told },
  };
}

function factsOf({ subject, role, attributes }: Pair, withSubject: boolean): NonNullable<Decision["context"]["facts"]> {
  return { subject: { role, ...(withSubject && { attributes: subject.attributes }) }, resource: attributes };
}

/** What helps is the policies' to say here: a reason's own `help`. */
function remediesOf(reasons: readonly Reason[]): Remedy[] {
  return reasons.flatMap((reason) => {
    const { code, help } = reason;
    return typeof help === "string" ? [{ for: code, message: help }] : (remedyFor(reason, null) ?? []);
  });
}
