import { createLocalJWKSet, createRemoteJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { z } from "zod";
import { cannotDecide } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";

/** Where an issuer's keys are: at an address, found by discovery, here, or however the resolver finds them. */
export type KeySource = URL | "discovery" | JSONWebKeySet | JWTVerifyGetKey;

/** A resolver whose failures are of two kinds: the token names no key of the issuer's, or the issuer does not answer. */
export function keysOf(issuer: string, source: KeySource): JWTVerifyGetKey {
  const find = resolverOf(issuer, source);
  return async (header, token) => {
    try {
      return await find(header, token);
    } catch (error) {
      if (isAboutTheToken(error)) throw error;
      throw cannotDecide("issuer", error); // Not 401: the token may well be good.
    }
  };
}

function isAboutTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

function resolverOf(issuer: string, source: KeySource): JWTVerifyGetKey {
  if (typeof source === "function") return source;
  if (source === "discovery") return discoveredKeys(issuer);
  return source instanceof URL ? remoteKeys(source) : createLocalJWKSet(source);
}

function remoteKeys(url: URL): JWTVerifyGetKey {
  return createRemoteJWKSet(url, {
    timeoutDuration: LIMITS.issuerKeysMs,
    cooldownDuration: LIMITS.issuerKeysCooldownMs,
  });
}

/** OpenID Connect Discovery 1.0, asked at the first token and again until it has answered once. */
function discoveredKeys(issuer: string): JWTVerifyGetKey {
  let discovery: Promise<JWTVerifyGetKey> | undefined;
  return async (header, token) => {
    discovery ??= discover(issuer).catch((error: unknown) => {
      discovery = undefined;
      throw error;
    });
    return await (
      await discovery
    )(header, token);
  };
}

const metadata = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });

async function discover(issuer: string): Promise<JWTVerifyGetKey> {
  const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const response = await fetch(address, { redirect: "error", signal: AbortSignal.timeout(LIMITS.issuerKeysMs) });
  if (!response.ok) throw new Error(`${address} answered ${response.status}`);
  const found = metadata.parse(await response.json());
  // OpenID Connect Discovery 1.0, 4.3: who answers for another issuer is not to be believed.
  if (found.issuer !== issuer) throw new Error(`${address} speaks for another issuer`);
  const url = new URL(found.jwks_uri);
  if (issuer.startsWith("https:") && url.protocol !== "https:") throw new Error(`${address} names keys without TLS`);
  return remoteKeys(url);
}
