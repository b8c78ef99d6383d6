import type { Caller } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import { newId } from "../entities/ids.ts";
import type { Client, Page, PageRequest } from "../entities/records.ts";
import * as clients from "../stores/clients.ts";
import { requireScope } from "./actor.ts";
import type { Deps, IfMatch } from "./deps.ts";
import { gather } from "./gather.ts";

/** Registrations are the platform's, not an organization's: whoever has platform:admin may, and no policy is asked. */
async function requirePlatformAdmin(deps: Deps, caller: Caller): Promise<void> {
  const facts = await gather(deps, caller, { kind: "account", id: null, slug: null });
  requireScope(caller, facts.caller.client, "platform:admin");
}

export async function listClients(deps: Deps, caller: Caller, page: PageRequest): Promise<Page<Client>> {
  await requirePlatformAdmin(deps, caller);
  return await clients.listClients(deps.database, page);
}

export async function viewClient(deps: Deps, caller: Caller, id: string): Promise<Client> {
  await requirePlatformAdmin(deps, caller);
  return await found(deps, id);
}

/** Throws CLIENT_EXISTS when the issuer's client is registered already. */
export async function registerClient(deps: Deps, caller: Caller, input: clients.ClientRow): Promise<Client> {
  await requirePlatformAdmin(deps, caller);
  const id = newId(deps.random, "cli-");
  if (!(await clients.insertClient(deps.database, { ...input, id, origin: "registered", now: deps.clock() }))) {
    throw new AppError("CLIENT_EXISTS", `The client ${input.clientId} of this issuer is registered already.`);
  }
  return await found(deps, id);
}

type ClientPatch = { readonly [Key in keyof clients.ClientUpdate]?: clients.ClientUpdate[Key] | undefined };

export async function updateClient(
  deps: Deps,
  caller: Caller,
  id: string,
  input: ClientPatch & { readonly ifMatch: IfMatch },
): Promise<Client> {
  await requirePlatformAdmin(deps, caller);
  const { ifMatch, ...patch } = input;
  const before = await found(deps, id);
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
    expected.includes(before.revision) && (await clients.updateClient(deps.database, id, before.revision, update));
  if (!isWritten) throw new AppError("PRECONDITION_FAILED", "It has changed since you read it. Read it again.");
  return await found(deps, id);
}

async function found(deps: Deps, id: string): Promise<Client> {
  const client = await clients.findClient(deps.database, id);
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
