import type { Caller } from "../entities/callers.ts";
import { AppError, type Issue, refuseFor } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Client } from "../entities/records.ts";
import type { Queryable } from "../stores/database.ts";
import type { ClientFacts } from "../stores/facts.ts";
import { inOrganization } from "../stores/scope.ts";
import * as store from "../stores/sector-names.ts";
import type { Deps } from "./deps.ts";
import { makeSectorSecret, sectorSubject } from "./sector-subjects.ts";

/** The type of people in the questions and answers of a service that is bound to applications: it knows them by the subjects of its sector alone (S0.16). */
export const SECTOR_SUBJECT = "sector_subject";

/** Who is asked about, as it was sent. */
interface Sent {
  readonly type: string;
  readonly id: string;
  /** What the service's sector calls the account, where it was named so. */
  readonly ofSector?: string | undefined;
}

/** An alias that nobody has. */
export const NOBODY = "";

/** The same question, with the account in the place of what the asking service's sector calls it. Of whom the sector knows nothing, nobody does. */
export async function named<Asked extends { readonly subject: Sent }>(
  deps: Deps,
  caller: Caller,
  asked: Asked,
): Promise<Asked> {
  const { subject } = asked;
  if (subject.type !== SECTOR_SUBJECT) return asked;
  const alias = await store.findAliasForClient(deps.database, caller, subject.id);
  return { ...asked, subject: { ...subject, type: "account", id: alias ?? NOBODY, ofSector: subject.id } };
}

const BY_ALIAS: ReadonlySet<string> = new Set(["account", "member"]);

/** Throws ALIAS_REFUSED where a service that is bound to applications names somebody by alias, whoever it is. */
export function requireSectorNames(
  client: ClientFacts | null,
  subject: Pick<Sent, "type" | "ofSector">,
  resource: { readonly type: string },
): void {
  if (client === null || client.applications.length === 0) return;
  const isByAlias = subject.type === "account" && subject.ofSector === undefined;
  if (!isByAlias && !BY_ALIAS.has(resource.type)) return;
  const message = "This client is bound to applications, and knows people by the subjects of their sector";
  throw new AppError(
    "ALIAS_REFUSED",
    `${message}: {"type": "${SECTOR_SUBJECT}", "id": …}. What is named by an alias it does not ask about.`,
  );
}

/** The sector of a client that is bound to applications, which knows everybody then whom a search could find; null: it is bound to none. */
export async function sectorOf(deps: Deps, { applications }: ClientFacts): Promise<store.SectorOf | null> {
  if (applications.length === 0) return null;
  const [place] = await store.findSectors(deps.database, applications);
  if (place === undefined) return null;
  while (await introduceSome(deps, place)) {
    // Until the sector knows everybody.
  }
  return place;
}

/** True: there may be more. */
async function introduceSome(deps: Deps, place: store.SectorOf): Promise<boolean> {
  const { organization, sector } = place;
  const { unknown, secret } = await inOrganization(deps.database, organization, async (tx) => ({
    unknown: await store.listUnknownToSector(tx, place, LIMITS.introducedAtOnce),
    secret: await store.readSectorSecret(tx, sector),
  }));
  if (unknown.length === 0) return false;
  if (secret === undefined) {
    await makeSectorSecret(deps, place);
    return true;
  }
  const known = unknown.map((account) => ({ account, subject: sectorSubject(deps, place, secret, account) }));
  await inOrganization(deps.database, organization, async (tx) => await store.insertSectorSubjects(tx, place, known));
  return true;
}

const TOO_WIDE = ["authz:all", "entities:write", "platform:admin"] as const;

/** A service that is bound to applications knows one sector, of one organization, and does nothing that names people by alias. Throws INVALID_REQUEST. */
export async function requireOneSector(
  on: Queryable,
  { scopes, organizations, applications }: Pick<Client, "scopes" | "organizations" | "applications">,
): Promise<void> {
  if (applications.length === 0) return;
  const issues: Issue[] = [];
  const wide = TOO_WIDE.filter((scope) => scopes.includes(scope));
  if (wide.length > 0) {
    const message = `expected none of ${wide.join(", ")}: a service that is bound to applications knows people by their sector alone`;
    issues.push({ path: "body.scopes", message });
  }
  const [sector, ...others] = await store.findSectors(on, applications);
  if (sector === undefined || others.length > 0 || sector.applications < new Set(applications).size) {
    issues.push({ path: "body.applications", message: "expected applications that there are, all of one sector" });
  } else if (organizations.some((slug) => slug !== sector.slug)) {
    issues.push({ path: "body.organizations", message: "expected no organization but that of the applications" });
  }
  refuseFor(issues);
}
