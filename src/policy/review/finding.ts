import path from "node:path";
import type { Fault, Place } from "../positioned.ts";
import { inOneLine } from "./words.ts";

/** Something that is wrong with the policies. Without a full stop at their ends. */
export interface Finding extends Place {
  readonly file: string;
  /** What is wrong, and what comes of it. */
  readonly problem: string;
  /** What to do. */
  readonly fix: string;
}

/** For what a file lacks as a whole. */
export const BEGIN: Place = { line: 1, column: 1 };

/** `policies/cerbos/sector.yaml:12:9: problem. fix`, from where whoever reads it stands. */
export function findingInWords({ file, line, column, problem, fix }: Finding): string {
  return inOneLine(`${fromHere(file)}:${line}:${column}: ${problem}. ${fix}`);
}

/** The way there from the current folder, where it lies in it. */
export function fromHere(file: string): string {
  const way = path.relative(process.cwd(), file);
  return way.startsWith("..") ? file : way;
}

/** @param text of the file */
export function ofFault(file: string, text: string, { line, column, problem }: Fault, fix: string): Finding {
  const indent = (text.split("\n")[(line ?? 1) - 1] ?? "").search(/\S/);
  const begin = Math.max(indent, 0) + 1;
  return { file, line: line ?? 1, column: column ?? begin, problem: problem.replace(/\.$/, ""), fix };
}

/** By file and place, each once. */
export function sortedFindings(findings: readonly Finding[]): Finding[] {
  const once = new Map(findings.map((finding) => [findingInWords(finding), finding]));
  return [...once.values()].sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}
