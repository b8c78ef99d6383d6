import type { Caller } from "../entities/callers.ts";
import { newId } from "../entities/ids.ts";
import type { Role } from "../entities/kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import type { MyTransfer, Page, PageRequest, Transfer, Viewed } from "../entities/records.ts";
import { roleTuple } from "../entities/tuples.ts";
import { type AccountFacts, readResource } from "../stores/facts.ts";
import { setRole } from "../stores/memberships.ts";
import { inOrganization } from "../stores/scope.ts";
import * as transfers from "../stores/transfers.ts";
import { requireAccount } from "./actor.ts";
import { change, type Changing } from "./change.ts";
import type { Changed, Deps, IfMatch } from "./deps.ts";
import { gather, type Target } from "./gather.ts";
import { readOrganizationFor, view } from "./read.ts";
import { transferRecord } from "./records.ts";

interface TransferPath {
  readonly slug: string;
  readonly id: string;
}

const HOUR_MS = 60 * 60 * 1000;

/** S1.17, S2.10: an Owner offers ownership to a member; nothing changes until that member accepts. */
export async function offerOwnership(
  deps: Deps,
  caller: Caller,
  slug: string,
  input: { readonly alias: string },
): Promise<Changed<Transfer>> {
  const target: Target<"member"> = { kind: "member", id: `${slug}/${input.alias}`, slug };
  return await change(deps, caller, { target, action: "offer_ownership" }, async (changing) => {
    const { tx, now, organization, actor, resource } = changing;
    const account = resource.account.id;
    const id = newId(deps.random, "tra-");
    const expiresAt = new Date(now.getTime() + LIMITS.transferHours * HOUR_MS);
    await transfers.insertTransfer(tx, { id, organization, account, offeredBy: actor.id, expiresAt, now });
    changing.note({ action: "transfer.offer", target: { kind: "member", account }, after: { transfer: id } });
    return transferRecord(await readResource(tx, "transfer", id, now));
  });
}

export async function listTransfers(
  deps: Deps,
  caller: Caller,
  slug: string,
  page: PageRequest,
): Promise<Page<Transfer>> {
  const { id } = await readOrganizationFor(deps, caller, slug, "list_transfers");
  const scope = { organization: id, now: deps.clock() };
  return await inOrganization(deps.database, id, async (tx) => await transfers.listTransfers(tx, scope, page));
}

export async function listMyTransfers(deps: Deps, caller: Caller, page: PageRequest): Promise<Page<MyTransfer>> {
  const facts = await gather(deps, caller, { kind: "account", id: null, slug: null });
  const who = { account: requireAccount(facts).id, now: deps.clock() };
  return await transfers.listMyTransfers(deps.database, who, page);
}

export async function viewTransfer(deps: Deps, caller: Caller, path: TransferPath): Promise<Viewed<Transfer>> {
  return await view(deps, caller, target(path), ({ resource }) => transferRecord(resource));
}

/** One swap in one transaction: the recipient becomes Owner, who offered becomes Admin. At no time is there one Owner fewer. */
export async function acceptTransfer(
  deps: Deps,
  caller: Caller,
  path: TransferPath,
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<Transfer>> {
  return await change(deps, caller, { target: target(path), action: "accept", ...input }, async (changing) => {
    const { account: recipient, role, offerer, state } = changing.resource;
    if (state === "accepted") return transferRecord(changing.resource); // A retry is not an error.
    if (recipient === null || offerer === null || role === null) {
      throw new Error("a policy allowed a transfer between people who are not there");
    }
    await regrade(changing, recipient, { before: role, after: "owner" });
    await regrade(changing, offerer, { before: "owner", after: "admin" });
    return await settle(changing, "accepted");
  });
}

async function regrade(
  changing: Changing<"transfer">,
  account: AccountFacts,
  role: { readonly before: Role; readonly after: Role },
): Promise<void> {
  const { tx, now, organization } = changing;
  await setRole(tx, { organization, account: account.id, role: role.after, now });
  changing.touch(account);
  changing.deleteTuples([roleTuple(organization, role.before, account.pseudonym)]);
  changing.writeTuples([roleTuple(organization, role.after, account.pseudonym)]);
  changing.note({
    action: "member.change_role",
    target: { kind: "member", account: account.id },
    before: { role: role.before },
    after: { role: role.after },
  });
}

export async function declineTransfer(
  deps: Deps,
  caller: Caller,
  path: TransferPath,
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<Transfer>> {
  const spec = { target: target(path), action: "decline", ...input } as const;
  return await change(deps, caller, spec, async (changing) => await settle(changing, "declined"));
}

/** By who offered, or by another Owner. */
export async function cancelTransfer(
  deps: Deps,
  caller: Caller,
  path: TransferPath,
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<Transfer>> {
  const spec = { target: target(path), action: "cancel", ...input } as const;
  return await change(deps, caller, spec, async (changing) => await settle(changing, "cancelled"));
}

const VERBS = { accepted: "accept", declined: "decline", cancelled: "cancel" } as const;

async function settle(changing: Changing<"transfer">, state: keyof typeof VERBS): Promise<Transfer> {
  const { tx, now, resource: before } = changing;
  if (before.state === state) return transferRecord(before); // A retry is not an error.
  await transfers.setTransferState(tx, before.id, state, now);
  changing.note({
    action: `transfer.${VERBS[state]}`,
    target: { kind: "transfer", id: before.id },
    before: { state: before.state },
    after: { state },
  });
  return transferRecord(await readResource(tx, "transfer", before.id, now));
}

function target({ slug, id }: TransferPath): Target<"transfer"> {
  return { kind: "transfer", id, slug };
}
