import { timingSafeEqual } from "node:crypto";
import type { Caller } from "../entities/callers.ts";
import { type ClientKey, hashOfSecret } from "../entities/client-keys.ts";
import { ANYWHERE_SLUG } from "../entities/ids.ts";
import * as store from "../stores/client-authentications.ts";
import { inOrganization } from "../stores/scope.ts";
import { type Assertion, type Proven, verifiedBy } from "./client-assertions.ts";
import type { Deps } from "./deps.ts";
import { gather } from "./gather.ts";
import { requireApplication } from "./login-caller.ts";

/** What an application sent to prove that it is the one. */
export type ClientProof = { readonly secret: string } | Assertion;

export interface ClientAuthentication {
  readonly valid: boolean;
  /** By which; null: by none. */
  readonly key: Pick<ClientKey, "id" | "name" | "kind" | "expiresAt"> | null;
}

/**
 * S0.11, S0.23: is this the application? A secret is one of its own that has not expired; an assertion is signed by such a key, and is good once. Of an application
 * that nobody could log in to, nothing is. Throws NOT_A_CLIENT, SCOPE_MISSING, NOT_FOUND or CANNOT_DECIDE.
 */
export async function authenticateClient(
  deps: Deps,
  caller: Caller,
  anchor: string,
  proof: ClientProof,
): Promise<ClientAuthentication> {
  const facts = await gather(deps, caller, { kind: "application", id: anchor, slug: ANYWHERE_SLUG });
  const { organization } = requireApplication(caller, facts, anchor);
  await deps.admit(organization.id, "questions");
  const now = deps.clock();
  const keys = await inOrganization(deps.database, organization.id, async (tx) => {
    return await store.listUsableKeys(tx, anchor, now);
  });
  if ("secret" in proof) return answerOf(ofSecret(keys, proof.secret));
  const signed = await ofAssertion(keys, { ...proof, anchor, now });
  if (signed === undefined) return answerOf(undefined);
  const { key, proven } = signed;
  const isFirst = await inOrganization(deps.database, organization.id, async (tx) => {
    return await store.spendAssertion(tx, { ...proven, anchor, key: key.id, now });
  });
  return answerOf(isFirst ? key : undefined);
}

function answerOf(key: store.UsableKey | undefined): ClientAuthentication {
  if (key === undefined) return { valid: false, key: null };
  const { id, name, kind, expiresAt } = key;
  return { valid: true, key: { id, name, kind, expiresAt: expiresAt.toISOString() } };
}

/** All are compared, and each to its end: how long it takes says nothing. */
function ofSecret(keys: readonly store.UsableKey[], secret: string): store.UsableKey | undefined {
  const hash = hashOfSecret(secret);
  return keys.filter((key) => key.kind === "secret" && timingSafeEqual(key.secretHash, hash))[0];
}

interface Signed {
  readonly key: store.UsableKey;
  readonly proven: Proven;
}

async function ofAssertion(
  keys: readonly store.UsableKey[],
  expected: Parameters<typeof verifiedBy>[1],
): Promise<Signed | undefined> {
  for (const key of keys) {
    if (key.kind !== "public_key") continue;
    const proven = await verifiedBy(key.publicKey, expected);
    if (proven !== undefined) return { key, proven };
  }
  return undefined;
}
