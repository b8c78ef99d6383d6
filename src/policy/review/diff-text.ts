import type { PolicyDiff } from "./diff.ts";
import { fromHere } from "./finding.ts";
import { isDenied } from "./groups.ts";
import { ROLE } from "./reads.ts";
import type { ReasonChange } from "./reason-changes.ts";
import { exampleOf, inShort, sentenceOf, wholeOf } from "./sentences.ts";
import { LONGEST } from "./ways.ts";
import { capitalized, code, inOneLine, listed, plain, subjectsOf } from "./words.ts";

type Told = PolicyDiff["groups"][number];

/** How a format marks what it tells. What is told has backticks where a mark is meant, and nowhere else. */
interface Format {
  readonly text: (told: string) => string;
  readonly title: (told: string) => string;
  readonly heading: (told: string) => string;
  readonly strong: (told: string) => string;
  /** What only some want to read. */
  readonly folded: (title: string, lines: readonly string[]) => string[];
  readonly copied: (lines: readonly string[]) => string[];
}

const TERMINAL: Format = {
  ...{ text: inOneLine, title: inOneLine, heading: inOneLine, strong: inOneLine },
  folded: (title, lines) => [`${title}:`, "", ...lines],
  copied: (lines) => lines.map(inOneLine),
};
const MARKDOWN: Format = {
  text: escaped,
  title: (told) => `## ${escaped(told)}`,
  heading: (told) => `### ${escaped(told)}`,
  strong: (told) => `**${escaped(told)}**`,
  folded: (title, lines) => [`<details><summary>${escaped(title)}</summary>`, "", ...lines, "", "</details>"],
  copied: (lines) => ["```yaml", ...lines.map(inOneLine), "```"],
};

/** What means something in Markdown outside of code, and code: between two backticks that stand alone. */
const MEANING = /(?<!`)`[^`]+`(?!`)|[\\`*_[\]<>&|~$]/g;

/** Words, values and names come from the files that are reviewed. */
function escaped(told: string): string {
  return inOneLine(told).replaceAll(MEANING, (found) => {
    if (found === "`") return "'";
    return found.length > 1 ? found : `\\${found}`;
  });
}

export function terminalOf(diff: PolicyDiff): string {
  return textOf(diff, TERMINAL);
}

/** A pull request's comment. */
export function markdownOf(diff: PolicyDiff): string {
  return textOf(diff, MARKDOWN);
}

function textOf(diff: PolicyDiff, format: Format): string {
  const { title, groups } = diff;
  const causes = Map.groupBy(groups, (group) => JSON.stringify(group.causes));
  const blocks = [
    [format.title(title)],
    ...(groups.length === 0 ? [] : [verdictOf(diff, format)]),
    ...untriedBlocks(diff, format),
    ...[...causes.values()].flatMap((some) => causeBlocks(some, format)),
    ...(groups.length === 0 ? [] : [[ALL_CASES]]),
    ...approvalBlocks(diff, format),
    ...(groups.length === 0 ? [] : [format.folded("What was tried", triedLines(diff, format))]),
    [format.text(comparedWords(diff))],
  ];
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

const ALL_CASES =
  "Each line names all whom it concerns and all the cases: for others, and in other cases, nothing changes. A fact that it does not mention may have any value that its schema takes; where one is missing or of the wrong type, nothing changes unless a line says so.";

function verdictOf({ groups }: PolicyDiff, format: Format): string[] {
  const widened = groups.filter(({ direction }) => direction === "widened");
  const open = widened.filter(({ approval }) => approval === null);
  const count = (all: readonly Told[]): string => `${all.length} group${all.length === 1 ? "" : "s"} of cases`;
  const verdict =
    widened.length === 0
      ? "Nothing widens: no approval is needed."
      : open.length === 0
        ? `Approved: ${count(widened)} of those that widen, which are all.`
        : `Not approved: ${count(open)} ${open.length === 1 ? "widens" : "widen"} what is allowed. The check fails until ${open.length === 1 ? "it is" : "all are"} approved.`;
  const errors = groups.filter(({ direction }) => direction === "errors");
  return [
    format.strong(verdict),
    ...(errors.length === 0 ? [] : [format.strong(`Errors: of ${count(errors)} no rule says why they are denied.`)]),
  ];
}

/** That more can be different. */
function untriedBlocks({ limits }: PolicyDiff, format: Format): string[][] {
  return limits.map((limit) => [`${format.strong("Not all was tried.")} ${format.text(`${capitalized(limit)}.`)}`]);
}

/** A change of the policies, and all that it does. */
function causeBlocks(groups: readonly Told[], format: Format): string[][] {
  const [{ causes }] = groups as [Told]; // grouped by it
  const [first = "No line was found that does it", ...more] = causes;
  const heading =
    more.length === 0
      ? [format.heading(first)]
      : [format.heading("These lines together"), "", ...causes.map((cause) => `- ${format.text(cause)}`)];
  const alike = Map.groupBy(
    groups.filter((group) => !isDenied(group)),
    ({ id: _id, actions: _actions, cells: _cells, causes: _causes, approval, example, ...said }) =>
      JSON.stringify([said, approval?.who, approval?.why, example.facts]),
  );
  const lines = [...alike.values()].flatMap((some) => bulletOf(some, format));
  const told = (direction: Told["direction"]): readonly Told[] =>
    groups.filter((group) => group.direction === direction);
  const [silent, denied] = [silentLines(told("actions"), format), deniedLines(told("reasons"), format)];
  return [
    heading,
    ...(lines.length === 0 ? [] : [lines]),
    ...(silent.length === 0 ? [] : [silent]),
    ...(denied.length === 0 ? [] : [format.folded("Still denied, with other reasons in some of the cases", denied)]),
  ];
}

function bulletOf(groups: readonly Told[], format: Format): string[] {
  const [first] = groups as [Told, ...Told[]]; // grouped
  const said = { ...first, actions: groups.flatMap(({ actions }) => actions) };
  const { begins, cases, ends } = sentenceOf(said);
  const example = exampleOf(said);
  const ids = ` (${groups.map(({ id }) => format.text(code(id))).join(", ")})`;
  const { approval } = first;
  const lines =
    cases.length > 1
      ? [
          `- ${format.strong(`${begins} in each of these cases${ends}:`)}${ids}`,
          ...cases.map((each) => `  - ${format.text(each)}`),
        ]
      : [`- ${format.strong(wholeOf({ begins, cases, ends }))}${ids}`];
  return [
    ...lines,
    ...(example === null ? [] : [`  ${cases.length > 1 ? "- " : ""}${format.text(example)}`]),
    ...(first.isWhole ? [] : ["  - of the cases that were tried: every pair of values"]),
    ...(approval === null ? [] : [`  - ${format.text(`approved by ${plain(approval.who)}: ${plain(approval.why)}`)}`]),
  ];
}

const CHANGES: Readonly<Record<ReasonChange["change"], string>> = {
  gone: "is no longer among the reasons",
  new: "is now among the reasons",
  says: "says",
};

/** Actions that come or go, and are denied in every case. */
function silentLines(groups: readonly Told[], format: Format): string[] {
  return groups.map(({ actions, kind, version, knownTo }) => {
    const within = version === "default" ? "" : `, matrix ${code(version)}`;
    const [isOne, all] = [actions.length === 1, `${listed(actions.map(code))} (${kind}${within})`];
    const [is, was] = isOne ? ["is", "was"] : ["are", "were"];
    const what = isOne ? "a new action" : "new actions";
    const told =
      knownTo === "head" ? `${is} ${what}, denied in every case` : `${is} gone, and ${was} denied in every case`;
    return format.text(`- ${all} ${told}`);
  });
}

/** One line for each way in which reasons change, whatever it is about. */
function deniedLines(groups: readonly Told[], format: Format): string[] {
  const all = groups.flatMap(({ reasons, kind, actions }) => reasons.map((each) => ({ ...each, kind, actions })));
  const alike = Map.groupBy(all, ({ kind: _kind, actions: _actions, ...change }) => JSON.stringify(change));
  return [...alike.values()].flatMap((some) => {
    const [first] = some;
    if (first === undefined) return [];
    const who = first.subjects.length === 0 ? "everybody" : subjectsOf(first.subjects);
    const on = [...new Set(some.flatMap(({ kind, actions }) => actions.map((action) => `${code(action)} (${kind})`)))];
    const members = first.members === "" ? "" : ` ${first.members}`;
    return [format.text(`- ${first.reason} ${CHANGES[first.change]}${members}, for ${who}, on ${listed(on)}`)];
  });
}

function approvalBlocks(diff: PolicyDiff, format: Format): string[][] {
  const { groups, base, head, isUnapproved } = diff;
  if (!isUnapproved) return [];
  const open = groups.filter(({ direction, approval }) => direction === "widened" && approval === null);
  const entries = open.flatMap((group) => [
    `# ${inShort(sentenceOf(group))}`,
    `- { group: "${group.id}", who: "", why: "", base: "${base.unit}", head: "${head.unit}" }`,
  ]);
  const rules = `If it is meant, whoever approves it commits these lines, with who and why, to ${code("policies/approvals.yaml")} of the base (${plain(base.name)}), and not together with this change. They count for exactly these cases between exactly these two policy units: any other edit of the policies, on either side, voids them.`;
  const stray = strayLines(diff, format);
  return [
    [format.heading("To approve it")],
    ...(stray.length === 0 ? [] : [stray]),
    ...[[format.text(rules)], format.copied(entries)],
  ];
}

function strayLines({ strayApprovals }: PolicyDiff, format: Format): string[] {
  return strayApprovals.map(({ group, who, base, head, file, line, column }) => {
    const place = code(`${fromHere(file)}:${line}:${column}`);
    const other = `was given from the policy unit ${code(base)} to ${code(head)}, and not from this base to this head: it does not count`;
    return format.text(`- ${place}: the approval of ${code(group)} by ${plain(who)} ${other}`);
  });
}

const PAIRED = `, those that give something else now also beside what others give, and every two of them where a model says ${code("and")} or ${code("but not")}`;

function triedLines({ tried }: PolicyDiff, format: Format): string[] {
  return tried.map(({ kind, isWhole, facts, isByWays }) => {
    const every = isWhole ? "every combination" : "every pair of values, where all combinations would be too many,";
    const told = facts.map(({ words, values }) => `${words} (${values.join(", ")})`).join("; ");
    const each = facts.some(({ fact }) => fact === ROLE) ? "each but the role" : "each";
    const all = facts.length === 0 ? [] : [`${every} of ${told}; ${each} also missing and of the wrong type`];
    const ways = isByWays
      ? [`every way of relations that the models allow, through at most ${LONGEST} things${PAIRED}`]
      : [];
    return format.text(`- ${capitalized(kind)}: ${[...ways, ...all].join("; ")}`);
  });
}

function comparedWords({ base, head }: PolicyDiff): string {
  const [from, to] = [base, head].map(({ name, commit, unit }) => {
    return `${plain(name)} (${commit === null ? "" : `commit ${code(commit.slice(0, 12))}, `}policy unit ${code(unit)})`;
  });
  return `From ${from ?? ""} to ${to ?? ""}. A policy unit is the hash of policies, schemas, model and plans.`;
}
