import { documentsOf } from "./evaluated.ts";
import type { Finding } from "./finding.ts";
import { allActionFindings } from "./lint-actions.ts";
import { factFindings, schemaFindings, subjectFindings } from "./lint-facts.ts";
import { ruleFindings } from "./lint-rules.ts";
import { shapeFindings } from "./lint-shape.ts";
import { wordFindings } from "./lint-words.ts";
import type { Revision } from "./revision.ts";

/** What is wrong with actions, facts, rules and words, by reading them. */
export function readFindings(revision: Revision): Finding[] {
  const ranks = new Set(revision.ranks.map(({ name }) => name));
  const read = [...revision.kinds.values()].flatMap((kind) => [
    ...factFindings(kind),
    ...documentsOf(kind).flatMap((document) => [...ruleFindings(document, ranks), ...wordFindings(document)]),
  ]);
  return [...allActionFindings(revision), ...read];
}

/** The same, and what is wrong with files by themselves. Where it finds something, the space of the policies is not known. */
export async function lintFindings(revision: Revision): Promise<Finding[]> {
  const files = [shapeFindings, schemaFindings, subjectFindings].map(async (find) => await find(revision.policiesDir));
  return [...(await Promise.all(files)).flat(), ...readFindings(revision)];
}
