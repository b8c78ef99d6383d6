import type { Caller } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import { ANYWHERE_SLUG, PLATFORM, PLATFORM_SLUG } from "../entities/ids.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Queryable } from "../stores/database.ts";
import { type Facts, gatherFacts, type ResourceKind } from "../stores/facts.ts";
import { introduce, isBoundTo, requireKind, requireScope } from "./actor.ts";
import type { Deps } from "./deps.ts";

/** What a question or a change is about. */
export interface Target<K extends ResourceKind> {
  readonly kind: K;
  /** AUTHZEN.md: slug, anchor, id, `slug/alias` or alias; null: the caller's own account. */
  readonly id: string | null;
  /** The organization that the path names, or PLATFORM_SLUG, or ANYWHERE_SLUG; null: the resource's own, which is no question's on the platform. */
  readonly slug: string | null;
  /**
   * The caller itself asks, or changes: a client that keeps entities of this kind there (null: of several), and so has the role `service`.
   */
  readonly keeps?: string | null;
}

interface Options {
  readonly alias?: string;
  readonly on?: Queryable;
}

/**
 * The facts about a target, for the caller's own account or for the one with this alias. Who may know nothing of it gets nothing at a time that
 * was set before anything was looked up: an index that finds a row takes two microseconds longer than one that does not (K9).
 * Throws NOT_A_CLIENT for a disabled client.
 */
export async function gather<K extends ResourceKind>(
  deps: Deps,
  caller: Caller,
  target: Target<K>,
  options: Options = {},
): Promise<Facts<K>> {
  let timer: NodeJS.Timeout | undefined;
  const due = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LIMITS.strangerMs);
  });
  try {
    const facts = await known(deps, caller, target, options);
    if (facts.organization === null && target.kind !== "account") await due;
    return facts;
  } finally {
    clearTimeout(timer);
  }
}

async function known<K extends ResourceKind>(
  deps: Deps,
  caller: Caller,
  target: Target<K>,
  options: Options,
): Promise<Facts<K>> {
  const id = target.id === PLATFORM_SLUG ? PLATFORM : target.id;
  const asked = { caller: identity(caller), alias: options.alias ?? null, ...target, id, now: deps.clock() };
  const on = options.on ?? deps.database;
  const facts = await gatherFacts(on, asked);
  if (facts.caller.client?.state === "disabled") throw new AppError("NOT_A_CLIENT", "This client is disabled.");
  const now = (await introduce(deps, caller, facts.caller)) ? await gatherFacts(on, asked) : facts;
  if (target.slug === PLATFORM_SLUG) return administered(caller, now);
  if (target.keeps !== undefined) return served(caller, now, target.keeps);
  if (!mayKnow(caller, now)) return unknown(now);
  const isPlatforms = target.slug === ANYWHERE_SLUG && now.organization?.id === PLATFORM;
  return isPlatforms ? { ...now, graph: null } : now; // nobody is a member there: the graph has nothing to say
}

function unknown<K extends ResourceKind>(facts: Facts<K>): Facts<K> {
  return { ...facts, organization: null, role: null, graph: null, resource: null };
}

/**
 * K8: nobody is a member of the platform. Who has platform:admin is taken for its only Owner, so that the same policies decide; no tuple
 * says so, and the ledger alone is asked. Throws NOT_A_CLIENT and SCOPE_MISSING for everybody else.
 */
function administered<K extends ResourceKind>(caller: Caller, facts: Facts<K>): Facts<K> {
  const { id, clientId } = requireScope(caller, facts.caller.client, "platform:admin");
  const subject = { id, alias: clientId, pseudonym: id, version: 0 };
  const organization = facts.organization && { ...facts.organization, ownerCount: 1, members: 1 };
  return { ...facts, subject, organization, role: "owner", graph: null };
}

/** Who keeps entities in an organization is no member: the policies know the client by a role of its own. Throws NOT_A_CLIENT, SCOPE_MISSING and KIND_NOT_BOUND. */
function served<K extends ResourceKind>(caller: Caller, facts: Facts<K>, type: string | null): Facts<K> {
  const client = requireScope(caller, facts.caller.client, "entities:write");
  if (type !== null) requireKind(client, type);
  if (!mayKnow(caller, facts)) return unknown(facts);
  const subject = { id: client.id, alias: client.clientId, pseudonym: client.id, version: 0 };
  return { ...facts, subject, role: "service", graph: null };
}

/** Whom the ledger knows as a stranger it has told nothing (0007_facts.sql). A client's token can say less than its registration. */
function mayKnow(caller: Caller, { caller: { client }, organization, resource }: Facts): boolean {
  if (client === null || organization === null || isBoundTo(caller, client, organization.slug)) return true;
  return resource !== null && "anchor" in resource && client.applications.includes(resource.anchor);
}

function identity(caller: Caller): { issuer: string; subject: string; clientId: string | null } {
  return { issuer: caller.issuer, subject: caller.subject, clientId: caller.clientId };
}
