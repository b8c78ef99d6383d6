import type { Reason } from "../../entities/errors.ts";
import type { PolicyDiff } from "./diff.ts";
import type { Group } from "./groups.ts";

type Told = PolicyDiff["groups"][number];

/** How a format marks what it tells. */
interface Marks {
  readonly title: (text: string) => string;
  readonly code: (text: string) => string;
  readonly strong: (text: string) => string;
}

const TERMINAL: Marks = { title: (text) => text.toUpperCase(), code: (text) => text, strong: (text) => text };
const MARKDOWN: Marks = {
  title: (text) => `### ${text}`,
  code: (text) => `\`${text}\``,
  strong: (text) => `**${text}**`,
};

export function terminalOf(diff: PolicyDiff): string {
  return textOf(diff, TERMINAL);
}

/** A pull request's comment. */
export function markdownOf(diff: PolicyDiff): string {
  return `## What this change of the policies does\n\n${textOf(diff, MARKDOWN)}`;
}

const TITLES: readonly (readonly [Group["direction"], string])[] = [
  ["widened", "Widened: denied before, allowed now"],
  ["errors", "Broken: denied now, and no rule says why"],
  ["narrowed", "Narrowed: allowed before, denied now"],
  ["reasons", "Denied as before, for other reasons"],
];

function textOf({ base, head, groups, isUnapproved }: PolicyDiff, marks: Marks): string {
  const from = `${base.name} (${marks.code(base.unit)}) to ${head.name} (${marks.code(head.unit)})`;
  if (groups.length === 0) return `From ${from}: every decision is the same.\n`;
  const sections = TITLES.flatMap(([direction, title]) => {
    const some = groups.filter((group) => group.direction === direction);
    return some.length === 0
      ? []
      : [marks.title(title), "", ...some.flatMap((group) => [...linesOf(group, marks), ""])];
  });
  const counts = TITLES.map(
    ([direction]) => `${groups.filter((group) => group.direction === direction).length} ${direction}`,
  ).join(", ");
  const end = isUnapproved
    ? `${marks.strong("Something widens that nobody has approved.")} If it is meant, add to ${marks.code("policies/approvals.yaml")}, where the base's are read:\n\n${entriesFor(groups, base.unit, head.unit, marks)}`
    : "";
  return `From ${from}: ${counts}.\n\n${sections.join("\n")}\n${end}`.trimEnd() + "\n";
}

function linesOf(group: Told, marks: Marks): string[] {
  const { kind, version, isNewMatrix, approval, causes, cells, knownTo } = group;
  const matrix =
    version === "default"
      ? ""
      : `, matrix ${marks.code(version)}${isNewMatrix ? " (new; beside the default one)" : ""}`;
  const action = knownTo === "head" ? " (a new action)" : knownTo === "base" ? " (the action is gone)" : "";
  return [
    `- ${marks.strong(sentenceOf(group, marks))}`,
    `  ${kind}${matrix}${action}: ${regionsOf(group, marks)}; ${cells} ${cells === 1 ? "case" : "cases"} (${marks.code(group.id)})`,
    ...causes.map((cause) => `  by ${cause}`),
    ...(approval === null ? [] : [`  approved by ${approval.who}: ${approval.why}`]),
  ];
}

/** Of many regions the first few: the example is in them. */
const MOST_REGIONS = 4;

function regionsOf({ where, direction }: Group, marks: Marks): string {
  const told = where.slice(0, MOST_REGIONS).map((region) => {
    return region.map(({ fact, values }) => `${marks.code(short(fact))} ${values.join(" or ")}`).join(", ");
  });
  const more = where.length > MOST_REGIONS ? `; or in ${where.length - MOST_REGIONS} more places` : "";
  if (direction === "reasons") return "for example";
  return told.includes("") ? "in every state" : `where ${told.join("; or ")}${more}`;
}

/** "Admin may now `retire` a sector while the organization's state is active". */
function sentenceOf({ direction, kind, actions, roles, example }: Group, marks: Marks): string {
  const concerned = direction === "reasons" && example.role !== null ? [example.role] : roles;
  const anyone = example.way === null ? "Everyone" : `Who is ${example.way}`;
  const who = concerned.length === 0 || example.way !== null ? anyone : capitalized(concerned.join(", "));
  const what = actions.map(marks.code).join(", ");
  const thing = /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`;
  const facts = example.facts.map(({ words, value }) => {
    if (value === "true") return words;
    return value === "false" ? `it is not so that ${words}` : `${words} is ${value}`;
  });
  const while_ = facts.length === 0 ? "" : ` while ${facts.join(" and ")}`;
  switch (direction) {
    case "widened":
      return `${who} may now ${what} ${thing}${while_}`;
    case "narrowed":
      return `${who} may no longer ${what} ${thing}${while_}: ${codes(example.is)}`;
    case "errors":
      return `${who} may not ${what} ${thing}${while_}, without a reason`;
    case "reasons":
      return `${who} may not ${what} ${thing}${while_}: ${codes(example.is)} instead of ${codes(example.was)}`;
  }
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function codes(reasons: readonly Reason[]): string {
  return reasons
    .map(({ code, ...members }) => (Object.keys(members).length === 0 ? code : `${code} ${JSON.stringify(members)}`))
    .join(", ");
}

function short(fact: string): string {
  return fact.replace(/^R\.attr\./, "").replace(/^P\.attr\./, "subject.");
}

function entriesFor(groups: readonly Told[], base: string, head: string, marks: Marks): string {
  const open = groups.filter(({ direction, approval }) => direction === "widened" && approval === null);
  const entries = open
    .map(({ id }) => `- { group: "${id}", who: you, why: …, base: "${base}", head: "${head}" }`)
    .join("\n");
  return marks === MARKDOWN ? `\`\`\`yaml\n${entries}\n\`\`\`` : entries;
}
