import type { Judge } from "../entities/judge.ts";
import { lotsOf } from "../entities/parallel.ts";
import { resourceOf } from "./review/resource-of.ts";
import { ANCHOR, type PolicyDocument } from "./review/documents.ts";
import { documentsOf } from "./review/evaluated.ts";
import { readRevision, type Revision } from "./review/revision.ts";

type Folders = Pick<Revision, "policiesDir" | "hostFolders">;
type Facts = Readonly<Record<string, unknown>>;

const TIMEOUT_MS = 10_000;
/** What Cerbos takes for one resource. */
const ACTIONS_AT_ONCE = 50;
/** Answers that no policy gives: it is not there, says nothing, or does not take what its schema does. */
const DEFECTS = new Set(["NO_REASON_GIVEN", "FACT_INVALID"]);

/**
 * Asks a Cerbos that nobody uses yet about every action of every kind, matrix and floor apart, with ordinary facts: each must allow, or deny
 * with reasons. Gives what does not.
 */
export async function failedVectors(judge: Judge, { policiesDir, hostFolders }: Folders): Promise<string[]> {
  const { kinds, plans } = await readRevision(policiesDir, hostFolders);
  const asked = [...kinds.values()].flatMap((kind) => {
    const attributes = resourceOf(kind, new Map(), plans);
    return documentsOf(kind).map(async (document) => await failedOf(judge, document, attributes));
  });
  return (await Promise.all(asked)).flat();
}

async function failedOf(judge: Judge, document: PolicyDocument, attributes: Facts): Promise<string[]> {
  const { resource: kind, version: matrix, file } = document;
  const common = { kind, matrix, role: "owner", hasFloor: false, attributes, subject: {} } as const;
  const lots = lotsOfActions(document).map(async (actions) => await judge({ ...common, actions }, TIMEOUT_MS));
  const verdicts = (await Promise.all(lots)).flatMap((each) => [...each]);
  return verdicts.flatMap(([action, { reasons }]) => {
    const defect = reasons.find(({ code }) => DEFECTS.has(code));
    return defect === undefined ? [] : [`${file}: ${action}: ${JSON.stringify(defect)}`];
  });
}

function lotsOfActions({ rules }: PolicyDocument): string[][] {
  const actions = [...new Set(rules.flatMap((rule) => rule.actions))].filter((action) => action !== ANCHOR);
  return lotsOf(actions, ACTIONS_AT_ONCE);
}
