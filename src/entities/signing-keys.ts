import { LIMITS } from "./limits.ts";

/** Of RFC 7518 and RFC 8037 (Ed25519). */
export const SIGNING_ALGORITHMS = ["ES256", "EdDSA"] as const;
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

/**
 * `next`: published, so that whoever verifies has it when it begins; `active`: it signs; `retiring`: what it has signed may still be valid; `gone`:
 * nothing is; `revoked`: nothing that it has signed is valid any more.
 */
export const SIGNING_KEY_STATES = ["next", "active", "retiring", "gone", "revoked"] as const;
export type SigningKeyState = (typeof SIGNING_KEY_STATES)[number];

/** A public key as RFC 7517 writes it, with nothing but what the key is. */
export type PublicJwk = Readonly<Record<string, string>>;

/** As it is told. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly state: SigningKeyState;
  readonly publicKey: PublicJwk;
  readonly createdAt: string;
  readonly activatesAt: string;
  readonly supersededAt: string | null;
  readonly revokedAt: string | null;
}

export interface SigningKeyTimes {
  readonly activatesAt: Date;
  readonly supersededAt: Date | null;
  readonly revokedAt: Date | null;
}

const SECOND_MS = 1_000;

/** A key signs no sooner than this after it was published: whoever keeps the key set for as long as it may has the key by then. */
export const PUBLISHED_BEFORE_MS = (LIMITS.jwksSeconds + LIMITS.clockSkewSeconds) * SECOND_MS;

/** What is signed last is valid for no longer than this after the next key began: a login that is under way then may still end. */
export const KEPT_AFTER_MS = (LIMITS.loginTokenSeconds + LIMITS.clockSkewSeconds) * SECOND_MS + LIMITS.requestMs;

/** A function of the row and of the time: whatever else runs or stands still. */
export function stateOf({ activatesAt, supersededAt, revokedAt }: SigningKeyTimes, now: Date): SigningKeyState {
  if (revokedAt !== null) return "revoked";
  if (now < activatesAt) return "next";
  if (supersededAt === null || now < supersededAt) return "active";
  return now.getTime() < supersededAt.getTime() + KEPT_AFTER_MS ? "retiring" : "gone";
}

/** Does the key set have it? */
export function isPublished(key: SigningKeyTimes, now: Date): boolean {
  return ["next", "active", "retiring"].includes(stateOf(key, now));
}
