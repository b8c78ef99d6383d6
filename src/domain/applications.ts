import type { Caller } from "../entities/callers.ts";
import { newId } from "../entities/ids.ts";
import type { ApplicationKind } from "../entities/kinds.ts";
import type { Application, Page, PageRequest, Viewed } from "../entities/records.ts";
import { applicationTuples } from "../entities/tuples.ts";
import * as applications from "../stores/applications.ts";
import { readResource } from "../stores/facts.ts";
import { inOrganization } from "../stores/scope.ts";
import { type ApplicationPath, applicationTarget } from "./application-path.ts";
import { change, type Changing } from "./change.ts";
import type { Changed, Deps, IfMatch } from "./deps.ts";
import type { Target } from "./gather.ts";
import { readOrganizationFor, view } from "./read.ts";
import { applicationRecord } from "./records.ts";
import { addSector } from "./sectors.ts";
import { addFirstKey } from "./signing-keys.ts";

interface NewApplication {
  readonly name: string;
  readonly kind: ApplicationKind;
  /** An existing sector of the same organization (S0.18); absent: a fresh one of its own (S0.17). */
  readonly sector?: string | undefined;
}

export async function createApplication(
  deps: Deps,
  caller: Caller,
  slug: string,
  input: NewApplication,
): Promise<Changed<Application>> {
  const { sector } = input;
  const anchor = newId(deps.random, "app-");
  if (sector !== undefined) {
    const target: Target<"sector"> = { kind: "sector", id: sector, slug };
    return await change(deps, caller, { target, action: "create_application" }, async (changing) => {
      return await addApplication(deps, changing, anchor, { ...input, sector });
    });
  }
  const target: Target<"organization"> = { kind: "organization", id: slug, slug };
  return await change(deps, caller, { target, action: "create_application" }, async (changing) => {
    const fresh = await addSector(changing, newId(deps.random, "sec-"), input.name);
    return await addApplication(deps, changing, anchor, { ...input, sector: fresh });
  });
}

async function addApplication(
  deps: Deps,
  changing: Changing<"organization"> | Changing<"sector">,
  anchor: string,
  input: NewApplication & { readonly sector: string },
): Promise<Application> {
  const { tx, now, organization } = changing;
  const { name, kind, sector } = input;
  await applications.insertApplication(tx, { anchor, organization, sector, name, kind, now });
  await addFirstKey(deps, changing, anchor);
  changing.writeTuples(applicationTuples(organization, sector, anchor));
  changing.note({
    action: "application.create",
    target: { kind: "application", id: anchor },
    after: { name, kind, sector },
  });
  return applicationRecord(await readResource(tx, "application", anchor, now));
}

export async function listApplications(
  deps: Deps,
  caller: Caller,
  slug: string,
  page: PageRequest,
): Promise<Page<Application>> {
  const { id } = await readOrganizationFor(deps, caller, slug, "list_applications");
  return await inOrganization(deps.database, id, async (tx) => await applications.listApplications(tx, id, page));
}

export async function viewApplication(deps: Deps, caller: Caller, path: ApplicationPath): Promise<Viewed<Application>> {
  return await view(deps, caller, applicationTarget(path), ({ resource }) => applicationRecord(resource));
}

/** Anchor (S0.10), kind and sector (K15) are permanent; the name is what can be edited. */
export async function editApplication(
  deps: Deps,
  caller: Caller,
  path: ApplicationPath,
  input: { readonly name: string; readonly ifMatch: IfMatch },
): Promise<Changed<Application>> {
  const spec = { target: applicationTarget(path), action: "edit", ifMatch: input.ifMatch } as const;
  return await change(deps, caller, spec, async (changing) => {
    const { tx, now, resource: before } = changing;
    if (before.name === input.name) return applicationRecord(before); // A retry is not an error.
    await applications.setApplicationName(tx, before.anchor, input.name, now);
    changing.note({
      action: "application.edit",
      target: { kind: "application", id: before.anchor },
      before: { name: before.name },
      after: { name: input.name },
    });
    return applicationRecord(await readResource(tx, "application", before.anchor, now));
  });
}

/** S0.25, S0.37: by the sole Owner. */
export async function retireApplication(
  deps: Deps,
  caller: Caller,
  path: ApplicationPath,
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<Application>> {
  return await setState(deps, caller, path, { action: "retire", state: "retired", ...input });
}

export async function enableApplication(
  deps: Deps,
  caller: Caller,
  path: ApplicationPath,
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<Application>> {
  return await setState(deps, caller, path, { action: "enable", state: "enabled", ...input });
}

async function setState(
  deps: Deps,
  caller: Caller,
  path: ApplicationPath,
  to: { readonly action: "retire" | "enable"; readonly state: "retired" | "enabled"; readonly ifMatch: IfMatch },
): Promise<Changed<Application>> {
  return await change(deps, caller, { target: applicationTarget(path), ...to }, async (changing) => {
    const { tx, now, resource: before } = changing;
    if (before.state === to.state) return applicationRecord(before); // A retry is not an error.
    await applications.setApplicationState(tx, before.anchor, to.state, now);
    changing.note({
      action: `application.${to.action}`,
      target: { kind: "application", id: before.anchor },
      before: { state: before.state },
      after: { state: to.state },
    });
    return applicationRecord(await readResource(tx, "application", before.anchor, now));
  });
}
