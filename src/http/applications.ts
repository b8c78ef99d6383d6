import { z } from "zod";
import {
  createApplication,
  editApplication,
  enableApplication,
  listApplications,
  retireApplication,
  viewApplication,
} from "../domain/applications.ts";
import { changed, created, entity } from "./answer.ts";
import { changedReply, createdReply, withEtag } from "./contract.ts";
import { anchor, applicationKind, dated, name, NOTHING, resourceState, sectorId } from "./fields.ts";
import { addressOf, IN_ORGANIZATION, ON_PLATFORM, type Place, slugOf } from "./place.ts";
import { retirePreflight } from "./preflight.ts";
import { command, list, read, type Route } from "./route.ts";

const application = z
  .strictObject({ anchor, name, kind: applicationKind, state: resourceState, sector: sectorId, ...dated })
  .meta({ id: "Application" });
const item = withEtag(application).meta({ id: "ApplicationItem" });

const chosen = sectorId.meta({
  description: "A sector of the organization, by its id; absent: a fresh one of its own",
});

export const APPLICATION_ROUTES = applicationRoutes(IN_ORGANIZATION);
export const PLATFORM_APPLICATION_ROUTES = applicationRoutes(ON_PLATFORM);

function applicationRoutes(place: Place): readonly Route[] {
  return [...wholeRoutes(place), ...itemRoutes(place), ...turnRoutes(place)];
}

function wholeRoutes({ path, params: within, requires, operation, problems, whose }: Place): readonly Route[] {
  const params = z.strictObject({ ...within });
  return [
    command({
      method: "post",
      path: `${path}/applications`,
      summary: "Create an application, in a fresh sector of its own or in the one that is named",
      operation: operation("create", "Application"),
      requires: requires("admin"),
      asks: ["organization.create_application", "sector.create_application"],
      problems: [...problems, "NOT_FOUND"],
      reply: createdReply(application),
      params,
      body: z
        .strictObject({ name, kind: applicationKind, sector: chosen.exactOptional() })
        .meta({ examples: [{ name: "Shop", kind: "web" }] }),
      answer: async (deps, { caller, params, body }) => {
        const slug = slugOf(params);
        const made = await createApplication(deps, caller, slug, body);
        return created(made, `${addressOf(slug)}/applications/${made.value.anchor}`);
      },
    }),
    list({
      path: `${path}/applications`,
      summary: `${whose} applications`,
      operation: operation("list", "Applications"),
      requires: requires("viewer"),
      asks: ["organization.list_applications"],
      problems,
      item,
      params,
      page: async (deps, { caller, params, page }) => await listApplications(deps, caller, slugOf(params), page),
    }),
  ];
}

interface Item {
  readonly slug: string;
  readonly anchor: string;
}

/** What the routes of one application share. */
function itemOf(place: Place) {
  const params = z.strictObject({ ...place.params, anchor });
  return {
    path: `${place.path}/applications/:anchor`,
    params,
    at: (given: z.output<typeof params>): Item => ({ slug: slugOf(given), anchor: given.anchor }),
    problems: [...place.problems, "NOT_FOUND", "PRECONDITION_FAILED"] as const,
  };
}

function itemRoutes(place: Place): readonly Route[] {
  const { requires, operation } = place;
  const { path, params, at, problems } = itemOf(place);
  return [
    read({
      path,
      summary: "Read an application",
      operation: operation("view", "Application"),
      requires: requires("viewer"),
      asks: ["application.view"],
      problems: [...place.problems, "NOT_FOUND"],
      affords: "application",
      reply: application,
      params,
      answer: async (deps, { caller, params }) => entity(await viewApplication(deps, caller, at(params))),
    }),
    command({
      method: "patch",
      path,
      summary: "Edit an application",
      operation: operation("edit", "Application"),
      requires: requires("admin"),
      asks: ["application.edit"],
      problems,
      reply: changedReply(application),
      params,
      body: z.strictObject({ name }),
      answer: async (deps, { caller, params, body, ifMatch }) =>
        changed(await editApplication(deps, caller, at(params), { ...body, ifMatch })),
    }),
  ];
}

function turnRoutes(place: Place): readonly Route[] {
  const { requires, operation } = place;
  const { path, params, at, problems } = itemOf(place);
  return [
    retirePreflight({
      path: `${path}/retire`,
      operation: operation("preflightRetire", "Application"),
      kind: "application",
      requires: requires("viewer"),
      problems: place.problems,
      params,
      target: (given) => ({ slug: slugOf(given), id: given.anchor }),
    }),
    command({
      method: "post",
      path: `${path}/retire`,
      summary: "Retire an application",
      operation: operation("retire", "Application"),
      requires: requires("sole owner"),
      asks: ["application.retire"],
      problems,
      reply: changedReply(application, { state: "retired" }),
      params,
      body: NOTHING,
      answer: async (deps, { caller, params, ifMatch }) =>
        changed(await retireApplication(deps, caller, at(params), { ifMatch })),
    }),
    command({
      method: "post",
      path: `${path}/enable`,
      summary: "Enable a retired application",
      operation: operation("enable", "Application"),
      requires: requires("owner"),
      asks: ["application.enable"],
      problems,
      reply: changedReply(application),
      params,
      body: NOTHING,
      answer: async (deps, { caller, params, ifMatch }) =>
        changed(await enableApplication(deps, caller, at(params), { ifMatch })),
    }),
  ];
}
