import { describe, expect, test } from "@jest/globals";
import type { webcrypto } from "node:crypto";
import { base64url, exportJWK, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from "jose";
import { LIMITS } from "../../src/entities/limits.ts";
import { type Authenticate, createAuthenticator, type TrustedIssuer } from "../../src/http/authenticate.ts";

const NOW = new Date("2026-11-20T12:00:00Z");
const now = NOW.getTime() / 1000;
const DAY = 24 * 3600;
const ISSUER = "https://issuer.example.com";

const rsa = await generateKeyPair("RS256", { modulusLength: 2048 });
const stranger = await generateKeyPair("RS256", { modulusLength: 2048 });
const publicJwk: JWK = { ...(await exportJWK(rsa.publicKey)), kid: "k1", alg: "RS256" };

const trusted: TrustedIssuer = {
  issuer: ISSUER,
  audience: "bailiwick",
  jwks: { keys: [publicJwk] },
  aliasClaim: "preferred_username",
  development: false,
};
const by24Hours = (...issuers: TrustedIssuer[]): Authenticate =>
  createAuthenticator({ issuers, tokenMaxHours: 24, clock: () => NOW });
const authenticate = by24Hours(trusted);

const good = { iss: ISSUER, aud: "bailiwick", sub: "u-1", iat: now, exp: now + 60 };
interface Header {
  alg?: string;
  kid?: string;
  typ?: string;
  crit?: string[];
}

async function sign(
  claims: object,
  header: Header = {},
  key: webcrypto.CryptoKey | Uint8Array = rsa.privateKey,
): Promise<string> {
  const { alg = "RS256", ...rest } = header;
  return await new SignJWT({ ...claims }).setProtectedHeader({ alg, kid: "k1", ...rest }).sign(key);
}

const bearer = async (token: string | Promise<string>, by: Authenticate = authenticate): ReturnType<Authenticate> =>
  await by(`Bearer ${await token}`);
const refusal = (code: string): unknown => expect.objectContaining({ code });

describe("A good token", () => {
  test("tells who calls", async () => {
    const claims = { ...good, client_id: "shop", azp: "other", scope: "a b  c", preferred_username: "ann" };
    expect(await bearer(sign(claims))).toEqual({
      issuer: ISSUER,
      subject: "u-1",
      clientId: "shop",
      scopes: ["a", "b", "c"],
      aliasHint: "ann",
      development: null,
    });
  });

  test("may leave out everything but issuer, audience, subject and end", async () => {
    expect(await bearer(sign({ ...good, iat: undefined }))).toMatchObject({
      clientId: null,
      scopes: [],
      aliasHint: null,
    });
  });

  test.each([
    [{ azp: "shop" }, { clientId: "shop" }],
    [{ scp: ["a", "b"] }, { scopes: ["a", "b"] }],
    [{ scp: "a b" }, { scopes: ["a", "b"] }],
    [{ preferred_username: 7 }, { aliasHint: null }],
    [{ aud: ["other", "bailiwick"] }, { subject: "u-1" }],
    [{ sub: "x".repeat(256) }, { subject: "x".repeat(256) }],
  ])("with %j gives %j", async (claims, caller) => {
    expect(await bearer(sign({ ...good, ...claims }))).toMatchObject(caller);
  });

  test.each([["at+jwt"], ["AT+JWT"], ["application/at+jwt"], ["JWT"]])("may say that it is %s", async (typ) => {
    expect(await bearer(sign(good, { typ }))).toMatchObject({ subject: "u-1" });
  });

  test("is read from the claim that holds the alias", async () => {
    const by = by24Hours({ ...trusted, aliasClaim: "nick" });
    expect(await bearer(sign({ ...good, nick: "ann", preferred_username: "no" }), by)).toMatchObject({
      aliasHint: "ann",
    });
  });
});

describe("No token", () => {
  test.each([[undefined], ["Basic YTpi"], ["token"], [""]])("%s is TOKEN_MISSING", async (header) => {
    await expect(authenticate(header)).rejects.toEqual(refusal("TOKEN_MISSING"));
  });

  test.each([["Bearer"], ["Bearer "], ["Bearer x"], ["Bearer a.b"], ["Bearer a.b.c d"], ["Bearer ....."]])(
    "%s is TOKEN_INVALID",
    async (header) => await expect(authenticate(header)).rejects.toEqual(refusal("TOKEN_INVALID")),
  );

  test("one that is larger than the limit is not even looked at", async () => {
    await expect(authenticate(`Bearer ${"x".repeat(LIMITS.tokenBytes)}`)).rejects.toThrow("too large");
  });
});

describe("One fact changed", () => {
  test.each<[string, object]>([
    ["another issuer", { ...good, iss: "https://other.example.com" }],
    ["an issuer with a slash more", { ...good, iss: `${ISSUER}/` }],
    ["no issuer", { ...good, iss: undefined }],
    ["another audience", { ...good, aud: "shop" }],
    ["no audience", { ...good, aud: undefined }],
    ["no end", { ...good, exp: undefined }],
    ["an end that is no number", { ...good, exp: "tomorrow" }],
    ["an end 60 s ago", { ...good, exp: now - 60 }],
    ["a beginning in 61 s", { ...good, nbf: now + 61 }],
    ["issued in 61 s", { ...good, iat: now + 61 }],
    ["no subject", { ...good, sub: undefined }],
    ["an empty subject", { ...good, sub: "" }],
    ["a subject of 257 characters", { ...good, sub: "x".repeat(257) }],
    ["a subject with a NUL", { ...good, sub: "a\0b" }],
    ["an end in 24 hours and 61 s", { ...good, iat: undefined, exp: now + DAY + 61 }],
    ["a life of 24 hours and 1 s", { ...good, iat: now - 60, exp: now + DAY - 59 }],
    ["a long life that is nearly over", { ...good, iat: now - 2 * DAY, exp: now + 60 }],
    ["a subject that is a number", { ...good, sub: 7 }],
    ["a scope that is no text", { ...good, scope: ["a"] }],
    ["a client id that is no text", { ...good, client_id: { a: 1 } }],
  ])("%s is TOKEN_INVALID", async (_what, claims) => {
    await expect(bearer(sign(claims))).rejects.toEqual(refusal("TOKEN_INVALID"));
  });

  test.each<[string, object]>([
    ["an end 59 s ago", { ...good, exp: now - 59 }],
    ["a beginning in 60 s", { ...good, nbf: now + 60 }],
    ["issued in 60 s", { ...good, iat: now + 60 }],
    ["an end in 24 hours and 60 s", { ...good, iat: undefined, exp: now + DAY + 60 }],
    ["issued in 60 s for 24 hours", { ...good, iat: now + 60, exp: now + DAY + 60 }],
  ])("%s is within the skew of clocks", async (_what, claims) => {
    expect(await bearer(sign(claims))).toMatchObject({ subject: "u-1" });
  });

  test("a life that is too long is told with the setting that allows more", async () => {
    const day = { ...good, iat: now - 3600, exp: now + 23 * 3600 };
    expect(await bearer(sign(day))).toMatchObject({ subject: "u-1" });
    const longer = sign({ ...day, exp: day.exp + 3600 });
    await expect(bearer(longer)).rejects.toThrow("longer than 24 hours, the most that TOKEN_MAX_HOURS allows");
    const patient = createAuthenticator({ issuers: [trusted], tokenMaxHours: 25, clock: () => NOW });
    expect(await bearer(longer, patient)).toMatchObject({ subject: "u-1" });
  });

  test.each([["id_token+jwt"], ["logout+jwt"], ["dpop+jwt"], [""]])(
    "the type %s is for another purpose",
    async (typ) => {
      await expect(bearer(sign(good, { typ }))).rejects.toEqual(refusal("TOKEN_INVALID"));
    },
  );
});

describe("The signature", () => {
  test("of another key is refused, and so is a changed payload", async () => {
    await expect(bearer(sign(good, {}, stranger.privateKey))).rejects.toEqual(refusal("TOKEN_INVALID"));
    const [header, , signature] = (await sign(good)).split(".");
    const payload = base64url.encode(JSON.stringify({ ...good, sub: "u-2" }));
    await expect(bearer(`${header}.${payload}.${signature}`)).rejects.toEqual(refusal("TOKEN_INVALID"));
  });

  test("none is refused", async () => {
    await expect(bearer(new UnsecuredJWT(good).encode())).rejects.toEqual(refusal("TOKEN_INVALID"));
  });

  test("of HMAC with the public key as its secret is refused", async () => {
    const secret = new TextEncoder().encode(JSON.stringify(publicJwk));
    await expect(bearer(sign(good, { alg: "HS256" }, secret))).rejects.toEqual(refusal("TOKEN_INVALID"));
  });

  test("of an algorithm that is not pinned is refused, though key and signature are good", async () => {
    const pair = await generateKeyPair("RS512", { modulusLength: 2048 });
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: "k1" };
    const by = by24Hours({ ...trusted, jwks: { keys: [jwk] } });
    await expect(bearer(sign(good, { alg: "RS512" }, pair.privateKey), by)).rejects.toEqual(refusal("TOKEN_INVALID"));
  });

  test.each([["ES256"], ["PS256"], ["EdDSA"]])("of %s is accepted", async (alg) => {
    const pair = await generateKeyPair(alg);
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: "k1", alg };
    const by = by24Hours({ ...trusted, jwks: { keys: [jwk] } });
    expect(await bearer(sign(good, { alg }, pair.privateKey), by)).toMatchObject({ subject: "u-1" });
  });

  test("of a key of another issuer that is trusted too is refused", async () => {
    const otherJwk = { ...(await exportJWK(stranger.publicKey)), kid: "k1" };
    const other = { ...trusted, issuer: "https://other.example.com", jwks: { keys: [otherJwk] } };
    const by = by24Hours(trusted, other);
    await expect(bearer(sign(good, {}, stranger.privateKey), by)).rejects.toEqual(refusal("TOKEN_INVALID"));
    expect(await bearer(sign({ ...good, iss: other.issuer }, {}, stranger.privateKey), by)).toMatchObject({
      issuer: other.issuer,
    });
  });
});

describe("The development issuer", () => {
  const by = by24Hours({ ...trusted, development: true });
  const service = { ...good, sub: "client:shop", client_id: "shop", bailiwick_organizations: ["acme"] };

  test("names services that register themselves", async () => {
    expect(await bearer(sign(service), by)).toMatchObject({ development: { organizations: ["acme"] } });
    const unbound = sign({ ...service, bailiwick_organizations: undefined });
    expect(await bearer(unbound, by)).toMatchObject({ development: { organizations: [] } });
  });

  test.each<[string, object]>([
    ["a person who uses the client", { ...service, sub: "alice" }],
    ["a person of such a name without a client", { ...service, client_id: undefined }],
    ["another client's own name", { ...service, client_id: "other" }],
  ])("%s is none", async (_who, claims) => {
    expect(await bearer(sign(claims), by)).toMatchObject({ development: null });
  });

  test("another issuer's claim of the same name means nothing", async () => {
    expect(await bearer(sign(service))).toMatchObject({ development: null });
  });
});
