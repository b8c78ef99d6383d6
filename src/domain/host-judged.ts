import type { FactDomain } from "../entities/fact-domains.ts";
import { relationTuple, roleTuple } from "../entities/tuples.ts";
import { readSurrogates } from "../stores/entities.ts";
import { inOrganization } from "../stores/scope.ts";
import type { Deps } from "./deps.ts";
import type { Evaluation } from "./evaluate.ts";
import type { HostAnswer } from "./host-questions.ts";
import type { Judged, Source } from "./story.ts";
import { mayKnowSubject } from "./visible.ts";

/** The question to the policies about a thing of a host's kind, and where its facts come from; null: there was nothing to ask. */
export function hostJudgedOf(deps: Deps, asked: Evaluation, answer: HostAnswer): Judged | null {
  const { facts, matrix, pairs } = answer;
  const { organization } = facts;
  const [pair] = pairs;
  const action = asked.action.name;
  const verdict = pair?.verdicts.get(action);
  const kind = deps.kinds.served.get(asked.resource.type);
  if (organization === null || pair === undefined || verdict === undefined || kind === undefined) return null;
  const { subject, resource, role, attributes } = pair;
  const isAccount = asked.subject.type === "account";
  const user = { type: asked.subject.type, name: subject.name, relation: "" };
  const object = { type: kind.type, name: resource.name };
  const isKnown = mayKnowSubject(facts.caller, asked.subject.type);
  const related = Object.entries(attributes["relations"] ?? {}).filter(([, holds]) => holds === true);
  return {
    question: {
      ...{ kind: kind.type, role, matrix, actions: [action], attributes },
      ...{ hasFloor: kind.hasFloor, subject: subject.attributes },
    },
    verdict,
    version: organization.version,
    domains: deps.factDomains.get(kind.type) ?? [],
    subjectDomains: isKnown ? storedDomains(deps, asked.subject.type) : [],
    isHidden: () => false,
    withRole: () => (isAccount ? attributes : null), // no fact of a host's kind counts roles, and only accounts have one
    sourceOf,
    subject: isKnown ? subject.attributes : {},
    relations: [
      ...(role === "none" || role === "service" ? [] : [roleTuple(organization.id, role, subject.name)]),
      ...related.map(([relation]) => relationTuple(object, relation, user)),
    ],
    namesOf: async (objects) => await namesIn(deps, organization, objects, [`account:${subject.name}`, subject.id]),
  };
}

/** Of what can be stored of a subject of this type; null: nothing. */
function storedDomains({ kinds, factDomains }: Deps, type: string): readonly FactDomain[] | null {
  if (!kinds.served.has(type)) return null;
  return (factDomains.get(type) ?? []).filter(({ path: [name] }) => !GIVEN.includes(name));
}

/** What is no attribute of an entity, but of a question about it. */
const GIVEN: readonly string[] = ["organizationState", "relations", "sent"];

function sourceOf(name: string): Source {
  if (name.startsWith("resource.relations.")) return "graph";
  return name.startsWith("resource.sent.") ? "sent" : "ledger";
}

type Name = readonly [object: string, id: string];

/** Entities by their own ids; what is no entity of this organization has no name here. */
async function namesIn(
  deps: Deps,
  { id, slug }: { readonly id: string; readonly slug: string },
  objects: readonly string[],
  subject: Name,
): Promise<ReadonlyMap<string, string>> {
  const surrogates = objects.map((object) => object.slice(object.indexOf(":") + 1));
  const entities = await inOrganization(deps.database, id, async (tx) => await readSurrogates(tx, id, surrogates));
  const names = entities.map((entity): Name => [`${entity.type}:${entity.surrogate}`, entity.id]);
  return new Map([subject, [`organization:${id}`, slug], ...names]);
}
