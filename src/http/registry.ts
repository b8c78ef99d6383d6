import { ACCESS_ROUTES } from "./access.ts";
import { APPLICATION_ROUTES } from "./applications.ts";
import { AUDIT_ROUTES } from "./audit.ts";
import { CLIENT_ROUTES } from "./clients.ts";
import { HEALTH_ROUTES } from "./health.ts";
import { INVITATION_ROUTES } from "./invitations.ts";
import { MEMBER_ROUTES } from "./members.ts";
import { ORGANIZATION_ROUTES } from "./organizations.ts";
import type { Route } from "./route.ts";
import { SECTOR_ROUTES } from "./sectors.ts";

/** Every noun's routes, the busiest first: Express looks through them in this order. */
export const NOUNS: readonly (readonly Route[])[] = [
  ACCESS_ROUTES,
  ORGANIZATION_ROUTES,
  SECTOR_ROUTES,
  APPLICATION_ROUTES,
  MEMBER_ROUTES,
  INVITATION_ROUTES,
  AUDIT_ROUTES,
  CLIENT_ROUTES,
  HEALTH_ROUTES,
];

/** Every route of the service: what the contract is generated from, and what the bad-input test walks. */
export const ROUTES: readonly Route[] = NOUNS.flat();
