/** A kind of a host's, as its policies folder describes it: no line of `src/` knows one by its name. */
export interface HostKind {
  /** Of Cerbos' resource and of OpenFGA's type. */
  readonly type: string;
  /** Those that its policy has rules for, any strings; none: things of this kind are stored and related, and nothing is decided about them. */
  readonly actions: readonly string[];
  /** Must a resource of this kind be stored here, or may the enforcement point keep it and send what matters? */
  readonly resources: Keeping;
  /** The same of who asks for things of this kind. */
  readonly subjects: Keeping;
  /** The matrices that it ships, by policy version; an organization with another one gets `default`. */
  readonly matrices: ReadonlySet<string>;
  readonly hasFloor: boolean;
  /** The relations that are written for its entities, each with what it may point to. */
  readonly relations: ReadonlyMap<string, readonly RelationTarget[]>;
  /** Does the model hang it under its organization? That tuple is the gateway's to write, and `relations` does not have it. */
  readonly hangsUnderOrganization: boolean;
  /** Relations, written or derived, whose truth its policy reads under `R.attr.relations`. */
  readonly askedRelations: readonly string[];
  /** Those of them that can decide about an action, by a matrix of these and the floor; the others are read for reasons at the most. */
  readonly decidingRelations: (matrix: string, action: string) => readonly string[];
  /** By the model alone, the asked relations that each of them cannot hold without. */
  readonly inclusions: ReadonlyMap<string, readonly string[]>;
  /**
   * How tuples lead a subject of a type to the resources that an action can be allowed on; null: it can be allowed on any. It tells of those relations, too,
   * that its rules read and that lie within the ones needed.
   */
  readonly reachFor: (action: string, subjectType: string) => Reach | null;
  readonly readsOrganizationState: boolean;
  /** The places that its schema has for what the caller sent, each given always, and the properties in them. */
  readonly sent: Readonly<Partial<Record<SentPart, ReadonlySet<string>>>> | null;
  /** What keeps attributes from being stored, in words; none: they fit. */
  readonly misfits: (attributes: Readonly<Record<string, unknown>>) => readonly Misfit[];
}

/** Kept here (`stored`), or with the enforcement point, which may send it (`sent`). */
export type Keeping = "stored" | "sent";

export type SentPart = "subject" | "resource" | "action" | "context";

/** `group#member`: everybody who is a member of that group; `user`: that user. */
export interface RelationTarget {
  readonly type: string;
  readonly relation: string | null;
}

/**
 * What tuples make of objects for a subject, in steps; nodes are written `document#viewer`. Objects that no step leads to are in none of the
 * relations meant.
 */
export interface Reach {
  /** An object that is led to as one of them need not be led to as the others. */
  readonly targets: readonly string[];
  readonly steps: readonly ReachStep[];
  /** Whoever has the role in the organization, which the ledger relates every entity of such a type to. */
  readonly roles: readonly { readonly role: string; readonly to: string }[];
}

/** An object with a tuple of this relation to what is `from` already (null: to the subject itself) is `to`; `of`: the tuple says `group#member`. */
export interface ReachStep {
  readonly from: string | null;
  readonly relation: string;
  readonly of: string;
  readonly to: string;
}

export interface Misfit {
  /** Names of members, from the attributes inwards. */
  readonly path: readonly string[];
  readonly problem: string;
}

export interface HostKinds {
  readonly served: ReadonlyMap<string, HostKind>;
  /** Why a kind is not served, by its type, with paths: nothing is decided about it until that is mended. */
  readonly refused: ReadonlyMap<string, string>;
}

export const NO_HOST_KINDS: HostKinds = { served: new Map(), refused: new Map() };
