import type { Caller } from "../entities/callers.ts";
import { newId } from "../entities/ids.ts";
import type { Page, PageRequest, Sector, Viewed } from "../entities/records.ts";
import { sectorTuple } from "../entities/tuples.ts";
import { readResource } from "../stores/facts.ts";
import { inOrganization } from "../stores/scope.ts";
import * as sectors from "../stores/sectors.ts";
import { change, type Changing } from "./change.ts";
import type { Changed, Deps, IfMatch } from "./deps.ts";
import type { Target } from "./gather.ts";
import { readOrganizationFor, view } from "./read.ts";
import { sectorRecord } from "./records.ts";

interface SectorPath {
  readonly slug: string;
  readonly id: string;
}

export async function createSector(
  deps: Deps,
  caller: Caller,
  slug: string,
  input: { readonly name: string },
): Promise<Changed<Sector>> {
  const target: Target<"organization"> = { kind: "organization", id: slug, slug };
  return await change(deps, caller, { target, action: "create_sector" }, async (changing) => {
    const id = await addSector(changing, newId(deps.random, "sec-"), input.name);
    return sectorRecord(await readResource(changing.tx, "sector", id, changing.now));
  });
}

/** Writes an enabled sector, its tuple and its audit event; part of creating an application too (S0.17). */
export async function addSector(changing: Changing<"organization">, id: string, name: string): Promise<string> {
  const { tx, now, organization } = changing;
  await sectors.insertSector(tx, { id, organization, name, now });
  changing.writeTuples([sectorTuple(organization, id)]);
  changing.note({ action: "sector.create", target: { kind: "sector", id }, after: { name } });
  return id;
}

export async function listSectors(deps: Deps, caller: Caller, slug: string, page: PageRequest): Promise<Page<Sector>> {
  const { id } = await readOrganizationFor(deps, caller, slug, "list_sectors");
  return await inOrganization(deps.database, id, async (tx) => await sectors.listSectors(tx, id, page));
}

export async function viewSector(deps: Deps, caller: Caller, path: SectorPath): Promise<Viewed<Sector>> {
  return await view(deps, caller, target(path), ({ resource }) => sectorRecord(resource));
}

export async function renameSector(
  deps: Deps,
  caller: Caller,
  path: SectorPath,
  input: { readonly name: string; readonly ifMatch: IfMatch },
): Promise<Changed<Sector>> {
  const spec = { target: target(path), action: "rename", ifMatch: input.ifMatch } as const;
  return await change(deps, caller, spec, async (changing) => {
    const { tx, now, resource: before } = changing;
    if (before.name === input.name) return sectorRecord(before); // A retry is not an error.
    await sectors.setSectorName(tx, before.id, input.name, now);
    changing.note({
      action: "sector.rename",
      target: { kind: "sector", id: before.id },
      before: { name: before.name },
      after: { name: input.name },
    });
    return sectorRecord(await readResource(tx, "sector", before.id, now));
  });
}

/** S0.25, S0.33: by the sole Owner, when every application in it is retired. */
export async function retireSector(
  deps: Deps,
  caller: Caller,
  path: SectorPath,
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<Sector>> {
  return await setState(deps, caller, path, { action: "retire", state: "retired", ...input });
}

export async function enableSector(
  deps: Deps,
  caller: Caller,
  path: SectorPath,
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<Sector>> {
  return await setState(deps, caller, path, { action: "enable", state: "enabled", ...input });
}

async function setState(
  deps: Deps,
  caller: Caller,
  path: SectorPath,
  to: { readonly action: "retire" | "enable"; readonly state: "retired" | "enabled"; readonly ifMatch: IfMatch },
): Promise<Changed<Sector>> {
  return await change(deps, caller, { target: target(path), ...to }, async (changing) => {
    const { tx, now, resource: before } = changing;
    if (before.state === to.state) return sectorRecord(before); // A retry is not an error.
    await sectors.setSectorState(tx, before.id, to.state, now);
    changing.note({
      action: `sector.${to.action}`,
      target: { kind: "sector", id: before.id },
      before: { state: before.state },
      after: { state: to.state },
    });
    return sectorRecord(await readResource(tx, "sector", before.id, now));
  });
}

function target({ slug, id }: SectorPath): Target<"sector"> {
  return { kind: "sector", id, slug };
}
