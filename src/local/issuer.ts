import { randomUUID } from "node:crypto";
import path from "node:path";
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  SignJWT,
  type JSONWebKeySet,
  type JWK,
} from "jose";
import { z } from "zod";
import { DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER } from "../entities/callers.ts";
import { LocalEngineError } from "./error.ts";
import { createOnce, prepareStateDir, readIfThere } from "./files.ts";

/** RS256: of the pinned algorithms the one whose signatures are checked with the least work, and checking is what the gateway does. */
const ALGORITHM = "RS256";
const DEFAULT_SECONDS = 3600;

export interface DevelopmentClaims {
  readonly subject: string;
  /** Further claims: `preferred_username`, `client_id`, `scope`, `bailiwick_organizations`. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly expiresInSeconds?: number;
}

export interface DevelopmentIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly publicJwks: JSONWebKeySet;
  /** An access token that the gateway on this machine accepts, and no other. */
  sign(token: DevelopmentClaims): Promise<string>;
}

// The members of an RSA key that a public one has, and the rest; RFC 7518, 6.3.
const publicKey = z.object({ kty: z.literal("RSA"), kid: z.string(), n: z.string(), e: z.string() });
const keyFile = z.looseObject({ ...publicKey.shape, d: z.string() });

/** The issuer of this machine. Its key is made at first use, by whoever comes first: the gateway or `npm run token`. */
export async function loadDevelopmentIssuer(stateDir: string): Promise<DevelopmentIssuer> {
  const file = path.join(stateDir, "issuer.json");
  const privateJwk = readKey(file) ?? (await makeKey(stateDir, file));
  const key = await importJWK(privateJwk, ALGORITHM);
  const publicJwk = { ...publicKey.parse(privateJwk), alg: ALGORITHM, use: "sig" };
  return {
    issuer: DEVELOPMENT_ISSUER,
    audience: DEVELOPMENT_AUDIENCE,
    publicJwks: { keys: [publicJwk] },
    sign: async ({ subject, claims = {}, expiresInSeconds = DEFAULT_SECONDS }) => {
      const now = Math.floor(Date.now() / 1000);
      return await new SignJWT({ ...claims, jti: randomUUID() })
        .setProtectedHeader({ alg: ALGORITHM, kid: publicJwk.kid, typ: "at+jwt" })
        .setIssuer(DEVELOPMENT_ISSUER)
        .setAudience(DEVELOPMENT_AUDIENCE)
        .setSubject(subject)
        .setIssuedAt(now)
        .setExpirationTime(now + expiresInSeconds)
        .sign(key);
    },
  };
}

function readKey(file: string): JWK | undefined {
  const content = readIfThere(file);
  if (content === undefined) return undefined;
  try {
    return keyFile.parse(JSON.parse(content));
  } catch (cause) {
    throw new LocalEngineError(
      "SECRETS_UNUSABLE",
      `${file} is not what Bailiwick wrote. Remove it: a new one is made.`,
      {
        cause,
      },
    );
  }
}

/** Two processes may come at once: the file appears whole or not at all, and who comes second takes the first one's key. */
async function makeKey(stateDir: string, file: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { modulusLength: 2048, extractable: true });
  const jwk = await exportJWK(privateKey);
  const made = { ...jwk, kid: await calculateJwkThumbprint(jwk) };
  prepareStateDir(stateDir);
  createOnce(file, `${JSON.stringify(made, null, 2)}\n`, 0o600);
  return readKey(file) ?? made;
}
