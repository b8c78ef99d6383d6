/** The parts of a policy's YAML that its conditions are made of. */
export interface Expressions {
  readonly importDerivedRoles?: readonly string[] | undefined;
  readonly variables?: unknown;
  readonly rules: readonly { readonly actions: readonly string[]; readonly condition?: unknown }[];
}

/** The relations that decide about an action; null: nobody can tell, it may be any. */
export type RelationsRead = ReadonlyMap<string, readonly string[] | null>;

/**
 * Which of `R.attr.relations` the rules of each action can read, by their words alone: in conditions, and in the variables that these
 * name, however deep. Outputs give reasons and decide nothing; the built-in ranks read the principal alone. A policy that does anything
 * with the relations, the attributes or the resource but to name one member is believed to read all of them.
 */
export function relationsReadBy({ importDerivedRoles = [], variables, rules }: Expressions): RelationsRead {
  const { local, isWhole } = variablesOf(variables);
  const isForeign = isWhole || importDerivedRoles.some((name) => name !== RANKS);
  const read = rules.map(({ actions, condition }) => {
    const relations = isForeign ? null : reachedFrom(textsIn(condition), local);
    return actions.map((action) => [action, relations] as const);
  });
  return new Map(read.flat());
}

/** The derived roles of policies/cerbos/roles.yaml. */
const RANKS = "ranks";

/** `local` alone is known here: what is imported, or written in another form, may read anything. */
function variablesOf(variables: unknown): { local: ReadonlyMap<string, string>; isWhole: boolean } {
  const { local, ...others } = membersOf(variables);
  const named = Object.entries(membersOf(local));
  const texts = named.flatMap(([name, text]) => (typeof text === "string" ? [[name, text] as const] : []));
  return { local: new Map(texts), isWhole: Object.keys(others).length > 0 };
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** Whatever its form: all of a condition's strings, its names with them. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Object.values(membersOf(value)).flatMap(textsIn);
}

function reachedFrom(texts: readonly string[], local: ReadonlyMap<string, string>): readonly string[] | null {
  const relations = new Set<string>();
  const seen = new Set<string>();
  const left = [...texts];
  for (let text = left.pop(); text !== undefined; text = left.pop()) {
    const read = readIn(text);
    if (read === null) return null;
    for (const relation of read.relations) relations.add(relation);
    for (const name of read.variables.filter((each) => !seen.has(each))) {
      seen.add(name);
      const next = local.get(name);
      if (next === undefined) return null; // a number or a list may be meant; nobody looks into it
      left.push(next);
    }
  }
  return [...relations].sort();
}

/** A member, and no method that would go through all of them: CEL allows spaces, lines and comments before its parenthesis. */
const MEMBER = String.raw`(\w+)\b(?!\s*(?:\(|//))`;
const RELATION = new RegExp(String.raw`\bR\.attr\.relations\.${MEMBER}`, "g");
const ATTRIBUTE = new RegExp(String.raw`\bR\.attr\.(?!relations\b)${MEMBER}`, "g");
const VARIABLE = new RegExp(String.raw`\b(?:V|variables)\.${MEMBER}`, "g");
/** What would be left of other ways to them. */
const WHOLE = /\b(?:R|V|request|variables|relations)\b/;

function readIn(text: string): { readonly relations: string[]; readonly variables: string[] } | null {
  const rest = [RELATION, ATTRIBUTE, VARIABLE].reduce((left, form) => left.replaceAll(form, " "), text);
  if (WHOLE.test(rest)) return null;
  return { relations: firstOf(text, RELATION), variables: firstOf(text, VARIABLE) };
}

function firstOf(text: string, form: RegExp): string[] {
  return [...text.matchAll(form)].map(([, name = ""]) => name);
}
