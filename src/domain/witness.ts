import { AppError } from "../entities/errors.ts";
import { fenceHolds } from "../entities/fence.ts";
import type { PrincipalRole } from "../entities/kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import { roleTuple, type Tuple, tupleKey } from "../entities/tuples.ts";
import type { Facts } from "../stores/facts.ts";
import { fenceOf, isPending, isSameMoment, orUnavailable, patience } from "./access.ts";
import type { Deadline } from "./deadline.ts";
import type { Deps } from "./deps.ts";

/** A candidate with the role that counts. */
export interface Witnessed<Candidate> {
  readonly candidate: Candidate;
  readonly role: PrincipalRole;
}

/**
 * What access.ts does for one question, for many at once: one statement for the facts, one BatchCheck for the roles that the ledger holds,
 * and the fence of each organization where one is missing. Gathered again while changes come between these. Throws CONTENTION when they
 * do not end.
 */
export async function witnessAll<Candidate extends { readonly facts: Facts }>(
  deps: Deps,
  gatherAll: () => Promise<readonly Candidate[]>,
  deadline: Deadline,
): Promise<Witnessed<Candidate>[]> {
  let before = new Map<string, Facts>();
  for (let round = 0; round <= LIMITS.lostRaces + 1; round += 1) {
    const found = await gatherAll();
    const missing = await missingIn(deps, found, deadline);
    const doubted = new Map(missing.map((facts) => [organizationOf(facts), facts]));
    const stands = await Promise.all(
      [...doubted].map(async ([id, facts]) => [id, await standOf(deps, facts, before.get(id), deadline)] as const),
    );
    before = doubted;
    if (stands.some(([, stand]) => stand === "moved")) continue;
    const disagreeing = new Set(stands.flatMap(([id, stand]) => (stand === "disagrees" ? [id] : [])));
    const without = new Set(missing.filter((facts) => disagreeing.has(organizationOf(facts))));
    return found.map((candidate) => {
      return { candidate, role: without.has(candidate.facts) ? "none" : (candidate.facts.role ?? "none") };
    });
  }
  throw new AppError("CONTENTION", "The organizations change faster than they can be searched. Try again.");
}

/** The facts with a role that the graph does not have; none when it is silent: the ledger alone decides then. */
async function missingIn(
  deps: Deps,
  found: readonly { readonly facts: Facts }[],
  deadline: Deadline,
): Promise<Facts[]> {
  const claims = found.flatMap(({ facts }) => {
    const tuple = claimOf(facts);
    return tuple === null ? [] : [{ facts, tuple, key: tupleKey(tuple) }];
  });
  const tuples = new Map(claims.map(({ key, tuple }) => [key, tuple]));
  if (tuples.size === 0) return [];
  const word = await orUnavailable(deps.graph.holds([...tuples.values()], patience(deps, deadline)));
  if (word === "unavailable") return [];
  const missing = new Set([...tuples.keys()].filter((_key, index) => word[index] !== true));
  return claims.flatMap(({ facts, key }) => (missing.has(key) ? [facts] : []));
}

/** The tuple that the graph must have; null: there is none to ask for, or it is on its way. */
function claimOf(facts: Facts): Tuple | null {
  const { organization, subject, role, graph } = facts;
  if (organization === null || subject === null || role === null || graph === null || isPending(facts)) return null;
  return roleTuple(organization.id, role, subject.pseudonym);
}

function organizationOf({ organization }: Facts): string {
  return organization?.id ?? "";
}

/**
 * Whether the graph may be believed that a role is missing: it `disagrees` where its fence is where the ledger left it; a fence that is
 * elsewhere tells of a change since, or, where nothing has moved, of a graph that was lost as a whole.
 */
async function standOf(
  deps: Deps,
  facts: Facts,
  before: Facts | undefined,
  deadline: Deadline,
): Promise<"disagrees" | "unavailable" | "moved"> {
  const { organization, graph } = facts;
  if (organization === null || graph === null) return "unavailable";
  const fence = await fenceOf(deps, organization.id, deadline);
  if (fence !== "unavailable" && fenceHolds(fence, graph.applied)) {
    deps.requestReconcile(organization.id); // not before: a repair moves the fence
    deps.warn("graph.disagrees", { organization: organization.id, version: organization.version });
    return "disagrees";
  }
  if (fence !== "unavailable" && (before === undefined || !isSameMoment(before, facts))) return "moved";
  deps.requestReconcile(organization.id);
  return "unavailable";
}
