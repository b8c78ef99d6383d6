import { type KeyObject, X509Certificate } from "node:crypto";
import { isSecureOrLocal } from "./redirect-uris.ts";

/** How this service's users prove to an identity provider that they are the client (OpenID Connect Core, 9). */
export const SECRET_AUTHENTICATIONS = ["client_secret_basic", "client_secret_post"] as const;
export const CLIENT_AUTHENTICATIONS = [...SECRET_AUTHENTICATIONS, "private_key_jwt", "none"] as const;

/** SAML 2.0 core, 8.3: those that name people. */
export const NAME_ID_FORMATS = [
  "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
  "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
  "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName",
  "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName",
  "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos",
  "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
  "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
] as const;

export interface OidcConnector {
  readonly protocol: "oidc";
  readonly issuer: string;
  readonly clientId: string;
  readonly authentication: (typeof CLIENT_AUTHENTICATIONS)[number];
  readonly scopes: readonly string[]; // openid among them
  readonly subjectClaim: string; // by which the provider names people
}

export interface SamlConnector {
  readonly protocol: "saml";
  readonly entityId: string;
  readonly ssoUrl: string;
  readonly certificates: readonly string[]; // PEM, or the base64 of its DER; public
  readonly wantAssertionsSigned: boolean;
  readonly nameIdFormat: (typeof NAME_ID_FORMATS)[number];
}

export type ConnectorSettings = OidcConnector | SamlConnector;
export type ConnectorState = "enabled" | "disabled";

/** What the audit log tells of a change: the names of what changed, and no value. */
export const CONNECTOR_FIELDS = [
  ...["name", "protocol", "issuer", "clientId", "authentication", "scopes", "subjectClaim", "clientSecret"],
  ...["entityId", "ssoUrl", "certificates", "wantAssertionsSigned", "nameIdFormat"],
] as const;

/** A federation connector as it is told: an identity provider from which an organization's people may come (S0.1). */
export interface Connector {
  readonly id: string;
  readonly name: string;
  readonly state: ConnectorState;
  readonly settings: ConnectorSettings;
  readonly clientSecretSetAt: string | null; // null: it has none
  readonly certificates: readonly CertificateSummary[]; // of its settings, in their order
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly revision: number;
}

/** By whom somebody comes who comes by it; of an issuer without the slash that may end it. */
export function identifierOf(settings: ConnectorSettings): string {
  return settings.protocol === "oidc" ? bareIssuer(settings.issuer) : settings.entityId;
}

/** With a slash at its end or without, it is one issuer to a person who reads it. */
export function bareIssuer(issuer: string): string {
  return issuer.replace(/\/$/, "");
}

export function takesSecret(settings: ConnectorSettings): boolean {
  return settings.protocol === "oidc" && SECRET_AUTHENTICATIONS.some((each) => each === settings.authentication);
}

/** What is wrong with an issuer (OpenID Connect Discovery, 4.1); null: nothing. Never repeats what was sent. */
export function issuerProblem(text: string): string | null {
  const uri = URL.canParse(text) ? new URL(text) : null;
  if (uri === null || !isSecureOrLocal(uri)) return "expected https, or http on localhost, 127.0.0.1 or [::1]";
  if (/[?#]/.test(text)) return "expected neither query nor fragment";
  return plainProblem(text, uri);
}

/** Of the address to which a browser takes a SAML request. */
export function ssoUrlProblem(text: string): string | null {
  const uri = URL.canParse(text) ? new URL(text) : null;
  if (uri?.protocol !== "https:") return "expected https";
  if (text.includes("#")) return "expected no fragment";
  return plainProblem(text, uri);
}

function plainProblem(text: string, uri: URL): string | null {
  if (uri.username !== "" || uri.password !== "") return "expected neither user nor password";
  // Two ways to write one address would be two addresses to who compares them.
  const isNormal = uri.href === text || uri.href === `${text}/`;
  return isNormal ? null : "expected its normal form: lower case before the path, no dots in it";
}

export interface CertificateSummary {
  readonly sha256: string; // of its DER, in hexadecimal
  readonly expiresAt: string;
}

const PEM = /^\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/;
const BASE64 = /^[A-Za-z0-9+/=\s]+$/;
const RSA_BITS = 2048;

/** What is wrong with the text of a signing certificate; null: nothing. Never repeats what was sent. */
export function certificateProblem(text: string): string | null {
  const certificate = parsed(text);
  if (certificate === null) return "expected one X.509 certificate, in PEM or as the base64 of its DER";
  return isStrong(certificate.publicKey) ? null : "expected a key of RSA with 2048 bits or more, or of EC";
}

/** Of a text in which nothing is wrong. */
export function certificateSummary(text: string): CertificateSummary {
  const certificate = parsed(text);
  if (certificate === null) throw new Error("no certificate was to be kept but one that can be read");
  const sha256 = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
  return { sha256, expiresAt: certificate.validToDate.toISOString() };
}

function parsed(text: string): X509Certificate | null {
  const base64 = PEM.exec(text)?.[1] ?? BASE64.exec(text)?.[0];
  if (base64 === undefined) return null;
  const der = Buffer.from(base64, "base64");
  try {
    const certificate = new X509Certificate(der);
    return certificate.raw.equals(der) ? certificate : null; // something else would hide behind it
  } catch {
    return null; // whatever is wrong with it, it is no certificate
  }
}

function isStrong({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  return type === "ec" || (type === "rsa" && (details?.modulusLength ?? 0) >= RSA_BITS);
}
