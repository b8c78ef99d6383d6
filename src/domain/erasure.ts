import type { Caller } from "../entities/callers.ts";
import { AppError, type Reason, type Remedy } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import { roleTuple } from "../entities/tuples.ts";
import { readStanding } from "../stores/blockers.ts";
import * as erasure from "../stores/erasure.ts";
import type { AccountFacts, Facts, Versioned } from "../stores/facts.ts";
import { setOrganizationState } from "../stores/organizations.ts";
import { enterOrganization, inOrganization } from "../stores/scope.ts";
import { requireAccount } from "./actor.ts";
import { blockingOrganizations } from "./attributes.ts";
import { change, type Changing } from "./change.ts";
import type { Changed, Deps, IfMatch } from "./deps.ts";
import { lapseDomains } from "./domains.ts";
import { unrelateAccount } from "./entity-removal.ts";
import { ME } from "./me.ts";
import { MOVED } from "./once.ts";
import { readWith } from "./read.ts";
import { remediesFor } from "./remedies.ts";

const HOUR_MS = 60 * 60 * 1000;

/**
 * S0.38, S0.39, S0.40, K7, K11, K12: everywhere at once, in one transaction. Memberships end, retired or not the organization;
 * organizations that have no other Owner are archived; whatever names the person goes, and the audit log names nobody from then on.
 * Alias and identity leave tombstones.
 */
export async function eraseAccount(
  deps: Deps,
  caller: Caller,
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<null>> {
  const reaches = async (facts: Facts<"account">): Promise<Versioned[]> => await reach(deps, facts);
  const unfinished = new Set<string>();
  const changed = await change(deps, caller, { target: ME, action: "erase", ...input, reaches }, async (changing) => {
    const { tx, now, resource: account } = changing;
    await erasure.lockForErasure(tx, account.id);
    const traces = await erasure.listTraces(tx, account.id);
    if (!traces.every(({ organization }) => changing.holds(organization))) return MOVED; // it was invited a moment ago
    for (const trace of traces) await leave(changing, account, trace, unfinished);
    changing.note({ action: "account.erase", target: { kind: "account", account: account.id } });
    changing.atLast(async () => {
      await layTombstones(deps, changing, account);
      await erasure.forgetAccount(tx, account.id, now);
    });
    return null;
  });
  for (const organization of unfinished) deps.requestReconcile(organization);
  return changed;
}

/** What it owns at the versions that were decided on; where else a row names it, those of now. */
async function reach(deps: Deps, facts: Facts<"account">): Promise<Versioned[]> {
  const owned = facts.resource?.owned ?? [];
  const traces = await erasure.listTraces(deps.database, requireAccount(facts).id);
  const others = traces.filter(({ organization }) => !owned.some(({ id }) => id === organization));
  return [...owned, ...others.map(({ organization, version }) => ({ id: organization, version }))];
}

async function leave(
  changing: Changing<"account">,
  account: AccountFacts,
  trace: erasure.Trace,
  unfinished: Set<string>,
): Promise<void> {
  const { tx, now } = changing;
  const { organization, slug, state, role } = trace;
  const there = changing.elsewhere(organization);
  const before = role === null ? {} : { before: { role } };
  there.note({ action: "member.erase", target: { kind: "member", account: account.id }, ...before });
  if (role !== null) {
    await enterOrganization(tx, organization);
    there.deleteTuples([roleTuple(organization, role, account.pseudonym)]);
    await unrelateAccount({ tx, now, organization, deleteTuples: there.deleteTuples }, account.id, unfinished);
  }
  for (const id of trace.invitations) {
    there.note({ action: "invitation.erase", target: { kind: "invitation", id }, before: { state: "pending" } });
  }
  for (const id of trace.transfers) {
    there.note({ action: "transfer.erase", target: { kind: "transfer", id }, before: { state: "pending" } });
  }
  if (!trace.isSoleOwner || state === "archived") return;
  await enterOrganization(tx, organization);
  await setOrganizationState(tx, organization, "archived", now);
  await lapseDomains({ tx, note: there.note }, organization);
  there.note({
    action: "organization.archive",
    target: { kind: "organization", id: slug },
    before: { state },
    after: { state: "archived" },
  });
}

async function layTombstones(
  { tombstones, tokenMaxHours }: Deps,
  { tx, now }: Changing<"account">,
  account: AccountFacts,
): Promise<void> {
  const identities = await erasure.listIdentities(tx, account.id);
  // A token may have been made by a clock that is ahead, and is believed by one that is behind.
  const until = new Date(now.getTime() + tokenMaxHours * HOUR_MS + 2 * LIMITS.clockSkewSeconds * 1000);
  await erasure.insertTombstones(tx, {
    alias: tombstones.ofAlias(account.alias),
    identities: identities.map((identity) => tombstones.ofIdentity(identity)),
    until,
    now,
  });
}

/** One that has no other Owner, and what is enabled in it. */
export interface BlockingOrganization {
  readonly slug: string;
  /** All of this was so at it. */
  readonly version: number;
  readonly applications: readonly string[]; // by anchor
  readonly sectors: readonly string[]; // by id
}

/** What would become of an erasure, and what stands in its way. */
export interface ErasurePreflight {
  readonly allowed: boolean;
  readonly reasons: readonly Reason[];
  readonly remedies: readonly Remedy[];
  readonly organizations: readonly BlockingOrganization[];
  /** Slugs of those that would be archived with it: they have no other Owner, and nothing in them is enabled. */
  readonly archives: readonly string[];
}

/** Throws CONTENTION when an organization changes too fast to be told. */
export async function preflightErasure(deps: Deps, caller: Caller): Promise<ErasurePreflight> {
  for (let round = 0; round <= LIMITS.lostRaces; round += 1) {
    const asked = { target: ME, action: "view", actions: ["erase"] } as const;
    const { facts, resource, verdicts } = await readWith(deps, caller, asked);
    const reasons = verdicts.get("erase")?.reasons ?? [{ code: "NO_REASON_GIVEN" }];
    const organizations: BlockingOrganization[] = [];
    for (const { id, slug, version } of blockingOrganizations(resource)) {
      const standing = await inOrganization(deps.database, id, async (tx) => await readStanding(tx, id, null));
      if (standing.version !== version) break;
      organizations.push({ slug, version, applications: standing.applications, sectors: standing.sectors });
    }
    if (organizations.length < blockingOrganizations(resource).length) continue;
    const archives = resource.owned.filter(({ isSole, isLive }) => isSole && !isLive).map(({ slug }) => slug);
    const remedies = remediesFor(reasons, facts);
    return { allowed: reasons.length === 0, reasons, remedies, organizations, archives };
  }
  throw new AppError("CONTENTION", "The organizations change faster than they can be asked about. Try again.");
}
