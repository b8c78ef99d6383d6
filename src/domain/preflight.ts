import type { Caller } from "../entities/callers.ts";
import { AppError, type Reason, type Remedy } from "../entities/errors.ts";
import type { ActionOf } from "../entities/kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import { readStanding, type Standing } from "../stores/blockers.ts";
import { inOrganization } from "../stores/scope.ts";
import type { Deps } from "./deps.ts";
import type { Target } from "./gather.ts";
import { readWith } from "./read.ts";
import { notAccessible } from "./refusal.ts";
import { remediesFor } from "./remedies.ts";

export type Retirable = "organization" | "sector" | "application";

/** One thing that has to change: a member's role, or the state of something. */
export interface Step {
  readonly action: "grant_admin" | "enable" | "retire";
  readonly kind: Retirable | "member";
  /** Slug, id, anchor or alias. */
  readonly id: string;
}

export interface Blocker {
  /** The reason's code. */
  readonly for: string;
  readonly kind: Retirable | "member";
  readonly id: string;
}

/** What would become of a retirement, and what would make it possible. */
export interface Preflight {
  readonly allowed: boolean;
  readonly reasons: readonly Reason[];
  readonly remedies: readonly Remedy[];
  readonly blockers: readonly Blocker[];
  /** In this order, by the caller; the retirement is the last. Null: nothing that the caller can do makes it possible. */
  readonly plan: readonly Step[] | null;
  /** Of the organization; all of this was so at it. */
  readonly version: number;
}

/** Answers who may view the thing. Throws as a view does, and CONTENTION when the organization changes too fast to be told. */
export async function preflightRetire(deps: Deps, caller: Caller, target: Target<Retirable>): Promise<Preflight> {
  for (let round = 0; round <= LIMITS.lostRaces; round += 1) {
    const asked = { target, action: "view" as ActionOf<Retirable>, actions: ["retire"] as ActionOf<Retirable>[] };
    const { facts, organization, verdicts } = await readWith(deps, caller, asked);
    if (organization === null) throw notAccessible();
    const { version, slug } = organization;
    const reasons = verdicts.get("retire")?.reasons ?? [{ code: "NO_REASON_GIVEN" }];
    const common = { reasons, remedies: remediesFor(reasons, facts), version };
    const last: Step = { action: "retire", kind: target.kind, id: target.id ?? "" };
    if (reasons.length === 0) return { ...common, allowed: true, blockers: [], plan: [last] };
    // Who could do nothing about them does not get the list either: not everybody may see the members.
    if (!reasons.every(({ code }) => Object.hasOwn(BLOCKERS, code)))
      return { ...common, allowed: false, blockers: [], plan: null };
    const sector = target.kind === "sector" ? target.id : null;
    const standing = await inOrganization(deps.database, organization.id, async (tx) => {
      return await readStanding(tx, organization.id, sector);
    });
    if (standing.version !== version) continue;
    const world = { ...standing, slug, self: facts.subject?.alias ?? "" };
    const blockers = reasons.flatMap(({ code }) =>
      (BLOCKERS[code]?.(world) ?? []).map((each) => ({ for: code, ...each })),
    );
    return { ...common, allowed: false, blockers, plan: [...planOf(blockers), last] };
  }
  throw new AppError("CONTENTION", "The organization changes faster than it can be asked about. Try again.");
}

interface World extends Standing {
  readonly slug: string;
  readonly self: string;
}

type Thing = Omit<Blocker, "for">;

/** The reasons that an Owner can do something about, and what stands behind each. */
const BLOCKERS: Readonly<Record<string, (world: World) => Thing[]>> = {
  ORGANIZATION_RETIRED: ({ slug }) => [{ kind: "organization", id: slug }],
  NOT_SOLE_OWNER: ({ owners, self }) => owners.filter((alias) => alias !== self).map((id) => ({ kind: "member", id })),
  LIVE_APPLICATIONS: ({ applications }) => applications.map((id) => ({ kind: "application", id })),
  LIVE_SECTORS: ({ sectors }) => sectors.map((id) => ({ kind: "sector", id })),
};

/** A frozen organization takes no other change; only the sole Owner retires; a sector goes after its applications. */
const ORDER = ["organization", "member", "application", "sector"] as const;
const ACTIONS = { organization: "enable", member: "grant_admin", application: "retire", sector: "retire" } as const;

function planOf(blockers: readonly Blocker[]): Step[] {
  return ORDER.flatMap((kind) => {
    const ofKind = blockers.filter((blocker) => blocker.kind === kind);
    return ofKind.map(({ id }) => ({ action: ACTIONS[kind], kind, id }));
  });
}
