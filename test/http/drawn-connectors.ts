/** Federation connectors by chance; most of them as they would be meant. */
import type { Chance } from "../support/seed.ts";
import { BY_SECRET, CONNECTOR, OIDC, SAML } from "../support/connectors.ts";
import { once, oneOf } from "./situations.ts";

export function drawnConnector(chance: Chance): Readonly<Record<string, unknown>> {
  const issuer = `https://login-${chance.below(3)}.example.com`;
  const clientSecret = `drawn-${chance.below(2 ** 31)}`;
  return {
    ...CONNECTOR,
    ...oneOf<object>(
      chance,
      { settings: { ...OIDC, issuer } },
      { settings: { ...OIDC, issuer }, clientSecret: null },
      { settings: { ...BY_SECRET, issuer }, ...(once(chance, 4) ? {} : { clientSecret }) },
      { settings: SAML },
      { settings: { ...SAML, certificates: [] } },
    ),
  };
}
