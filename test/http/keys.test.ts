import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { type Authenticate, createAuthenticator, type TrustedIssuer } from "../../src/http/authenticate.ts";

const NOW = new Date("2026-11-20T12:00:00Z");
const now = NOW.getTime() / 1000;
const ISSUER = "https://issuer.example.com";

const { publicKey, privateKey } = await generateKeyPair("RS256", { modulusLength: 2048 });
const publicJwk: JWK = { ...(await exportJWK(publicKey)), kid: "k1", alg: "RS256" };
const trusted: Omit<TrustedIssuer, "jwks"> = {
  issuer: ISSUER,
  audience: "bailiwick",
  aliasClaim: "preferred_username",
  development: false,
};
const good = { iss: ISSUER, aud: "bailiwick", sub: "u-1", iat: now, exp: now + 60 };

const by24Hours = (...issuers: TrustedIssuer[]): Authenticate =>
  createAuthenticator({ issuers, tokenMaxHours: 24, clock: () => NOW });

async function sign(claims: object, header: { readonly kid?: string } = {}): Promise<string> {
  return await new SignJWT({ ...claims }).setProtectedHeader({ alg: "RS256", kid: "k1", ...header }).sign(privateKey);
}

const bearer = async (token: Promise<string>, by: Authenticate): ReturnType<Authenticate> =>
  await by(`Bearer ${await token}`);
const refusal = (code: string): unknown => expect.objectContaining({ code });

describe("Keys at an address", () => {
  const answers = { metadata: {} as object, status: 200, keyRequests: 0 };
  const server = createServer((request, response) => {
    response.statusCode = answers.status;
    if (request.url === "/keys") answers.keyRequests += 1;
    response.end(JSON.stringify(request.url === "/keys" ? { keys: [publicJwk] } : answers.metadata));
  });
  let origin = "";
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  test("are fetched once", async () => {
    const by = by24Hours({ ...trusted, jwks: new URL(`${origin}/keys`) });
    answers.keyRequests = 0;
    for (let turn = 0; turn < 3; turn += 1) expect(await bearer(sign(good), by)).toMatchObject({ subject: "u-1" });
    await expect(bearer(sign(good, { kid: "unknown" }), by)).rejects.toEqual(refusal("TOKEN_INVALID"));
    expect(answers.keyRequests).toBe(1); // An unknown key id is no reason to ask again so soon.
  });

  test("are found by discovery, and an issuer that speaks for another is not believed", async () => {
    const issuer = { ...trusted, issuer: origin, jwks: "discovery" as const };
    const by = by24Hours(issuer);
    answers.metadata = { issuer: ISSUER, jwks_uri: `${origin}/keys` };
    await expect(bearer(sign({ ...good, iss: origin }), by)).rejects.toEqual(refusal("CANNOT_DECIDE"));
    answers.metadata = { issuer: origin, jwks_uri: `${origin}/keys` };
    expect(await bearer(sign({ ...good, iss: origin }), by)).toMatchObject({ issuer: origin });
  });

  test("that cannot be had are CANNOT_DECIDE, not TOKEN_INVALID, and the next token asks again", async () => {
    const by = by24Hours({ ...trusted, jwks: new URL(`${origin}/keys`) });
    answers.status = 500;
    await expect(bearer(sign(good), by)).rejects.toEqual(refusal("CANNOT_DECIDE"));
    answers.status = 200;
    expect(await bearer(sign(good), by)).toMatchObject({ subject: "u-1" });
    const gone = by24Hours({ ...trusted, jwks: new URL("http://127.0.0.1:1/keys") });
    await expect(bearer(sign(good), gone)).rejects.toEqual(refusal("CANNOT_DECIDE"));
  });
});
