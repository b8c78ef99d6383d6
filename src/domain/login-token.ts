import { SignJWT } from "jose";
import { createPrivateKey } from "node:crypto";
import type { Authenticated } from "../entities/logins.ts";
import type { SigningAlgorithm } from "../entities/signing-keys.ts";
import type { Deps } from "./deps.ts";

/** RFC 8725, 3.11: what it is for. No service that takes access tokens takes it, this one neither (http/authenticate.ts). */
export const LOGIN_TOKEN_TYPE = "login+jwt";

export interface LoginToken {
  readonly organization: string;
  readonly anchor: string;
  readonly issuer: string;
  readonly subject: string; // the sector's
  readonly authentication: Authenticated;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly now: Date;
  readonly expiresAt: Date;
}

export interface SealedKey {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly sealed: string;
}

/** A JWT by the application's own key, for the application. Throws CANNOT_DECIDE where the key cannot be opened. */
export async function signLogin(deps: Deps, key: SealedKey, token: LoginToken): Promise<string> {
  const { organization, anchor, issuer, subject, authentication, claims, now, expiresAt } = token;
  const { kid, algorithm } = key;
  const pkcs8 = deps.sealing.open(key.sealed, { purpose: "signing key", organization, owner: anchor, row: kid });
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  const { methods, assurance, at } = authentication;
  // RFC 7519, 4.1; OpenID Connect Core, 2: of whom, since when, and how it was proved.
  const own = { auth_time: seconds(at), acr: String(assurance), amr: methods };
  return await new SignJWT({ ...claims, ...own })
    .setProtectedHeader({ alg: algorithm, kid, typ: LOGIN_TOKEN_TYPE })
    .setIssuer(issuer)
    .setAudience(anchor)
    .setSubject(subject)
    .setIssuedAt(seconds(now))
    .setExpirationTime(seconds(expiresAt))
    .sign(privateKey);
}

function seconds(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}
