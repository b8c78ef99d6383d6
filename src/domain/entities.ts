import type { Caller } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Entity, EntityFilters, EntityKey, Page, PageRequest } from "../entities/records.ts";
import { type EntityRow, listEntities as listRows, listStoredTypes, readEntities } from "../stores/entities.ts";
import { inOrganization } from "../stores/scope.ts";
import { change, type Changing, type ChangeSpec } from "./change.ts";
import type { Changed, Deps, IfMatch } from "./deps.ts";
import {
  type EntityDocument,
  type EntityPatch,
  entityRecord,
  isSame,
  kindOf,
  misfitsOf,
  patched,
  unfitDocument,
} from "./entity-documents.ts";
import { eraseEntity } from "./entity-removal.ts";
import { storeEntities } from "./entity-store.ts";
import type { Target } from "./gather.ts";
import { read } from "./read.ts";
import { changedSince, notAccessible, requireNamed, requireRevision } from "./refusal.ts";

/** Things of the host's own kinds, which its services keep here. */
export interface EntityPath extends EntityKey {
  readonly slug: string;
}

type Storing = Changing<"organization">;

/** A change of entities. @param type of all of them; null: of several */
export function storing(slug: string, type: string | null): ChangeSpec<"organization"> {
  return { target: target(slug, type), action: "store_entities", ofEntities: true };
}

/** The organization, as it is for the service that keeps its entities. */
export function target(slug: string, keeps: string | null): Target<"organization"> {
  return { kind: "organization", id: slug, slug, keeps };
}

/** Throws PRECONDITION_REQUIRED for what is there and was not named, INVALID_REQUEST for what does not fit, UNKNOWN_RELATED. */
export async function putEntity(
  deps: Deps,
  caller: Caller,
  path: EntityPath,
  input: { readonly document: EntityDocument; readonly ifMatch: IfMatch },
): Promise<Changed<{ readonly entity: Entity; readonly isNew: boolean }>> {
  const { document, ifMatch } = input;
  return await change(deps, caller, storing(path.slug, path.type), async (changing) => {
    const row = await named(changing, path);
    const isNew = row?.isStored !== true;
    requireReplaceable(isNew ? undefined : row, document, ifMatch);
    return { entity: await written(deps, changing, { path, document, row }), isNew };
  });
}

export async function patchEntity(
  deps: Deps,
  caller: Caller,
  path: EntityPath,
  input: { readonly patch: EntityPatch; readonly ifMatch: IfMatch },
): Promise<Changed<Entity>> {
  const { patch, ifMatch } = input;
  return await change(deps, caller, storing(path.slug, path.type), async (changing) => {
    kindOf(deps.kinds, path.type);
    const row = await stored(changing, path);
    if (row === undefined) throw noSuchEntity();
    requireRevision(row.revision, ifMatch);
    return await written(deps, changing, { path, document: patched(row, patch), row });
  });
}

/** With it goes whatever points to it. Throws NOT_FOUND, and TOO_MANY_RELATIONS when too much does. */
export async function removeEntity(
  deps: Deps,
  caller: Caller,
  path: EntityPath,
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<null>> {
  return await change(deps, caller, storing(path.slug, path.type), async (changing) => {
    const kind = kindOf(deps.kinds, path.type);
    const row = await stored(changing, path);
    if (row === undefined) throw noSuchEntity();
    requireRevision(row.revision, input.ifMatch);
    await eraseEntity(changing, kind, row);
    return null;
  });
}

export async function viewEntity(deps: Deps, caller: Caller, path: EntityPath): Promise<Entity> {
  const { slug, type } = path;
  return await within(deps, caller, { slug, type }, async (tx) => {
    const row = await stored({ tx }, path);
    if (row === undefined) throw noSuchEntity();
    return entityRecord(row);
  });
}

/** By id, those that fit every filter. */
export async function listEntities(
  deps: Deps,
  caller: Caller,
  asked: { readonly slug: string; readonly type: string; readonly filters: EntityFilters; readonly page: PageRequest },
): Promise<Page<Entity>> {
  const { type, filters, page } = asked;
  return await within(deps, caller, asked, async (tx) => {
    const { items, next } = await listRows(tx, type, filters, page);
    return { items: items.map(entityRecord), next };
  });
}

type Pages = AsyncGenerator<readonly Entity[], void, undefined>;

/**
 * All that is stored, by type and id, in pages; each page is of one moment, and no transaction is open while somebody reads slowly. What would
 * have to be left out, because its kind is not served, is told before the first page: CANNOT_DECIDE.
 */
export async function* exportEntities(
  deps: Deps,
  caller: Caller,
  { slug, type }: { readonly slug: string; readonly type: string | undefined },
): Pages {
  const { organization, facts } = await read(deps, caller, target(slug, type ?? null), "view_entities"); // also where there is nothing to export
  if (organization === null) throw notAccessible();
  const bound = facts.caller.client?.kinds ?? [];
  const all = await inOrganization(deps.database, organization.id, async (tx) => {
    return await listStoredTypes(tx, organization.id);
  });
  const own = all.filter((kind) => bound.length === 0 || bound.includes(kind));
  const unserved = own.filter((kind) => !deps.kinds.served.has(kind));
  if (type === undefined && unserved.length > 0) throw notWhole(unserved);
  for (const each of type === undefined ? own : [type]) {
    let after = "";
    do {
      const page = { after, size: LIMITS.exportEntities };
      const asked = { slug, type: each, filters: {}, page };
      const { items, next } = await listEntities(deps, caller, asked);
      if (items.length > 0) yield items;
      after = next ?? "";
    } while (after !== "");
  }
}

function notWhole(types: readonly string[]): AppError {
  const message = `This would not be all: entities of ${types.join(", ")} are stored, and their policies are broken, or in no folder of HOST_POLICIES.`;
  return new AppError(
    "CANNOT_DECIDE",
    `${message} Mend that and reload the policies, or export the others by \`type\`.`,
  );
}

async function within<Result>(
  deps: Deps,
  caller: Caller,
  { slug, type }: { readonly slug: string; readonly type: string | null },
  work: (tx: Storing["tx"]) => Promise<Result>,
): Promise<Result> {
  const { organization } = await read(deps, caller, target(slug, type), "view_entities");
  if (organization === null) throw notAccessible();
  if (type !== null) kindOf(deps.kinds, type);
  return await inOrganization(deps.database, organization.id, work);
}

async function stored(storing: Pick<Storing, "tx">, path: EntityPath): Promise<EntityRow | undefined> {
  const row = await named(storing, path);
  return row?.isStored === true ? row : undefined;
}

/** Also where relations have named it, and nobody has stored it yet. */
async function named({ tx }: Pick<Storing, "tx">, { type, id }: EntityPath): Promise<EntityRow | undefined> {
  const [row] = await readEntities(tx, [{ type, id }]);
  return row;
}

function requireReplaceable(row: EntityRow | undefined, document: EntityDocument, ifMatch: IfMatch): void {
  if (row !== undefined) requireNamed(row.revision, isSame(row, document), ifMatch);
  else if (ifMatch !== undefined) throw changedSince(undefined); // RFC 9110, 13.1.1: `*` is for what is there
}

interface Write {
  readonly path: EntityPath;
  readonly document: EntityDocument;
  readonly row: EntityRow | undefined;
}

async function written(deps: Deps, changing: Storing, { path, document, row }: Write): Promise<Entity> {
  const kind = kindOf(deps.kinds, path.type);
  const issues = misfitsOf(kind, document);
  if (issues.length > 0) throw unfitDocument(issues);
  const { type, id } = path;
  const [outcome] = await storeEntities(deps, changing, [{ type, id, kind, document, row }]);
  if (outcome instanceof AppError) throw outcome;
  const now = await stored(changing, path);
  if (now === undefined) throw new Error("an entity that was written is not there");
  if (outcome === "written") {
    changing.note({
      action: "entity.store",
      target: { kind: type, id },
      ...(row?.isStored === true && { before: told(row) }),
      after: told(now),
    });
  }
  return entityRecord(now);
}

/** The audit log is for ever, and names nobody: neither attributes nor whom it is related to. */
function told({ revision, relations }: EntityRow): object {
  return { revision, relations: relations.length };
}

function noSuchEntity(): AppError {
  return new AppError("NOT_FOUND", "There is no such entity.");
}
