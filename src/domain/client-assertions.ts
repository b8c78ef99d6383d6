import { errors, type JWTPayload, jwtVerify } from "jose";
import { createHash, createPublicKey } from "node:crypto";
import { algorithmsOf, type ClientJwk } from "../entities/client-keys.ts";
import { LIMITS } from "../entities/limits.ts";

/** A `private_key_jwt`, as an application sent it to the service that asks. */
export interface Assertion {
  /** A JWT. */
  readonly assertion: string;
  /** As which that service knows itself. */
  readonly audience: string;
}

/** What must not be taken a second time. */
export interface Proven {
  /** SHA-256 of its `jti`. */
  readonly digest: Uint8Array;
  /** From when on it has expired, with all tolerance. */
  readonly until: Date;
}

interface Expected extends Assertion {
  readonly anchor: string;
  readonly now: Date;
}

/**
 * RFC 7523, 3: by this key, of the application and about it, for this service alone, not yet expired, and not for long. Which algorithms count is the key's to
 * say, and never the assertion's alone (RFC 8725, 3.1). Undefined: it is none.
 */
export async function verifiedBy(key: ClientJwk, expected: Expected): Promise<Proven | undefined> {
  const { assertion, audience, anchor, now } = expected;
  try {
    const { payload } = await jwtVerify(assertion, createPublicKey({ key, format: "jwk" }), {
      ...{ algorithms: [...algorithmsOf(key)], issuer: anchor, subject: anchor, audience },
      requiredClaims: ["exp", "jti"],
      clockTolerance: LIMITS.clockSkewSeconds,
      currentDate: now,
    });
    return provenBy(payload, expected);
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/** What jose leaves to whom it serves. One that is for others too could be brought here by them. */
function provenBy({ aud, exp = 0, jti }: JWTPayload, { now }: Expected): Proven | undefined {
  const isForOthers = Array.isArray(aud) && aud.length > 1;
  const isForLong = exp * 1000 > now.getTime() + LIMITS.clientAssertionSeconds * 1000;
  if (isForOthers || isForLong || typeof jti !== "string" || jti === "") return undefined;
  const until = new Date((exp + LIMITS.clockSkewSeconds) * 1000);
  return { digest: createHash("sha256").update(jti).digest(), until };
}
