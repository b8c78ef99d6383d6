import { decodeJwt, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyResult } from "jose";
import { z } from "zod";
import type { Identity } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import { keysOf, type KeySource } from "./keys.ts";

/** Whose tokens are believed. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: KeySource;
  /** Default: RS256, PS256, ES256, EdDSA. */
  readonly algorithms?: readonly string[];
  /** The claim that holds the name by which people may be known. */
  readonly aliasClaim: string;
  readonly development: boolean;
}

export interface AuthenticatorOptions {
  readonly issuers: readonly TrustedIssuer[];
  /** No token is believed for longer. */
  readonly tokenMaxHours: number;
  readonly clock?: () => Date;
}

/** Takes the Authorization header. Throws TOKEN_MISSING, TOKEN_INVALID, and CANNOT_DECIDE when an issuer's keys cannot be had. */
export type Authenticate = (authorization: string | undefined) => Promise<Identity>;

// Asymmetric ones only, never from the token: neither `none` nor a public key used as an HMAC's secret gets through.
const ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"] as const;
/** RFC 9068 names access tokens; many issuers still say JWT, or nothing. Any other type is a token for another purpose. */
const TYPES = new Set(["at+jwt", "application/at+jwt", "jwt", "application/jwt"]);
const BEARER = /^Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*) *$/i;

const identifier = z
  .string()
  .min(1)
  .max(LIMITS.idBytes)
  .refine((text) => text.isWellFormed() && !text.includes("\0"));
const claims = z.object({
  sub: identifier,
  exp: z.number(),
  iat: z.number().optional(),
  client_id: identifier.optional(),
  azp: identifier.optional(),
  scope: z.string().optional(),
  scp: z.union([z.string(), z.array(z.string())]).optional(),
  bailiwick_organizations: z.array(z.string()).max(LIMITS.clientBindings).optional(),
});
type Claims = z.output<typeof claims>;

interface Verifier {
  readonly trusted: TrustedIssuer;
  readonly keys: JWTVerifyGetKey;
  readonly algorithms: string[];
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticate {
  const { issuers, tokenMaxHours, clock = () => new Date() } = options;
  const verifiers = new Map<string, Verifier>();
  for (const trusted of issuers) {
    const algorithms = [...(trusted.algorithms ?? ALGORITHMS)];
    verifiers.set(trusted.issuer, { trusted, keys: keysOf(trusted.issuer, trusted.jwks), algorithms });
  }
  return async (authorization) => {
    const token = tokenOf(authorization);
    const verifier = verifiers.get(claimedIssuer(token));
    if (verifier === undefined) throw refused("its issuer is not one that this service trusts");
    const now = clock();
    const { payload, protectedHeader } = await verify(token, verifier, now);
    const { typ } = protectedHeader;
    if (typ !== undefined && !TYPES.has(typ.toLowerCase())) throw refused("it is no access token (typ)");
    const valid = claimsOf(payload, now, tokenMaxHours);
    return callerOf(verifier.trusted, payload, valid);
  };
}

function tokenOf(authorization: string | undefined): string {
  if (authorization === undefined) throw missing();
  if (authorization.length > LIMITS.tokenBytes) throw refused("it is too large");
  if (!/^Bearer( |$)/i.test(authorization)) throw missing();
  const token = BEARER.exec(authorization)?.[1];
  if (token === undefined) throw refused("it is not a signed JWT");
  return token;
}

/** Only chooses whose keys to try: nothing of an unverified token is believed. */
function claimedIssuer(token: string): string {
  try {
    return decodeJwt(token).iss ?? "";
  } catch (cause) {
    throw refused("it is not a signed JWT", cause);
  }
}

async function verify(token: string, { trusted, keys, algorithms }: Verifier, now: Date): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, keys, {
      issuer: trusted.issuer,
      audience: trusted.audience,
      algorithms,
      clockTolerance: LIMITS.clockSkewSeconds,
      currentDate: now,
      requiredClaims: ["exp", "sub"],
    });
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw refused(reasonOf(error), error);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "it has expired";
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim ${error.claim} does not hold`;
  return "its signature does not hold";
}

/**
 * An erased person's tokens must be worthless before the person may come back as somebody new: nobody can wait for a token without end.
 * Of one that says when it was issued the whole life counts, or it would only have to be kept until it is short enough.
 */
function claimsOf(payload: JWTPayload, now: Date, maxHours: number): Claims {
  const parsed = claims.safeParse(payload);
  if (!parsed.success) throw refused("its claims are not of the expected types", parsed.error);
  const latest = now.getTime() / 1000 + LIMITS.clockSkewSeconds;
  const { exp, iat } = parsed.data;
  if (iat !== undefined && iat > latest) throw refused("it was issued in the future");
  const maxSeconds = maxHours * 3600;
  const isTooLong = exp > latest + maxSeconds || (iat !== undefined && exp - iat > maxSeconds);
  if (isTooLong)
    throw refused(`it is valid for longer than ${maxHours} hours, the most that TOKEN_MAX_HOURS allows here`);
  return parsed.data;
}

function callerOf(trusted: TrustedIssuer, payload: JWTPayload, valid: Claims): Identity {
  const { sub, client_id, azp } = valid;
  const clientId = client_id ?? azp ?? null;
  const alias = payload[trusted.aliasClaim];
  return {
    issuer: trusted.issuer,
    subject: sub,
    clientId,
    scopes: scopesOf(valid),
    aliasHint: typeof alias === "string" ? alias : null,
    development: isDevelopmentService(trusted, sub, clientId)
      ? { organizations: valid.bailiwick_organizations ?? [] }
      : null,
  };
}

/** A service, and not a person who uses a client: the token is the client's own. */
function isDevelopmentService(trusted: TrustedIssuer, subject: string, clientId: string | null): boolean {
  return trusted.development && clientId !== null && subject === `client:${clientId}`;
}

/** RFC 9068 says `scope`; some issuers say `scp`, as text or as a list. */
function scopesOf({ scope, scp }: Claims): readonly string[] {
  const sent = scope ?? scp ?? [];
  return typeof sent === "string" ? sent.split(" ").filter((word) => word !== "") : sent;
}

function missing(): AppError {
  return new AppError("TOKEN_MISSING", "Send an access token: Authorization: Bearer <token>.");
}

function refused(why: string, cause?: unknown): AppError {
  return new AppError("TOKEN_INVALID", `The access token is not accepted: ${why}.`, { cause });
}
