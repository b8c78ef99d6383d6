import type { Reason, Remedy } from "../entities/errors.ts";
import type { Facts } from "../stores/facts.ts";

/** What would make a refused thing possible, from the facts of the same decision. A reason without a remedy has none. */
export function remediesFor(reasons: readonly Reason[], facts: Facts): Remedy[] {
  if (facts.role === null && facts.organization !== null) return reasons.flatMap((reason) => invitedFirst(reason));
  // A person who can do nothing about them does not get the lists: not everybody who may view may list what is inside.
  const mayList = facts.caller.client !== null || reasons.every(({ code }) => code !== "ROLE_TOO_LOW");
  return reasons.flatMap((reason) => remedyFor(reason, mayList ? facts.resource : null) ?? []);
}

/** A role cannot be raised that is not there. */
function invitedFirst(reason: Reason): Remedy[] {
  const remedy = remedyFor(reason, null);
  if (remedy === undefined || reason.code !== "ROLE_TOO_LOW") return remedy === undefined ? [] : [remedy];
  const promoted = reason["least"] === "owner" ? ", then make it an Owner" : "";
  return [{ ...remedy, message: `The subject is no member: an Owner must invite it first${promoted}.` }];
}

export function remedyFor(reason: Reason, resource: Facts["resource"]): Remedy | undefined {
  const remedy = REMEDIES[reason.code]?.(reason, resource);
  return remedy && { for: reason.code, ...remedy };
}

type Maker = (reason: Reason, resource: Facts["resource"]) => Omit<Remedy, "for"> & { readonly message: string };

const REMEDIES: Readonly<Record<string, Maker>> = {
  ROLE_TOO_LOW: (reason) => ({
    message: `At least the role ${String(reason["least"])} is needed; an Owner can grant it.`,
    least: reason["least"],
  }),
  NOT_SOLE_OWNER: (reason) => ({
    message: "Every other Owner must leave or take another role first.",
    owners: reason["owners"],
  }),
  LAST_OWNER: () => ({ message: "Make another member an Owner first." }),
  ORGANIZATION_RETIRED: () => ({ message: "An Owner must enable the organization first." }),
  SECTOR_RETIRED: () => ({ message: "An Owner must enable the sector first." }),
  LIVE_APPLICATIONS: (_reason, resource) => ({
    message: "Retire the enabled applications first.",
    ...(resource !== null && "liveApplications" in resource && { applications: resource.liveApplications }),
  }),
  LIVE_SECTORS: (_reason, resource) => ({
    message: "Retire the enabled sectors first.",
    ...(resource !== null && "liveSectors" in resource && { sectors: resource.liveSectors }),
  }),
  LIMIT_REACHED: (reason) => ({
    message: `Retire or remove one first, or ask for a higher limit of ${String(reason["limit"])}.`,
    limit: reason["limit"],
    max: reason["max"],
  }),
  OWNER_NOT_BY_INVITATION: () => ({ message: "Invite with another role; an Owner can promote the member later." }),
  INVITATION_EXPIRED: () => ({ message: "Ask an Owner for a new invitation." }),
};
