import { createHash, createPublicKey, randomBytes } from "node:crypto";

/** What an application proves with that it is the one that asks for tokens: a key whose private part it alone has (`private_key_jwt`), or a secret. */
export const CLIENT_KEY_KINDS = ["public_key", "secret"] as const;
export type ClientKeyKind = (typeof CLIENT_KEY_KINDS)[number];

/** A public key as RFC 7517 writes it. */
export type ClientJwk = Readonly<Record<string, string>>;

/** As it is told. */
export interface ClientKey {
  readonly id: string;
  readonly kind: ClientKeyKind;
  readonly name: string;
  readonly publicKey: ClientJwk | null; // null: of a secret, which nobody is told again
  readonly createdAt: string;
  readonly expiresAt: string;
}

/** RFC 7518 (3.3, 3.4) and RFC 8037: a point that lies on its curve, or a modulus that is long enough. */
export function isPublicKey(jwk: ClientJwk): boolean {
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPublicKey({ key: jwk, format: "jwk" });
    if (type === "rsa") return (details?.modulusLength ?? 0) >= 2048;
    return type === "ed25519" || (type === "ec" && details?.namedCurve === "prime256v1");
  } catch {
    return false; // whatever is wrong with it, it is no key
  }
}

const SECRET_BYTES = 32;

/** Of the system's randomness alone: nobody repeats one. The prefix tells who finds one somewhere what it is. */
export function newClientSecret(): string {
  return `bws_${randomBytes(SECRET_BYTES).toString("base64url")}`;
}

/** 256 bits by chance are not guessed: a hash that is quick to compute will do. */
export function hashOfSecret(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  EC: ["ES256"],
  OKP: ["EdDSA", "Ed25519"], // RFC 8037, and RFC 9864 for the same
  RSA: ["RS256", "PS256"],
};

/** By which the key can have signed: those of its type, or of these the one that it names. */
export function algorithmsOf({ kty = "", alg }: ClientJwk): readonly string[] {
  const all = ALGORITHMS[kty] ?? [];
  return alg === undefined ? all : all.filter((each) => each === alg);
}
