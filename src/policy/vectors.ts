import type { Judge, JudgeQuestion } from "../entities/judge.ts";
import { inParallel, lotsOf } from "../entities/parallel.ts";
import { resourceOf } from "./review/resource-of.ts";
import { ANCHOR, type PolicyDocument } from "./review/documents.ts";
import { documentsOf } from "./review/evaluated.ts";
import { readRevision, type Revision } from "./review/revision.ts";
import { type Expected, expectedIn } from "./test-suites.ts";

type Folders = Pick<Revision, "policiesDir" | "hostFolders">;
type Facts = Readonly<Record<string, unknown>>;

const TIMEOUT_MS = 10_000;
/** What Cerbos takes for one resource. */
const ACTIONS_AT_ONCE = 50;
/** Questions; each has its own time. */
const AT_ONCE = 100;
/** Answers that no policy gives: it is not there, says nothing, or does not take what its schema does. */
const DEFECTS = new Set(["NO_REASON_GIVEN", "FACT_INVALID"]);

/**
 * Asks a Cerbos that nobody uses yet about every action of every kind, matrix and floor apart, with ordinary facts: each must allow, or deny
 * with reasons. Then about all that the tests beside the policies expect. Gives what is not so.
 */
export async function failedVectors(judge: Judge, { policiesDir, hostFolders }: Folders): Promise<string[]> {
  const { kinds, plans } = await readRevision(policiesDir, hostFolders);
  const asked = [...kinds.values()].flatMap((kind) => {
    const attributes = resourceOf(kind, new Map(), plans);
    return documentsOf(kind).map(async (document) => await failedOf(judge, document, attributes));
  });
  const defects = (await Promise.all(asked)).flat();
  if (defects.length > 0) return defects;
  const served = new Set([...kinds.values()].flatMap(documentsOf).map(nameOf));
  const expected = (await Promise.all([policiesDir, ...hostFolders].map(expectedIn))).flat();
  return await unmetOf(
    judge,
    expected.filter((each) => served.has(nameOf(each))), // a kind that is refused is not there
  );
}

function nameOf({ resource, version }: Pick<PolicyDocument, "resource" | "version">): string {
  return `${resource} ${version}`;
}

/** What is decided otherwise than a test expects: then it is not the policies that were tested. */
async function unmetOf(judge: Judge, all: readonly Expected[]): Promise<string[]> {
  const alike = Map.groupBy(all, ({ file: _file, test: _test, action: _action, isAllowed: _is, ...question }) =>
    JSON.stringify(question),
  );
  const unmet = await inParallel([...alike.values()], AT_ONCE, async (some) => {
    const [first] = some as [Expected, ...Expected[]]; // grouped
    const { resource: kind, version: matrix, role, subject, attributes } = first;
    const question = { kind, matrix, role, hasFloor: false, attributes, subject } as const;
    const actions = some.map(({ action }) => action);
    const verdicts = await askAll(judge, question, actions);
    return some
      .filter(({ action, isAllowed }) => verdicts.get(action)?.allowed !== isAllowed)
      .map(({ file, test, action, isAllowed }) => {
        return `${file}: the test "${test}": ${role} ${action}: expected EFFECT_${isAllowed ? "ALLOW" : "DENY"}`;
      });
  });
  return unmet.flat();
}

async function failedOf(judge: Judge, document: PolicyDocument, attributes: Facts): Promise<string[]> {
  const { resource: kind, version: matrix, file } = document;
  const common = { kind, matrix, role: "owner", hasFloor: false, attributes, subject: {} } as const;
  const actions = document.rules.flatMap((rule) => rule.actions).filter((action) => action !== ANCHOR);
  return [...(await askAll(judge, common, actions))].flatMap(([action, { reasons }]) => {
    const defect = reasons.find(({ code }) => DEFECTS.has(code));
    return defect === undefined ? [] : [`${file}: ${action}: ${JSON.stringify(defect)}`];
  });
}

async function askAll(
  judge: Judge,
  question: Omit<JudgeQuestion, "actions">,
  actions: readonly string[],
): ReturnType<Judge> {
  const lots = lotsOf([...new Set(actions)], ACTIONS_AT_ONCE);
  const verdicts = lots.map(async (some) => await judge({ ...question, actions: some }, TIMEOUT_MS));
  return new Map((await Promise.all(verdicts)).flatMap((each) => [...each]));
}
