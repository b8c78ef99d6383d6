import type { Caller } from "../entities/callers.ts";
import { newId, PLATFORM } from "../entities/ids.ts";
import type { Verdict } from "../entities/judge.ts";
import type { ActionOf, Kind, PrincipalRole } from "../entities/kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import { raiseAccountVersion } from "../stores/accounts.ts";
import type { Transaction } from "../stores/database.ts";
import type { AccountFacts, Facts, LockRequest, Resources, Versioned } from "../stores/facts.ts";
import { lockAt } from "../stores/facts.ts";
import { enterOrganization } from "../stores/scope.ts";
import { type Actor, requireActor } from "./actor.ts";
import { attributesOf } from "./attributes.ts";
import { type Deadline, deadlineIn } from "./deadline.ts";
import type { Changed, Deps, IfMatch } from "./deps.ts";
import { type Collected, collectEffects, type Effects, recordEffects, recordElsewhere } from "./effects.ts";
import { gather, type Target } from "./gather.ts";
import { graphAfter } from "./graph-wait.ts";
import { MOVED, once, replay } from "./once.ts";
import { contention } from "./queue.ts";
import { tellAbsence } from "./read.ts";
import { changedSince, permitted, type Permitted } from "./refusal.ts";

export interface ChangeSpec<K extends Kind> {
  readonly target: Target<K>;
  /** Which action it is can depend on whom it is about (`leave` or `remove`). */
  readonly action: ActionOf<K> | ((facts: Facts<K>) => ActionOf<K>);
  readonly ifMatch?: IfMatch;
  /** Of the kind `account`: it makes an organization. Other changes of an account are told in the platform's log. */
  readonly founds?: boolean;
  /** It changes a host's entities alone, which have a version of their own. */
  readonly ofEntities?: boolean;
  /** What the caller's account owns changes too: it is locked as well. */
  readonly locksCaller?: boolean;
  /** Asks elsewhere what it rests on beside the ledger: once it is allowed, outside of any transaction, and while nobody waits for it. */
  readonly beforehand?: (facts: Facts<K>) => Promise<void>;
  /** Organizations beside the target's own that it rests on or writes in, at the versions that they were seen at. */
  readonly reaches?: (facts: Facts<K>) => Promise<readonly Versioned[]>;
}

/** What the writing part of a change has in hand, inside the transaction and under the locks. */
export interface Changing<K extends Kind> extends Effects {
  readonly tx: Transaction;
  readonly now: Date;
  readonly actor: Actor;
  readonly resource: Resources[K];
  /** The organization's id; of the kind `account`, that of the one that is being made, or the platform's. */
  readonly organization: string;
  /** For an account whose memberships change; it must be one that the change locks. */
  readonly touch: (account: AccountFacts) => void;
  /** Of the organizations that it reaches: does it hold this one's lock? */
  readonly holds: (organization: string) => boolean;
  /** What it does in another organization that it holds; there it is the system that acts (K12). */
  readonly elsewhere: (organization: string) => Effects;
  /** Runs when everything is recorded. */
  readonly atLast: (step: () => Promise<void>) => void;
}

/** Gives MOVED, and nothing is written, when what the locks do not hold has moved; it is decided again. */
type Write<K extends Kind, Value> = (changing: Changing<K>) => Promise<Value | typeof MOVED>;

/**
 * The flow of every change: facts at a version, the policies' word, then one transaction that goes on only if everything
 * concerned is still at that version, and writes state, audit events, tuples and the next version together. Changes decide on
 * ledger facts. Throws what the policies refuse, PRECONDITION_FAILED, CONTENTION or CANNOT_DECIDE; nothing is written then.
 */
export async function change<K extends Kind, Value>(
  deps: Deps,
  caller: Caller,
  spec: ChangeSpec<K>,
  write: Write<K, Value>,
): Promise<Changed<Value>> {
  const deadline = deadlineIn(deps.timeouts.changeMs);
  const flow: Flow<K, Value> = { deps, caller, spec, write, deadline };
  const facts = await gather(deps, caller, spec.target);
  const done = (await repeated(flow, facts)) ?? (await made(flow, facts));
  if (caller.isDryRun) return { value: done.value, graph: "applied" };
  const filed = [...(done.filed ? [done.organization] : []), ...(done.elsewhere ?? [])];
  return { value: done.value, graph: filed.length > 0 ? await graphAfter(deps, filed) : "applied" };
}

interface Flow<K extends Kind, Value> {
  readonly deps: Deps;
  readonly caller: Caller;
  readonly spec: ChangeSpec<K>;
  readonly write: Write<K, Value>;
  readonly deadline: Deadline;
}

interface Done<Value> {
  readonly value: Value;
  readonly organization: string;
  readonly filed: boolean;
  /** Other organizations that have tuples on their way now. */
  readonly elsewhere?: readonly string[];
}

/** What the key has brought about. Asked after each look at the facts: they may be what they are because of it. */
async function repeated<K extends Kind, Value>(
  { deps, caller, spec }: Flow<K, Value>,
  facts: Facts<K>,
): Promise<Done<Value> | undefined> {
  return await replay<Done<Value>>(deps, caller, requireActor(facts, spec.target).id);
}

async function made<K extends Kind, Value>(flow: Flow<K, Value>, facts: Facts<K>): Promise<Done<Value>> {
  const first = await decide(flow, facts); // throws for strangers, whose attempts are not the organization's
  if (first.organization !== null) await flow.deps.admit(first.organization.id, "changes");
  await flow.spec.beforehand?.(first.facts);
  const key = first.organization?.id ?? requireActor(facts, flow.spec.target).id;
  return await flow.deps.queue.run(key, flow.deadline, async (waited) => {
    return await attempts(flow, waited ? undefined : first);
  });
}

/** Decides and writes; decides again when a version moved between the two, in the end under the lock itself. */
async function attempts<K extends Kind, Value>(
  flow: Flow<K, Value>,
  first: Allowed<K> | undefined,
): Promise<Done<Value>> {
  const { deps, caller, spec } = flow;
  let decided = first;
  for (let lost = 0; lost < LIMITS.lostRaces; lost += 1) {
    const facts = decided?.facts ?? (await gather(deps, caller, spec.target));
    if (decided === undefined) {
      const earlier = await repeated(flow, facts);
      if (earlier !== undefined) return earlier;
      decided = await decide(flow, facts);
    }
    const sure = decided;
    const lock = await lockFor(flow, facts);
    const done = await once(deps, caller, requireActor(facts, spec.target).id, async (tx) => {
      return (await lockAt(tx, lock)) ? await written(flow, tx, lock, sure) : MOVED;
    });
    if (done !== MOVED) return done;
    if (flow.deadline() <= 0) throw contention();
    decided = undefined;
  }
  // The one place where an engine is asked inside a transaction: nobody can move the facts any more, so this ends.
  const facts = await gather(deps, caller, spec.target);
  const lock = await lockFor(flow, facts);
  const done = await once(deps, caller, requireActor(facts, spec.target).id, async (tx) => {
    await lockAt(tx, lock);
    return await written(flow, tx, lock, await decide(flow, await gather(deps, caller, spec.target, { on: tx })));
  });
  if (done === MOVED) throw contention();
  return done;
}

/** What the policies have allowed, and by which rule of which matrix. */
interface Allowed<K extends Kind> extends Permitted<K> {
  readonly matrix: string;
  readonly rule: string | null;
}

async function decide<K extends Kind>(flow: Flow<K, unknown>, facts: Facts<K>): Promise<Allowed<K>> {
  const { deps, caller, spec } = flow;
  const { target } = spec;
  requireActor(facts, target);
  const action = typeof spec.action === "function" ? spec.action(facts) : spec.action;
  const role: PrincipalRole = facts.role ?? "none";
  const attributes = attributesOf(target.kind, facts, deps.plans);
  const matrix = facts.organization?.matrix ?? "default";
  const question = { kind: target.kind, role, matrix, actions: [...new Set([action, "view"])] };
  const patience = Math.min(deps.timeouts.decisionMs, flow.deadline());
  const verdicts: ReadonlyMap<string, Verdict> =
    attributes === undefined ? new Map() : await deps.judge({ ...question, attributes }, patience);
  const outcome = permitted(target, action, { facts, role, verdicts });
  if (outcome === "absent") return await tellAbsence(deps, caller, target);
  const rule = deps.rulesFor(matrix, target.kind, action).find(({ from }) => from === "matrix");
  return { ...outcome, matrix, rule: rule?.name ?? null };
}

/** Everything whose version the decision rests on, and where it writes. */
async function lockFor<K extends Kind>({ spec }: Flow<K, unknown>, facts: Facts<K>): Promise<LockRequest> {
  const { organization, resource, caller } = facts;
  const { locksCaller = false, reaches } = spec;
  const also = locksCaller && caller.account !== null ? [caller.account] : [];
  const others = (await reaches?.(facts)) ?? [];
  return {
    accounts: [...accountsOf(resource), ...also],
    organizations: [...(organization === null ? [] : [organization]), ...others],
  };
}

/** Whose memberships the facts have looked at: the account itself, a member's, an invitation's, both of a transfer. */
function accountsOf(resource: Facts["resource"]): AccountFacts[] {
  if (resource === null) return [];
  if ("pseudonym" in resource) return [resource];
  const accounts = ["account" in resource ? resource.account : null, "offerer" in resource ? resource.offerer : null];
  return accounts.filter((account) => account !== null);
}

async function written<K extends Kind, Value>(
  flow: Flow<K, Value>,
  tx: Transaction,
  lock: LockRequest,
  decided: Allowed<K>,
): Promise<Done<Value> | typeof MOVED> {
  const { deps, caller, spec } = flow;
  requireMatch(spec.ifMatch, decided);
  const actor = requireActor(decided.facts, spec.target);
  const organization = decided.organization?.id ?? (spec.founds === true ? newId(deps.random, "org-") : PLATFORM);
  if (decided.organization === null) await enterOrganization(tx, organization);
  const now = deps.clock();
  const effects = collectEffects();
  const others = new Map<string, Collected>();
  const touched: AccountFacts[] = [];
  const last: (() => Promise<void>)[] = [];
  const value = await flow.write({
    ...{ tx, now, actor, resource: decided.resource, organization },
    ...effects,
    touch: (account) => touched.push(account),
    holds: (id) => lock.organizations.some((locked) => locked.id === id),
    elsewhere: (id) => {
      const collected = others.get(id) ?? collectEffects();
      others.set(id, collected);
      return collected;
    },
    atLast: (step) => last.push(step),
  });
  if (value === MOVED) return MOVED;
  if (effects.entries.length === 0) return { value, organization, filed: false };
  for (const account of touched) await raiseAccountVersion(tx, account.id);
  const common = { requestId: caller.requestId, now };
  const elsewhere = await recordElsewhere(deps, tx, common, others);
  if (others.size > 0) await enterOrganization(tx, organization);
  const { rule, matrix } = decided;
  const { ofEntities = false } = spec;
  const record = {
    ...common,
    organization,
    actor: { kind: actor.kind, id: actor.id },
    rule,
    matrix,
    ofEntities,
  } as const;
  const filed = await recordEffects(deps, tx, record, effects);
  for (const step of last) await step();
  return { value, organization, filed, ...(elsewhere.length > 0 && { elsewhere }) };
}

function requireMatch<K extends Kind>(ifMatch: IfMatch, decided: Permitted<K>): void {
  if (ifMatch === undefined || ifMatch === "any") return;
  const resource: Resources[Kind] = decided.resource;
  const revision = "revision" in resource ? resource.revision : undefined;
  if (revision === undefined || !ifMatch.includes(revision)) {
    throw changedSince(revision);
  }
}
