import type { Caller } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import type { Kind } from "../entities/kinds.ts";
import type { Queryable } from "../stores/database.ts";
import { type Facts, gatherFacts } from "../stores/facts.ts";
import { introduce, isBoundTo } from "./actor.ts";
import type { Deps } from "./deps.ts";

/** What a question or a change is about. */
export interface Target<K extends Kind> {
  readonly kind: K;
  /** AUTHZEN.md: slug, anchor, id, `slug/alias` or alias; null: the caller's own account. */
  readonly id: string | null;
  /** The organization that the path names; null: the resource's own. */
  readonly slug: string | null;
}

/** The facts about a target, for the caller's own account or for the one with this alias. Throws NOT_A_CLIENT for a disabled one. */
export async function gather<K extends Kind>(
  deps: Deps,
  caller: Caller,
  target: Target<K>,
  options: { readonly alias?: string; readonly on?: Queryable } = {},
): Promise<Facts<K>> {
  const asked = { caller: identity(caller), alias: options.alias ?? null, ...target, now: deps.clock() };
  const on = options.on ?? deps.database;
  const facts = await gatherFacts(on, asked);
  if (facts.caller.client?.state === "disabled") throw new AppError("NOT_A_CLIENT", "This client is disabled.");
  const known = (await introduce(deps, caller, facts.caller)) ? await gatherFacts(on, asked) : facts;
  return mayKnow(caller, known) ? known : { ...known, organization: null, role: null, graph: null, resource: null };
}

/** Whom the ledger knows as a stranger it has told nothing (0007_facts.sql). A client's token can say less than its registration. */
function mayKnow(caller: Caller, { caller: { client }, organization }: Facts): boolean {
  return client === null || organization === null || isBoundTo(caller, client, organization.slug);
}

function identity(caller: Caller): { issuer: string; subject: string; clientId: string | null } {
  return { issuer: caller.issuer, subject: caller.subject, clientId: caller.clientId };
}
