import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { POLICY_KINDS } from "../entities/policy-kinds.ts";
import { CANARY } from "../entities/canary.ts";
import type { Keeping } from "../entities/host-kinds.ts";
import { type Fault, isFault, misfitsOf, readPositioned } from "./positioned.ts";

/** A folder of HOST_POLICIES, as far as its files say it by their names and `kinds.yaml`. */
export interface HostFolder {
  readonly directory: string;
  /** By type; those that have a name that a host's kind can have. */
  readonly lines: ReadonlyMap<string, KindLine>;
  /** Of the folder, with slashes, sorted; hidden ones left out. */
  readonly files: readonly string[];
  /** What is wrong with types, and with files that belong to none. */
  readonly refused: readonly Refusal[];
}

export interface KindLine {
  /** Where it stands. */
  readonly at: number;
  readonly resources: Keeping;
  readonly subjects: Keeping;
}

/** Why something of a folder is not served. */
export interface Refusal {
  /** null: it belongs to no type. */
  readonly type: string | null;
  readonly file: string;
  readonly fault: Fault;
}

/** `record.yaml:12: …`, with the folder before it. */
export function inWords(directory: string, { file, fault }: Refusal): string {
  const place = path.join(directory, file);
  return `${fault.line === null ? place : `${place}:${fault.line}`}: ${fault.problem}`;
}

export const KINDS_FILE = "kinds.yaml";

const Keepings = z.enum(["stored", "sent"], "expected stored or sent").default("stored");
const Line = z.strictObject({ resources: Keepings, subjects: Keepings });
const Lines = z.record(z.string(), z.unknown());

/** Types that the model has of its own and Cerbos does not know; and the subject's schema. */
const TAKEN: readonly string[] = [...POLICY_KINDS, "sector_subject", "fence", "epoch", "principal", CANARY.kind];
export function isBuiltIn(type: string): boolean {
  return TAKEN.includes(type);
}

const TYPE = /^[a-z][a-z0-9_]{0,49}$/;

/** The setting is wrong, and not a kind. */
export class HostFolderError extends Error {
  override readonly name = "HostFolderError";
}

/** Throws HostFolderError where there is no such folder, or where it says nothing about kinds. */
export async function readFolder(directory: string): Promise<HostFolder> {
  const files = await filesOf(directory);
  if (!files.includes(KINDS_FILE)) {
    throw new HostFolderError(`${directory} is no folder of a host's policies: it has no ${KINDS_FILE}`);
  }
  const lines = new Map<string, KindLine>();
  const refused: Refusal[] = [];
  const read = readLines(await readFile(path.join(directory, KINDS_FILE), "utf8"));
  for (const fault of read.faults) refused.push({ type: null, file: KINDS_FILE, fault });
  for (const [type, { line, faults }] of read.types) {
    if (line !== null && faults.length === 0) lines.set(type, line);
    for (const fault of faults) refused.push({ type, file: KINDS_FILE, fault });
  }
  const known = new Set(read.types.keys());
  return { directory, lines, files, refused: [...refused, ...strays(files, known)] };
}

async function filesOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new HostFolderError(`there is no folder ${directory}`, { cause });
  });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
    .filter((name) => !/(^|\/)\./.test(name))
    .sort();
}

interface Read {
  readonly types: ReadonlyMap<string, { readonly line: KindLine | null; readonly faults: readonly Fault[] }>;
  readonly faults: readonly Fault[];
}

function readLines(text: string): Read {
  const document = readPositioned(text);
  if (isFault(document)) return { types: new Map(), faults: [document] };
  const lines = Lines.safeParse(document.value);
  if (!lines.success) {
    return { types: new Map(), faults: [{ line: 1, problem: "expected a line for each kind, such as `record: {}`" }] };
  }
  const types = Object.entries(lines.data).map(([type, given]) => {
    const named = nameFault(type);
    const line = Line.safeParse(given ?? {});
    const faults = [
      ...(named === null ? [] : [{ line: document.lineOf([type]), problem: named }]),
      ...(line.success ? [] : misfitsOf(document, line.error, [type])),
    ];
    return [type, { line: line.success ? { ...line.data, at: document.lineOf([type]) } : null, faults }] as const;
  });
  return { types: new Map(types), faults: [] };
}

function nameFault(type: string): string | null {
  if (isBuiltIn(type)) return `${type} is a built-in name; give the kind another one`;
  if (!TYPE.test(type)) return `${JSON.stringify(type)} cannot name a kind: a-z, 0-9 and _, a letter first, 50 at most`;
  const suffix = ["_floor", "_test"].find((each) => type.endsWith(each));
  return suffix === undefined ? null : `no kind may end in ${suffix}: files of another kind are called so`;
}

/** The files of a kind: its policy, others of its versions, its floor, the tests beside them, its schema. */
const OF_A_KIND = [
  /^cerbos\/(?:matrices\/[^/]+\/)?([^/]+?)(?:_test)?\.yaml$/,
  /^cerbos\/([^/]+?)_floor(?:_test)?\.yaml$/,
  /^cerbos\/_schemas\/([^/]+)\.json$/,
];
const OF_ALL = /^(kinds\.yaml|openfga\/.*|cerbos\/(.*\/)?testdata\/.*|[^/]+\.md|test\/.*)$/;

/** The type that a file belongs to by its name; null: to none, or to all. */
export function typeOf(file: string): string | null {
  const floor = OF_A_KIND[1]?.exec(file)?.[1];
  return floor ?? OF_A_KIND.map((form) => form.exec(file)?.[1]).find((type) => type !== undefined) ?? null;
}

/** A policy that nobody would read is a mistake; whoever wrote it believes that it guards something. */
function strays(files: readonly string[], known: ReadonlySet<string>): Refusal[] {
  return files.flatMap((file): Refusal[] => {
    const type = typeOf(file);
    if (type !== null && !known.has(type)) {
      return [{ type, file, fault: { line: null, problem: `${KINDS_FILE} has no line for ${type}` } }];
    }
    if (type !== null || OF_ALL.test(file)) return [];
    return [{ type: null, file, fault: { line: null, problem: "is no file that is read here; look at its name" } }];
  });
}
