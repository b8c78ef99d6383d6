import type { Attributes, Kind } from "../entities/kinds.ts";
import type { Facts } from "../stores/facts.ts";

/** What the policies read of things that a person may not view although it may view the resource. */
interface Hidden {
  account: never;
  organization: never;
  sector: never;
  application: never;
  member: "ownedOrganizations" | "maxOwnedOrganizations";
  invitation: "members" | "maxMembers" | "pendingInvitations" | "maxPendingInvitations";
  transfer: "ownedOrganizations" | "maxOwnedOrganizations";
}

/** A kind's facts as they are shown. */
export type Shown<K extends Kind> = Omit<Attributes[K], Hidden[K]> &
  Partial<Pick<Attributes[K], Hidden[K] & keyof Attributes[K]>>;

type Cut<K extends Kind> = (attributes: Attributes[K], facts: Facts) => boolean;

interface Cutting<K extends Kind> {
  readonly names: readonly Hidden[K][];
  readonly isHidden: Cut<K>;
}

const CUTS: { readonly [K in Kind]: Cutting<K> | null } = {
  account: null,
  organization: null,
  sector: null,
  application: null,
  // What somebody else owns elsewhere.
  member: { names: ["ownedOrganizations", "maxOwnedOrganizations"], isHidden: ({ self }) => !self },
  transfer: { names: ["ownedOrganizations", "maxOwnedOrganizations"], isHidden: ({ recipient }) => !recipient },
  // Who is invited is no member yet.
  invitation: {
    names: ["members", "maxMembers", "pendingInvitations", "maxPendingInvitations"],
    isHidden: (_attributes, { role }) => role === null,
  },
};

/** The facts of a decision as far as who asked may know them; a service that may ask about the organization may know all. */
export function shown<K extends Kind>(kind: K, attributes: Attributes[K], facts: Facts): Shown<K> {
  const cutting: Cutting<K> | null = CUTS[kind];
  if (facts.caller.client !== null || cutting === null || !cutting.isHidden(attributes, facts)) return attributes;
  const names: readonly PropertyKey[] = cutting.names;
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name))) as Shown<K>; // Object.fromEntries forgets
}
