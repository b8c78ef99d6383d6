import type { Settings } from "../settings.ts";

/** Where OpenFGA and the issuer are, when they are one's own. */

export interface OpenfgaSettings {
  readonly apiUrl: string;
  readonly presharedKey: string | null;
  readonly storeId: string | null;
  readonly modelId: string | null;
}

export interface OidcSettings {
  readonly issuer: string;
  readonly audience: string;
  /** null: found by discovery. */
  readonly jwksUrl: URL | null;
}

export function openfgaOf(read: Settings): OpenfgaSettings | null {
  if (read.OPENFGA_API_URL === undefined) return null;
  return {
    apiUrl: read.OPENFGA_API_URL.replace(/\/+$/, ""),
    presharedKey: read.OPENFGA_PRESHARED_KEY ?? null,
    storeId: read.OPENFGA_STORE_ID ?? null,
    modelId: read.OPENFGA_MODEL_ID ?? null,
  };
}

export function oidcOf(read: Settings): OidcSettings | null {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, OIDC_JWKS_URL: jwksUrl } = read;
  if (issuer === undefined || audience === undefined) return null;
  return { issuer, audience, jwksUrl: jwksUrl === undefined ? null : new URL(jwksUrl) };
}
