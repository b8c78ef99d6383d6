/** Assertions by which an application authenticates (`private_key_jwt`), as its own libraries would sign them. */
import { SignJWT } from "jose";
import { generateKeyPairSync, type KeyObject } from "node:crypto";

export const AUDIENCE = "https://id.example.com";

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export const pairOf = (): KeyPair => generateKeyPairSync("ec", { namedCurve: "P-256" });
export const jwkOf = ({ publicKey }: KeyPair): object => publicKey.export({ format: "jwk" });

export interface ClientKey {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly expiresAt: string;
  readonly secret: string | null;
}

/** What the answer to a proof by it is, and to one by nothing of the application's. */
export const validBy = ({ id, name, kind, expiresAt }: ClientKey): object => ({
  valid: true,
  key: { id, name, kind, expiresAt },
});
export const INVALID = { valid: false, key: null };

let count = 0;

/** What it says; undefined: not at all. */
export function claimsOf(anchor: string, more: Readonly<Record<string, unknown>> = {}, now = Date.now()): object {
  count += 1;
  const seconds = Math.floor(now / 1000);
  const good = { iss: anchor, sub: anchor, aud: AUDIENCE, iat: seconds, exp: seconds + 300, jti: `jti-${count}` };
  return { ...good, ...more };
}

export async function signed(key: KeyObject | Uint8Array, claims: object, alg = "ES256"): Promise<string> {
  return await new SignJWT(JSON.parse(JSON.stringify(claims)) as Record<string, unknown>) // undefined is left out
    .setProtectedHeader({ alg })
    .sign(key);
}

/** RFC 7519, 6.1. */
export function unsigned(claims: object): string {
  const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString("base64url");
  return `${part({ alg: "none" })}.${part(claims)}.`;
}
