import { isDeepStrictEqual } from "node:util";
import type { Part } from "./cells.ts";
import { ANCHOR, type PolicyDocument } from "./documents.ts";
import type { KindPolicies, Revision } from "./revision.ts";

export interface Both<Each> {
  readonly base: Each;
  readonly head: Each;
}

interface OneSide {
  readonly revision: Revision;
  readonly kind: KindPolicies | undefined;
}

/**
 * Does everything that these parts could depend on stand there as it did, but for names, comments and tests? Then nobody need be asked.
 * What is only said otherwise is asked about: it is not for this program to know what means the same.
 */
export function isUnchanged(sides: Both<OneSide>, parts: Both<readonly Part[]>): boolean {
  const [was, is] = (["base", "head"] as const).map((side) => {
    const { kind, revision } = sides[side];
    const plans = kind?.isHosts === true ? [] : [...revision.plans];
    const around = [kind?.schema.schema, kind?.floor === null, revision.shared, plans];
    return [around, parts[side].map(writtenIn)];
  });
  return isDeepStrictEqual(was, is);
}

/** A part with every word that it names. */
function writtenIn(part: Part): unknown {
  const wholes = part.rules.map(({ whole }) => whole);
  return [part.from, aroundRules(part), wholes, [...wordsIn(wholes, part.document)].sort()];
}

/** What a policy says beside rules and words, and the rules that make Cerbos work out the ranks. */
export function aroundRules({ document }: Part): unknown {
  const anchors = document.rules.filter(({ actions }) => actions.includes(ANCHOR));
  return [document.rest, anchors.map(({ whole }) => whole)];
}

/** Where words are named in a way that is not understood here, all of the policy's. */
function wordsIn(wholes: readonly unknown[], { variables }: PolicyDocument): Map<string, string> {
  const found = new Map<string, string>();
  const enter = (text: string): void => {
    for (const [, named] of text.matchAll(/\b(?:V|variables)\b(?:\.(\w+))?/g)) {
      for (const name of named === undefined ? variables.keys() : [named]) {
        const said = variables.get(name)?.text;
        if (said === undefined || found.has(name)) continue;
        found.set(name, said);
        enter(said);
      }
    }
  };
  for (const text of textsIn(wholes)) enter(text);
  return found;
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
