import { canonical } from "../../engines/openfga-differences.ts";
import { policyUnit } from "../unit.ts";
import { type Approvals, approvalsFor, readApprovals, strayApprovals } from "./approvals.ts";
import { AuthorError } from "./author-error.ts";
import { type Difference, differencesOf, type Side } from "./differences.ts";
import { type Group, groupsOf } from "./groups.ts";
import { relationOf } from "./reads.ts";
import type { Revision, Revisions } from "./revision.ts";
import { readSound, soundCerbosOfBoth } from "./sound.ts";
import { startTrialGraphs } from "./graph-of.ts";
import type { Source } from "./sources.ts";
import type { WayBetween } from "./space.ts";
import { titleOf } from "./titles.ts";
import { type Tried, triedIn } from "./tried.ts";
import type { Both } from "./unchanged.ts";
import { waysBetween } from "./ways-between.ts";

export interface Compared {
  readonly name: string;
  readonly commit: string | null;
  /** The policy unit. */
  readonly unit: string;
}

/** What a change of the policies does. */
export interface PolicyDiff {
  /** Who gains and who loses, in one line. */
  readonly title: string;
  readonly base: Compared;
  readonly head: Compared;
  /** Widened first. */
  readonly groups: readonly (Group & { readonly approval: Approvals[number] | null })[];
  /** What was not tried, so that more can be different. */
  readonly limits: readonly string[];
  /** Does something widen that nobody has approved? */
  readonly isUnapproved: boolean;
  /** Approvals of groups that nobody has approved, given between other policies than these. */
  readonly strayApprovals: Approvals;
  /** Of each kind that decides something differently. */
  readonly tried: readonly Tried[];
}

export interface DiffOptions {
  readonly approvalsFile: string;
  readonly now: Date;
  /** Told of each kind. */
  readonly onProgress: (words: string) => void;
}

const ORDER = ["widened", "errors", "narrowed", "actions", "reasons"] as const;

/**
 * Asks both revisions about everything that either reads. Throws AuthorError where one of them is broken, or an approval is not one of
 * this change.
 */
export async function diffOf(base: Source, head: Source, options: DiffOptions): Promise<PolicyDiff> {
  try {
    return await compare(base, head, options);
  } catch (error) {
    if (!(error instanceof AuthorError)) throw error;
    throw new AuthorError(head.inItsWords(base.inItsWords(error.message)), { cause: error });
  }
}

async function compare(base: Source, head: Source, options: DiffOptions): Promise<PolicyDiff> {
  const approvals = await readApprovals(options.approvalsFile);
  const found = await differencesBetween(base, head, options.onProgress);
  return await diffFrom(found, { base, head }, { approvals, now: options.now });
}

/** What the two decide differently, cell by cell. */
export interface Found {
  readonly differences: readonly Difference[];
  readonly revisions: Revisions;
  /** What was not tried. */
  readonly limits: readonly string[];
}

/** The same for people. Throws AuthorError where an approval is not one of this change. */
export async function diffFrom(
  { differences, revisions, limits }: Found,
  { base, head }: Both<Source>,
  { approvals, now }: { readonly approvals: Approvals; readonly now: Date },
): Promise<PolicyDiff> {
  const groups = groupsOf(differences, revisions);
  const units = { base: await unitOf(base), head: await unitOf(head) };
  const approved = approvalsFor(approvals, units, groups, now);
  const told = ORDER.flatMap((direction) => groups.filter((group) => group.direction === direction)).map((group) => ({
    ...group,
    causes: group.causes.map((cause) => head.inRepository(base.inRepository(cause))),
    approval: approved.get(group.id) ?? null,
  }));
  const open = told.filter(({ direction, approval }) => direction === "widened" && approval === null);
  return {
    title: titleOf(told),
    base: { name: base.name, commit: base.commit, unit: units.base },
    head: { name: head.name, commit: head.commit, unit: units.head },
    groups: told,
    limits,
    isUnapproved: open.length > 0,
    strayApprovals: strayApprovals(approvals, units, open),
    tried: triedIn(differences, revisions),
  };
}

/** Asks about everything that either reads. Throws AuthorError where one of them is broken. */
export async function differencesBetween(
  base: Source,
  head: Source,
  onProgress: DiffOptions["onProgress"],
): Promise<Found> {
  const [was, is] = await Promise.all([readSound(base), readSound(head)]);
  const limits = new Set<string>();
  const differences = await allDifferences(was, is, { onProgress, onLimit: (words) => limits.add(words) });
  return { differences, revisions: { base: was, head: is }, limits: [...limits] };
}

async function unitOf({ policiesDir, hostFolders }: Source): Promise<string> {
  return await policyUnit(policiesDir, hostFolders);
}

interface Telling extends Pick<DiffOptions, "onProgress"> {
  readonly onLimit: (words: string) => unknown;
}

async function allDifferences(was: Revision, is: Revision, telling: Telling): Promise<Difference[]> {
  const { onProgress, onLimit } = telling;
  const ways = await allWays(was, is, telling);
  const kinds = [...new Set([...is.kinds.keys(), ...was.kinds.keys()])].filter((kind) => {
    return was.kinds.get(kind)?.fingerprint !== is.kinds.get(kind)?.fingerprint || ways.has(kind);
  });
  if (kinds.length === 0) return [];
  await using engines = await soundCerbosOfBoth(was, is);
  const { base, head } = engines;
  const sides: readonly [Side, Side] = [
    { revision: was, judge: base.judge },
    { revision: is, judge: head.judge },
  ];
  const found: Difference[] = [];
  for (const [index, kind] of kinds.entries()) {
    onProgress(`${kind} (${index + 1} of ${kinds.length})`);
    found.push(...(await differencesOf(kind, ...sides, { ways: ways.get(kind) ?? [], onLimit })));
  }
  return found;
}

/** By kind, the ways of which the two models make different relations; none where the models are the same. */
async function allWays(
  was: Revision,
  is: Revision,
  { onProgress, onLimit }: Telling,
): Promise<ReadonlyMap<string, readonly WayBetween[]>> {
  const found = new Map<string, readonly WayBetween[]>();
  if (canonical(was.model) === canonical(is.model)) return found;
  await using graphs = await startTrialGraphs(onProgress);
  const base = { model: was.model, graph: await graphs.storeFor("base", was.model) };
  const head = { model: is.model, graph: await graphs.storeFor("head", is.model) };
  for (const kind of is.kinds.keys()) {
    const facts = [was, is].flatMap(({ kinds }) => [...(kinds.get(kind)?.schema.facts.keys() ?? [])]);
    const relations = [...new Set(facts.flatMap((fact) => relationOf(fact) ?? []))];
    if (relations.length === 0) continue;
    const { ways, isWhole, isByPairs } = await waysBetween(kind, relations, base, head);
    if (!isWhole) onLimit(`${kind}: too many ways to be related to try each; the shortest were`);
    if (isByPairs && relations.length > 2)
      onLimit(
        `${kind}: a model says and, or but not; of ways to be related every two were tried together, and not three`,
      );
    if (ways.length > 0) found.set(kind, ways);
  }
  return found;
}
