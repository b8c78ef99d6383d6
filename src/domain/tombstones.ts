import { createHmac, hkdfSync } from "node:crypto";

/**
 * Keyed hashes under which the ledger remembers what must not be given again, without remembering what it was. Whoever has the ledger
 * but not the secret cannot try names until one fits.
 */
export interface Tombstones {
  ofAlias(alias: string): Uint8Array;
  ofIdentity(identity: { readonly issuer: string; readonly subject: string }): Uint8Array;
}

/** @param secret BAILIWICK_SECRET: with another one, what was erased or changed before would be forgotten altogether */
export function createTombstones(secret: string): Tombstones {
  const key = new Uint8Array(hkdfSync("sha256", secret, "", "bailiwick tombstone 1", 32));
  const digest = (...parts: readonly string[]): Uint8Array =>
    createHmac("sha256", key).update(JSON.stringify(parts)).digest();
  return {
    ofAlias: (alias) => digest("alias", alias),
    ofIdentity: ({ issuer, subject }) => digest("identity", issuer, subject),
  };
}
