import { z } from "zod";
import { createSector, enableSector, listSectors, renameSector, retireSector, viewSector } from "../domain/sectors.ts";
import { changed, created, entity } from "./answer.ts";
import { changedReply, createdReply, withEtag } from "./contract.ts";
import { dated, name, NOTHING, resourceState, sectorId } from "./fields.ts";
import { addressOf, IN_ORGANIZATION, ON_PLATFORM, type Place, slugOf } from "./place.ts";
import { retirePreflight } from "./preflight.ts";
import { command, list, read, type Route } from "./route.ts";

const sector = z.strictObject({ id: sectorId, name, state: resourceState, ...dated }).meta({ id: "Sector" });
const item = withEtag(sector).meta({ id: "SectorItem" });

export const SECTOR_ROUTES = sectorRoutes(IN_ORGANIZATION);
export const PLATFORM_SECTOR_ROUTES = sectorRoutes(ON_PLATFORM);

function sectorRoutes(place: Place): readonly Route[] {
  return [...wholeRoutes(place), ...itemRoutes(place), ...turnRoutes(place)];
}

function wholeRoutes({ path, params: within, requires, operation, problems, whose }: Place): readonly Route[] {
  const params = z.strictObject({ ...within });
  return [
    command({
      method: "post",
      path: `${path}/sectors`,
      summary: "Create a sector",
      operation: operation("create", "Sector"),
      requires: requires("admin"),
      asks: ["organization.create_sector"],
      problems,
      reply: createdReply(sector),
      params,
      body: z.strictObject({ name }),
      answer: async (deps, { caller, params, body }) => {
        const slug = slugOf(params);
        const made = await createSector(deps, caller, slug, body);
        return created(made, `${addressOf(slug)}/sectors/${made.value.id}`);
      },
    }),
    list({
      path: `${path}/sectors`,
      summary: `${whose} sectors`,
      operation: operation("list", "Sectors"),
      requires: requires("viewer"),
      asks: ["organization.list_sectors"],
      problems,
      item,
      params,
      page: async (deps, { caller, params, page }) => await listSectors(deps, caller, slugOf(params), page),
    }),
  ];
}

interface Item {
  readonly slug: string;
  readonly id: string;
}

/** What the routes of one sector share. */
function itemOf(place: Place) {
  const params = z.strictObject({ ...place.params, id: sectorId });
  return {
    path: `${place.path}/sectors/:id`,
    params,
    at: (given: z.output<typeof params>): Item => ({ slug: slugOf(given), id: given.id }),
    problems: [...place.problems, "NOT_FOUND", "PRECONDITION_FAILED"] as const,
  };
}

function itemRoutes(place: Place): readonly Route[] {
  const { requires, operation } = place;
  const { path, params, at, problems } = itemOf(place);
  return [
    read({
      path,
      summary: "Read a sector",
      operation: operation("view", "Sector"),
      requires: requires("viewer"),
      asks: ["sector.view"],
      problems: [...place.problems, "NOT_FOUND"],
      affords: "sector",
      reply: sector,
      params,
      answer: async (deps, { caller, params }) => entity(await viewSector(deps, caller, at(params))),
    }),
    command({
      method: "patch",
      path,
      summary: "Rename a sector",
      operation: operation("rename", "Sector"),
      requires: requires("admin"),
      asks: ["sector.rename"],
      problems,
      reply: changedReply(sector),
      params,
      body: z.strictObject({ name }),
      answer: async (deps, { caller, params, body, ifMatch }) =>
        changed(await renameSector(deps, caller, at(params), { ...body, ifMatch })),
    }),
  ];
}

function turnRoutes(place: Place): readonly Route[] {
  const { requires, operation } = place;
  const { path, params, at, problems } = itemOf(place);
  return [
    retirePreflight({
      path: `${path}/retire`,
      operation: operation("preflightRetire", "Sector"),
      kind: "sector",
      requires: requires("viewer"),
      problems: place.problems,
      params,
      target: at,
    }),
    command({
      method: "post",
      path: `${path}/retire`,
      summary: "Retire a sector; every application in it must be retired",
      operation: operation("retire", "Sector"),
      requires: requires("sole owner"),
      asks: ["sector.retire"],
      problems,
      reply: changedReply(sector, { state: "retired" }),
      params,
      body: NOTHING,
      answer: async (deps, { caller, params, ifMatch }) =>
        changed(await retireSector(deps, caller, at(params), { ifMatch })),
    }),
    command({
      method: "post",
      path: `${path}/enable`,
      summary: "Enable a retired sector",
      operation: operation("enable", "Sector"),
      requires: requires("owner"),
      asks: ["sector.enable"],
      problems,
      reply: changedReply(sector),
      params,
      body: NOTHING,
      answer: async (deps, { caller, params, ifMatch }) =>
        changed(await enableSector(deps, caller, at(params), { ifMatch })),
    }),
  ];
}
