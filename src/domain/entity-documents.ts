import { isDeepStrictEqual } from "node:util";
import { AppError, type Issue, unfit } from "../entities/errors.ts";
import type { HostKind, HostKinds } from "../entities/host-kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Entity, RelatedTo, Relations } from "../entities/records.ts";
import type { EntityRow, Related } from "../stores/entities.ts";

/** An entity as it is to be. */
export interface EntityDocument {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly relations: Relations;
}

/** A relation of a document, by itself. */
export interface Link {
  readonly relation: string;
  readonly type: string;
  readonly id: string;
  readonly subjectRelation: string; // "": to it alone
}

/** The kind of this name. Throws NOT_FOUND, and CANNOT_DECIDE for one whose policies are broken. */
export function kindOf(kinds: HostKinds, type: string): HostKind {
  const kind = kinds.served.get(type);
  if (kind !== undefined) return kind;
  const refusal = kinds.refused.get(type);
  if (refusal !== undefined) throw brokenKind(type, refusal);
  throw new AppError("NOT_FOUND", "There is no such kind of entities: HOST_POLICIES names the folders that bring one.");
}

export function brokenKind(type: string, refusal: string): AppError {
  return new AppError(
    "CANNOT_DECIDE",
    `Nothing is decided about ${type}: its policies are broken. The log says where.`,
    {
      cause: new Error(refusal),
    },
  );
}

/** What of the document does not fit its kind, from the document inwards; none: it fits. */
export function misfitsOf(kind: HostKind, { attributes, relations }: EntityDocument): Issue[] {
  const wrong = kind.misfits(attributes).map(({ path, problem }) => {
    return { path: ["attributes", ...path].join("."), message: problem };
  });
  const size = Buffer.byteLength(JSON.stringify(attributes));
  if (size > LIMITS.attributesBytes) {
    wrong.push({ path: "attributes", message: `expected at most ${LIMITS.attributesBytes} bytes` });
  }
  for (const [relation, targets] of Object.entries(relations)) wrong.push(...strayTargets(kind, relation, targets));
  return wrong;
}

/** The refusal of a document, as a body or as a line of an import: the places are the same. */
export function unfitDocument(issues: readonly Issue[]): AppError {
  return unfit(issues.map(({ path, message }) => ({ path: `body.${path}`, message })));
}

function strayTargets(kind: HostKind, relation: string, targets: readonly RelatedTo[]): Issue[] {
  const allowed = kind.relations.get(relation);
  const path = `relations.${relation}`;
  if (allowed === undefined) {
    const known = [...kind.relations.keys()].join(", ");
    return [
      { path, message: `${kind.type} has no such relation to be written; it has: ${known === "" ? "none" : known}` },
    ];
  }
  const stray = targets.findIndex(({ type, relation: of = null }) => {
    return !allowed.some((target) => target.type === type && target.relation === of);
  });
  if (stray === -1) return [];
  const names = allowed.map((target) => (target.relation === null ? target.type : `${target.type}#${target.relation}`));
  return [{ path: `${path}.${stray}`, message: `expected one of ${names.join(", ")}` }];
}

/** Each relation once. Names are told apart as they are, byte by byte. */
export function linksOf(relations: Relations): Map<string, Link> {
  const links = Object.entries(relations).flatMap(([relation, targets]) => {
    return targets.map(({ type, id, relation: subjectRelation = "" }) => ({ relation, type, id, subjectRelation }));
  });
  return new Map(links.map((link) => [linkKey(link), link]));
}

export function linkKey({ relation, type, id, subjectRelation }: Link): string {
  return JSON.stringify([relation, type, id, subjectRelation]);
}

export function entityKey({ type, id }: { readonly type: string; readonly id: string }): string {
  return JSON.stringify([type, id]);
}

/** As it leaves the gateway. */
export function entityRecord(row: EntityRow): Entity {
  return {
    type: row.type,
    id: row.id,
    attributes: row.attributes,
    relations: relationsOf(row.relations),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    revision: row.revision,
  };
}

export function relationsOf(related: readonly Omit<Related, "name">[]): Relations {
  const groups = Object.groupBy(related, ({ relation }) => relation);
  return Object.fromEntries(
    Object.entries(groups).map(([relation, links = []]) => [
      relation,
      links.map(({ type, id, subjectRelation }) => ({
        type,
        id,
        ...(subjectRelation !== "" && { relation: subjectRelation }),
      })),
    ]),
  );
}

/** Does the row say what the document says already? Then there is nothing to do. */
export function isSame(
  row: Pick<EntityRow, "isStored" | "attributes"> & { readonly relations: readonly Link[] },
  document: EntityDocument,
): boolean {
  if (!row.isStored || !isDeepStrictEqual(row.attributes, document.attributes)) return false;
  const wanted = linksOf(document.relations);
  return wanted.size === row.relations.length && row.relations.every((link) => wanted.has(linkKey(link)));
}

/** RFC 7396 for attributes; relations are added and taken away one by one. */
export interface EntityPatch {
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  readonly relate?: Relations | undefined;
  readonly unrelate?: Relations | undefined;
}

export function patched(row: EntityRow, { attributes = {}, relate = {}, unrelate = {} }: EntityPatch): EntityDocument {
  const links = new Map(row.relations.map((link) => [linkKey(link), link as Link]));
  for (const key of linksOf(unrelate).keys()) links.delete(key);
  for (const [key, link] of linksOf(relate)) links.set(key, link);
  return { attributes: merged(row.attributes, attributes), relations: relationsOf([...links.values()]) };
}

function merged(
  before: Readonly<Record<string, unknown>>,
  patch: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const after = Object.entries(before).filter(([name]) => patch[name] !== null);
  const given = Object.entries(patch).filter(([, value]) => value !== null);
  return Object.fromEntries([...after, ...given.map(([name, value]) => [name, inner(before[name], value)] as const)]);
}

/** An object is merged into what was there, anything else stands in its place. */
function inner(before: unknown, value: unknown): unknown {
  if (!isRecord(value)) return value;
  return merged(isRecord(before) ? before : {}, value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
