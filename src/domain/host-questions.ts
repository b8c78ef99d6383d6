import type { Caller } from "../entities/callers.ts";
import { AppError, cannotDecide } from "../entities/errors.ts";
import { fenceHolds } from "../entities/fence.ts";
import type { HostKind, Keeping, SentPart } from "../entities/host-kinds.ts";
import type { Verdict } from "../entities/judge.ts";
import type { PrincipalRole } from "../entities/kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import { roleTuple, tupleKey } from "../entities/tuples.ts";
import type { Candidate, Selector } from "../stores/candidates.ts";
import type { Facts, OrganizationFacts } from "../stores/facts.ts";
import type { Deadline } from "./deadline.ts";
import type { Deps } from "./deps.ts";
import { gather } from "./gather.ts";
import { caughtUp } from "./graph-wait.ts";
import { relationsBetween, turnsOf } from "./host-turns.ts";

/** Who, or what, of which type. */
export interface Party {
  readonly selector: Selector;
  /** Must they be stored? */
  readonly keeping: Keeping;
}

/** What a request sends beside the ids; the policies believe nothing of it unless they say so. */
export type Sent = Readonly<Record<SentPart, Readonly<Record<string, unknown>> | undefined>>;

/** May each of these subjects do each of these things to each of these resources? */
export interface HostQuestion {
  readonly slug: string;
  readonly kind: HostKind;
  readonly subjects: Party;
  readonly resources: Party;
  readonly actions: readonly string[];
  readonly sent: Sent;
  /** The relations that the graph is asked for: of the kind, for who is shown what was decided on; or those that can decide, and the others do not hold. */
  readonly relations: "all" | "deciding";
}

/** One subject and one resource, with what was decided about them and on what. */
export interface Pair {
  readonly subject: Candidate;
  readonly resource: Candidate;
  readonly role: PrincipalRole;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

export interface HostAnswer {
  readonly facts: Facts<"entities">;
  readonly matrix: string;
  readonly subjects: readonly Candidate[];
  readonly resources: readonly Candidate[];
  readonly pairs: readonly Pair[];
}

/**
 * The flow of every question about a host's kind, one or many: facts of one version (one statement), what OpenFGA says at that very
 * version, the policies' word. What the ledger has filed and the graph has not yet is waited for. Throws CANNOT_DECIDE when that, or an
 * engine, takes longer than the deadline: to decide by half of the facts would be to guess.
 */
export async function askHost(
  deps: Deps,
  caller: Caller,
  question: HostQuestion,
  deadline: Deadline,
): Promise<HostAnswer> {
  let admitted = false;
  let lostAt: number | undefined;
  for (;;) {
    const facts = await gather(deps, caller, targetOf(question));
    const { organization, graph } = facts;
    const found = candidatesOf(question, facts);
    if (organization === null || graph === null) return { facts, matrix: "default", ...found, pairs: [] };
    if (!admitted) await deps.admit(organization.id, "questions");
    admitted = true;
    if (graph.applied < graph.filed) {
      await caughtUp(deps, organization.id, deadline);
      continue;
    }
    const asked = askedOf(question, organization, found);
    const truths = await truthsAt(deps, asked, graph.applied, deadline).catch((error: unknown) => {
      throw facts.caller.client === null ? error : naming(error, asked);
    });
    if (truths !== "moved") return await judged(deps, asked, { facts, truths, deadline });
    if (lostAt === graph.applied) throw lost(deps, organization.id);
    lostAt = graph.applied; // a change that came in between is in the facts of the next round
  }
}

function targetOf({ slug, subjects, resources }: HostQuestion) {
  const id = JSON.stringify({ subjects: subjects.selector, resources: resources.selector });
  return { kind: "entities", id, slug } as const;
}

interface Found {
  readonly subjects: readonly Candidate[];
  readonly resources: readonly Candidate[];
}

function candidatesOf({ subjects, resources }: HostQuestion, { resource }: Facts<"entities">): Found {
  return {
    subjects: present(subjects, resource?.subjects ?? []),
    resources: present(resources, resource?.resources ?? []),
  };
}

/** Those that count: where the enforcement point keeps them, also those that nothing is known of. */
function present({ selector, keeping }: Party, all: readonly Candidate[]): readonly Candidate[] {
  const found = all.filter(({ isPassed }) => isPassed !== true);
  if (keeping === "stored") return found.filter(({ isStored }) => isStored);
  if (!("ids" in selector)) return found;
  const known = new Map(found.map((candidate) => [candidate.id, candidate]));
  return selector.ids.map(
    (id) => known.get(id) ?? { key: id, id, name: "", role: null, isStored: false, attributes: {} },
  );
}

export interface Asked extends Found {
  readonly question: HostQuestion;
  readonly organization: OrganizationFacts;
  /** The one whose rules decide. */
  readonly matrix: string;
  readonly relations: readonly string[];
}

function askedOf(question: HostQuestion, organization: OrganizationFacts, found: Found): Asked {
  const { kind, actions } = question;
  const matrix = kind.matrices.has(organization.matrix) ? organization.matrix : "default";
  const deciding = new Set(actions.flatMap((action) => kind.decidingRelations(matrix, action)));
  const relations =
    question.relations === "all"
      ? kind.askedRelations
      : kind.askedRelations.filter((relation) => deciding.has(relation));
  return { question, organization, matrix, relations, ...found };
}

/** The tuples that hold, by question; `moved`: the graph was elsewhere than the ledger when it was asked. */
async function truthsAt(
  deps: Deps,
  asked: Asked,
  applied: number,
  deadline: Deadline,
): Promise<ReadonlySet<string> | "moved"> {
  const turns = turnsOf(asked);
  if (turns.flat().length === 0) return new Set(); // nothing of it is the graph's to say
  const truths = new Set<string>();
  for (const turn of turns) {
    const open = turn.filter(({ within }) => within.every((key) => truths.has(key)));
    const tuples = new Map(open.map(({ tuple }) => [tupleKey(tuple), tuple]));
    const holding = await deps.graph.holds([...tuples.values()], deadline());
    for (const [index, key] of [...tuples.keys()].entries()) if (holding[index] === true) truths.add(key);
  }
  // Read last: the graph was where the ledger was before, and still is, so that it was there all the time.
  const fence = await deps.graph.fence(asked.organization.id, deadline());
  if (!fenceHolds(fence, applied)) return "moved";
  return truths;
}

/** Where one thing alone was looked at, a service is told which: nothing comes behind it until OpenFGA can say how the two are related. */
function naming(error: unknown, { question, subjects, resources }: Asked): unknown {
  const [{ selector }, [one, ...others]] =
    "ids" in question.resources.selector ? [question.subjects, subjects] : [question.resources, resources];
  if (!(error instanceof AppError) || "ids" in selector || one === undefined || others.length > 0) return error;
  const about = `The search has come to ${selector.type} ${JSON.stringify(one.id)}. If it stays there, that is related more deeply than OpenFGA follows.`;
  return new AppError(error.code, error.message, { ...error.details, about });
}

interface Known {
  readonly facts: Facts<"entities">;
  readonly truths: ReadonlySet<string>;
  readonly deadline: Deadline;
}

async function judged(deps: Deps, asked: Asked, { facts, truths, deadline }: Known): Promise<HostAnswer> {
  const { question, organization, matrix, subjects, resources } = asked;
  const { kind, actions } = question;
  const couples = subjects.flatMap((subject) => resources.map((resource) => ({ subject, resource })));
  const pairs = couples.map(async ({ subject, resource }): Promise<Pair> => {
    const role = roleOf(organization.id, subject, truths);
    const attributes = attributesOf(asked, { subject, resource }, truths);
    const common = { kind: kind.type, role, matrix, attributes, hasFloor: kind.hasFloor, subject: subject.attributes };
    const verdicts = new Map<string, Verdict>();
    for (let from = 0; from < actions.length; from += LIMITS.actionsAtOnce) {
      const some = actions.slice(from, from + LIMITS.actionsAtOnce);
      for (const [action, verdict] of await deps.judge({ ...common, actions: some }, deadline()))
        verdicts.set(action, verdict);
    }
    return { subject, resource, role, attributes, verdicts };
  });
  return { facts, matrix, subjects, resources, pairs: await Promise.all(pairs) };
}

/** As everywhere, a role counts where ledger and graph agree. */
function roleOf(organization: string, { role, name }: Candidate, truths: ReadonlySet<string>): PrincipalRole {
  return role !== null && truths.has(tupleKey(roleTuple(organization, role, name))) ? role : "none";
}

/** `R.attr`: what the kind's schema has a place for, and nothing else. */
function attributesOf(
  asked: Asked,
  { subject, resource }: { readonly subject: Candidate; readonly resource: Candidate },
  truths: ReadonlySet<string>,
): Record<string, unknown> {
  const { question, organization } = asked;
  const { kind } = question;
  const held = new Set(
    relationsBetween(asked, subject, resource).flatMap(([relation, tuple]) =>
      truths.has(tupleKey(tuple)) ? [relation] : [],
    ),
  );
  const relations = Object.fromEntries(kind.askedRelations.map((relation) => [relation, held.has(relation)]));
  return {
    ...resource.attributes,
    ...(kind.readsOrganizationState && { organizationState: organization.state }),
    ...(kind.askedRelations.length > 0 && { relations }),
    ...(kind.sent !== null && { sent: declared(kind.sent, question.sent) }),
  };
}

/** Properties that the kind declares; what else was sent is nobody's concern. */
function declared(places: NonNullable<HostKind["sent"]>, sent: Sent): Record<string, Record<string, unknown>> {
  const parts = Object.entries(places) as [SentPart, ReadonlySet<string>][]; // Object.entries forgets its keys
  const declaredParts = parts.filter(([, names]) => names.size > 0);
  return Object.fromEntries(
    declaredParts.map(([part, names]) => {
      const given = Object.entries(sent[part] ?? {}).filter(([name]) => names.has(name));
      return [part, Object.fromEntries(given)];
    }),
  );
}

/** The fence stood elsewhere twice, and the ledger did not move: the graph as a whole was lost, and is rebuilt. */
function lost(deps: Deps, organization: string): Error {
  deps.requestReconcile(organization);
  return cannotDecide("openfga", new Error("the graph is not where the ledger left it"));
}
