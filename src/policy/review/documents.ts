import { z } from "zod";
import { type Fault, isFault, misfitsOf, type Place, type Positioned, readPositioned } from "../positioned.ts";
import { type Cel, readCel } from "./cel.ts";

/** A Cerbos resource policy, a matrix or a floor, as its author wrote it. */
export interface PolicyDocument {
  /** As it is told: from the folder of the policies, or of the host's. */
  readonly file: string;
  readonly resource: string;
  readonly version: string;
  readonly variables: ReadonlyMap<string, Variable>;
  /** Files of derived roles that it imports. */
  readonly importedRoles: readonly string[];
  readonly rules: readonly RuleDocument[];
  /** Everything but its rules, its words and its description, as it was written. */
  readonly rest: unknown;
  /** Of a member, from the top of the file. */
  readonly placeOf: Positioned["placeOf"];
}

export interface Expression {
  readonly text: string;
  /** null: no CEL. */
  readonly cel: Cel | null;
  readonly place: Place;
}

/** A word of the policy. */
export interface Variable extends Expression {
  readonly name: string;
  /** The comment above it. */
  readonly words: string | null;
}

export interface RuleDocument {
  readonly name: string | null;
  readonly actions: readonly string[];
  readonly effect: string;
  readonly roles: readonly string[];
  readonly derivedRoles: readonly string[];
  /** All that its condition consists of, in order. */
  readonly conditions: readonly Expression[];
  /** As it was written; undefined: there is none. */
  readonly condition: unknown;
  /** Must all of them hold, and nothing else? */
  readonly isConjunction: boolean;
  readonly output: Expression | null;
  /** All of it but its name and its actions, as it was written. */
  readonly whole: unknown;
  readonly place: Place;
}

/** The action that nobody asks for: its rule makes Cerbos work out the ranks (ENGINES.md). */
export const ANCHOR = "bailiwick:ranks";

const Rule = z.object({
  name: z.string().nullish(),
  actions: z.array(z.string()),
  effect: z.string(),
  roles: z.array(z.string()).default([]),
  derivedRoles: z.array(z.string()).default([]),
  condition: z.unknown().optional(),
  output: z.object({ when: z.object({ conditionNotMet: z.string().optional() }).optional() }).optional(),
});
const Policy = z.object({
  resourcePolicy: z.object({
    resource: z.string(),
    version: z.string(),
    importDerivedRoles: z.array(z.string()).default([]),
    variables: z.object({ local: z.record(z.string(), z.unknown()).default({}) }).default({ local: {} }),
    rules: z.array(Rule),
  }),
});

export const RULES = ["resourcePolicy", "rules"] as const;
const VARIABLES = ["resourcePolicy", "variables", "local"] as const;

/** Null where the file holds something else: roles, tests, test data. */
export function readPolicyDocument(file: string, text: string): PolicyDocument | readonly Fault[] | null {
  const document = readPositioned(text);
  if (isFault(document)) return [document];
  if (!z.object({ resourcePolicy: z.unknown() }).safeParse(document.value).success) return null;
  const read = Policy.safeParse(document.value);
  if (!read.success) return misfitsOf(document, read.error);
  const { resource, version, variables, rules, importDerivedRoles: importedRoles } = read.data.resourcePolicy;
  const named = Object.entries(variables.local).map(([name, given]): [string, Variable] => {
    const path = [...VARIABLES, name];
    return [name, { name, words: document.commentOf(path), ...expressionOf(document, path, String(given)) }];
  });
  const { rest, wholes } = Written.parse(document.value); // it was read as one already
  return {
    ...{ file, resource, version, variables: new Map(named), importedRoles, placeOf: document.placeOf, rest },
    rules: rules.map((rule, index) => ({ ...ruleOf(document, rule, index), whole: wholes[index] })),
  };
}

const Written = z
  .looseObject({
    resourcePolicy: z.looseObject({
      rules: z.array(z.looseObject({ name: z.unknown().optional(), actions: z.unknown().optional() })),
      variables: z.looseObject({ local: z.unknown().optional() }).optional(),
    }),
  })
  .transform(({ description: _description, resourcePolicy, ...rest }) => {
    const { rules, variables, ...policy } = resourcePolicy;
    const imported = { ...variables, local: null };
    return {
      rest: { ...rest, policy, imported },
      wholes: rules.map(({ name: _name, actions: _actions, ...rule }) => rule),
    };
  });

function expressionOf(document: Positioned, path: readonly PropertyKey[], text: string): Expression {
  return { text, cel: readCel(text), place: document.placeOf(path) };
}

function ruleOf(document: Positioned, given: z.infer<typeof Rule>, index: number): Omit<RuleDocument, "whole"> {
  const { name = null, condition, output, ...rule } = given;
  const path = [...RULES, index];
  const conditions = expressionsIn(document, [...path, "condition"], condition);
  const reasons = output?.when?.conditionNotMet;
  return {
    ...rule,
    ...{ name, condition, conditions, place: document.placeOf(path) },
    isConjunction: condition === undefined || Conjunction.safeParse(condition).success,
    output:
      reasons === undefined ? null : expressionOf(document, [...path, "output", "when", "conditionNotMet"], reasons),
  };
}

const Conjunction = z.object({
  match: z.strictObject({ all: z.strictObject({ of: z.array(z.strictObject({ expr: z.string() })) }) }),
});

/** Every `expr` of a condition, however it is nested. */
function expressionsIn(document: Positioned, path: readonly PropertyKey[], condition: unknown): Expression[] {
  if (typeof condition !== "object" || condition === null) return [];
  return Object.entries(condition).flatMap(([name, member]: [string, unknown]) => {
    const at = [...path, Array.isArray(condition) ? Number(name) : name];
    if (name === "expr") return [expressionOf(document, at, String(member))];
    return expressionsIn(document, at, member);
  });
}

/** With every variable replaced by what it says. */
export function expanded(
  text: string,
  { variables }: Pick<PolicyDocument, "variables">,
  within: readonly string[] = [],
): string {
  return text
    .replace(/\b(?:V|variables)\.(\w+)/g, (all, name: string) => {
      const variable = variables.get(name);
      if (variable === undefined || within.includes(name)) return all;
      return `(${expanded(variable.text, { variables }, [...within, name])})`;
    })
    .replace(/\s+/g, " ")
    .trim();
}
