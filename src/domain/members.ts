import type { Caller } from "../entities/callers.ts";
import type { Role } from "../entities/kinds.ts";
import type { Member, Page, PageRequest, Viewed } from "../entities/records.ts";
import { roleTuple } from "../entities/tuples.ts";
import { readResource } from "../stores/facts.ts";
import * as memberships from "../stores/memberships.ts";
import { inOrganization } from "../stores/scope.ts";
import { change } from "./change.ts";
import type { Changed, Deps, IfMatch } from "./deps.ts";
import { unrelateAccount } from "./entity-removal.ts";
import type { Target } from "./gather.ts";
import { readOrganizationFor, view } from "./read.ts";
import { memberRecord } from "./records.ts";

interface MemberPath {
  readonly slug: string;
  readonly alias: string;
}

export async function listMembers(deps: Deps, caller: Caller, slug: string, page: PageRequest): Promise<Page<Member>> {
  const { id } = await readOrganizationFor(deps, caller, slug, "list_members");
  return await inOrganization(deps.database, id, async (tx) => await memberships.listMembers(tx, id, page));
}

export async function viewMember(deps: Deps, caller: Caller, path: MemberPath): Promise<Viewed<Member>> {
  return await view(deps, caller, target(path), ({ resource }) => memberRecord(resource));
}

/** S0.24, S0.29, S0.8: one action for each role that can be granted. */
export async function changeRole(
  deps: Deps,
  caller: Caller,
  path: MemberPath,
  input: { readonly role: Role; readonly ifMatch: IfMatch },
): Promise<Changed<Member>> {
  const { role, ifMatch } = input;
  const spec = { target: target(path), action: `grant_${role}`, ifMatch } as const;
  return await change(deps, caller, spec, async (changing) => {
    const { tx, now, organization, resource: before } = changing;
    const { account } = before;
    if (before.role === role) return memberRecord(before); // A retry is not an error.
    await memberships.setRole(tx, { organization, account: account.id, role, now });
    changing.touch(account);
    changing.deleteTuples([roleTuple(organization, before.role, account.pseudonym)]);
    changing.writeTuples([roleTuple(organization, role, account.pseudonym)]);
    changing.note({
      action: "member.change_role",
      target: { kind: "member", account: account.id },
      before: { role: before.role },
      after: { role },
    });
    return memberRecord(await readResource(tx, "member", `${path.slug}/${path.alias}`, now));
  });
}

/** S0.24, S0.28. Removing oneself is leaving, which any member may. */
export async function removeMember(
  deps: Deps,
  caller: Caller,
  path: MemberPath,
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<null>> {
  const spec = {
    target: target(path),
    action: (facts: { readonly subject: { readonly alias: string } | null }) =>
      facts.subject?.alias === path.alias ? ("leave" as const) : ("remove" as const),
    ifMatch: input.ifMatch,
  };
  const unfinished = new Set<string>();
  const changed = await change(deps, caller, spec, async (changing) => {
    const { tx, organization, actor, resource } = changing;
    const { account, role } = resource;
    changing.deleteTuples([roleTuple(organization, role, account.pseudonym)]);
    await unrelateAccount(changing, account.id, unfinished);
    await memberships.deleteMembership(tx, organization, account.id);
    changing.touch(account);
    changing.note({
      action: actor.id === account.id ? "member.leave" : "member.remove",
      target: { kind: "member", account: account.id },
      before: { role },
    });
    return null;
  });
  for (const organization of unfinished) deps.requestReconcile(organization);
  return changed;
}

function target({ slug, alias }: MemberPath): Target<"member"> {
  return { kind: "member", id: `${slug}/${alias}`, slug };
}
