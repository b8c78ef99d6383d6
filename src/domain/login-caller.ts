import type { Caller } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import type { ClientFacts, Facts, OrganizationFacts } from "../stores/facts.ts";
import { requireScope } from "./actor.ts";

interface Found {
  readonly client: ClientFacts;
  readonly organization: OrganizationFacts;
}

/** What a service that lets people log in asks about. K9: an application of others, and one that is not there, answer alike. Throws NOT_A_CLIENT, SCOPE_MISSING, NOT_FOUND. */
export function requireApplication(
  caller: Caller,
  { caller: { client: known }, organization, resource: application }: Facts<"application">,
  anchor: string,
): Found {
  const client = requireScope(caller, known, "logins:create");
  const isBound = client.applications.length === 0 || client.applications.includes(anchor);
  if (organization === null || application === null || !isBound) {
    throw new AppError("NOT_FOUND", "There is no such application, or this client is not bound to it.");
  }
  return { client, organization };
}
