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
import { anchor, applicationKind, dated, name, NOTHING, resourceState, sectorId, slug } from "./fields.ts";
import { retirePreflight } from "./preflight.ts";
import { command, list, read, type Route } from "./route.ts";

const COLLECTION = "/v1/organizations/:slug/applications";
const ITEM = `${COLLECTION}/:anchor`;
const organization = z.strictObject({ slug });
const params = z.strictObject({ slug, anchor });

const application = z
  .strictObject({ anchor, name, kind: applicationKind, state: resourceState, sector: sectorId, ...dated })
  .meta({ id: "Application" });
const item = withEtag(application).meta({ id: "ApplicationItem" });

const chosen = sectorId.meta({
  description: "A sector of the organization, by its id; absent: a fresh one of its own",
});

export const APPLICATION_ROUTES: readonly Route[] = [
  command({
    method: "post",
    path: COLLECTION,
    summary: "Create an application, in a fresh sector of its own or in the one that is named",
    operation: "createApplication",
    requires: "admin",
    asks: ["organization.create_application", "sector.create_application"],
    problems: ["NOT_FOUND"],
    reply: createdReply(application),
    params: organization,
    body: z
      .strictObject({ name, kind: applicationKind, sector: chosen.exactOptional() })
      .meta({ examples: [{ name: "Shop", kind: "web" }] }),
    answer: async (deps, { caller, params, body }) => {
      const made = await createApplication(deps, caller, params.slug, body);
      return created(made, `/v1/organizations/${params.slug}/applications/${made.value.anchor}`);
    },
  }),
  list({
    path: COLLECTION,
    summary: "The organization's applications",
    operation: "listApplications",
    requires: "viewer",
    asks: ["organization.list_applications"],
    item,
    params: organization,
    page: async (deps, { caller, params, page }) => await listApplications(deps, caller, params.slug, page),
  }),
  read({
    path: ITEM,
    summary: "Read an application",
    operation: "viewApplication",
    requires: "viewer",
    asks: ["application.view"],
    problems: ["NOT_FOUND"],
    affords: "application",
    reply: application,
    params,
    answer: async (deps, { caller, params }) => entity(await viewApplication(deps, caller, params)),
  }),
  command({
    method: "patch",
    path: ITEM,
    summary: "Edit an application",
    operation: "editApplication",
    requires: "admin",
    asks: ["application.edit"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: changedReply(application),
    params,
    body: z.strictObject({ name }),
    answer: async (deps, { caller, params, body, ifMatch }) =>
      changed(await editApplication(deps, caller, params, { ...body, ifMatch })),
  }),
  retirePreflight({
    path: `${ITEM}/retire`,
    operation: "preflightRetireApplication",
    kind: "application",
    requires: "viewer",
    params,
    target: ({ slug, anchor }) => ({ slug, id: anchor }),
  }),
  command({
    method: "post",
    path: `${ITEM}/retire`,
    summary: "Retire an application",
    operation: "retireApplication",
    requires: "sole owner",
    asks: ["application.retire"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: changedReply(application, { state: "retired" }),
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await retireApplication(deps, caller, params, { ifMatch })),
  }),
  command({
    method: "post",
    path: `${ITEM}/enable`,
    summary: "Enable a retired application",
    operation: "enableApplication",
    requires: "owner",
    asks: ["application.enable"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: changedReply(application),
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await enableApplication(deps, caller, params, { ifMatch })),
  }),
];
