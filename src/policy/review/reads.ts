import type { Cel, Literal } from "./cel.ts";
import type { Expression, PolicyDocument } from "./documents.ts";

/** The subject's role among the facts. */
export const ROLE = "role";
/** How the subject is related to the thing, in place of each relation by itself. */
export const WAY = "the subject";

const RELATION = /^R\.attr\.relations\.([^.]+)$/;

/** The relation that a fact is about: `viewer` of `R.attr.relations.viewer`; null: it is about something else. */
export function relationOf(fact: string): string | null {
  return RELATION.exec(fact)?.[1] ?? null;
}

/** What expressions depend on, through all the variables that they name. */
export interface Reads {
  /** `role`, `R.attr.state`, `P.attr.role`. */
  readonly facts: ReadonlySet<string>;
  /** Those whose value counts, and not only whether they are there. */
  readonly values: ReadonlySet<string>;
  /** The variables themselves. */
  readonly variables: ReadonlySet<string>;
  readonly comparisons: readonly Comparison[];
  /** CEL's names of what they do with them. */
  readonly calls: ReadonlySet<string>;
  /** What they read that is no fact, or say outside the subset. */
  readonly strays: ReadonlySet<string>;
}

/** Facts and literals that are set against each other: where one of them is a boundary for the others. */
export interface Comparison {
  /** CEL's: `_==_`, `@in`, `startsWith`. */
  readonly name: string;
  readonly facts: readonly string[];
  /** Those of them that are compared as lists. */
  readonly lists: readonly string[];
  readonly literals: readonly Literal[];
}

const COMPARING = new Set([
  ...["_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in"],
  ...["startsWith", "endsWith", "contains", "hasIntersection", "isSubset"],
]);

type Variables = PolicyDocument["variables"];

export function readsOf(expressions: readonly Expression[], variables: Variables): Reads {
  const sets = { facts: new Set<string>(), values: new Set<string>(), variables: new Set<string>() };
  const found = { ...sets, strays: new Set<string>(), calls: new Set<string>() };
  const comparisons: Comparison[] = [];
  const visit = (cel: Cel, within: readonly string[]): void => {
    if (cel.is === "stray") found.strays.add(cel.problem);
    if (cel.is === "list") for (const item of cel.items) visit(item, within);
    if (cel.is === "path") {
      const read = factOf(cel.names);
      if (read.is === "fact") found.facts.add(read.path);
      if (read.is === "fact" && !cel.isAsked) found.values.add(read.path);
      if (read.is === "stray") found.strays.add(read.problem);
      if (read.is === "variable") enter(read.name, within);
    }
    if (cel.is !== "call") return;
    found.calls.add(cel.name);
    if (COMPARING.has(cel.name)) comparisons.push(comparedIn(cel, variables));
    for (const arg of cel.args) visit(arg, within);
  };
  const enter = (name: string, within: readonly string[]): void => {
    const variable = variables.get(name);
    if (variable === undefined) found.strays.add(`there is no variable ${name}: write it, with a comment in words`);
    found.variables.add(name);
    const cel = variable?.cel;
    if (cel !== undefined && cel !== null && !within.includes(name)) visit(cel, [...within, name]);
  };
  for (const { cel } of expressions) if (cel !== null) visit(cel, []);
  return { ...found, comparisons };
}

type Read =
  | { readonly is: "fact"; readonly path: string }
  | { readonly is: "variable"; readonly name: string }
  | { readonly is: "stray"; readonly problem: string };

function factOf(names: readonly string[]): Read {
  const [root, first, ...others] = names;
  const path = names.join(".");
  if (root === "V" && first !== undefined) return { is: "variable", name: first };
  if (path === "runtime.effectiveDerivedRoles") return { is: "fact", path: ROLE };
  if ((root === "R" || root === "P") && first === "attr" && others.length > 0) return { is: "fact", path };
  if ((root === "R" || root === "P") && first === "attr") return stray(`${path} as a whole: name the fact`);
  if (path === "P.roles")
    return stray(
      'P.roles are the bare roles, whose ranking is elsewhere: ask for a rank, as in `"at_least_admin" in runtime.effectiveDerivedRoles`',
    );
  if (path === "P.id" || path === "R.id")
    return stray(`${path} is an id: a decision is a function of role and facts, not of ids`);
  return stray(`${path} is no fact`);
}

function stray(problem: string): Read {
  return { is: "stray", problem };
}

/** A test of words (`V.isOwner == true`) reaches into them too: more values are tried than it takes, never fewer. */
function comparedIn({ name, args }: Call, variables: Variables): Comparison {
  const facts = new Set<string>();
  const lists = new Set<string>();
  const literals = new Set<Literal>();
  const visit = (each: Cel, isList: boolean, within: readonly string[]): void => {
    if (each.is === "literal") literals.add(each.value);
    if (each.is === "list") for (const item of each.items) visit(item, false, within);
    if (each.is === "call") for (const arg of each.args) visit(arg, isList, within);
    if (each.is !== "path") return;
    const read = factOf(each.names);
    if (read.is === "fact") facts.add(read.path);
    if (read.is === "fact" && isList) lists.add(read.path);
    if (read.is !== "variable" || within.includes(read.name)) return;
    const inner = variables.get(read.name)?.cel;
    if (inner !== undefined && inner !== null) visit(inner, isList, [...within, read.name]);
  };
  for (const [index, arg] of args.entries()) visit(arg, LISTS[name]?.includes(index) === true, []);
  return { name, facts: [...facts], lists: [...lists], literals: [...literals] };
}

type Call = Extract<Cel, { readonly is: "call" }>;

/** Which arguments are lists. */
const LISTS: Readonly<Record<string, readonly number[]>> = { "@in": [1], hasIntersection: [0, 1], isSubset: [0, 1] };
