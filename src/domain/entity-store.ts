import { AppError } from "../entities/errors.ts";
import type { HostKind } from "../entities/host-kinds.ts";
import { newId } from "../entities/ids.ts";
import { LIMITS } from "../entities/limits.ts";
import type { EntityKey } from "../entities/records.ts";
import { entityTuple, relationTuple, type Tuple } from "../entities/tuples.ts";
import { type EntityRow, type EntityWrite, writeEntities } from "../stores/entities.ts";
import { type NamedEntity, type RelationRow, resolveNames, writeRelations } from "../stores/entity-relations.ts";
import type { Changing } from "./change.ts";
import type { Deps } from "./deps.ts";
import { type EntityDocument, entityKey, isSame, type Link, linkKey, linksOf } from "./entity-documents.ts";

/** An entity as it is to be, and as it is; its document fits its kind. */
export interface Wanted extends EntityKey {
  readonly kind: HostKind;
  readonly document: EntityDocument;
  readonly row: EntityRow | undefined;
}

/** What became of it: nothing was to be done, it was written, or why it was not. */
export type Outcome = "same" | "written" | AppError;

/** How many tuples it takes to make it so. */
export function tuplesBetween({ kind, document, row }: Wanted): number {
  const links = linksOf(document.relations);
  const before = row?.relations ?? [];
  const kept = before.filter((link) => links.has(linkKey(link))).length;
  const own = kind.hangsUnderOrganization && row?.isStored !== true ? 1 : 0;
  return links.size + before.length - 2 * kept + own;
}

interface Writing {
  readonly entities: Map<string, EntityWrite>;
  readonly added: RelationRow[];
  readonly removed: RelationRow[];
  readonly writes: Tuple[];
  readonly deletes: Tuple[];
}

/**
 * Writes entities and what they are related to, and files their tuples. They may name what is not stored yet, but only members of the
 * organization. One that cannot be written is left out, and its outcome says why (UNKNOWN_RELATED, TOO_MANY_RELATIONS). Notes nothing: that
 * is the change's to do.
 */
export async function storeEntities(
  deps: Deps,
  changing: Changing<"organization">,
  wanted: readonly Wanted[],
): Promise<Outcome[]> {
  const { tx, organization, now } = changing;
  const names = await knownNames(changing, wanted);
  const writing: Writing = { entities: new Map(), added: [], removed: [], writes: [], deletes: [] };
  const outcomes = wanted.map((each) => storeOne(deps, organization, { wanted: each, names, writing }));
  await writeEntities(tx, organization, [...writing.entities.values()], now);
  await writeRelations(tx, organization, writing);
  changing.deleteTuples(writing.deletes);
  changing.writeTuples(writing.writes);
  return outcomes;
}

type Names = Map<string, NamedEntity>;

/** By `entityKey`: everything that the documents and the rows name. */
async function knownNames({ tx, organization }: Changing<"organization">, wanted: readonly Wanted[]): Promise<Names> {
  const keys = new Map<string, EntityKey>();
  for (const { document, row } of wanted) {
    for (const link of linksOf(document.relations).values()) keys.set(entityKey(link), link);
    for (const link of row?.relations ?? []) if (link.type === "account") keys.set(entityKey(link), link);
  }
  const found = keys.size === 0 ? [] : await resolveNames(tx, organization, [...keys.values()]);
  return new Map(found.map((named) => [entityKey(named), named]));
}

interface One {
  readonly wanted: Wanted;
  readonly names: Names;
  readonly writing: Writing;
}

function storeOne(deps: Deps, organization: string, { wanted, names, writing }: One): Outcome {
  const { kind, document, row, type, id } = wanted;
  if (row !== undefined && isSame(row, document)) return "same";
  const links = linksOf(document.relations);
  if (links.size > LIMITS.entityRelations) {
    return new AppError("TOO_MANY_RELATIONS", `An entity has at most ${LIMITS.entityRelations} relations.`);
  }
  const surrogate = row?.surrogate ?? names.get(entityKey({ type, id }))?.name ?? newId(deps.random, "e-");
  const self: NamedEntity = { type, id, name: surrogate, isStored: true, account: null };
  const circle = [...links.values()].find((link) => isImplied(wanted, link));
  if (circle !== undefined) return impliedRelation(circle);
  const stranger = [...links.values()].find((link) => link.type === "account" && !names.has(entityKey(link)));
  if (stranger !== undefined) return unknownMember(stranger);

  names.set(entityKey(self), self);
  writing.entities.set(surrogate, { type, id, surrogate, isStored: true, attributes: document.attributes });
  const before = new Map((row?.relations ?? []).map((link) => [linkKey(link), link]));
  for (const [key, link] of before) {
    if (links.has(key)) continue;
    writing.removed.push(
      rowOf(surrogate, link, { name: link.name, account: names.get(entityKey(link))?.account ?? null }),
    );
    writing.deletes.push(tupleOf(self, link, link.name));
  }
  for (const [key, link] of links) {
    if (before.has(key)) continue;
    const named = names.get(entityKey(link)) ?? placeholder(deps, link, { names, writing });
    writing.added.push(rowOf(surrogate, link, named));
    writing.writes.push(tupleOf(self, link, named.name));
  }
  const isNew = row?.isStored !== true;
  if (kind.hangsUnderOrganization && isNew) writing.writes.push(entityTuple(organization, type, surrogate));
  return "written";
}

/** Everybody in a relation to a thing is in it already: OpenFGA refuses the tuple that says so, and would stop at it. */
function isImplied({ type, id }: EntityKey, link: Link): boolean {
  return link.type === type && link.id === id && link.subjectRelation === link.relation;
}

function impliedRelation({ relation }: Link): AppError {
  const message = "points to itself: who stands in it does so already";
  return new AppError("INVALID_REQUEST", `relations.${relation}: ${message}.`, {
    issues: [{ path: `body.relations.${relation}`, message }],
  });
}

/** What is named before it is stored: nobody asks as it, and nothing is asked about it, until it is (or for ever, where it is kept elsewhere). */
function placeholder(deps: Deps, { type, id }: Link, { names, writing }: Omit<One, "wanted">): NamedEntity {
  const named: NamedEntity = { type, id, name: newId(deps.random, "e-"), isStored: false, account: null };
  names.set(entityKey(named), named);
  writing.entities.set(named.name, { type, id, surrogate: named.name, isStored: false, attributes: {} });
  return named;
}

function unknownMember({ relation }: Link): AppError {
  return new AppError(
    "UNKNOWN_RELATED",
    `The relation ${relation} points to an account that is no member of the organization.`,
  );
}

function rowOf(object: string, link: Link, { name, account }: Pick<NamedEntity, "name" | "account">): RelationRow {
  const { relation, subjectRelation } = link;
  return { object, relation, subjectRelation, subject: account === null ? name : null, account };
}

function tupleOf(self: { readonly type: string; readonly name: string }, link: Link, name: string): Tuple {
  return relationTuple(self, link.relation, { type: link.type, name, relation: link.subjectRelation });
}
