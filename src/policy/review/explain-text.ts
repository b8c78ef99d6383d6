import type { Explained, ExplainedCondition, ExplainedFact } from "./explain.ts";
import { capitalized, codes, doneOn, inOneLine, subjectsOf } from "./words.ts";

/** Why a cell is what it is, for a terminal. */
export function explanationOf({ kind, action, matrix, facts, isAllowed, reasons, rules, turns }: Explained): string {
  const role = facts.find(({ fact }) => fact === "role")?.value;
  const who = role === undefined ? (isAllowed ? "Anyone" : "Nobody") : capitalized(subjectsOf([role]));
  const may = isAllowed || role === undefined ? "may" : "may not";
  const inMatrix = matrix === "default" ? "" : `, in the matrix ${matrix}`;
  return [
    `${who} ${may} ${doneOn([action], kind)} here${inMatrix}${isAllowed ? "." : `: ${codes(reasons)}`}`,
    "",
    ...rules.flatMap((rule) => [
      `${rule.from}, ${rule.place}: the rule ${rule.name ?? "without a name"} ${rule.isAllowed ? "allows" : `denies: ${codes(rule.reasons)}`}`,
      ...rule.conditions.map(conditionLine),
      "",
    ]),
    "Facts that decide:",
    ...facts.map(factLine),
    "",
    turns.length === 0 ? "No single one of them turns it." : "Each of these by itself turns it:",
    ...turns.map(({ fact, words, values }) => `  ${fact}: ${values.join(", ")}${words === null ? "" : `  (${words})`}`),
    "",
  ]
    .map(inOneLine)
    .join("\n");
}

function conditionLine({ told, words, place, holds }: ExplainedCondition): string {
  const sign = holds === null ? "?  " : holds ? "yes" : "no ";
  const about = words === null ? "" : `: ${words}`;
  return `  ${sign} ${told}${about}${holds === null ? " (it cannot be evaluated)" : ""} (${place})`;
}

function factLine({ fact, words, value, isAssumed }: ExplainedFact): string {
  const about = words === null ? "" : `  (${words})`;
  return `  ${isAssumed ? "assumed" : "given  "} ${fact} = ${value}${about}`;
}
