import type { Kind } from "../entities/kinds.ts";
import { roleTuple } from "../entities/tuples.ts";
import type { Facts, OrganizationFacts } from "../stores/facts.ts";
import type { Answer } from "./access.ts";
import type { Evaluation, Flow } from "./evaluate.ts";
import { withRole } from "./role-change.ts";
import type { Judged, Source } from "./story.ts";
import { hiddenIn } from "./visible.ts";

/** The question to the policies about a thing of a built-in kind, and where its facts come from; null: there was nothing to ask. */
export function judgedOf<K extends Kind>(
  { deps, caller }: Pick<Flow, "deps" | "caller">,
  asked: Evaluation,
  answer: Answer<K>,
): Judged | null {
  const { facts, role, graph, attributes, verdicts } = answer;
  const action = asked.action.name;
  const verdict = verdicts.get(action);
  const kind = asked.resource.type as K; // the answer is about it
  const { organization, subject } = facts;
  if (verdict === undefined || attributes === undefined || subject === null) return null;
  const matrix = organization?.matrix ?? "default";
  const held = facts.role; // by the ledger; the graph says how
  const isWitnessed = organization !== null && held !== null && facts.graph !== null;
  const names = new Map([[`account:${subject.pseudonym}`, subject.alias]]);
  if (organization !== null) names.set(`organization:${organization.id}`, organization.slug);
  const hidden = hiddenIn({ kind, attributes, facts, caller });
  return {
    question: { kind, role, matrix, actions: [action], attributes },
    verdict,
    version: organization?.version,
    domains: deps.factDomains.get(kind) ?? [],
    subjectDomains: null,
    isHidden: (name) => hidden.some((each) => name === `resource.${String(each)}`),
    withRole: (other) => withRole(kind, attributes, role, other),
    sourceOf: (name) => (name === "subject.role" && graph === "disagrees" ? "graph" : sourceOf(name, facts)),
    subject: {},
    relations: isWitnessed ? [roleTuple(organization.id, held, subject.pseudonym)] : [],
    namesOf: async () => await Promise.resolve(names),
  };
}

/** A limit is the plan's, unless the organization, or the account, has one of its own. */
function sourceOf(name: string, { organization, resource }: Facts): Source {
  const limits: OrganizationFacts["limits"] = organization?.limits ?? {};
  const owned = resource !== null && "maxOwnedOrganizations" in resource ? resource.maxOwnedOrganizations : null;
  const own: Readonly<Record<string, number | null | undefined>> = {
    "resource.maxApplications": limits.applications,
    "resource.maxSectors": limits.sectors,
    "resource.maxMembers": limits.members,
    "resource.maxPendingInvitations": limits.pendingInvitations,
    "resource.maxOwnedOrganizations": owned,
    "resource.maxSignInMethods": null,
  };
  return Object.hasOwn(own, name) && typeof own[name] !== "number" ? "plan" : "ledger";
}
