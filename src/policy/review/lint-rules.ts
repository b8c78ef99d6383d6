import { ANCHOR, type PolicyDocument, type RuleDocument, RULES } from "./documents.ts";
import type { Finding } from "./finding.ts";
import { readsOf, ROLE } from "./reads.ts";
import { twinOf } from "./table.ts";

/** Cerbos reads these in an action's name as patterns. */
const PATTERN = /[*?[\]{}\\]/;
const WORD = /^V\.(is|has)\w+$/;

/** A rule, and where its members stand. */
interface Placed {
  readonly document: PolicyDocument;
  readonly rule: RuleDocument;
  readonly index: number;
}

/** What is wrong with the rules of a policy, each by itself. @param ranks that the derived roles define */
export function ruleFindings(document: PolicyDocument, ranks: ReadonlySet<string>): Finding[] {
  const placed = document.rules.map((rule, index) => ({ document, rule, index }));
  return [
    ...placed.flatMap((each) => [...formFindings(each), ...actionFindings(each)]),
    ...placed.flatMap((each) => (each.rule.actions.includes(ANCHOR) ? [] : conditionFindings(each))),
    ...rankFindings(document, ranks),
  ];
}

function at({ document, index }: Placed, ...names: PropertyKey[]): Omit<Finding, "problem" | "fix"> {
  return { file: document.file, ...document.placeOf([...RULES, index, ...names]) };
}

function formFindings(placed: Placed): Finding[] {
  const { rule } = placed;
  const isAnchor = rule.actions.includes(ANCHOR);
  const found: Finding[] = [];
  if (rule.name === null || rule.name === "") {
    const problem = `the rule for ${rule.actions.join(", ")} has no name, so that no decision can say which rule it was`;
    found.push({ ...at(placed), problem, fix: "Give it a name" });
  }
  if (rule.effect !== "EFFECT_ALLOW") {
    const problem = `${rule.effect} is skipped where its condition cannot be evaluated, and then lets through`;
    const fix = "Write EFFECT_ALLOW, and the guard as one more positive condition of it";
    found.push({ ...at(placed, "effect"), problem, fix });
  }
  if (!isAnchor && rule.roles.join() !== "*") {
    const problem = "a role that the rule does not list gets a denial without a reason";
    found.push({ ...at(placed, "roles"), problem, fix: 'Write roles: ["*"], and ask for the rank in a condition' });
  }
  if (!isAnchor && rule.derivedRoles.length > 0) {
    const problem = "a subject without the derived role gets a denial without a reason";
    const fix = 'Write roles: ["*"], and ask for the rank in a condition';
    found.push({ ...at(placed, "derivedRoles"), problem, fix });
  }
  return found;
}

function actionFindings(placed: Placed): Finding[] {
  const { actions, conditions, output, roles } = placed.rule;
  const patterns = actions.flatMap((action, index): Finding[] => {
    if (!PATTERN.test(action)) return [];
    const problem = `${action} matches other actions than its own, also those that are made later`;
    return [{ ...at(placed, "actions", index), problem, fix: "Name each action" }];
  });
  const isPlain = actions.length === 1 && conditions.length === 0 && output === null && roles.length === 0;
  if (!actions.includes(ANCHOR) || isPlain) return patterns;
  const problem = `the rule of ${ANCHOR} decides nothing: it makes Cerbos work out the ranks`;
  return [
    ...patterns,
    { ...at(placed), problem, fix: "Leave it its name, its action, its effect and derivedRoles alone" },
  ];
}

/** Every condition is a word, and the output has its reason. */
function conditionFindings(placed: Placed): Finding[] {
  const { file, variables } = placed.document;
  const { conditions, isConjunction, output } = placed.rule;
  const found: Finding[] = [];
  if (!isConjunction) {
    const problem = "`none`, `any` and nested conditions let through, or hide, what cannot be evaluated";
    const fix = "Write match: all: of: with positive words alone; an alternative is one word (V.isA || V.isB)";
    found.push({ ...at(placed, "condition"), problem, fix });
  }
  const given = output === null ? new Set<string>() : readsOf([output], variables).variables;
  for (const { text, place } of conditions) {
    const name = text.trim().slice("V.".length);
    if (!WORD.test(text.trim())) {
      const problem = `the condition ${text} has no name, so that nobody is told in words what it asks`;
      const fix = "Make it a variable, isX or hasX, with a comment and its twin unlessX, and ask V.isX";
      found.push({ file, ...place, problem, fix });
    } else if (!given.has(twinOf(name))) {
      const problem = `${name} has no reason: where it alone does not hold the denial says nothing`;
      const fix = `Add V.${twinOf(name)} to the rule's conditionNotMet, in the order of the conditions`;
      found.push({ file, ...place, problem, fix });
    }
  }
  return found;
}

/** A rank that no rule names is held by nobody, and a misspelt one too. */
function rankFindings(document: PolicyDocument, ranks: ReadonlySet<string>): Finding[] {
  const { file, variables, rules, placeOf } = document;
  const anchored = new Set(
    rules.flatMap(({ actions, derivedRoles }) => (actions.includes(ANCHOR) ? derivedRoles : [])),
  );
  const asked = [...variables.values(), ...rules.flatMap(({ conditions }) => conditions)].flatMap((expression) =>
    readsOf([expression], new Map())
      .comparisons.filter(({ facts }) => facts.includes(ROLE))
      .flatMap(({ literals }) => literals.map((literal) => ({ rank: String(literal), place: expression.place }))),
  );
  return asked.flatMap(({ rank, place }): Finding[] => {
    if (!ranks.has(rank)) {
      const known = [...ranks].join(", ");
      return [{ file, ...place, problem: `there is no rank ${rank}: nobody has it`, fix: `Name one of ${known}` }];
    }
    if (anchored.has(rank)) return [];
    const problem = `Cerbos works out ${rank} only in a policy with a rule that names it; as it is nobody has it`;
    const fix = `Name ${rank} in the derivedRoles of the rule ranks (actions: ["${ANCHOR}"]), the first of a matrix`;
    return [{ file, ...(anchored.size === 0 ? placeOf(RULES) : place), problem, fix }];
  });
}
