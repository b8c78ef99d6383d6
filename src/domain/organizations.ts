import type { Caller } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import type { OrganizationState } from "../entities/kinds.ts";
import type { MyOrganization, Organization, Page, PageRequest, Viewed } from "../entities/records.ts";
import { roleTuple } from "../entities/tuples.ts";
import { violates } from "../stores/database.ts";
import { readResource } from "../stores/facts.ts";
import { insertMembership } from "../stores/memberships.ts";
import * as organizations from "../stores/organizations.ts";
import { requireAccount } from "./actor.ts";
import { change } from "./change.ts";
import type { Changed, Deps, IfMatch } from "./deps.ts";
import { lapseDomains } from "./domains.ts";
import { gather, type Target } from "./gather.ts";
import { view } from "./read.ts";
import { organizationRecord } from "./records.ts";

/** S0.2: any account may; it becomes the first Owner in the same transaction. Throws SLUG_TAKEN (K13: also by archived ones). */
export async function createOrganization(
  deps: Deps,
  caller: Caller,
  input: { readonly slug?: string | undefined; readonly name: string },
): Promise<Changed<Organization>> {
  const target: Target<"account"> = { kind: "account", id: null, slug: null };
  const slug = input.slug ?? slugFrom(input.name);
  try {
    return await change(deps, caller, { target, action: "create_organization", founds: true }, async (changing) => {
      const { tx, now, resource: founder, organization: id } = changing;
      await organizations.insertOrganization(tx, { id, slug, name: input.name, foundedBy: founder.id, now });
      await insertMembership(tx, { organization: id, account: founder.id, role: "owner", now });
      changing.touch(founder);
      changing.writeTuples([roleTuple(id, "owner", founder.pseudonym)]);
      changing.note({
        action: "organization.create",
        target: { kind: "organization", id: slug },
        after: { slug, name: input.name },
      });
      changing.note({
        action: "member.add",
        target: { kind: "member", account: founder.id },
        after: { role: "owner" },
      });
      return organizationRecord(await readResource(tx, "organization", slug, now));
    });
  } catch (error) {
    if (!violates(error, organizations.SLUG_CONSTRAINT)) throw error;
    throw new AppError("SLUG_TAKEN", `The slug ${slug} was given before; slugs are never given twice.`, {
      cause: error,
    });
  }
}

/** S2.16. Throws INVALID_REQUEST when the name has no letter or digit to make a slug of. */
function slugFrom(name: string): string {
  const slug = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{Mark}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 100);
  if (slug === "") {
    throw new AppError("INVALID_REQUEST", "No slug can be made of this name; give one.", {
      issues: [{ path: "body.slug", message: "required for a name without a-z or 0-9" }],
    });
  }
  return slug;
}

/** S0.5: belonging to none is a normal state. */
export async function listMyOrganizations(
  deps: Deps,
  caller: Caller,
  page: PageRequest,
): Promise<Page<MyOrganization>> {
  const facts = await gather(deps, caller, { kind: "account", id: null, slug: null });
  return await organizations.listMyOrganizations(deps.database, requireAccount(facts).id, page);
}

export async function viewOrganization(deps: Deps, caller: Caller, slug: string): Promise<Viewed<Organization>> {
  return await view(deps, caller, target(slug), ({ resource }) => organizationRecord(resource));
}

export async function renameOrganization(
  deps: Deps,
  caller: Caller,
  slug: string,
  input: { readonly name: string; readonly ifMatch: IfMatch },
): Promise<Changed<Organization>> {
  const spec = { target: target(slug), action: "rename", ifMatch: input.ifMatch } as const;
  return await change(deps, caller, spec, async (changing) => {
    const { tx, now, resource: before, organization: id } = changing;
    if (before.name === input.name) return organizationRecord(before); // A retry is not an error.
    await organizations.setOrganizationName(tx, id, input.name, now);
    changing.note({
      action: "organization.rename",
      target: { kind: "organization", id: slug },
      before: { name: before.name },
      after: { name: input.name },
    });
    return organizationRecord(await readResource(tx, "organization", slug, now));
  });
}

/** S0.25, S0.34: by the sole Owner, when every application and sector is retired. */
export async function retireOrganization(
  deps: Deps,
  caller: Caller,
  slug: string,
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<Organization>> {
  return await setState(deps, caller, slug, { action: "retire", state: "retired", ...input });
}

/** S0.36 */
export async function enableOrganization(
  deps: Deps,
  caller: Caller,
  slug: string,
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<Organization>> {
  return await setState(deps, caller, slug, { action: "enable", state: "active", ...input });
}

/**
 * K6, the danger zone: by the sole Owner, of a retired organization, for good. The row stays and with it the slug (K13); nobody sees it
 * again, and it counts against nobody's limit (S0.8). `confirm` must be the slug: throws INVALID_REQUEST.
 */
export async function archiveOrganization(
  deps: Deps,
  caller: Caller,
  slug: string,
  input: { readonly confirm: string; readonly ifMatch: IfMatch },
): Promise<Changed<Organization>> {
  const { confirm, ifMatch } = input;
  if (confirm !== slug) {
    throw new AppError("INVALID_REQUEST", "Archiving cannot be undone: confirm it with the organization's slug.", {
      issues: [{ path: "body.confirm", message: "expected the slug of the organization" }],
    });
  }
  return await setState(deps, caller, slug, { action: "archive", state: "archived", ifMatch });
}

interface Turn {
  readonly action: "retire" | "enable" | "archive";
  readonly state: OrganizationState;
  readonly ifMatch: IfMatch;
}

async function setState(deps: Deps, caller: Caller, slug: string, to: Turn): Promise<Changed<Organization>> {
  const { state, ...spec } = { ...to, target: target(slug), locksCaller: to.action === "archive" };
  return await change(deps, caller, spec, async (changing) => {
    const { tx, now, resource: before, organization: id, actor } = changing;
    if (before.state === state) return organizationRecord(before); // A retry is not an error.
    if (spec.locksCaller && actor.kind === "account") changing.touch(actor);
    await organizations.setOrganizationState(tx, id, state, now);
    if (state !== "active") await lapseDomains(changing, id);
    changing.note({
      action: `organization.${to.action}`,
      target: { kind: "organization", id: slug },
      before: { state: before.state },
      after: { state: state },
    });
    return organizationRecord(await readResource(tx, "organization", slug, now));
  });
}

function target(slug: string): Target<"organization"> {
  return { kind: "organization", id: slug, slug };
}
