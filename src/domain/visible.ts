import type { Caller } from "../entities/callers.ts";
import type { Attributes, Kind } from "../entities/kinds.ts";
import type { Facts } from "../stores/facts.ts";
import { hasScope, isBoundToKind } from "./actor.ts";

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

interface Cutting<K extends Kind> {
  readonly names: readonly Hidden[K][];
  /** From a person? */
  readonly isHidden: (attributes: Attributes[K], facts: Facts) => boolean;
  /** Are they about other organizations? Then a service that is bound to some may not know them either. */
  readonly isElsewhere: boolean;
}

const CUTS: { readonly [K in Kind]: Cutting<K> | null } = {
  account: null,
  organization: null,
  sector: null,
  application: null,
  // What somebody else owns elsewhere.
  member: { names: ["ownedOrganizations", "maxOwnedOrganizations"], isHidden: ({ self }) => !self, isElsewhere: true },
  transfer: {
    names: ["ownedOrganizations", "maxOwnedOrganizations"],
    isHidden: ({ recipient }) => !recipient,
    isElsewhere: true,
  },
  // Who is invited is no member yet.
  invitation: {
    names: ["members", "maxMembers", "pendingInvitations", "maxPendingInvitations"],
    isHidden: (_attributes, { role }) => role === null,
    isElsewhere: false,
  },
};

/** What was decided about, and who asked. */
interface Viewed<K extends Kind> {
  readonly kind: K;
  readonly attributes: Attributes[K];
  readonly facts: Facts;
  readonly caller: Caller;
}

/** The names of the facts of a decision that who asked may not know; a service that may ask about every organization may know all. */
export function hiddenIn<K extends Kind>({ kind, attributes, facts, caller }: Viewed<K>): readonly PropertyKey[] {
  const cutting: Cutting<K> | null = CUTS[kind];
  const { client } = facts.caller;
  if (cutting === null) return [];
  const isHidden =
    client === null
      ? cutting.isHidden(attributes, facts)
      : cutting.isElsewhere && !hasScope(caller, client, "authz:all");
  return isHidden ? cutting.names : [];
}

/** The facts of a decision without those. */
export function shown<K extends Kind>(viewed: Viewed<K>): Shown<K> {
  const hidden = hiddenIn(viewed);
  return Object.fromEntries(Object.entries(viewed.attributes).filter(([name]) => !hidden.includes(name))) as Shown<K>; // Object.fromEntries forgets
}

/** May who asked know what is stored of a subject of this type? A service that is bound to kinds asks about these, and of others learns ids alone. */
export function mayKnowSubject({ client }: Facts["caller"], type: string): boolean {
  return client === null || type === "account" || isBoundToKind(client, type);
}
