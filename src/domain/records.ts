import type { Application, Invitation, Member, Organization, Sector, Transfer } from "../entities/records.ts";
import type { Resources } from "../stores/facts.ts";

/** What leaves of what the facts hold: no account id, no counts. */

export function organizationRecord(facts: Resources["organization"]): Organization {
  const { slug, name, state, matrix, plan, foundedBy, createdAt, updatedAt, revision } = facts;
  return { slug, name, state, matrix, plan, foundedBy, createdAt, updatedAt, revision };
}

export function sectorRecord(facts: Resources["sector"]): Sector {
  const { id, name, state, createdAt, updatedAt, revision } = facts;
  return { id, name, state, createdAt, updatedAt, revision };
}

export function applicationRecord(facts: Resources["application"]): Application {
  const { anchor, name, kind, state, sector, createdAt, updatedAt, revision } = facts;
  return { anchor, name, kind, state, sector, createdAt, updatedAt, revision };
}

export function memberRecord(facts: Resources["member"]): Member {
  const { alias, role, createdAt, updatedAt, revision } = facts;
  return { alias, role, createdAt, updatedAt, revision };
}

export function invitationRecord(facts: Resources["invitation"]): Invitation {
  const { id, alias, role, state, invitedBy, expiresAt, createdAt, updatedAt, revision } = facts;
  return { id, alias, role, state, invitedBy, expiresAt, createdAt, updatedAt, revision };
}

export function transferRecord(facts: Resources["transfer"]): Transfer {
  const { id, alias, offeredBy, state, expiresAt, createdAt, updatedAt, revision } = facts;
  return { id, alias, offeredBy, state, expiresAt, createdAt, updatedAt, revision };
}
