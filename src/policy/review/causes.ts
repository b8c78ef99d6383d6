import { readFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Difference } from "./differences.ts";
import { ANCHOR, type Expression, expanded, type PolicyDocument, type RuleDocument } from "./documents.ts";
import { canonical } from "../../engines/openfga-differences.ts";
import { PLANS_FILE } from "../plans.ts";
import { isFault, readPositioned } from "../positioned.ts";
import type { Part } from "./cells.ts";
import { isSameSchema } from "./facts.ts";
import { aroundRules } from "./unchanged.ts";
import { WAY } from "./reads.ts";
import type { Revision, Revisions } from "./revision.ts";

/** Which lines of which files made this cell another one: of the rules, then of the ranks, the plans and the schema. */
export function causesOf({ parts, kind, cells }: Difference, { base, head }: Revisions): string[] {
  if (cells.dimensions[0]?.fact === WAY) return modelCauses(base, head);
  const inRules = (["matrix", "floor"] as const).flatMap((from) => {
    const was = parts.base.find((part) => part.from === from);
    const is = parts.head.find((part) => part.from === from);
    return ruleCauses(was, is);
  });
  if (inRules.length > 0) return inRules;
  const elsewhere = [...rankCauses(base, head), ...planCauses(base, head), ...schemaCauses(kind, base, head)];
  return elsewhere.length > 0 ? elsewhere : aroundCauses({ parts, base, head });
}

/** What makes no rule another one: the ranks that a policy names, what it imports, and what all policies share. */
function aroundCauses({ parts, base, head }: Pick<Difference, "parts"> & Revisions): string[] {
  const around = parts.head.flatMap((part) => {
    const was = parts.base.find(({ from }) => from === part.from);
    if (was === undefined || isDeepStrictEqual(aroundRules(was), aroundRules(part))) return [];
    const anchor = part.document.rules.find(({ actions }) => actions.includes(ANCHOR));
    return [`${placeOf(part, anchor)}: what stands around its rules`];
  });
  const isShared = !isDeepStrictEqual(base.shared, head.shared);
  return [...around, ...(isShared ? ["cerbos/: what all policies share, or the schema of the subject"] : [])];
}

function ruleCauses(was: Part | undefined, is: Part | undefined): string[] {
  if (was === undefined && is === undefined) return [];
  if (was === undefined) return (is?.rules ?? []).map((rule) => `${placeOf(is, rule)}: ${titleOf(rule)} is new`);
  if (is === undefined) return was.rules.map((rule) => `${placeOf(was, rule)}: ${titleOf(rule)} is gone`);
  const before = meaningsOf(was);
  const after = meaningsOf(is);
  const gone = [...before].filter(([meaning]) => !after.has(meaning));
  const added = [...after].filter(([meaning]) => !before.has(meaning));
  const changed = added.flatMap(([meaning, { expression, document }]) => {
    const { told: word, place } = wordIn(expression, document);
    const same = gone.find(([, each]) => each.expression.text === expression.text);
    if (same === undefined) return [];
    const isWord = /^V\.\w+$/.test(expression.text); // spelled out in brackets
    const [now, then] = [meaning, same[0]].map((each) => `\`${isWord ? each.slice(1, -1) : each}\``);
    return [`${is.document.file}:${place.line}: ${word} is ${now}, was ${then}`];
  });
  const [asks, asked] = [wordsAlone(added, gone), wordsAlone(gone, added)];
  const [rule] = is.rules;
  const swapped =
    asks === "" || asked === ""
      ? `${asks === "" ? "no longer asks" : "now asks"} ${asks}${asked}`
      : `asks ${asks} instead of ${asked}`;
  const told = asks === "" && asked === "" ? [] : [`${placeOf(is, rule)}: ${titleOf(rule)} ${swapped}`];
  const causes = [...changed, ...told];
  return causes.length > 0 ? causes : outputCauses(was, is);
}

type Meanings = readonly (readonly [string, Meaning])[];

/** The words of the one that the other has not even under the same name. */
function wordsAlone(some: Meanings, others: Meanings): string {
  return some
    .filter(([, { expression }]) => !others.some(([, other]) => other.expression.text === expression.text))
    .map(([, { expression, document }]) => wordIn(expression, document).told)
    .join(", ");
}

/** Reasons alone differ where the conditions are the same. */
function outputCauses(was: Part, is: Part): string[] {
  const text = (part: Part): (string | null)[] =>
    part.rules.map(({ output }) => (output === null ? null : expanded(output.text, part.document)));
  const [rule] = is.rules;
  const [one, other] = [text(was), text(is)];
  return isDeepStrictEqual(one, other) ? [] : [`${placeOf(is, rule)}: the reasons of ${titleOf(rule)}`];
}

interface Meaning {
  readonly expression: Expression;
  readonly document: PolicyDocument;
}

/** What the rules of a part ask, each condition with its words spelled out. */
function meaningsOf({ rules, document }: Part): ReadonlyMap<string, Meaning> {
  const all = rules.flatMap(({ conditions }) => conditions);
  return new Map(all.map((expression) => [expanded(expression.text, document), { expression, document }]));
}

function wordIn(expression: Expression, { variables }: PolicyDocument): { told: string; place: Expression["place"] } {
  const name = /^V\.(\w+)$/.exec(expression.text)?.[1];
  const variable = name === undefined ? undefined : variables.get(name);
  return variable === undefined
    ? { told: `\`${expression.text}\``, place: expression.place }
    : { told: `\`${variable.name}\``, place: variable.place };
}

function titleOf(rule: RuleDocument | undefined): string {
  return rule?.name === null || rule === undefined ? "a rule without a name" : `the rule \`${rule.name}\``;
}

function placeOf(part: Part | undefined, rule: RuleDocument | undefined): string {
  return `${part?.document.file ?? "?"}:${rule?.place.line ?? 1}`;
}

function rankCauses(base: Revision, head: Revision): string[] {
  return head.ranks.flatMap(({ name, parentRoles, file, line }) => {
    const was = base.ranks.find((rank) => rank.name === name);
    if (isDeepStrictEqual(was?.parentRoles, parentRoles)) return [];
    return [`${file}:${line}: ${name} is ${parentRoles.join(", ")} (was ${was?.parentRoles.join(", ") ?? "nobody"})`];
  });
}

function planCauses(base: Revision, head: Revision): string[] {
  const file = path.join(head.policiesDir, PLANS_FILE);
  return [...head.plans].flatMap(([name, plan]) =>
    Object.entries(plan).flatMap(([limit, value]) => {
      const was = base.plans.get(name)?.[limit];
      if (was === value) return [];
      const document = readPositioned(readFileSync(file, "utf8"));
      const line = isFault(document) ? 1 : document.lineOf([name, limit]);
      return [`${file}:${line}: ${limit} of the plan ${name} is ${value} (was ${was ?? "nothing"})`];
    }),
  );
}

function schemaCauses(kind: string, base: Revision, head: Revision): string[] {
  const [was, is] = [base, head].map(({ kinds }) => kinds.get(kind));
  if (isSameSchema(was?.schema, is?.schema)) return [];
  const matrix = (is ?? was)?.matrices.get("default")?.file ?? "";
  return [`${path.join(path.dirname(matrix), "_schemas", `${kind}.json`)}:1: the schema of its facts`];
}

/** The relations that the two models define differently. */
function modelCauses(base: Revision, head: Revision): string[] {
  return head.model.type_definitions.flatMap(({ type, relations = {}, metadata }) => {
    const was = base.model.type_definitions.find((each) => each.type === type);
    return Object.entries(relations).flatMap(([relation, rewrite]) => {
      const before = [was?.relations?.[relation], was?.metadata?.relations?.[relation]?.directly_related_user_types];
      const after = [rewrite, metadata?.relations?.[relation]?.directly_related_user_types];
      return canonical(before) === canonical(after) ? [] : [definitionIn(head, type, relation)];
    });
  });
}

function definitionIn({ modules, policiesDir, hostFolders }: Revision, type: string, relation: string): string {
  for (const { name, contents } of modules) {
    const lines = contents.split("\n");
    const from = lines.findIndex((line) => new RegExp(`^\\s*type\\s+${type}\\b`).test(line));
    const at = lines.findIndex(
      (line, index) => index > from && new RegExp(`^\\s*define\\s+${relation}\\s*:`).test(line),
    );
    if (from === -1 || at === -1) continue;
    // A host's modules are called by the number of its folder, so that no two are called the same.
    const [, index, within = path.join("openfga", name)] = /^host-(\d+)\/(.*)$/.exec(name) ?? [];
    const folder = index === undefined ? policiesDir : (hostFolders[Number(index)] ?? "");
    return `${path.join(folder, within)}:${at + 1}: \`${(lines[at] ?? "").trim()}\` of the type ${type}`;
  }
  return `the relation ${relation} of the type ${type}`;
}
