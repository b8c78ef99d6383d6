import { ACCESS_ROUTES } from "./access.ts";
import { DOCUMENT_ROUTES, PLATFORM_DOCUMENT_ROUTES } from "./application-documents.ts";
import { APPLICATION_ROUTES, PLATFORM_APPLICATION_ROUTES } from "./applications.ts";
import { AUDIT_ROUTES, PLATFORM_AUDIT_ROUTES } from "./audit.ts";
import { CLIENT_AUTHENTICATION_ROUTES } from "./client-authentications.ts";
import { CLIENT_KEY_ROUTES, PLATFORM_CLIENT_KEY_ROUTES } from "./client-keys.ts";
import { CLIENT_ROUTES } from "./clients.ts";
import { CONNECTOR_ROUTES } from "./connectors.ts";
import { DOCS_ROUTES } from "./docs.ts";
import { ENTITY_ROUTES } from "./entities.ts";
import { ENTITY_LINE_ROUTES } from "./entity-lines.ts";
import { EXPLAIN_ROUTES } from "./explain.ts";
import { DOMAIN_ROUTES } from "./domains.ts";
import { HEALTH_ROUTES } from "./health.ts";
import { LOGIN_ROUTES } from "./logins.ts";
import { INVITATION_ROUTES } from "./invitations.ts";
import { ME_ROUTES } from "./me.ts";
import { MEMBER_ROUTES } from "./members.ts";
import { ORGANIZATION_ROUTES } from "./organizations.ts";
import { OBSERVABILITY_ROUTES } from "./observability.ts";
import { POLICY_ROUTES } from "./policies.ts";
import type { Route } from "./route.ts";
import { SEARCH_ROUTES } from "./search.ts";
import { PLATFORM_SIGNING_KEY_ROUTES, SIGNING_KEY_ROUTES } from "./signing-keys.ts";
import { PLATFORM_SECTOR_ROUTES, SECTOR_ROUTES } from "./sectors.ts";
import { TRANSFER_ROUTES } from "./transfers.ts";

/** Every noun's routes, the busiest first: Express looks through them in this order. */
export const BY_NOUN: Readonly<Record<string, readonly Route[]>> = {
  checks: [...ACCESS_ROUTES, ...SEARCH_ROUTES, ...EXPLAIN_ROUTES],
  logins: [...LOGIN_ROUTES, ...CLIENT_AUTHENTICATION_ROUTES],
  me: ME_ROUTES,
  organizations: ORGANIZATION_ROUTES,
  sectors: SECTOR_ROUTES,
  applications: [...APPLICATION_ROUTES, ...DOCUMENT_ROUTES, ...SIGNING_KEY_ROUTES, ...CLIENT_KEY_ROUTES],
  domains: DOMAIN_ROUTES,
  connectors: CONNECTOR_ROUTES,
  members: MEMBER_ROUTES,
  invitations: INVITATION_ROUTES,
  transfers: TRANSFER_ROUTES,
  audit: AUDIT_ROUTES,
  entities: [...ENTITY_ROUTES, ...ENTITY_LINE_ROUTES],
  clients: CLIENT_ROUTES,
  platform: [
    ...PLATFORM_SECTOR_ROUTES,
    ...PLATFORM_APPLICATION_ROUTES,
    ...PLATFORM_DOCUMENT_ROUTES,
    ...PLATFORM_SIGNING_KEY_ROUTES,
    ...PLATFORM_CLIENT_KEY_ROUTES,
    ...PLATFORM_AUDIT_ROUTES,
    ...POLICY_ROUTES,
  ],
  health: HEALTH_ROUTES,
  metrics: OBSERVABILITY_ROUTES,
  docs: DOCS_ROUTES,
};
export const NOUNS: readonly (readonly Route[])[] = Object.values(BY_NOUN);

/** Every route of the service: what the contract is generated from, and what the bad-input test walks. */
export const ROUTES: readonly Route[] = NOUNS.flat();
