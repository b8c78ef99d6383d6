import type { ApplicationDocuments } from "../entities/application-documents.ts";
import type { Authenticated } from "../entities/logins.ts";
import { type LoginAttributes, NO_LIMIT } from "../entities/policy-kinds.ts";
import type { Facts } from "../stores/facts.ts";

interface Known {
  readonly documents: ApplicationDocuments;
  /** Of this account, by the admission. */
  readonly listed: boolean;
  readonly blocked: boolean;
  /** Of the address that the service vouches for, where the organization holds it. */
  readonly heldDomain: string | null;
  readonly authentication: Authenticated;
  readonly connector: string | null;
  /** Is it the organization's, and enabled? */
  readonly connectorEnabled: boolean;
}

/** `R.attr` of a login. */
export function loginAttributes({ organization, resource, now }: Facts<"application">, known: Known): LoginAttributes {
  const { documents, listed, blocked, heldDomain, authentication } = known;
  const { admission, authentication: asked, session } = documents;
  const { methods, assurance, factors, at } = authentication;
  return {
    applicationState: resource?.state ?? "retired",
    sectorState: resource?.sectorState ?? "retired",
    organizationState: organization?.state ?? "archived",
    everyone: admission.everyone,
    members: admission.members,
    domainAdmitted: heldDomain !== null && admission.domains.includes(heldDomain),
    ...{ listed, blocked },
    methodAllowed: asked.methods === null || methods.some((method) => asked.methods?.includes(method)),
    connectorAllowed: isConnectorAllowed(known),
    ...{ assurance, leastAssurance: asked.assurance },
    ...{ factors: Math.min(factors, 2), leastFactors: asked.secondFactor ? 2 : 1 },
    ageSeconds: Math.max(0, Math.floor((now.getTime() - at.getTime()) / 1000)),
    maximumAgeSeconds: asked.maximumAgeSeconds ?? NO_LIMIT,
    reauthenticateAfterSeconds: session.reauthenticateAfterSeconds ?? NO_LIMIT,
  };
}

/** Who names connectors asks for one. */
function isConnectorAllowed({ documents, connector, connectorEnabled }: Known): boolean {
  const { connectors } = documents.authentication;
  if (connector === null) return connectors === null;
  return connectorEnabled && (connectors === null || connectors.includes(connector));
}
