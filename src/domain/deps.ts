import type { LookUpTexts } from "../entities/adopted-domains.ts";
import type { LogRecord } from "../entities/decisions.ts";
import type { Deciding } from "../entities/deciding.ts";
import type { FactDomains } from "../entities/fact-domains.ts";
import type { HostKinds } from "../entities/host-kinds.ts";
import type { RandomBytes } from "../entities/ids.ts";
import type { Judge } from "../entities/judge.ts";
import type { RelationPaths } from "../entities/relation-paths.ts";
import type { RulesFor } from "../entities/rules.ts";
import type { Tuple } from "../entities/tuples.ts";
import type { Database } from "../stores/database.ts";
import type { Fingerprints } from "./fingerprints.ts";
import type { Queue } from "./queue.ts";
import type { Sealing } from "./sealing.ts";
import type { Tombstones } from "./tombstones.ts";

/** Limits of a plan, from policies/plans.yaml. */
export interface Plan {
  readonly applications: number;
  readonly sectors: number;
  readonly members: number;
  readonly pendingInvitations: number;
  readonly ownedOrganizations: number;
  readonly signInMethods: number;
}

/** What the domain asks the graph on the way of a question. Throws CANNOT_DECIDE when OpenFGA does not answer in time. */
export interface GraphReader {
  directRoles(pseudonym: string, organizationId: string, timeoutMs: number): Promise<readonly string[]>;
  fence(organizationId: string, timeoutMs: number): Promise<readonly number[]>;
  /** Is each of these so, by itself or by what it follows from? In their order. */
  holds(tuples: readonly Tuple[], timeoutMs: number): Promise<readonly boolean[]>;
  /** How a user comes to have a relation on an object. `left`: milliseconds for all of it. */
  paths(asked: Tuple, left: () => number): Promise<RelationPaths>;
}

export interface Timeouts {
  readonly decisionMs: number; // a question, whole
  readonly graphReadMs: number; // of it, for OpenFGA
  readonly searchMs: number; // a page of a search: no further candidates are looked at after it
  readonly changeMs: number; // a change, whole
  readonly graphWaitMs: number; // after the commit, for the tuples
}

/** Everything that decides, of one unit: whoever begins something takes it whole and keeps it to the end (docs/decisions/0010-served-unit.md). */
export interface Served extends Deciding {
  readonly graph: GraphReader;
  readonly judge: Judge;
  readonly plans: ReadonlyMap<string, Plan>;
  /** The kinds that the host's policies folders bring. */
  readonly kinds: HostKinds;
  readonly rulesFor: RulesFor;
  readonly factDomains: FactDomains;
}

/** Replaces what is served by what the folders of policies hold now. */
export interface Deploys {
  /**
   * Reads and checks the folders; when it is not `isCheckOnly`, what they hold is ready to serve then. One at a time. Throws POLICIES_REFUSED with
   * what is wrong and where, STANDBY_MISSING, STANDBY_DIFFERS, RELOAD_UNDER_WAY; whatever is thrown, what is served stays.
   */
  prepare(options: { readonly isCheckOnly: boolean }): Promise<Prepared>;
}

export interface Prepared {
  /** By what is decided once it is served. The model has its id when it is written, which a check does not. */
  readonly next: Omit<Deciding, "model"> & { readonly model: string | null };
  /** By what is decided until then. */
  readonly previous: Deciding;
  /** Kinds of a host's that are refused, by name. */
  readonly refused: readonly string[];
  /** Every request that begins from here on is decided by it. Nothing where it is what is served already. Never throws. */
  serve(): void;
  /** Ends what was prepared and is not served, and lets the next one begin. Never throws. */
  end(): Promise<void>;
}

/** Everything that the domain uses and does not make itself; assemble.ts makes it, anew for each unit that is served. */
export interface Deps extends Served {
  readonly database: Database;
  readonly clock: () => Date;
  readonly random: RandomBytes;
  readonly tombstones: Tombstones;
  readonly sealing: Sealing;
  readonly fingerprints: Fingerprints;
  /** Are tokens of this issuer taken here, or made? */
  readonly isOwnIssuer: (issuer: string) => boolean;
  /** How long a token can be good at the longest: until then the identity of an erased account makes no new one. */
  readonly tokenMaxHours: number;
  readonly timeouts: Timeouts;
  readonly lookUpTexts: LookUpTexts;
  /** How long a verified domain is believed before its proof is looked for again. */
  readonly domainRecheckMs: number;
  readonly queue: Queue;
  /** Resolves when everything filed for the organization so far is in OpenFGA. */
  readonly applyTuples: (organizationId: string) => Promise<void>;
  /** Told of a disagreement between ledger and graph. */
  readonly requestReconcile: (organizationId: string) => void;
  /** Takes one from the budget of an organization, for somebody who belongs to it. Throws RATE_LIMITED. */
  readonly admit: (organizationId: string, work: "questions" | "changes") => Promise<void>;
  readonly deploys: Deploys;
  /** Told of each decision of a check, and of each page of a search. Throws CANNOT_DECIDE when it must be kept and cannot be. */
  readonly decided: (record: LogRecord) => void;
  readonly warn: (event: string, detail: Record<string, unknown>) => void;
}

/** A change that has committed, and whether OpenFGA has its tuples already. */
export interface Changed<Value> {
  readonly value: Value;
  readonly graph: "applied" | "pending";
}

/** Revisions that `If-Match` accepts; undefined when the header is absent, "any" for `*`. */
export type IfMatch = readonly number[] | "any" | undefined;
