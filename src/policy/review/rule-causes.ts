import { isDeepStrictEqual } from "node:util";
import type { Part } from "./cells.ts";
import { type Expression, expanded, type PolicyDocument, type RuleDocument, RULES } from "./documents.ts";
import { code, plain } from "./words.ts";

/** Which lines of a matrix, or of a floor, say something else about an action; a reason only where all else is the same. */
export function ruleCauses(was: Part | undefined, is: Part | undefined): string[] {
  const pairs = pairsOf(was?.rules ?? [], is?.rules ?? []);
  const causes = pairs.flatMap(([then, now]) => {
    if (now === undefined) return [`${placeOf(was, then)}: ${titleOf(then)} is gone${deniesWords(then)}`];
    if (then === undefined) return [`${placeOf(is, now)}: ${titleOf(now)} is new${deniesWords(now)}`];
    if (was === undefined || is === undefined) return []; // of which it is
    const both = { was, is, then, now };
    return [...memberCauses(both), ...conditionCauses(both)];
  });
  return causes.length > 0 || was === undefined || is === undefined ? causes : outputCauses(was, is);
}

type Pair = readonly [then: RuleDocument | undefined, now: RuleDocument | undefined];

/** Rules of one name; then, of those that are left, the first with the first. */
function pairsOf(was: readonly RuleDocument[], is: readonly RuleDocument[]): Pair[] {
  const named = is.flatMap((now): Pair[] => {
    const then = was.find(({ name }) => name === now.name);
    return then === undefined ? [] : [[then, now]];
  });
  const before = was.filter((rule) => !named.some(([then]) => then === rule));
  const after = is.filter((rule) => !named.some(([, now]) => now === rule));
  const length = Math.max(before.length, after.length);
  return [...named, ...Array.from({ length }, (_none, index): Pair => [before[index], after[index]])];
}

function deniesWords(rule: RuleDocument | undefined): string {
  return rule === undefined || rule.effect === "EFFECT_ALLOW" ? "" : ` (${code(rule.effect)})`;
}

/** A rule as it was and as it is, with what stands around it. */
interface Both {
  readonly was: Part;
  readonly is: Part;
  readonly then: RuleDocument;
  readonly now: RuleDocument;
}

const MEMBERS = ["effect", "roles", "derivedRoles"] as const;

function memberCauses({ is, then, now }: Both): string[] {
  const index = is.document.rules.indexOf(now);
  return MEMBERS.flatMap((member) => {
    const [from, to] = [then, now].map((rule) => plain([rule[member]].flat().toSorted().join(", ")) || "none");
    if (from === to) return [];
    const { line } = is.document.placeOf([...RULES, index, member]);
    return [`${is.document.file}:${line}: ${titleOf(now)}: ${member}: ${from ?? ""} → ${to ?? ""}`];
  });
}

function conditionCauses({ was, is, then, now }: Both): string[] {
  const before = meaningsOf(then, was.document);
  const after = meaningsOf(now, is.document);
  const gone = [...before].filter(([meaning]) => !after.has(meaning));
  const added = [...after].filter(([meaning]) => !before.has(meaning));
  const changed = added.flatMap(([meaning, { expression, document }]) => {
    const { told: word, place } = wordIn(expression, document);
    const same = gone.find(([, each]) => each.expression.text === expression.text);
    if (same === undefined) return [];
    const isWord = /^V\.\w+$/.test(expression.text); // spelled out in brackets
    const [from, to] = [same[0], meaning].map((each) => code(isWord ? each.slice(1, -1) : each));
    return [`${document.file}:${place.line}: ${word}: ${from} → ${to}`];
  });
  const [asks, asked] = [wordsAlone(added, gone), wordsAlone(gone, added)];
  const swapped =
    asks === "" || asked === ""
      ? `${asks === "" ? "no longer requires" : "now requires"} ${asks}${asked}`
      : `requires ${asks} instead of ${asked}`;
  const told = asks === "" && asked === "" ? [] : [`${placeOf(is, now)}: ${titleOf(now)} ${swapped}`];
  const isLoose = !(then.isConjunction && now.isConjunction) && formOf(then) !== formOf(now);
  const loose = `${placeOf(is, now)}: ${titleOf(now)} puts its conditions together in another way`;
  return [...changed, ...told, ...(isLoose ? [loose] : [])];
}

/** A condition without what its expressions say. */
function formOf({ condition }: RuleDocument): string {
  return JSON.stringify([condition], (name, value: unknown) => (name === "expr" ? "" : value));
}

type Meanings = readonly (readonly [string, Meaning])[];

/** The words of the one that the other has not even under the same name. */
function wordsAlone(some: Meanings, others: Meanings): string {
  return some
    .filter(([, { expression }]) => !others.some(([, other]) => other.expression.text === expression.text))
    .map(([, { expression, document }]) => {
      const { told: word, words } = wordIn(expression, document);
      return words === null ? word : `${word} (${words})`;
    })
    .join(", ");
}

/** Reasons alone differ where the conditions are the same. */
function outputCauses(was: Part, is: Part): string[] {
  const [then, now] = [was, is].map(({ rules, document }) =>
    rules.map(({ output }) => output && expanded(output.text, document)),
  );
  if (isDeepStrictEqual(then, now)) return [];
  const twins = [...is.document.variables.values()].flatMap(({ name, text, place }) => {
    const before = was.document.variables.get(name)?.text ?? text;
    const isNamed = is.rules.some(({ output }) => new RegExp(`\\bV\\.${name}\\b`).test(output?.text ?? ""));
    return isNamed && before !== text
      ? [`${is.document.file}:${place.line}: ${code(name)}: ${code(before)} → ${code(text)}`]
      : [];
  });
  if (twins.length > 0) return twins;
  const [rule] = is.rules;
  const [from, to] = [was, is].map(({ rules }) =>
    rules.map(({ output }) => (output === null ? "none" : code(output.text))).join(", "),
  );
  return [`${placeOf(is, rule)}: the reasons of ${titleOf(rule)}: ${from ?? ""} → ${to ?? ""}`];
}

interface Meaning {
  readonly expression: Expression;
  readonly document: PolicyDocument;
}

/** What a rule asks, each condition with its words spelled out. */
function meaningsOf({ conditions }: RuleDocument, document: PolicyDocument): ReadonlyMap<string, Meaning> {
  return new Map(conditions.map((expression) => [expanded(expression.text, document), { expression, document }]));
}

interface Word {
  readonly told: string;
  /** What its author says of it. */
  readonly words: string | null;
  readonly place: Expression["place"];
}

function wordIn(expression: Expression, { variables }: PolicyDocument): Word {
  const name = /^V\.(\w+)$/.exec(expression.text)?.[1];
  const variable = name === undefined ? undefined : variables.get(name);
  if (variable === undefined) return { told: code(expression.text), words: null, place: expression.place };
  const { words, place } = variable;
  return { told: code(variable.name), words: words === null ? null : plain(words).replace(/\.$/, ""), place };
}

function titleOf(rule: RuleDocument | undefined): string {
  return rule?.name === null || rule === undefined ? "a rule without a name" : `the rule ${code(rule.name)}`;
}

export function placeOf(part: Part | undefined, rule: RuleDocument | undefined): string {
  return `${part?.document.file ?? "?"}:${rule?.place.line ?? 1}`;
}
