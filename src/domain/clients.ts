import type { Caller } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import { newId } from "../entities/ids.ts";
import type { Client, Page, PageRequest } from "../entities/records.ts";
import * as clients from "../stores/clients.ts";
import type { Queryable, Transaction } from "../stores/database.ts";
import type { ClientFacts } from "../stores/facts.ts";
import { requireScope } from "./actor.ts";
import type { Deps, IfMatch } from "./deps.ts";
import { gather } from "./gather.ts";
import { MOVED, once, replay } from "./once.ts";
import { contention } from "./queue.ts";
import { changedSince } from "./refusal.ts";

/** Registrations are the platform's, not an organization's: whoever has platform:admin may, and no policy is asked. */
async function requirePlatformAdmin(deps: Deps, caller: Caller): Promise<ClientFacts> {
  const facts = await gather(deps, caller, { kind: "account", id: null, slug: null });
  return requireScope(caller, facts.caller.client, "platform:admin");
}

/** A change of a registration: once for an Idempotency-Key, to no effect when it is a dry run. */
async function changed(deps: Deps, caller: Caller, write: (tx: Transaction) => Promise<Client>): Promise<Client> {
  const { id: owner } = await requirePlatformAdmin(deps, caller);
  const done = (await replay<Client>(deps, caller, owner)) ?? (await once(deps, caller, owner, write));
  if (done === MOVED) throw contention();
  return done;
}

export async function listClients(deps: Deps, caller: Caller, page: PageRequest): Promise<Page<Client>> {
  await requirePlatformAdmin(deps, caller);
  return await clients.listClients(deps.database, page);
}

export async function viewClient(deps: Deps, caller: Caller, id: string): Promise<Client> {
  await requirePlatformAdmin(deps, caller);
  return await found(deps.database, id);
}

/** Throws CLIENT_EXISTS when the issuer's client is registered already. */
export async function registerClient(deps: Deps, caller: Caller, input: clients.ClientRow): Promise<Client> {
  const id = newId(deps.random, "cli-");
  return await changed(deps, caller, async (tx) => {
    if (!(await clients.insertClient(tx, { ...input, id, origin: "registered", now: deps.clock() }))) {
      throw new AppError("CLIENT_EXISTS", `The client ${input.clientId} of this issuer is registered already.`);
    }
    return await found(tx, id);
  });
}

type ClientPatch = { readonly [Key in keyof clients.ClientUpdate]?: clients.ClientUpdate[Key] | undefined };

export async function updateClient(
  deps: Deps,
  caller: Caller,
  id: string,
  input: ClientPatch & { readonly ifMatch: IfMatch },
): Promise<Client> {
  const { ifMatch, ...patch } = input;
  return await changed(deps, caller, async (tx) => {
    const before = await found(tx, id);
    const expected = ifMatch === undefined || ifMatch === "any" ? [before.revision] : ifMatch;
    const update = {
      name: patch.name ?? before.name,
      scopes: patch.scopes ?? before.scopes,
      organizations: patch.organizations ?? before.organizations,
      applications: patch.applications ?? before.applications,
      state: patch.state ?? before.state,
      now: deps.clock(),
    };
    const isWritten =
      expected.includes(before.revision) && (await clients.updateClient(tx, id, before.revision, update));
    const now = await found(tx, id);
    if (!isWritten) throw changedSince(now.revision);
    return now;
  });
}

async function found(on: Queryable, id: string): Promise<Client> {
  const client = await clients.findClient(on, id);
  if (client === undefined) throw new AppError("NOT_FOUND", "There is no such client.");
  return client;
}

/** PLATFORM_CLIENT: the first client with platform:admin, who registers the others. Does nothing when it is there. */
export async function registerPlatformClient(
  deps: Deps,
  first: { readonly issuer: string; readonly clientId: string; readonly subject: string },
): Promise<void> {
  await clients.insertClient(deps.database, {
    ...first,
    id: newId(deps.random, "cli-"),
    name: "Platform",
    scopes: ["platform:admin"],
    organizations: [],
    applications: [],
    origin: "configuration",
    now: deps.clock(),
  });
}
