import type { Caller } from "../entities/callers.ts";
import { LIMITS } from "../entities/limits.ts";
import { deadlineIn } from "./deadline.ts";
import type { Deps } from "./deps.ts";
import { type Decision, type Evaluation, type Pdp, settle } from "./evaluate.ts";
import { askingAlone } from "./host-together.ts";
import { type Recorded, recorded } from "./recorded.ts";
import { SECTOR_SUBJECT } from "./sector-names.ts";
import { type Story, storyOf } from "./story.ts";

/** An answer as `evaluate` gives it, and how it came about. */
export interface Explanation extends Decision, Story {}

/** The subject by the name that it was asked about by: relations know it as an account. */
function inNamesOf({ subject }: Evaluation, story: Story): Story {
  if (subject.type !== SECTOR_SUBJECT) return story;
  const { type, id } = subject;
  return { ...story, relations: story.relations.map((each) => ({ ...each, subject: { type, id } })) };
}

/** Of what the caller may know nothing of, and of what there is not, there is none. */
const UNTOLD: Story = { rules: [], facts: [], relations: [], changes: [], isComplete: true };

/**
 * Answers as `evaluate` does, for a service only, and tells the whole story. It is a decision like any other. Throws NOT_A_CLIENT,
 * SCOPE_MISSING, CANNOT_DECIDE and CONTENTION.
 */
export async function explain(deps: Deps, caller: Caller, pdp: Pdp, asked: Evaluation): Promise<Recorded<Explanation>> {
  return await recorded(deps, async (note) => {
    const host = askingAlone(deps, caller);
    const { decision, judged } = await settle({ deps, caller, pdp, host, note, scope: "authz:explain" }, asked);
    // Without facts nothing was asked of the policies, or it may not be told.
    const told = decision.context.facts === undefined ? null : judged();
    const story = told === null ? UNTOLD : await storyOf(deps, told, deadlineIn(LIMITS.explainMs));
    return { ...decision, ...inNamesOf(asked, story) };
  });
}
