import { z } from "zod";
import { createSector, enableSector, listSectors, renameSector, retireSector, viewSector } from "../domain/sectors.ts";
import { changed, created, entity } from "./answer.ts";
import { changedReply, createdReply, withEtag } from "./contract.ts";
import { dated, name, NOTHING, resourceState, sectorId, slug } from "./fields.ts";
import { retirePreflight } from "./preflight.ts";
import { command, list, read, type Route } from "./route.ts";

const COLLECTION = "/v1/organizations/:slug/sectors";
const ITEM = `${COLLECTION}/:id`;
const organization = z.strictObject({ slug });
const params = z.strictObject({ slug, id: sectorId });

const sector = z.strictObject({ id: sectorId, name, state: resourceState, ...dated }).meta({ id: "Sector" });
const item = withEtag(sector).meta({ id: "SectorItem" });

export const SECTOR_ROUTES: readonly Route[] = [
  command({
    method: "post",
    path: COLLECTION,
    summary: "Create a sector",
    operation: "createSector",
    requires: "admin",
    asks: ["organization.create_sector"],
    reply: createdReply(sector),
    params: organization,
    body: z.strictObject({ name }),
    answer: async (deps, { caller, params, body }) => {
      const made = await createSector(deps, caller, params.slug, body);
      return created(made, `/v1/organizations/${params.slug}/sectors/${made.value.id}`);
    },
  }),
  list({
    path: COLLECTION,
    summary: "The organization's sectors",
    operation: "listSectors",
    requires: "viewer",
    asks: ["organization.list_sectors"],
    item,
    params: organization,
    page: async (deps, { caller, params, page }) => await listSectors(deps, caller, params.slug, page),
  }),
  read({
    path: ITEM,
    summary: "Read a sector",
    operation: "viewSector",
    requires: "viewer",
    asks: ["sector.view"],
    problems: ["NOT_FOUND"],
    affords: "sector",
    reply: sector,
    params,
    answer: async (deps, { caller, params }) => entity(await viewSector(deps, caller, params)),
  }),
  command({
    method: "patch",
    path: ITEM,
    summary: "Rename a sector",
    operation: "renameSector",
    requires: "admin",
    asks: ["sector.rename"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: changedReply(sector),
    params,
    body: z.strictObject({ name }),
    answer: async (deps, { caller, params, body, ifMatch }) =>
      changed(await renameSector(deps, caller, params, { ...body, ifMatch })),
  }),
  retirePreflight({
    path: `${ITEM}/retire`,
    operation: "preflightRetireSector",
    kind: "sector",
    requires: "viewer",
    params,
    target: ({ slug, id }) => ({ slug, id }),
  }),
  command({
    method: "post",
    path: `${ITEM}/retire`,
    summary: "Retire a sector; every application in it must be retired",
    operation: "retireSector",
    requires: "sole owner",
    asks: ["sector.retire"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: changedReply(sector, { state: "retired" }),
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) => changed(await retireSector(deps, caller, params, { ifMatch })),
  }),
  command({
    method: "post",
    path: `${ITEM}/enable`,
    summary: "Enable a retired sector",
    operation: "enableSector",
    requires: "owner",
    asks: ["sector.enable"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: changedReply(sector),
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) => changed(await enableSector(deps, caller, params, { ifMatch })),
  }),
];
