import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { z } from "zod";

/** YAML, or JSON, that knows on which lines its members stand. */
export interface Positioned {
  readonly value: unknown;
  /** The line of a member, or of the nearest one around it that is there; it counts from 1. */
  lineOf(path: readonly PropertyKey[]): number;
  /** The same with its column. */
  readonly placeOf: (path: readonly PropertyKey[]) => Place;
  /** What the lines of comment right above a member say, in one line; null: there are none. */
  commentOf(path: readonly PropertyKey[]): string | null;
}

/** Both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** What is wrong with a file, and where. */
export interface Fault {
  readonly line: number | null;
  /** Undefined: where the line begins. */
  readonly column?: number | undefined;
  readonly problem: string;
}

export function isFault(read: object): read is Fault {
  return "problem" in read;
}

/** Reads one document. A fault is a value: whoever wrote the file is told. */
export function readPositioned(text: string, schema: "core" | "json" = "core"): Positioned | Fault {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, schema });
  const [error] = document.errors;
  if (error !== undefined) {
    const [place] = error.linePos ?? [];
    return { line: place?.line ?? null, column: place?.col, problem: inOneLine(error.message) };
  }
  try {
    const placeOf = (path: readonly PropertyKey[]): Place => {
      const { line, col } = lines.linePos(offsetOf(document, path));
      return { line, column: col };
    };
    const rows = text.split("\n");
    return {
      value: document.toJS(),
      lineOf: (path) => placeOf(path).line,
      placeOf,
      commentOf: (path) => commentAbove(rows, placeOf(path).line),
    };
  } catch (error) {
    return { line: null, problem: inOneLine(String(error)) }; // aliases without end
  }
}

function commentAbove(rows: readonly string[], line: number): string | null {
  const above = rows.slice(0, line - 1);
  const from = above.findLastIndex((row) => !/^\s*#/.test(row)) + 1;
  const said = above.slice(from).map((row) => row.trim().replace(/^#\s?/, ""));
  return said.length === 0 ? null : said.join(" ");
}

/** Where the key of a member stands, or the item of a list. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let offset = 0;
  let node: unknown = document.contents;
  for (const name of path) {
    const [at, next] = step(isAlias(node) ? node.resolve(document) : node, name);
    if (!isNode(at)) break;
    offset = at.range?.[0] ?? offset;
    node = next;
  }
  return offset;
}

function step(node: unknown, name: PropertyKey): readonly [Node | null, unknown] {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(name));
    return [isNode(pair?.key) ? pair.key : null, pair?.value];
  }
  const item = isSeq(node) ? node.items[Number(name)] : null;
  return [isNode(item) ? item : null, item];
}

/** What does not fit a schema, each at its line. */
export function misfitsOf(document: Positioned, error: z.ZodError, within: readonly PropertyKey[] = []): Fault[] {
  return error.issues.map((issue) => {
    const path = [...within, ...issue.path];
    const stranger = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
    const place = path.map(String).join(".");
    const problem = place === "" ? issue.message : `${place}: ${issue.message}`;
    return { ...document.placeOf([...path, ...stranger]), problem };
  });
}

function inOneLine(text: string): string {
  return (text.split("\n")[0] ?? text).replace(/ at line \d+, column \d+:?$/, "");
}
