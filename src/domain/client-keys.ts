import type { Caller } from "../entities/callers.ts";
import { type ClientJwk, type ClientKey, hashOfSecret, newClientSecret } from "../entities/client-keys.ts";
import { AppError } from "../entities/errors.ts";
import { newId } from "../entities/ids.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Page, PageRequest } from "../entities/records.ts";
import * as store from "../stores/client-keys.ts";
import type { Transaction } from "../stores/database.ts";
import { inOrganization } from "../stores/scope.ts";
import { type ApplicationPath, applicationTarget } from "./application-path.ts";
import { change } from "./change.ts";
import type { Deps, IfMatch } from "./deps.ts";
import { read } from "./read.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

export interface ClientKeyPath extends ApplicationPath {
  readonly id: string;
}

/** By id; also those that have expired, until another one is added. */
export async function listClientKeys(
  deps: Deps,
  caller: Caller,
  path: ApplicationPath,
  page: PageRequest,
): Promise<Page<ClientKey>> {
  return await within(deps, caller, path, async (tx) => await store.listClientKeys(tx, path.anchor, page));
}

/** Throws NOT_FOUND. */
export async function viewClientKey(deps: Deps, caller: Caller, path: ClientKeyPath): Promise<ClientKey> {
  return await within(deps, caller, path, async (tx) => await found(tx, path));
}

async function within<Result>(
  deps: Deps,
  caller: Caller,
  path: ApplicationPath,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  const { organization } = await read(deps, caller, applicationTarget(path), "view");
  return await inOrganization(deps.database, organization?.id ?? "", work);
}

async function found(tx: Transaction, { anchor, id }: ClientKeyPath): Promise<ClientKey> {
  const key = await store.findClientKey(tx, anchor, id);
  if (key === undefined) throw new AppError("NOT_FOUND", "The application has no such key.");
  return key;
}

interface NewClientKey {
  readonly name: string;
  /** Absent: a secret is made. */
  readonly publicKey?: ClientJwk | undefined;
  readonly expiresInDays: number;
  readonly ifMatch: IfMatch;
}

export interface MadeClientKey extends ClientKey {
  /** Told this once: no row has it, nor the record of an Idempotency-Key. Null: of a public key, or in the answer to a repetition. */
  readonly secret: string | null;
}

/** S0.11, S0.23. Throws TOO_MANY_KEYS. */
export async function addClientKey(
  deps: Deps,
  caller: Caller,
  path: ApplicationPath,
  input: NewClientKey,
): Promise<MadeClientKey> {
  const { name, publicKey, expiresInDays, ifMatch } = input;
  const { anchor } = path;
  const id = newId(deps.random, "cak-");
  const secret = publicKey === undefined ? newClientSecret() : null;
  const spec = { target: applicationTarget(path), action: "rotate_keys", ifMatch } as const;
  const { value } = await change(deps, caller, spec, async ({ tx, now, organization, note }) => {
    const expiresAt = new Date(now.getTime() + expiresInDays * DAY_MS);
    const kind = secret === null ? "public_key" : "secret";
    const key = { organization, anchor, id, kind, name, publicKey: publicKey ?? null, now, expiresAt } as const;
    const secretHash = secret === null ? null : hashOfSecret(secret);
    if ((await store.insertClientKey(tx, { ...key, secretHash })) > LIMITS.clientKeys) throw tooMany();
    note({
      action: "application.add_client_key",
      target: { kind: "application", id: anchor },
      after: { clientKey: id, keyKind: kind, name, expiresAt: expiresAt.toISOString() },
    });
    return await found(tx, { ...path, id });
  });
  return { ...value, secret: value.id === id ? secret : null };
}

/** From here on nothing is proved with it. Throws NOT_FOUND. */
export async function removeClientKey(
  deps: Deps,
  caller: Caller,
  path: ClientKeyPath,
  input: { readonly ifMatch: IfMatch },
): Promise<void> {
  const spec = { target: applicationTarget(path), action: "rotate_keys", ...input } as const;
  await change(deps, caller, spec, async ({ tx, note }) => {
    const { id, kind, name } = await found(tx, path);
    await store.deleteClientKey(tx, path.anchor, id);
    note({
      action: "application.remove_client_key",
      target: { kind: "application", id: path.anchor },
      before: { clientKey: id, keyKind: kind, name },
    });
    return null;
  });
}

function tooMany(): AppError {
  return new AppError(
    "TOO_MANY_KEYS",
    `The application authenticates with ${LIMITS.clientKeys} keys already. Remove one that is no longer used.`,
  );
}
