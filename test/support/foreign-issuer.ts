import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";

/** An OIDC provider of the test's own: it signs whatever it is told, also what no provider should. */
export interface ForeignIssuer {
  /** For `startTestGateway`: the gateway trusts this issuer beside the development issuer. */
  readonly settings: Readonly<Record<string, string>>;
  readonly issuer: string;
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>;
  unsigned(claims: Readonly<Record<string, unknown>>): string;
  close(): Promise<void>;
}

const AUDIENCE = "https://authz.example.com";

export async function startForeignIssuer(): Promise<ForeignIssuer> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "1", alg: "ES256" };
  const server = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const complete = (claims: Readonly<Record<string, unknown>>): Record<string, unknown> => {
    const now = Math.floor(Date.now() / 1000);
    return { iss: issuer, aud: AUDIENCE, iat: now, exp: now + 3600, ...claims };
  };
  return {
    settings: {
      OIDC_ISSUER: issuer,
      OIDC_AUDIENCE: AUDIENCE,
      OIDC_JWKS_URL: `${issuer}/keys`,
      DEVELOPMENT_ISSUER: "true",
    },
    issuer,
    sign: async (claims) =>
      await new SignJWT(complete(claims)).setProtectedHeader({ alg: "ES256", kid: "1" }).sign(privateKey),
    unsigned: (claims) => new UnsecuredJWT(complete(claims)).encode(),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
