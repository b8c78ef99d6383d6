import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { Caller } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import { newId } from "../entities/ids.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Page, PageRequest } from "../entities/records.ts";
import {
  isPublished,
  type PublicJwk,
  PUBLISHED_BEFORE_MS,
  type SigningAlgorithm,
  type SigningKey,
  stateOf,
} from "../entities/signing-keys.ts";
import { violates } from "../stores/database.ts";
import { inOrganization } from "../stores/scope.ts";
import { findSectors } from "../stores/sector-names.ts";
import * as store from "../stores/signing-keys.ts";
import { type ApplicationPath, applicationTarget } from "./application-path.ts";
import { change, type Changing } from "./change.ts";
import type { Changed, Deps, IfMatch } from "./deps.ts";
import { read } from "./read.ts";

type OfApplication = Pick<Changing<"application">, "tx" | "now" | "organization">;

/** An application without keys gets one that signs at once: there is nobody yet who could have kept an older key set. */
export async function addFirstKey(deps: Deps, changing: OfApplication, anchor: string): Promise<void> {
  await addKey(deps, changing, { anchor, algorithm: "ES256", activatesAt: changing.now });
}

/** For one that was made before applications had keys. Nothing where another request has done it a moment ago. */
export async function addMissingKey(
  deps: Deps,
  { organization, anchor }: { readonly organization: string; readonly anchor: string },
): Promise<void> {
  try {
    await inOrganization(deps.database, organization, async (tx) => {
      await addFirstKey(deps, { tx, organization, now: deps.clock() }, anchor);
    });
  } catch (error) {
    if (!violates(error, store.LAST_KEY_CONSTRAINT)) throw error;
  }
}

/** By kid. */
export async function listSigningKeys(
  deps: Deps,
  caller: Caller,
  path: ApplicationPath,
  { after, size }: PageRequest,
): Promise<Page<SigningKey>> {
  const { rows, now } = await readKeys(deps, caller, path);
  const behind = rows.filter(({ kid }) => kid > after).sort((one, other) => (one.kid < other.kid ? -1 : 1));
  const items = behind.slice(0, size).map((row) => recordOf(row, now));
  return { items, next: behind.length > size ? (items.at(-1)?.kid ?? null) : null };
}

/** Throws NOT_FOUND. */
export async function viewSigningKey(deps: Deps, caller: Caller, path: SigningKeyPath): Promise<SigningKey> {
  const { rows, now } = await readKeys(deps, caller, path);
  return recordOf(keyIn(rows, path.kid), now);
}

/** All of an application's, for who may view it. */
async function readKeys(
  deps: Deps,
  caller: Caller,
  path: ApplicationPath,
): Promise<{ readonly rows: readonly store.SigningKeyRow[]; readonly now: Date }> {
  const { facts, organization } = await read(deps, caller, applicationTarget(path), "view");
  const rows = await inOrganization(deps.database, organization?.id ?? "", async (tx) => {
    return await store.readSigningKeys(tx, path.anchor);
  });
  return { rows, now: facts.now };
}

export interface SigningKeyPath extends ApplicationPath {
  readonly kid: string;
}

function keyIn(rows: readonly store.SigningKeyRow[], kid: string): store.SigningKeyRow {
  const key = rows.find((each) => each.kid === kid);
  if (key === undefined) throw new AppError("NOT_FOUND", "The application has no such key.");
  return key;
}

/**
 * The next key: published at once, and signing when everybody has it who keeps the key set for as long as it may (S0.23). Throws
 * ROTATION_UNDER_WAY while one is waiting already, TOO_MANY_KEYS.
 */
export async function rotateKeys(
  deps: Deps,
  caller: Caller,
  path: ApplicationPath,
  input: { readonly algorithm?: SigningAlgorithm | undefined; readonly ifMatch: IfMatch },
): Promise<Changed<SigningKey>> {
  const spec = { target: applicationTarget(path), action: "rotate_keys", ifMatch: input.ifMatch } as const;
  return await change(deps, caller, spec, async (changing) => {
    const { tx, now } = changing;
    const { anchor } = path;
    const published = (await store.readSigningKeys(tx, anchor)).filter((key) => isPublished(key, now));
    const waiting = published.find((key) => stateOf(key, now) === "next");
    if (waiting !== undefined) throw underWay(waiting.activatesAt);
    if (published.length >= LIMITS.signingKeys) throw tooMany();
    const active = published.find((key) => stateOf(key, now) === "active");
    const activatesAt = active === undefined ? now : new Date(now.getTime() + PUBLISHED_BEFORE_MS);
    if (active !== undefined) await store.setSuperseded(tx, anchor, active.kid, activatesAt);
    await store.forgetPrivateKeys(tx, anchor, new Date(now.getTime() - LIMITS.requestMs));
    const algorithm = input.algorithm ?? active?.algorithm ?? "ES256";
    const key = await addKey(deps, changing, { anchor, algorithm, activatesAt });
    changing.note({
      action: "application.rotate_keys",
      target: { kind: "application", id: anchor },
      before: { kid: active?.kid ?? null },
      after: { kid: key.kid, algorithm, activatesAt: key.activatesAt },
    });
    return key;
  });
}

/**
 * The named exception to what S0.32 says: whatever this key has signed is valid no longer. When it is the one that signs, the next one does so at once,
 * or a new one; who has kept the key set looks again for a key that it does not know. Throws NOT_FOUND.
 */
export async function revokeKey(
  deps: Deps,
  caller: Caller,
  path: SigningKeyPath,
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<SigningKey>> {
  const { anchor, kid } = path;
  const spec = { target: applicationTarget(path), action: "rotate_keys", ifMatch: input.ifMatch } as const;
  return await change(deps, caller, spec, async (changing) => {
    const { tx, now } = changing;
    const keys = await store.readSigningKeys(tx, anchor);
    const key = keyIn(keys, kid);
    const state = stateOf(key, now);
    if (state === "revoked") return recordOf(key, now); // A retry is not an error.
    await store.setRevoked(tx, anchor, kid, now);
    changing.note({
      action: "application.revoke_key",
      target: { kind: "application", id: anchor },
      before: { kid, state },
      after: { kid, state: "revoked" },
    });
    const others = keys.filter((each) => each.kid !== kid);
    const inState = (wanted: string): store.SigningKeyRow | undefined =>
      others.find((each) => stateOf(each, now) === wanted);
    const [active, next] = [inState("active"), inState("next")];
    if (state === "next" && active !== undefined) await store.setSuperseded(tx, anchor, active.kid, null);
    if (state === "active" && next !== undefined) await store.setActive(tx, anchor, next.kid, now);
    if (state === "active" && next === undefined) {
      await addKey(deps, changing, { anchor, algorithm: key.algorithm, activatesAt: now });
    }
    return recordOf({ ...key, revokedAt: now }, now);
  });
}

export interface PublishedKey extends PublicJwk {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly use: "sig";
}

/** RFC 7517, 5: whoever asks. null: there is no such application. */
export async function publishedKeys(deps: Deps, anchor: string): Promise<PublishedKey[] | null> {
  const [place] = await findSectors(deps.database, [anchor]); // the platform's, too
  if (place === undefined) return null;
  const rows = await inOrganization(deps.database, place.organization, async (tx) => {
    return await store.readSigningKeys(tx, anchor);
  });
  const now = deps.clock();
  const published = rows.filter((key) => isPublished(key, now));
  return published.map(({ kid, algorithm, publicKey }) => ({ ...publicKey, kid, alg: algorithm, use: "sig" }));
}

interface NewKey {
  readonly anchor: string;
  readonly algorithm: SigningAlgorithm;
  readonly activatesAt: Date;
}

async function addKey(deps: Deps, changing: OfApplication, key: NewKey): Promise<SigningKey> {
  const { tx, now, organization } = changing;
  const { anchor, algorithm, activatesAt } = key;
  const kid = newId(deps.random, "key-");
  const { publicKey, privateKey } = await makePair(algorithm);
  const place = { purpose: "signing key", organization, owner: anchor, row: kid } as const;
  const sealed = deps.sealing.seal(privateKey.export({ format: "der", type: "pkcs8" }), place);
  const jwk = publicKey.export({ format: "jwk" }) as PublicJwk; // of a key of these two algorithms all members are text
  await store.insertSigningKey(tx, { organization, anchor, kid, algorithm, publicKey: jwk, sealed, now, activatesAt });
  return recordOf(
    { kid, algorithm, publicKey: jwk, createdAt: now, activatesAt, supersededAt: null, revokedAt: null },
    now,
  );
}

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Of the system's randomness alone: nobody repeats a key. */
async function makePair(algorithm: SigningAlgorithm): Promise<Pair> {
  if (algorithm === "EdDSA") return await promisify(generateKeyPair)("ed25519");
  return await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
}

function recordOf(row: store.SigningKeyRow, now: Date): SigningKey {
  const { kid, algorithm, publicKey, createdAt, activatesAt, supersededAt, revokedAt } = row;
  return {
    ...{ kid, algorithm, state: stateOf(row, now), publicKey, createdAt: createdAt.toISOString() },
    activatesAt: activatesAt.toISOString(),
    supersededAt: supersededAt?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
  };
}

function underWay(activatesAt: Date): AppError {
  const at = activatesAt.toISOString();
  return new AppError("ROTATION_UNDER_WAY", `A key is published already and signs from ${at} on. Rotate again then.`);
}

function tooMany(): AppError {
  return new AppError(
    "TOO_MANY_KEYS",
    `The application has ${LIMITS.signingKeys} keys by which tokens are still verified. Rotate again when one is gone.`,
  );
}
