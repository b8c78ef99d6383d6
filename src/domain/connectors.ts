import { isDeepStrictEqual } from "node:util";
import type { Caller } from "../entities/callers.ts";
import {
  certificateSummary,
  type Connector,
  type CONNECTOR_FIELDS,
  type ConnectorSettings,
  type ConnectorState,
  identifierOf,
  takesSecret,
} from "../entities/connectors.ts";
import { AppError, unfit } from "../entities/errors.ts";
import { newId } from "../entities/ids.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Page, PageRequest } from "../entities/records.ts";
import * as store from "../stores/connectors.ts";
import type { Transaction } from "../stores/database.ts";
import { inOrganization } from "../stores/scope.ts";
import { change, type ChangeSpec, type Changing } from "./change.ts";
import type { Changed, Deps, IfMatch } from "./deps.ts";
import { readOrganizationFor } from "./read.ts";
import { requireNamed, requireRevision } from "./refusal.ts";

export interface ConnectorPath {
  readonly slug: string;
  readonly id: string;
}

export interface ConnectorInput {
  readonly name: string;
  readonly settings: ConnectorSettings;
  /** Absent: the one that it has is kept; null: it is removed. Nobody is told it again. */
  readonly clientSecret?: string | null | undefined;
}

/** By id. */
export async function listConnectors(
  deps: Deps,
  caller: Caller,
  slug: string,
  page: PageRequest,
): Promise<Page<Connector>> {
  const { id } = await readOrganizationFor(deps, caller, slug, "view_connectors");
  const { items, next } = await inOrganization(deps.database, id, async (tx) => await store.listConnectors(tx, page));
  return { items: items.map(record), next };
}

/** Throws NOT_FOUND. */
export async function viewConnector(deps: Deps, caller: Caller, path: ConnectorPath): Promise<Connector> {
  const { id } = await readOrganizationFor(deps, caller, path.slug, "view_connectors");
  return record(await inOrganization(deps.database, id, async (tx) => await found(tx, path.id)));
}

/** Disabled, until somebody enables it. Throws INVALID_REQUEST for a secret that does not fit or an issuer of one's own, CONNECTOR_EXISTS, TOO_MANY_CONNECTORS. */
export async function createConnector(
  deps: Deps,
  caller: Caller,
  slug: string,
  input: ConnectorInput,
): Promise<Changed<Connector>> {
  const id = newId(deps.random, "con-");
  return await change(deps, caller, managing(slug), async (changing) => {
    const { tx, now, organization, note } = changing;
    const { name, settings } = input;
    requireForeign(deps, settings);
    const identifier = identifierOf(settings);
    const secret = secretFor(input, null);
    if ((await requireAlone(tx, { id, identifier })) >= LIMITS.connectors) throw tooMany();
    await store.insertConnector(tx, { organization, id, name, identifier, settings, now });
    if (secret !== "kept") await writeSecret(deps, changing, id, secret);
    note({ action: "connector.create", target: target(id), after: { fields: fieldsBetween(null, input, secret) } });
    return record(await found(tx, id));
  });
}

/**
 * Replaces it whole, but for the secret, which stays until another one is sent; its state stays, too. To say again what it is changes nothing; whoever sends a
 * secret does not say that: nobody finds out by it whether it is the same. Throws NOT_FOUND, PRECONDITION_REQUIRED, PRECONDITION_FAILED, and as above.
 */
export async function replaceConnector(
  deps: Deps,
  caller: Caller,
  path: ConnectorPath,
  input: ConnectorInput & { readonly ifMatch: IfMatch },
): Promise<Changed<Connector>> {
  const { name, settings, ifMatch } = input;
  return await change(deps, caller, managing(path.slug), async (changing) => {
    const { tx, now, note } = changing;
    const before = await found(tx, path.id);
    requireForeign(deps, settings);
    const secret = secretFor(input, before);
    const isSame = secret === "kept" && before.name === name && isDeepStrictEqual(before.settings, settings);
    requireNamed(before.revision, isSame, ifMatch);
    if (isSame) return record(before); // A retry is not an error.
    const { id } = before;
    const identifier = identifierOf(settings);
    await requireAlone(tx, { id, identifier });
    await store.updateConnector(tx, { id, name, identifier, settings, now });
    if (secret !== "kept") await writeSecret(deps, changing, id, secret);
    note({ action: "connector.edit", target: target(id), after: { fields: fieldsBetween(before, input, secret) } });
    return record(await found(tx, id));
  });
}

export async function setConnectorState(
  deps: Deps,
  caller: Caller,
  path: ConnectorPath,
  to: { readonly state: ConnectorState; readonly ifMatch: IfMatch },
): Promise<Changed<Connector>> {
  return await change(deps, caller, managing(path.slug), async ({ tx, now, note }) => {
    const before = await found(tx, path.id);
    requireRevision(before.revision, to.ifMatch);
    const { id, state } = before;
    if (state === to.state) return record(before); // A retry is not an error.
    await store.setConnectorState(tx, { id, state: to.state, now });
    const action = to.state === "enabled" ? "connector.enable" : "connector.disable";
    note({ action, target: target(id), before: { state }, after: { state: to.state } });
    return record(await found(tx, id));
  });
}

/** Rules that name it admit nobody by it any more. Throws NOT_FOUND, PRECONDITION_FAILED. */
export async function removeConnector(
  deps: Deps,
  caller: Caller,
  path: ConnectorPath,
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<null>> {
  return await change(deps, caller, managing(path.slug), async ({ tx, note }) => {
    const { id, revision } = await found(tx, path.id);
    requireRevision(revision, input.ifMatch);
    await store.deleteConnector(tx, id);
    note({ action: "connector.remove", target: target(id) });
    return null;
  });
}

function managing(slug: string): ChangeSpec<"organization"> {
  return { target: { kind: "organization", id: slug, slug }, action: "manage_connectors" };
}

function target(id: string) {
  return { kind: "connector", id };
}

async function found(tx: Transaction, id: string): Promise<store.ConnectorRow> {
  const row = await store.findConnector(tx, id);
  if (row === undefined) throw new AppError("NOT_FOUND", "The organization has no such connector.");
  return row;
}

function record(row: store.ConnectorRow): Connector {
  const { settings } = row;
  return { ...row, certificates: settings.protocol === "saml" ? settings.certificates.map(certificateSummary) : [] };
}

/** Whoever could make tokens of an issuer that is believed here would call as whom it likes. */
function requireForeign(deps: Deps, settings: ConnectorSettings): void {
  if (settings.protocol !== "oidc" || !deps.isOwnIssuer(settings.issuer)) return;
  throw unfit([
    {
      path: "body.settings.issuer",
      message: "expected another issuer than those whose tokens this service takes or makes",
    },
  ]);
}

/** Gives how many there are. */
async function requireAlone(
  tx: Transaction,
  about: { readonly id: string; readonly identifier: string },
): Promise<number> {
  const { count, isTaken } = await store.readCompany(tx, about);
  if (!isTaken) return count;
  throw new AppError("CONNECTOR_EXISTS", "Another connector of the organization is of this issuer, or entity.");
}

/** What becomes of it: another one, none from now on (null), or as before. */
type SecretFor = { readonly secret: string } | null | "kept";

/** What does not authenticate by a secret has none, and none that was set for one issuer is shown to another. Throws INVALID_REQUEST. */
function secretFor({ settings, clientSecret }: ConnectorInput, before: store.ConnectorRow | null): SecretFor {
  const had = before !== null && before.clientSecretSetAt !== null;
  if (takesSecret(settings)) {
    if (typeof clientSecret === "string") return { secret: clientSecret };
    const isKept = clientSecret === undefined && had && identifierOf(before.settings) === identifierOf(settings);
    if (isKept) return "kept";
    throw unfit([
      { path: "body.clientSecret", message: "expected one: this authentication is by a secret, of this issuer" },
    ]);
  }
  if (typeof clientSecret === "string")
    throw unfit([{ path: "body.clientSecret", message: "expected none: nothing authenticates by it" }]);
  return had ? null : "kept";
}

async function writeSecret(
  deps: Deps,
  { tx, now, organization }: Changing<"organization">,
  id: string,
  to: Exclude<SecretFor, "kept">,
): Promise<void> {
  const place = { purpose: "connector secret", organization, owner: id, row: id } as const;
  const sealed = to && deps.sealing.seal(Buffer.from(to.secret), place);
  await store.setConnectorSecret(tx, { id, sealed, now });
}

type Named = Pick<ConnectorInput, "name" | "settings">;
type Field = (typeof CONNECTOR_FIELDS)[number];

/** Names of members that differ, for the audit log, which is for ever. */
function fieldsBetween(before: Named | null, after: Named, secret: SecretFor): Field[] {
  const members = ({ name, settings }: Named): Readonly<Record<string, unknown>> => ({ name, ...settings });
  const [was, is] = [before === null ? {} : members(before), members(after)];
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])] as Field[]; // these types have no others
  const differing = names.filter((name) => !isDeepStrictEqual(was[name], is[name]));
  return [...differing, ...(secret === "kept" ? [] : (["clientSecret"] as const))];
}

function tooMany(): AppError {
  return new AppError("TOO_MANY_CONNECTORS", `The organization has ${LIMITS.connectors} connectors already.`);
}
