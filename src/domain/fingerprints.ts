import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { Idempotency } from "../entities/callers.ts";
import type { MasterKey } from "../entities/master-keys.ts";

/** What the record of an Idempotency-Key knows of its request's body. */
export interface Fingerprints {
  /** `1.<the master key's id>.<base64url>`: by the newest key. */
  of(idempotency: Idempotency): string;
  /** Is it of this body? Null where its master key is not configured: nobody can tell. */
  fits(fingerprint: string, idempotency: Idempotency): boolean | null;
}

const FORM = /^1\.([a-z0-9-]{1,20})\.([A-Za-z0-9_-]{43})$/;
/** As they were before 0027: such a record is good for a day. */
const UNKEYED = /^[A-Za-z0-9_-]{43}$/;

/**
 * HMAC-SHA-256 under a key that HKDF-SHA-256 makes of the master key: bodies carry secrets, and who has the ledger alone cannot try some until one fits. Route
 * and key are part of it, so that nobody sees either that two requests said the same.
 * @param masterKeys the newest first, which makes them; each of the others recognizes its own
 */
export function createFingerprints(masterKeys: readonly MasterKey[]): Fingerprints {
  const keys = new Map(
    masterKeys.map(({ id, secret }) => [
      id,
      new Uint8Array(hkdfSync("sha256", secret, "", "bailiwick fingerprint 1", 32)),
    ]),
  );
  const [newest = ""] = keys.keys(); // without one nothing is changed
  const digest = (id: string, { route, key, body }: Idempotency): Buffer | null => {
    const secret = keys.get(id);
    if (secret === undefined) return null;
    return createHmac("sha256", secret)
      .update(JSON.stringify([route, key, body]))
      .digest();
  };
  return {
    of: (idempotency) => `1.${newest}.${digest(newest, idempotency)?.toString("base64url") ?? ""}`,
    fits: (fingerprint, idempotency) => {
      if (UNKEYED.test(fingerprint))
        return fingerprint === createHash("sha256").update(idempotency.body).digest("base64url");
      const [, id = "", text = ""] = FORM.exec(fingerprint) ?? [];
      const expected = digest(id, idempotency);
      return expected && timingSafeEqual(expected, Buffer.from(text, "base64url"));
    },
  };
}
