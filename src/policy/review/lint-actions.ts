import path from "node:path";
import { POLICY_ACTIONS, POLICY_KINDS } from "../../entities/policy-kinds.ts";
import { ANCHOR, type PolicyDocument, RULES } from "./documents.ts";
import { documentsOf } from "./evaluated.ts";
import { BEGIN, type Finding } from "./finding.ts";
import type { KindPolicies, Revision } from "./revision.ts";

/**
 * Matrix and floor of a built-in kind have one rule for each action that is asked, and for no other. That each of ACTIONS is asked by a route
 * or a check is test/http/affordances.test.ts' and test/matrix/accounts.test.ts'; a host's kind declares its actions by its rules (host-kind.ts).
 */
export function allActionFindings({ policiesDir, kinds }: Revision): Finding[] {
  const versions = new Set([
    "default",
    ...POLICY_KINDS.flatMap((kind) => [...(kinds.get(kind)?.matrices.keys() ?? [])]),
  ]);
  return POLICY_KINDS.flatMap((kind) => {
    const policies = kinds.get(kind);
    const missing = [...versions].filter((version) => policies?.matrices.has(version) !== true);
    const files = missing.map((version) =>
      version === "default" ? `${kind}.yaml` : `matrices/${version}/${kind}.yaml`,
    );
    if (policies?.floor === null) files.push(`${kind}_floor.yaml`);
    const found = files.map((name): Finding => {
      const file = path.join(policiesDir, "cerbos", name);
      const problem = `there is no such policy, and a version inherits nothing: nobody may do anything with a kind of the name ${kind}`;
      return { file, ...BEGIN, problem, fix: "Write it, as the policies beside it are" };
    });
    return [...found, ...(policies === undefined ? [] : ofKind(policies, POLICY_ACTIONS[kind]))];
  });
}

function ofKind(policies: KindPolicies, asked: readonly string[]): Finding[] {
  return documentsOf(policies).flatMap((document) => [
    ...asked.flatMap((action) => lacking(document, action)),
    ...document.rules.flatMap((rule, index) =>
      rule.actions.flatMap((action, at) => stray(document, { action, index, at, asked })),
    ),
  ]);
}

function lacking({ file, rules, placeOf }: PolicyDocument, action: string): Finding[] {
  const having = rules.flatMap((rule, index) => (rule.actions.includes(action) ? [index] : []));
  const [, second] = having;
  if (having.length === 0) {
    const problem = `no rule is about the action ${action}: it is denied to all, without a reason`;
    return [{ file, ...placeOf(RULES), problem, fix: `Write a rule for ${action}, or add it to one` }];
  }
  if (second === undefined) return [];
  const problem = `${having.length} rules are about the action ${action}: one allows what the other denies`;
  const place = placeOf([...RULES, second, "actions", rules[second]?.actions.indexOf(action) ?? 0]);
  return [{ file, ...place, problem, fix: "Make them one rule, with the conditions of both" }];
}

interface Asked {
  readonly action: string;
  readonly index: number;
  readonly at: number;
  readonly asked: readonly string[];
}

function stray({ file, placeOf }: PolicyDocument, { action, index, at, asked }: Asked): Finding[] {
  if (action === ANCHOR || asked.includes(action)) return [];
  const problem = `nobody asks for the action ${action}`;
  const fix = "Take it out, or add it to ACTIONS (src/entities/kinds.ts) with a route or a check that asks for it";
  return [{ file, ...placeOf([...RULES, index, "actions", at]), problem, fix }];
}
