import type { Caller } from "../entities/callers.ts";
import type { ActionOf, Kind } from "../entities/kinds.ts";
import type { OrganizationFacts } from "../stores/facts.ts";
import { ask } from "./access.ts";
import { requireAccount } from "./actor.ts";
import type { Deps } from "./deps.ts";
import type { Target } from "./gather.ts";
import { notAccessible, notFound, permitted, type Permitted } from "./refusal.ts";

/** What a person must be allowed before the absence of a child is told. */
const LIST_ACTION = {
  sector: "list_sectors",
  application: "list_applications",
  member: "list_members",
  invitation: "list_invitations",
} as const;

/** A question that a route asks for the caller: gives what the decision was taken on, throws when it is a refusal. */
export async function read<K extends Kind>(
  deps: Deps,
  caller: Caller,
  target: Target<K>,
  action: ActionOf<K>,
): Promise<Permitted<K>> {
  const view = "view" as ActionOf<K>; // every kind has it
  const answer = await ask(deps, caller, { target, actions: [...new Set([action, view])] });
  requireAccount(answer.facts);
  const outcome = permitted(target, action, answer);
  return outcome === "absent" ? await tellAbsence(deps, caller, target) : outcome;
}

/** 404 for who may list such children, the refusal of the list for everybody else. */
export async function tellAbsence(deps: Deps, caller: Caller, target: Target<Kind>): Promise<never> {
  if (target.slug !== null && target.kind in LIST_ACTION) {
    await readOrganizationFor(deps, caller, target.slug, LIST_ACTION[target.kind as keyof typeof LIST_ACTION]);
  }
  throw notFound(target.kind);
}

/** The organization, when the caller may do this in it. */
export async function readOrganizationFor(
  deps: Deps,
  caller: Caller,
  slug: string,
  action: ActionOf<"organization">,
): Promise<OrganizationFacts> {
  const { organization } = await read(deps, caller, { kind: "organization", id: slug, slug }, action);
  if (organization === null) throw notAccessible();
  return organization;
}
