import type { Caller } from "../entities/callers.ts";
import type { Verdict } from "../entities/judge.ts";
import { type ActionOf, ACTIONS, type Kind } from "../entities/kinds.ts";
import type { Actions, Viewed } from "../entities/records.ts";
import type { OrganizationFacts } from "../stores/facts.ts";
import { ask } from "./access.ts";
import { requireActor } from "./actor.ts";
import type { Deps } from "./deps.ts";
import type { Target } from "./gather.ts";
import { notAccessible, notFound, permitted, type Permitted } from "./refusal.ts";

/** What a person must be allowed before the absence of a child is told. */
const LIST_ACTION = {
  sector: "list_sectors",
  application: "list_applications",
  member: "list_members",
  invitation: "list_invitations",
  transfer: "list_transfers",
} as const;

/** A question that a route asks for the caller: gives what the decision was taken on, throws when it is a refusal. */
export async function read<K extends Kind>(
  deps: Deps,
  caller: Caller,
  target: Target<K>,
  action: ActionOf<K>,
): Promise<Permitted<K>> {
  return await readWith(deps, caller, { target, action, actions: [] });
}

export async function readWith<K extends Kind>(
  deps: Deps,
  caller: Caller,
  asked: Asked<K>,
): Promise<Permitted<K> & Verdicts> {
  const { target, action } = asked;
  const view = "view" as ActionOf<K>; // every kind has it
  const answer = await ask(deps, caller, { target, actions: [...new Set([action, view, ...asked.actions])] });
  requireActor(answer.facts, target);
  const outcome = permitted(target, action, answer);
  if (outcome === "absent") return await tellAbsence(deps, caller, target);
  return { ...outcome, verdicts: answer.verdicts };
}

export interface Asked<K extends Kind> {
  readonly target: Target<K>;
  readonly action: ActionOf<K>;
  /** Asked beside it. */
  readonly actions: readonly ActionOf<K>[];
}

export interface Verdicts {
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

/** The record of a thing that the caller may view; with the caller's actions where the request wants them, of the same decision. */
export async function view<K extends Kind, Value>(
  deps: Deps,
  caller: Caller,
  target: Target<K>,
  record: (permitted: Permitted<K>) => Value,
): Promise<Viewed<Value>> {
  const action = "view" as ActionOf<K>; // every kind has it
  const actions: readonly ActionOf<K>[] = caller.wantsActions ? ACTIONS[target.kind] : [];
  const { verdicts, ...permitted } = await readWith(deps, caller, { target, action, actions });
  const beside: { readonly actions?: Actions } = caller.wantsActions ? { actions: actionsOf(verdicts) } : {};
  return { ...record(permitted), ...beside };
}

function actionsOf(verdicts: ReadonlyMap<string, Verdict>): Actions {
  return Object.fromEntries([...verdicts].map(([action, { allowed, reasons }]) => [action, { allowed, reasons }]));
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
