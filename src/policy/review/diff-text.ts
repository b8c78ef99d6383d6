import type { PolicyDiff } from "./diff.ts";
import type { Group } from "./groups.ts";
import { capitalized, codes, doneOn, inOneLine, listed, short, subjectsOf } from "./words.ts";

type Told = PolicyDiff["groups"][number];

/** How a format marks what it tells. */
interface Marks {
  /** All that is told goes through it: words, values and names come from the files that are reviewed. */
  readonly text: (text: string) => string;
  readonly title: (text: string) => string;
  readonly code: (text: string) => string;
  readonly strong: (text: string) => string;
  /** What only some want to read. */
  readonly folded: (title: string, lines: readonly string[]) => string[];
}

const TERMINAL: Marks = {
  text: inOneLine,
  title: (text) => text.toUpperCase(),
  code: (text) => text,
  strong: (text) => text,
  folded: (title, lines) => [title.toUpperCase(), "", ...lines],
};
/** What means something in Markdown outside of code, and code: between two backticks that stand alone. */
const MEANING = /(?<!`)`[^`]+`(?!`)|[\\`*_[\]<>&|~$]/g;
const MARKDOWN: Marks = {
  text: (text) =>
    inOneLine(text).replaceAll(MEANING, (found) => {
      if (found === "`") return "'";
      return found.length > 1 ? found : `\\${found}`;
    }),
  title: (text) => `### ${text}`,
  code: (text) => `\`${text.replaceAll("`", "'")}\``,
  strong: (text) => `**${text}**`,
  folded: (title, lines) => [`<details><summary>${title}</summary>`, "", ...lines, "</details>", ""],
};

export function terminalOf(diff: PolicyDiff): string {
  return textOf(diff, TERMINAL);
}

/** A pull request's comment. */
export function markdownOf(diff: PolicyDiff): string {
  return `## What this change of the policies does\n\n${textOf(diff, MARKDOWN)}`;
}

const TITLES: readonly (readonly [Group["direction"], title: string, counted: string])[] = [
  ["widened", "Widened: denied before, allowed now", "widened"],
  ["errors", "Broken: denied now, and no rule says why", "broken"],
  ["narrowed", "Narrowed: allowed before, denied now", "narrowed"],
  ["reasons", "Denied as before, for other reasons", "denied for other reasons"],
];

function textOf({ base, head, groups, limits, isUnapproved }: PolicyDiff, marks: Marks): string {
  const from = marks.text(`${base.name} (${marks.code(base.unit)}) to ${head.name} (${marks.code(head.unit)})`);
  const untried = limits.map((limit) => `${marks.strong("Not all was tried.")} ${limit}.\n`);
  if (groups.length === 0) return [`From ${from}: every decision is the same.\n`, ...untried].join("\n");
  const sections = TITLES.flatMap(([direction, title]) => {
    const some = groups.filter((group) => group.direction === direction);
    const lines = some.flatMap((group) => [...linesOf(group, marks), ""]);
    if (some.length === 0) return [];
    return direction === "reasons" ? marks.folded(title, lines) : [marks.title(title), "", ...lines];
  });
  const counts = TITLES.map(
    ([direction, , counted]) => `${groups.filter((group) => group.direction === direction).length} ${counted}`,
  ).join(", ");
  const end = isUnapproved
    ? `${marks.strong("Something widens that nobody has approved.")} If it is meant, whoever approves it adds this to the base's ${marks.code("policies/approvals.yaml")}:\n\n${entriesFor(groups, base.unit, head.unit, marks)}`
    : "";
  const said = [`From ${from}: ${counts}.\n`, ...untried, sections.join("\n")].join("\n");
  return `${said}\n${end}`.trimEnd() + "\n";
}

function linesOf(group: Told, marks: Marks): string[] {
  const { kind, version, isNewMatrix, approval, causes, knownTo } = group;
  const matrix =
    version === "default"
      ? ""
      : `, matrix ${marks.code(version)}${isNewMatrix ? " (new; beside the default one)" : ""}`;
  const action = knownTo === "head" ? " (a new action)" : knownTo === "base" ? " (the action is gone)" : "";
  const [sentence = "", ...more] = [
    sentenceOf(group, marks),
    `${kind}${matrix}${action}: ${extentOf(group, marks)} (${marks.code(group.id)})`,
    ...causes.map((cause) => `by ${cause}`),
    ...(approval === null ? [] : [`approved by ${approval.who}: ${approval.why}`]),
  ].map(marks.text);
  return [`- ${marks.strong(sentence)}`, ...more.map((line) => `  ${line}`)];
}

/** Of many regions the first few: the example is in them. */
const MOST_REGIONS = 4;

function extentOf({ where, direction, cells, isWhole }: Group, marks: Marks): string {
  const tried = isWhole ? "" : " of those tried (every pair of values)";
  const cases = `${cells} ${cells === 1 ? "case" : "cases"}${tried}`;
  if (direction === "reasons") return `an example of ${cases}`;
  const told = where.slice(0, MOST_REGIONS).map((region) => {
    return listed(region.map(({ fact, values }) => `${marks.code(short(fact))} is ${listed(values, "or")}`));
  });
  const more = where.length > MOST_REGIONS ? `; or in ${where.length - MOST_REGIONS} more places` : "";
  return `${told.includes("") ? "in every state" : `where ${told.join("; or ")}${more}`}; ${cases}`;
}

/** "Admin may now do `retire` on a sector while the organization's state is active". */
function sentenceOf(group: Group, marks: Marks): string {
  const { direction, kind, version, isNewMatrix, actions, roles, example } = group;
  const concerned = direction === "reasons" && example.role !== null ? [example.role] : roles;
  const isAnyone = example.way === null && concerned.length === 0;
  const who = example.way === null ? subjectsOf(concerned) : `whoever is ${example.way}`;
  const while_ = example.facts.length === 0 ? "" : ` while ${listed(example.facts.map(clauseOf))}`;
  const does = `do ${doneOn(actions.map(marks.code), kind)}${while_}`;
  const [now, anyLonger, noLonger] = isNewMatrix ? ["", "", "not"] : [" now", " any longer", "no longer"];
  const matrix = marks.code(version);
  const within = isNewMatrix ? `in the new matrix ${matrix}, unlike the default one, ` : `in the matrix ${matrix}, `;
  return capitalized(`${version === "default" ? "" : within}${saysThat()}`);

  function saysThat(): string {
    const mayNot = isAnyone ? `nobody may${anyLonger}` : `${who} may ${noLonger}`;
    const [was, is] = [codes(example.was), codes(example.is)];
    if (direction === "widened") return `${isAnyone ? "anyone" : who} may${now} ${does}`;
    if (direction === "narrowed") return `${mayNot} ${does}: ${is}`;
    if (direction === "errors") return `${mayNot} ${does}, and no rule says why`;
    return `${isAnyone ? "nobody may" : `${who} may not`} ${does}: ${is} instead of ${was}`;
  }
}

function clauseOf({ words, value }: Group["example"]["facts"][number]): string {
  if (value === "true") return words;
  return value === "false" ? `it is not so that ${words}` : `${words} is ${value}`;
}

function entriesFor(groups: readonly Told[], base: string, head: string, marks: Marks): string {
  const open = groups.filter(({ direction, approval }) => direction === "widened" && approval === null);
  const entries = open
    .map(({ id }) => `- { group: "${id}", who: you, why: …, base: "${base}", head: "${head}" }`)
    .join("\n");
  return marks === MARKDOWN ? `\`\`\`yaml\n${entries}\n\`\`\`` : entries;
}
