import { isDeepStrictEqual } from "node:util";
import type { Caller } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import { newId, PLATFORM } from "../entities/ids.ts";
import type { Client, Page, PageRequest } from "../entities/records.ts";
import { recordChange } from "../stores/audit.ts";
import * as clients from "../stores/clients.ts";
import type { Queryable, Transaction } from "../stores/database.ts";
import type { ClientFacts } from "../stores/facts.ts";
import { enterOrganization } from "../stores/scope.ts";
import { requireScope } from "./actor.ts";
import type { Deps, IfMatch } from "./deps.ts";
import { gather } from "./gather.ts";
import { MOVED, once, replay } from "./once.ts";
import { contention } from "./queue.ts";
import { changedSince } from "./refusal.ts";
import { requireOneSector } from "./sector-names.ts";

/** Registrations are the platform's, not an organization's: whoever has platform:admin may, and no policy is asked. */
export async function requirePlatformAdmin(deps: Deps, caller: Caller): Promise<ClientFacts> {
  const facts = await gather(deps, caller, { kind: "account", id: null, slug: null });
  return requireScope(caller, facts.caller.client, "platform:admin");
}

/** What a registration was before and is now, for the audit log. */
interface Written {
  readonly action: "client.register" | "client.update";
  readonly before: Client | null;
  readonly client: Client;
}

/** A change of a registration: once for an Idempotency-Key, to no effect when it is a dry run; the platform's log tells it (K8). */
async function changed(deps: Deps, caller: Caller, write: (tx: Transaction) => Promise<Written>): Promise<Client> {
  const { id: owner } = await requirePlatformAdmin(deps, caller);
  const work = async (tx: Transaction): Promise<Client> => {
    const { action, before, client } = await write(tx);
    const [was, is] = before === null ? [null, told(client)] : differing(told(before), told(client));
    await enterOrganization(tx, PLATFORM);
    await recordChange(tx, {
      organization: PLATFORM,
      actor: { kind: "client", id: owner },
      matrix: null,
      unit: deps.unit,
      requestId: caller.requestId,
      entries: [{ action, target: { kind: "client", id: client.id }, before: was, after: is }],
      freshPseudonyms: [], // no account is named
      now: deps.clock(),
    });
    return client;
  };
  const done = (await replay<Client>(deps, caller, owner)) ?? (await once(deps, caller, owner, work));
  if (done === MOVED) throw contention();
  return done;
}

type Told = Pick<Client, "clientId" | "name" | "scopes" | "organizations" | "applications" | "kinds" | "state">;

function told({ clientId, name, scopes, organizations, applications, kinds, state }: Client): Told {
  return { clientId, name, scopes, organizations, applications, kinds, state };
}

/** The members that are not what they were. */
function differing(before: Told, after: Told): [before: object, after: object] {
  const names = Object.keys(after).filter((name) => {
    return !isDeepStrictEqual(before[name as keyof Told], after[name as keyof Told]); // keys of Told
  });
  const only = (of: Told): object => Object.fromEntries(Object.entries(of).filter(([name]) => names.includes(name)));
  return [only(before), only(after)];
}

export async function listClients(deps: Deps, caller: Caller, page: PageRequest): Promise<Page<Client>> {
  await requirePlatformAdmin(deps, caller);
  return await clients.listClients(deps.database, page);
}

export async function viewClient(deps: Deps, caller: Caller, id: string): Promise<Client> {
  await requirePlatformAdmin(deps, caller);
  return await found(deps.database, id);
}

/** Throws INVALID_REQUEST for applications that cannot be bound to, CLIENT_EXISTS when the issuer's client is registered already. */
export async function registerClient(deps: Deps, caller: Caller, input: clients.ClientRow): Promise<Client> {
  const id = newId(deps.random, "cli-");
  return await changed(deps, caller, async (tx) => {
    await requireOneSector(tx, input);
    if (!(await clients.insertClient(tx, { ...input, id, origin: "registered", now: deps.clock() }))) {
      throw new AppError("CLIENT_EXISTS", `The client ${input.clientId} of this issuer is registered already.`);
    }
    return { action: "client.register", before: null, client: await found(tx, id) };
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
      kinds: patch.kinds ?? before.kinds,
      state: patch.state ?? before.state,
      now: deps.clock(),
    };
    await requireOneSector(tx, update);
    const isWritten =
      expected.includes(before.revision) && (await clients.updateClient(tx, id, before.revision, update));
    const client = await found(tx, id);
    if (!isWritten) throw changedSince(client.revision);
    return { action: "client.update", before, client };
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
    kinds: [],
    origin: "configuration",
    now: deps.clock(),
  });
}
