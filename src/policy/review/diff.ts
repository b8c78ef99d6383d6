import { canonical } from "../../engines/openfga-model.ts";
import { policyUnit } from "../unit.ts";
import { type Approvals, approvalsFor, readApprovals } from "./approvals.ts";
import { AuthorError } from "./author-error.ts";
import { cerbosOf } from "./cerbos-of.ts";
import { type Difference, differencesOf, type Side } from "./differences.ts";
import { type Group, groupsOf } from "./groups.ts";
import { refuseUnreadable } from "./lint-syntax.ts";
import { readRevision, type Revision } from "./revision.ts";
import { startTrialGraphs } from "./graph-of.ts";
import type { Source } from "./sources.ts";
import type { WayBetween } from "./space.ts";
import { waysBetween } from "./ways.ts";

export interface Compared {
  readonly name: string;
  readonly commit: string | null;
  /** The policy unit. */
  readonly unit: string;
}

/** What a change of the policies does. */
export interface PolicyDiff {
  readonly base: Compared;
  readonly head: Compared;
  /** Widened first. */
  readonly groups: readonly (Group & { readonly approval: Approvals[number] | null })[];
  /** Does something widen that nobody has approved? */
  readonly isUnapproved: boolean;
}

export interface DiffOptions {
  readonly approvalsFile: string;
  readonly now: Date;
  /** Told of each kind. */
  readonly onProgress: (words: string) => void;
}

const ORDER = ["widened", "errors", "narrowed", "reasons"] as const;

/**
 * Asks both revisions about everything that either reads. Throws AuthorError where one of them is broken, or an approval is not one of
 * this change.
 */
export async function diffOf(base: Source, head: Source, options: DiffOptions): Promise<PolicyDiff> {
  const approvals = await readApprovals(options.approvalsFile);
  const [was, is] = await Promise.all([read(base), read(head)]);
  const differences = await allDifferences(was, is, options.onProgress);
  const groups = groupsOf(differences, { base: was, head: is });
  const units = { base: await unitOf(base), head: await unitOf(head) };
  const approved = approvalsFor(approvals, units, groups, options.now);
  const told = ORDER.flatMap((direction) => groups.filter((group) => group.direction === direction)).map((group) => ({
    ...group,
    approval: approved.get(group.id) ?? null,
  }));
  return {
    base: { name: base.name, commit: base.commit, unit: units.base },
    head: { name: head.name, commit: head.commit, unit: units.head },
    groups: told,
    isUnapproved: told.some(({ direction, approval }) => direction === "widened" && approval === null),
  };
}

async function unitOf({ policiesDir, hostFolders }: Source): Promise<string> {
  return await policyUnit(policiesDir, hostFolders);
}

async function read({ name, policiesDir, hostFolders }: Source): Promise<Revision> {
  await refuseUnreadable({ policiesDir, hostFolders });
  const revision = await readRevision(policiesDir, hostFolders);
  if (revision.problems.length > 0) throw new AuthorError(`${name}:\n${revision.problems.join("\n")}`);
  return revision;
}

async function allDifferences(
  was: Revision,
  is: Revision,
  onProgress: DiffOptions["onProgress"],
): Promise<Difference[]> {
  const ways = await allWays(was, is, onProgress);
  const kinds = [...new Set([...is.kinds.keys(), ...was.kinds.keys()])].filter((kind) => {
    return was.kinds.get(kind)?.fingerprint !== is.kinds.get(kind)?.fingerprint || ways.has(kind);
  });
  if (kinds.length === 0) return [];
  const [one, other] = await Promise.all([cerbosOf(was), cerbosOf(is)]);
  await using base = one;
  await using head = other;
  const sides: readonly [Side, Side] = [
    { revision: was, judge: base.judge },
    { revision: is, judge: head.judge },
  ];
  const found: Difference[] = [];
  for (const [index, kind] of kinds.entries()) {
    onProgress(`${kind} (${index + 1} of ${kinds.length})`);
    found.push(...(await differencesOf(kind, ...sides, ways.get(kind) ?? [])));
  }
  return found;
}

/** By kind, the ways of which the two models make different relations; none where the models are the same. */
async function allWays(
  was: Revision,
  is: Revision,
  onProgress: DiffOptions["onProgress"],
): Promise<ReadonlyMap<string, WayBetween[]>> {
  const found = new Map<string, WayBetween[]>();
  if (canonical(was.model) === canonical(is.model)) return found;
  await using graphs = await startTrialGraphs(onProgress);
  const base = { model: was.model, graph: await graphs.storeFor("base", was.model) };
  const head = { model: is.model, graph: await graphs.storeFor("head", is.model) };
  for (const [kind, { schema }] of is.kinds) {
    const relations = [...schema.facts.keys()].flatMap((fact) => /^R\.attr\.relations\.(\w+)$/.exec(fact)?.[1] ?? []);
    const ways = relations.length === 0 ? [] : await waysBetween(kind, relations, base, head);
    if (ways.length > 0) found.set(kind, ways);
  }
  return found;
}
