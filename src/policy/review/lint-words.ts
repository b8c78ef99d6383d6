import type { Cel } from "./cel.ts";
import type { Expression, PolicyDocument } from "./documents.ts";
import type { Finding } from "./finding.ts";
import { readsOf } from "./reads.ts";
import { capitalized } from "./words.ts";

const SUBSET = "Say it with what policies/README.md lists (what a condition may say)";

/** The words of a policy: used, told, positive, and in the subset whose whole space can be written down. */
export function wordFindings(document: PolicyDocument): Finding[] {
  const { file, variables, rules } = document;
  const conditions = rules.flatMap((rule) => rule.conditions);
  const outputs = rules.flatMap(({ output }) => (output === null ? [] : [output]));
  const used = readsOf([...conditions, ...outputs], variables).variables;
  const deciding = readsOf(conditions, variables).variables;
  const found: Finding[] = [];
  for (const variable of variables.values()) {
    const { name, place, words } = variable;
    if (!used.has(name)) {
      const problem = `no rule reads ${name}: whoever reads the policy believes that it guards something`;
      found.push({ file, ...place, problem, fix: "Take it out, or ask for it in a rule" });
    }
    if (words === null || words === "") {
      const fix = "Write a comment above it: decisions.md tells it to people";
      found.push({ file, ...place, problem: `${name} is not told in words`, fix });
    }
    if (deciding.has(name)) found.push(...negations(file, variable));
  }
  const own = new Map([...variables].map(([name, variable]) => [name, { ...variable, cel: null }]));
  return [
    ...found,
    ...conditions.flatMap((condition) => negations(file, condition)),
    ...[...variables.values(), ...conditions, ...outputs].flatMap((expression) =>
      [...readsOf([expression], own).strays].map((stray) => strayFinding(file, expression, stray)),
    ),
  ];
}

/** A stray is told as `what is wrong: what to do`, as far as there is something to say. */
function strayFinding(file: string, { place }: Expression, stray: string): Finding {
  const [problem = stray, ...fix] = stray.split(": ");
  const said = fix.join(": ");
  return { file, ...place, problem, fix: said === "" ? SUBSET : capitalized(said) };
}

function negations(file: string, { cel, place }: Expression): Finding[] {
  if (cel === null || !isNegative(cel)) return [];
  const problem = "`!` says what must not be, and a guard that is negative is one step from letting through";
  return [{ file, ...place, problem, fix: 'Say what must be, such as R.attr.state == "active"' }];
}

function isNegative(cel: Cel): boolean {
  if (cel.is === "list") return cel.items.some(isNegative);
  return cel.is === "call" && (cel.name === "!_" || cel.args.some(isNegative));
}
