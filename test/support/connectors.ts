/** Federation connectors, as an Admin would add them. */
import type { OidcConnector, SamlConnector } from "../../src/entities/connectors.ts";
import { CERTIFICATES } from "./certificates.ts";
import type { Person } from "./gateway.ts";
import { must } from "./world.ts";

export const OIDC: OidcConnector = {
  protocol: "oidc",
  issuer: "https://login.example.com",
  clientId: "bailiwick",
  authentication: "private_key_jwt",
  scopes: ["openid", "email"],
  subjectClaim: "sub",
};
/** It needs a secret. */
export const BY_SECRET: OidcConnector = { ...OIDC, authentication: "client_secret_basic" };
export const SAML: SamlConnector = {
  protocol: "saml",
  entityId: "https://idp.example.com/metadata",
  ssoUrl: "https://idp.example.com/sso",
  certificates: CERTIFICATES.slice(0, 1),
  wantAssertionsSigned: true,
  nameIdFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
};

/** What `addConnector` makes. */
export const CONNECTOR = { name: "Example login", settings: OIDC } as const;

/** Gives its id. */
export async function addConnector(by: Person, slug: string, more: object = {}): Promise<string> {
  const made = must(await by.post(`/v1/organizations/${slug}/connectors`, { ...CONNECTOR, ...more }), 201);
  return String(made.body["id"]);
}

/** Enabled, of an issuer of its own. */
export async function addEnabled(by: Person, slug: string, host: string): Promise<string> {
  const id = await addConnector(by, slug, { settings: { ...OIDC, issuer: `https://${host}.example.com` } });
  must(await by.post(`/v1/organizations/${slug}/connectors/${id}/enable`), 200);
  return id;
}
