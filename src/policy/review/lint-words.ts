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
    if (deciding.has(name)) found.push(...unfit(file, variable));
  }
  const own = new Map([...variables].map(([name, variable]) => [name, { ...variable, cel: null }]));
  return [
    ...found,
    ...conditions.flatMap((condition) => unfit(file, condition)),
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

/** What a reason may say, and a condition may not. */
function unfit(file: string, { cel, place }: Expression): Finding[] {
  const found: Finding[] = [];
  if (cel !== null && calls(cel, "!_")) {
    const problem = "`!` says what must not be, and a guard that is negative is one step from letting through";
    found.push({ file, ...place, problem, fix: 'Say what must be, such as R.attr.state == "active"' });
  }
  if (cel !== null && calls(cel, "_+_")) {
    const problem = "`+` moves each boundary by what is added, so that nobody can write it down";
    found.push({ file, ...place, problem, fix: "Make the sum a fact" });
  }
  return found;
}

function calls(cel: Cel, name: string): boolean {
  if (cel.is === "list") return cel.items.some((item) => calls(item, name));
  return cel.is === "call" && (cel.name === name || cel.args.some((arg) => calls(arg, name)));
}
