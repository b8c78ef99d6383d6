import { isDeepStrictEqual } from "node:util";
import { type ApplicationDocuments, DEFAULT_DOCUMENTS, type DocumentName } from "../entities/application-documents.ts";
import type { Caller } from "../entities/callers.ts";
import { AppError, type Issue, refuseFor } from "../entities/errors.ts";
import type { ActionOf, ApplicationKind } from "../entities/kinds.ts";
import { redirectProblem } from "../entities/redirect-uris.ts";
import * as store from "../stores/application-documents.ts";
import { findConnectorIds } from "../stores/connectors.ts";
import type { Transaction } from "../stores/database.ts";
import { notAdopted } from "../stores/domains.ts";
import { inOrganization } from "../stores/scope.ts";
import { type ApplicationPath, applicationTarget } from "./application-path.ts";
import { change, type Changing } from "./change.ts";
import type { Changed, Deps, IfMatch } from "./deps.ts";
import { read } from "./read.ts";
import { requireNamed } from "./refusal.ts";

type ApplicationAction = ActionOf<"application">;

/** What it takes to read and to replace each, and what the audit log calls that. */
const OF: Readonly<Record<DocumentName, { view: ApplicationAction; set: ApplicationAction; event: string }>> = {
  settings: { view: "view", set: "edit", event: "application.edit_settings" },
  admission: { view: "view_rules", set: "configure_rules", event: "application.configure_rules" },
  authentication: { view: "view_rules", set: "configure_rules", event: "application.configure_rules" },
  session: { view: "view_rules", set: "configure_rules", event: "application.configure_rules" },
  claims: { view: "view_rules", set: "set_claim_policy", event: "application.set_claim_policy" },
};

const NEVER_SET = 1;

/** A document as it is now. `revision` is of what was set; NEVER_SET: nothing yet. */
export interface Kept<Document> {
  readonly document: Document;
  readonly revision: number;
}

export async function viewDocument<Name extends DocumentName>(
  deps: Deps,
  caller: Caller,
  path: ApplicationPath,
  name: Name,
): Promise<Kept<ApplicationDocuments[Name]>> {
  const { organization } = await read(deps, caller, applicationTarget(path), OF[name].view);
  return await inOrganization(deps.database, organization?.id ?? "", async (tx) => await kept(tx, path.anchor, name));
}

interface Replacement<Name extends DocumentName> {
  readonly name: Name;
  readonly document: ApplicationDocuments[Name];
  readonly ifMatch: IfMatch;
}

/**
 * Replaces a document whole. Who does not say which one (If-Match) may set one that was never set, or say again what it is. Throws INVALID_REQUEST for what
 * does not fit the application's kind or the organization's domains and connectors, UNKNOWN_ALIAS, PRECONDITION_REQUIRED, PRECONDITION_FAILED.
 */
export async function putDocument<Name extends DocumentName>(
  deps: Deps,
  caller: Caller,
  path: ApplicationPath,
  replacement: Replacement<Name>,
): Promise<Changed<Kept<ApplicationDocuments[Name]>>> {
  const { name, ifMatch } = replacement;
  const spec = { target: applicationTarget(path), action: OF[name].set } as const;
  return await change(deps, caller, spec, async (changing) => {
    const { anchor } = path;
    const before = await kept(changing.tx, anchor, name);
    const document = inOrder(replacement.document);
    requireFit(document, changing.resource.kind);
    const isSame = isDeepStrictEqual(document, before.document);
    const isSet = before.revision > NEVER_SET || ifMatch !== undefined;
    if (isSet) requireNamed(before.revision, isSame, ifMatch);
    if (isSame) return before; // A retry is not an error.
    await requireAdopted(changing, document);
    await requireConnectors(changing.tx, document);
    const { people, rest } = parted(document);
    for (const [list, aliases] of people) await bind(changing, { anchor, list, aliases });
    const { tx, now, organization } = changing;
    const revision = before.revision + 1;
    await store.writeDocument(tx, { organization, anchor, name, document: rest, revision, now });
    changing.note({
      action: OF[name].event,
      target: { kind: "application", id: anchor },
      before: { document: name, ...told(before.document, document) },
      after: { document: name, ...told(document, before.document) },
    });
    return { document, revision };
  });
}

async function kept<Name extends DocumentName>(
  tx: Transaction,
  anchor: string,
  name: Name,
): Promise<Kept<ApplicationDocuments[Name]>> {
  const row = await store.readDocument(tx, anchor, name);
  const initial: ApplicationDocuments[Name] = DEFAULT_DOCUMENTS[name];
  const document = { ...initial, ...row?.document };
  const revision = row?.revision ?? NEVER_SET;
  if (name !== "admission") return { document, revision };
  const listed = await store.readListed(tx, anchor);
  const people = store.ACCOUNT_LISTS.map((list): [string, string[]] => {
    return [list, listed.filter((each) => each.list === list).map(({ alias }) => alias)];
  });
  return { document: { ...document, ...Object.fromEntries(people) }, revision };
}

/** People have no order that anybody chose. */
function inOrder<Document extends object>(document: Document): Document {
  const lists = parted(document).people.map(([list, aliases]): [string, string[]] => [list, [...aliases].sort()]);
  return { ...document, ...Object.fromEntries(lists) };
}

interface Parted {
  readonly people: readonly (readonly [store.AccountList, readonly string[]])[];
  readonly rest: Readonly<Record<string, unknown>>;
}

/** Whom it names is kept as accounts, and apart from it. */
function parted(document: object): Parted {
  const isPeople = ([member]: readonly [string, unknown]): boolean => member === "accounts" || member === "blocked";
  const members = Object.entries(document);
  return {
    people: members.filter(isPeople) as [store.AccountList, string[]][], // as the document's type has them
    rest: Object.fromEntries(members.filter((member) => !isPeople(member))),
  };
}

interface Binding {
  readonly anchor: string;
  readonly list: store.AccountList;
  readonly aliases: readonly string[];
}

async function bind({ tx, organization }: Changing<"application">, binding: Binding): Promise<void> {
  const { anchor, list, aliases } = binding;
  const unknown = await store.writeListed(tx, { organization, anchor, list }, aliases);
  if (unknown.length === 0) return;
  const which = unknown.map((alias) => `${list}: ${alias}`).join(", ");
  throw new AppError(
    "UNKNOWN_ALIAS",
    `Nobody is known by this alias: ${which}. People are from their first request on.`,
  );
}

function requireFit(document: object, kind: ApplicationKind): void {
  if (!("redirectUris" in document)) return;
  refuseFor(
    (document as ApplicationDocuments["settings"]).redirectUris.flatMap((uri, index): Issue[] => {
      const message = redirectProblem(kind, uri);
      return message === null ? [] : [{ path: `body.redirectUris.${index}`, message }];
    }),
  );
}

/** Verified or not yet; one that is removed later admits nobody. */
async function requireAdopted({ tx, organization }: Changing<"application">, document: object): Promise<void> {
  if (!("domains" in document)) return;
  const { domains } = document as ApplicationDocuments["admission"];
  const unknown = await notAdopted(tx, organization, domains);
  refuseFor(
    unknown.map((domain) => ({
      path: `body.domains.${domains.indexOf(domain)}`,
      message: "expected a domain that the organization has adopted",
    })),
  );
}

/** Those of the organization, as they are when it is written. */
async function requireConnectors(tx: Transaction, document: object): Promise<void> {
  const { connectors = null } = document as Partial<ApplicationDocuments["authentication"]>;
  if (connectors === null) return;
  const known = await findConnectorIds(tx, connectors);
  const message = "expected a federation connector of this organization";
  refuseFor(connectors.flatMap((id, index) => (known.has(id) ? [] : [{ path: `body.connectors.${index}`, message }])));
}

/** For the audit log, which is for ever and names nobody: of what differs a number, yes or no, and of a list how many there are. */
function told(document: object, other: object): Readonly<Record<string, unknown>> {
  const others: Readonly<Record<string, unknown>> = { ...other };
  const differing = Object.entries(document).filter(([member, value]) => !isDeepStrictEqual(value, others[member]));
  const values = differing.map(([member, value]: [string, unknown]): [string, unknown] => {
    return [member, Array.isArray(value) ? value.length : value];
  });
  return { values: Object.fromEntries(values) };
}
