import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { othersDuring } from "./secrecy.ts";
import type { Setting } from "./setting.ts";

/** Documents are those of examples/document-tree, each in one of a thousand folders; notes are bench/policies', each with its viewers. */
export type Held = "document" | "note";

/** An organization with so many of them. */
export interface Library {
  readonly slug: string;
  readonly holds: Held;
  readonly size: number;
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

export function idOf(type: Held, index: number): string {
  return `${type}-${String(index).padStart(6, "0")}`;
}

export function isSeenBy(every: number, index: number): boolean {
  return index % every === every / 2; // not the first one, which says nothing about looking for it
}

const libraries = new Map<string, Promise<Library>>();

/** Made when it is first asked for. Throws when a line is refused, or when the import does not say that all is in. */
export async function libraryOf(setting: Setting, size: number, holds: Held = "document"): Promise<Library> {
  const slug = `${holds}s-${size}`;
  const made = libraries.get(slug) ?? fill(setting, { slug, size, holds });
  libraries.set(slug, made);
  return await made;
}

async function fill(setting: Setting, library: Pick<Library, "slug" | "size" | "holds">): Promise<Library> {
  const { world, gatewayUrl } = setting;
  const { slug, size, holds } = library;
  await world.found(
    slug,
    READERS.map(({ alias }) => alias),
  );
  const token = await world.keeperToken(slug);
  const at = { url: `${gatewayUrl}/v1/organizations/${slug}/entities`, token };
  if (holds === "document") await imported(at, folders());
  const lines = Array.from({ length: size }, (_, index) =>
    holds === "document" ? documentLine(index) : noteLine(index),
  );
  const [before, startedAt] = [setting.cpu(), performance.now()];
  await imported(at, lines);
  const ms = performance.now() - startedAt;
  const importing = { lines: size, seconds: ms / 1_000, others: othersDuring(before, setting.cpu(), ms) };
  await setting.vacuum();
  return { ...library, token, importing };
}

function folders(): string[] {
  return Array.from({ length: FOLDERS }, (_, index) => {
    const relations = sharedWith("shared_with", index);
    return JSON.stringify({ type: "folder", id: `folder-${index}`, attributes: { title: "Folder" }, relations });
  });
}

function sharedWith(relation: string, index: number): Readonly<Record<string, object[]>> {
  const readers = READERS.filter(({ every }) => isSeenBy(every, index));
  return readers.length === 0 ? {} : { [relation]: readers.map(({ alias }) => ({ type: "account", id: alias })) };
}

function documentLine(index: number): string {
  const relations = { folder: [{ type: "folder", id: `folder-${index % FOLDERS}` }] };
  const attributes = { title: `Document ${index}`, state: "open", classification: "internal" };
  return JSON.stringify({ type: "document", id: idOf("document", index), attributes, relations });
}

function noteLine(index: number): string {
  const relations = sharedWith("viewer", index);
  return JSON.stringify({ type: "note", id: idOf("note", index), attributes: { title: `Note ${index}` }, relations });
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
  for await (const line of createInterface({ input: Readable.fromWeb(response.body) })) last = line;
  const { done } = JSON.parse(last) as Event;
  if (done?.stored !== lines.length) throw new Error(`of ${lines.length} lines not all are stored: ${last}`);
}
