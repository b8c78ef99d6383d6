import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { othersDuring } from "./secrecy.ts";
import type { Setting } from "./setting.ts";

/** An organization with as many documents of examples/document-tree, each in one of a thousand folders. */
export interface Library {
  readonly slug: string;
  readonly documents: number;
  /** Of a client that may store, ask and search here. */
  readonly token: string;
  readonly importing: Importing;
}

export interface Importing {
  readonly lines: number;
  readonly seconds: number;
  /** The part of this machine's CPU time that somebody else used. */
  readonly others: number;
}

/** Who sees which part of the documents: a folder is shared with a reader, and its documents are seen with it. */
export const READERS = [
  { alias: "viewer-001", name: "1 in 2", every: 2 },
  { alias: "viewer-002", name: "1 in 10", every: 10 },
  { alias: "viewer-003", name: "1 in 1,000", every: 1_000 },
] as const;

const FOLDERS = 1_000;

export function documentId(index: number): string {
  return `document-${String(index).padStart(6, "0")}`;
}

export function isSeenBy(every: number, index: number): boolean {
  return index % every === every / 2; // not the first one, which says nothing about looking for it
}

const libraries = new Map<number, Promise<Library>>();

/** Made when it is first asked for. Throws when a line is refused, or when the import does not say that all is in. */
export async function libraryOf(setting: Setting, documents: number): Promise<Library> {
  const made = libraries.get(documents) ?? fill(setting, documents);
  libraries.set(documents, made);
  return await made;
}

async function fill(setting: Setting, documents: number): Promise<Library> {
  const { world, gatewayUrl } = setting;
  const slug = `library-${documents}`;
  await world.found(
    slug,
    READERS.map(({ alias }) => alias),
  );
  const token = await world.keeperToken(slug);
  const at = { url: `${gatewayUrl}/v1/organizations/${slug}/entities`, token };
  await imported(at, folders());
  const [before, startedAt] = [setting.cpu(), performance.now()];
  await imported(at, documentsIn(documents));
  const ms = performance.now() - startedAt;
  const importing = { lines: documents, seconds: ms / 1_000, others: othersDuring(before, setting.cpu(), ms) };
  await setting.sql("analyze entities", []);
  await setting.sql("analyze entity_relations", []);
  return { slug, documents, token, importing };
}

function folders(): string[] {
  return Array.from({ length: FOLDERS }, (_, index) => {
    const readers = READERS.filter(({ every }) => isSeenBy(every, index));
    const shared_with = readers.map(({ alias }) => ({ type: "account", id: alias }));
    const relations = shared_with.length === 0 ? {} : { shared_with };
    return JSON.stringify({ type: "folder", id: `folder-${index}`, attributes: { title: "Folder" }, relations });
  });
}

function documentsIn(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const relations = { folder: [{ type: "folder", id: `folder-${index % FOLDERS}` }] };
    const attributes = { title: `Document ${index}`, state: "open", classification: "internal" };
    return JSON.stringify({ type: "document", id: documentId(index), attributes, relations });
  });
}

interface Event {
  readonly done?: { readonly lines: number; readonly stored: number };
}

async function imported({ url, token }: { url: string; token: string }, lines: readonly string[]): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/x-ndjson" };
  const body = lines.join("\n");
  const response = await fetch(url, { method: "POST", headers, body });
  if (!response.ok || response.body === null) {
    throw new Error(`the import answered ${response.status}: ${await response.text()}`);
  }
  let last = "";
  // Both are the web's streams; their types are told twice.
  for await (const line of createInterface({ input: Readable.fromWeb(response.body as ReadableStream) })) last = line;
  const { done } = JSON.parse(last) as Event;
  if (done?.stored !== lines.length) throw new Error(`of ${lines.length} lines not all are stored: ${last}`);
}
