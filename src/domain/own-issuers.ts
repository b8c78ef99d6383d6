import { bareIssuer } from "../entities/connectors.ts";

/**
 * Tells issuers whose tokens are taken here, or made, from all others.
 * @param trusted for the tokens of callers
 * @param publicUrl under which applications' tokens are issued: an origin
 */
export function ownIssuers(trusted: readonly string[], publicUrl: string): (issuer: string) => boolean {
  const known = new Set(trusted.map(bareIssuer));
  return (issuer) => known.has(bareIssuer(issuer)) || (URL.canParse(issuer) && new URL(issuer).origin === publicUrl);
}
