import type { Caller } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import { isAccountId, newId, PLATFORM_SLUG, randomText } from "../entities/ids.ts";
import { SCOPES, type Scope } from "../entities/records.ts";
import { insertAccount } from "../stores/accounts.ts";
import { insertClient, widenDevelopmentClient } from "../stores/clients.ts";
import type { AccountFacts, ClientFacts, Facts } from "../stores/facts.ts";
import type { Deps } from "./deps.ts";

const ALIAS_ATTEMPTS = 5;
const ALIAS_LENGTH = { least: 3, most: 40, suffix: 5 };

/**
 * Sees to it that the ledger knows who calls: an account is made at a person's first request, a client of the development
 * issuer at its own. True when something was written, so that facts gathered before are gathered again.
 */
export async function introduce(deps: Deps, caller: Caller, known: Facts["caller"]): Promise<boolean> {
  if (caller.development !== null) return await introduceDevelopmentClient(deps, caller, known.client);
  if (known.account !== null || known.client !== null) return false;
  await makeAccount(deps, caller);
  return true;
}

/** Throws ACCOUNT_ERASED. */
export async function makeAccount(
  deps: Deps,
  identity: Pick<Caller, "issuer" | "subject" | "aliasHint">,
): Promise<void> {
  const { issuer, subject } = identity;
  const wanted = aliasFrom(identity.aliasHint ?? "");
  for (let attempt = 0; attempt < ALIAS_ATTEMPTS; attempt += 1) {
    const suffix = attempt === 0 && wanted !== "" ? "" : `-${randomText(deps.random, ALIAS_LENGTH.suffix)}`;
    const stem = (wanted === "" ? "account" : wanted).slice(0, ALIAS_LENGTH.most - suffix.length);
    const alias = stem + suffix;
    const introduction = await insertAccount(deps.database, {
      id: newId(deps.random, "acc-"),
      alias,
      pseudonym: newId(deps.random, "p-"),
      signInMethod: { id: newId(deps.random, "sim-"), issuer, subject },
      digests: { alias: deps.tombstones.ofAlias(alias), identity: deps.tombstones.ofIdentity(identity) },
      now: deps.clock(),
    });
    if (introduction === "erased") throw new AppError("ACCOUNT_ERASED", "This account was erased.");
    if (introduction !== "alias taken") return;
  }
  throw new Error(`no free alias after ${ALIAS_ATTEMPTS} attempts`);
}

/** `Alice.Smith@example` → `alice-smith-example`; "" when too little is left, or what is left reads as an account's id. */
function aliasFrom(hint: string): string {
  const alias = hint
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, ALIAS_LENGTH.most);
  return alias.length < ALIAS_LENGTH.least || isAccountId(alias) ? "" : alias;
}

async function introduceDevelopmentClient(deps: Deps, caller: Caller, known: ClientFacts | null): Promise<boolean> {
  const organizations = caller.development?.organizations ?? [];
  const scopes = developmentScopes(caller);
  if (known === null) {
    const clientId = caller.clientId ?? caller.subject;
    // Refused only when the same client introduced itself a moment ago.
    await insertClient(deps.database, {
      id: newId(deps.random, "cli-"),
      issuer: caller.issuer,
      clientId,
      subject: caller.subject,
      name: clientId,
      scopes,
      organizations,
      applications: [],
      kinds: [],
      origin: "development",
      now: deps.clock(),
    });
    return true;
  }
  const isWider =
    scopes.some((scope) => !known.scopes.includes(scope)) ||
    organizations.some((slug) => !known.organizations.includes(slug));
  if (known.origin !== "development" || !isWider) return false;
  await widenDevelopmentClient(deps.database, { id: known.id, scopes, organizations, now: deps.clock() });
  return true;
}

/** A development token that names no organization is bound to none. */
function developmentScopes(caller: Caller): Scope[] {
  const named = SCOPES.filter((scope) => caller.scopes.includes(scope));
  const isUnbound = caller.development?.organizations.length === 0;
  return isUnbound && !named.includes("authz:all") ? [...named, "authz:all"] : named;
}

/** Scopes count where token and registration both have them. */
export function hasScope(caller: Caller, client: ClientFacts, scope: Scope): boolean {
  const token = client.origin === "development" ? developmentScopes(caller) : caller.scopes;
  return token.includes(scope) && client.scopes.includes(scope);
}

export function requireScope(caller: Caller, client: ClientFacts | null, scope: Scope): ClientFacts {
  if (client === null)
    throw new AppError("NOT_A_CLIENT", `Only a registered client with the scope ${scope} may do this.`);
  if (!hasScope(caller, client, scope)) {
    throw new AppError("SCOPE_MISSING", `Token and registration must both have the scope ${scope}.`);
  }
  return client;
}

/** May this client ask about the organization? */
export function isBoundTo(caller: Caller, client: ClientFacts, slug: string): boolean {
  return hasScope(caller, client, "authz:all") || client.organizations.includes(slug);
}

/** Clients can be bound to kinds, too. */
export function isBoundToKind({ kinds }: Pick<ClientFacts, "kinds">, type: string): boolean {
  return kinds.length === 0 || kinds.includes(type);
}

/** Throws KIND_NOT_BOUND. */
export function requireKind(client: Pick<ClientFacts, "kinds">, type: string): void {
  if (isBoundToKind(client, type)) return;
  throw new AppError("KIND_NOT_BOUND", "This client is bound to other kinds; its registration names them in `kinds`.");
}

/** Who makes a change. */
export type Actor =
  (AccountFacts & { readonly kind: "account" }) | (Pick<ClientFacts, "id" | "kinds"> & { readonly kind: "client" });

/**
 * Changes are made by people; those of the platform's resources by the clients that administer it (K8), those of a host's entities by the
 * clients that keep them.
 */
export function requireActor(
  facts: Facts,
  { slug, keeps }: { readonly slug: string | null; readonly keeps?: string | null },
): Actor {
  const { client } = facts.caller;
  if ((slug === PLATFORM_SLUG || keeps !== undefined) && client !== null) {
    return { kind: "client", id: client.id, kinds: client.kinds };
  }
  return { ...requireAccount(facts), kind: "account" };
}

export function requireAccount(facts: Facts): AccountFacts {
  if (facts.caller.account === null) {
    throw new AppError("NOT_A_USER", "Only a person may do this; this token is a client's.");
  }
  return facts.caller.account;
}
