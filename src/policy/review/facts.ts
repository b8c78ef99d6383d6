import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Literal } from "./cel.ts";
import { type Takes, takersOf } from "./takes.ts";

/** A fact as the JSON schema of its kind declares it. */
export interface Fact {
  /** `R.attr.state`, `R.attr.relations.viewer`. */
  readonly path: string;
  /** Of JSON; none: the schema does not say. */
  readonly types: readonly string[];
  readonly listed: readonly Literal[] | null;
  /** What a list can consist of, where that is listed. */
  readonly elements: readonly Literal[];
  readonly least: number | null;
  readonly most: number | null;
  /** Numbers, and lengths of a text, at which the schema begins or ends to take it. */
  readonly bounds: readonly number[];
  readonly lengths: readonly number[];
  /** Is it always there? */
  readonly isRequired: boolean;
  /** `description` of the schema, for people. */
  readonly words: string | null;
  /** Values that the schema names: its author's examples first. */
  readonly suggested: readonly unknown[];
  /** Does the schema take this value? */
  readonly takes: Takes;
  /** All that the schema says of it but words, to be compared. */
  readonly meaning: unknown;
}

interface Declared {
  readonly $ref?: string | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly exclusiveMinimum?: number | undefined;
  readonly exclusiveMaximum?: number | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly description?: string | undefined;
  readonly default?: unknown;
  readonly examples?: readonly unknown[] | undefined;
  readonly required?: readonly string[] | undefined;
  readonly items?: Declared | undefined;
  readonly anyOf?: readonly Declared[] | undefined;
  readonly oneOf?: readonly Declared[] | undefined;
  readonly allOf?: readonly Declared[] | undefined;
  readonly properties?: Readonly<Record<string, Declared>> | undefined;
}

const number = z.number().optional();
/** A schema can also be `true` or `false`, which say nothing of what fits. */
const Member: z.ZodType<Declared> = z.lazy(() => z.union([Schema, z.boolean().transform((): Declared => ({}))]));
const Schema: z.ZodType<Declared> = z.looseObject({
  $ref: z.string().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  minLength: number,
  maxLength: number,
  description: z.string().optional(),
  default: z.unknown().optional(),
  examples: z.array(z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  items: Member.optional(),
  anyOf: z.array(Member).optional(),
  oneOf: z.array(Member).optional(),
  allOf: z.array(Member).optional(),
  properties: z.record(z.string(), Member).optional(),
});
const SimpleValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const ORGANIZATION_STATES = ["active", "retired", "archived"];

/** `R.attr.sent.action.soft` is the deepest place that has a meaning of its own. */
const DEEPEST = 3;
/** References to references, and alternatives within alternatives; ones that lead back to themselves end here. */
const MOST_HOPS = 8;

/** What the gateway supplies for a kind, leaf by leaf, and the objects around them. */
export interface FactSchema {
  readonly facts: ReadonlyMap<string, Fact>;
  /** Objects that are always there, if only empty: those that are required, and each place for what was sent. */
  readonly objects: readonly string[];
  /** All that it says, also what is not understood here. */
  readonly schema: unknown;
}

interface Visited {
  readonly path: string;
  /** In the file: `#/properties/sent`. */
  readonly pointer: string;
  readonly isRequired: boolean;
  readonly depth: number;
}

/** Reads `_schemas/<kind>.json`; what a schema says in other ways is understood in part. */
export function readFactSchema(schema: unknown): FactSchema {
  const document = Schema.safeParse(schema);
  const facts = new Map<string, Fact>();
  const objects: string[] = [];
  if (!document.success) return { facts, objects, schema };
  const reader = { schema, takesAt: takersOf(schema) };
  const visit = (given: Declared, { path, pointer, isRequired, depth }: Visited): void => {
    for (const [name, written] of Object.entries(given.properties ?? {})) {
      const at = `${path}.${name}`;
      const own = `${pointer}/properties/${encodeURIComponent(name)}`;
      const isNeeded = isRequired && (given.required ?? []).includes(name);
      const member = resolved(written, schema);
      if (member.properties !== undefined && depth < DEEPEST) {
        // The gateway gives each place for what was sent, whether the schema requires it or not.
        const isGiven = isNeeded || at === "R.attr.sent" || path === "R.attr.sent" || at === "R.attr.relations";
        if (isGiven) objects.push(at);
        const inner = written.$ref !== undefined && written.properties === undefined ? written.$ref : own;
        visit(member, { path: at, pointer: inner, isRequired: isGiven, depth: depth + 1 });
      } else {
        const isThere = isNeeded || path === "R.attr.relations";
        facts.set(at, factOf({ path: at, pointer: own, isRequired: isThere, depth }, member, reader));
      }
    }
  };
  visit(document.data, { path: "R.attr", pointer: "#", isRequired: true, depth: 1 });
  return { facts, objects, schema };
}

/** With what it refers to within the file. */
function resolved(declared: Declared, schema: unknown): Declared {
  let found = declared;
  for (let hops = 0; hops < MOST_HOPS && found.$ref?.startsWith("#/") === true; hops += 1) {
    const { $ref, ...own } = found;
    let target = schema;
    for (const name of $ref.slice(2).split("/"))
      target = z.looseObject({}).safeParse(target).data?.[decodeURIComponent(name)];
    found = { ...Member.safeParse(target).data, ...own };
  }
  return found;
}

interface Reader {
  readonly schema: unknown;
  readonly takesAt: (pointer: string) => Takes;
}

function factOf({ path, pointer, isRequired }: Visited, declared: Declared, { schema, takesAt }: Reader): Fact {
  const all = branchesOf(declared, schema, 0);
  const isState = path === "R.attr.organizationState"; // a host's schema need not list its values
  const listed = listedIn(declared) ?? (isState ? ORGANIZATION_STATES : null);
  const { minimum: least = null, maximum: most = null, description: words = null } = declared;
  const { $defs: shared } = z.looseObject({}).safeParse(schema).data ?? {};
  const isReferring = JSON.stringify(declared).includes('"$ref"');
  const numbers = (...names: readonly NumberName[]): number[] =>
    all.flatMap((each) => names.flatMap((name) => each[name] ?? []));
  return {
    ...{ path, isRequired, least, most, words, listed, takes: takesAt(pointer) },
    types: [...new Set(all.flatMap(({ type = [] }) => type))],
    elements: all.flatMap(({ items }) => (items === undefined ? [] : (listedIn(resolved(items, schema)) ?? []))),
    bounds: numbers("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    lengths: numbers("minLength", "maxLength"),
    suggested: all.flatMap((each) => [
      ...(each.examples ?? []),
      ...(each.default === undefined ? [] : [each.default]),
      ...(listedIn(each) ?? []),
    ]),
    meaning: withoutWords(isReferring ? [declared, shared] : declared),
  };
}

type NumberName = "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "minLength" | "maxLength";

/** The schema and all its alternatives, each as if it stood alone: what does not fit is sorted out later. */
function branchesOf(declared: Declared, schema: unknown, depth: number): Declared[] {
  if (depth > MOST_HOPS) return [];
  const inner = [...(declared.anyOf ?? []), ...(declared.oneOf ?? []), ...(declared.allOf ?? [])];
  return [declared, ...inner.flatMap((each) => branchesOf(resolved(each, schema), schema, depth + 1))];
}

function listedIn(declared: Declared): Literal[] | null {
  const listed = declared.const === undefined ? (declared.enum ?? null) : [declared.const];
  return listed?.filter((value): value is Literal => SimpleValue.safeParse(value).success) ?? null;
}

const WORDS = ["title", "description", "$comment"];
const OTHER_WORDS = ["examples", "default", "readOnly"];

function withoutWords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutWords);
  if (typeof value !== "object" || value === null) return value;
  const said = Object.entries(value).filter(([name, member]) => {
    if (OTHER_WORDS.includes(name)) return typeof member === "object" && !Array.isArray(member);
    return !(WORDS.includes(name) && typeof member === "string");
  });
  return Object.fromEntries(said.map(([name, member]: [string, unknown]) => [name, withoutWords(member)]));
}

export function isSameSchema(one: FactSchema | undefined, other: FactSchema | undefined): boolean {
  const [was, is] = [one, other].map((schema) => {
    return [...(schema?.facts.values() ?? [])].map(({ path, isRequired, meaning }) => [path, isRequired, meaning]);
  });
  return isDeepStrictEqual(was, is) && isDeepStrictEqual(one?.objects, other?.objects);
}

/** Facts that all of these declare, and not in the same way: then they decide, whether a rule reads them or not. */
export function changedFacts(schemas: readonly FactSchema[]): Set<string> {
  const [one, ...others] = schemas;
  const changed = [...(one?.facts.values() ?? [])].filter((fact) =>
    others.some(({ facts }) => {
      const other = facts.get(fact.path);
      if (other === undefined) return false;
      return other.isRequired !== fact.isRequired || !isDeepStrictEqual(other.meaning, fact.meaning);
    }),
  );
  return new Set(changed.map(({ path }) => path));
}

/** A value that the schema takes, for a fact that nothing is said about; undefined: nobody has told one. */
export function ordinary({ suggested, listed, types, least, bounds, takes }: Fact): unknown {
  const plain: unknown[] = types.includes("null") ? [null] : [];
  if (types.includes("boolean")) plain.push(false);
  if (types.includes("integer") || types.includes("number"))
    plain.push(least ?? 0, ...bounds.flatMap((bound) => [bound, bound + 1, bound - 1]));
  if (types.includes("array")) plain.push([]);
  if (types.includes("object")) plain.push({});
  return [...suggested, ...(listed ?? []), ...plain, "ordinary", "o"].find(takes);
}
