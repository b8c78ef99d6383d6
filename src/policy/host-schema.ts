import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { z } from "zod";
import type { HostKind, Misfit, SentPart } from "../entities/host-kinds.ts";
import { type Fault, isFault, misfitsOf, type Positioned, readPositioned } from "./positioned.ts";

/** What the schema of a kind says beside its stored attributes. */
export type SchemaFacts = Pick<HostKind, "askedRelations" | "readsOrganizationState" | "sent" | "misfits">;

const DIALECT = "https://json-schema.org/draft/2020-12/schema";
const SENT_PARTS = ["subject", "resource", "action", "context"] as const satisfies readonly SentPart[];
/** Not to be stored: the gateway gives them. */
const RESERVED = ["organizationState", "relations", "sent"] as const;
const ORGANIZATION_STATES = ["active", "retired", "archived"];

const closed = z.literal(false, { error: "expected false: what is not declared is no fact" });
const words = { title: z.string().optional(), description: z.string().optional(), $comment: z.string().optional() };
const isObject = z.literal("object", { error: 'expected "object"' });

const Relations = z
  .strictObject({
    ...words,
    type: isObject,
    additionalProperties: closed,
    properties: z.record(
      z.string(),
      z.strictObject({
        ...words,
        type: z.literal("boolean", { error: 'expected "boolean": a relation holds or does not' }),
      }),
    ),
    required: z.array(z.string()).optional(),
  })
  .refine(({ properties }) => Object.keys(properties).length > 0, "name at least one relation, or leave it out");
const Part = z.strictObject({
  ...words,
  type: isObject,
  additionalProperties: closed,
  properties: z.record(z.string(), z.unknown()).default({}),
});
const Sent = z.strictObject({
  ...words,
  type: isObject,
  additionalProperties: closed,
  properties: z.strictObject({
    subject: Part.optional(),
    resource: Part.optional(),
    action: Part.optional(),
    context: Part.optional(),
  }),
});
const Schema = z.strictObject({
  ...words,
  $schema: z.literal(DIALECT, { error: `expected "${DIALECT}"` }),
  $defs: z.record(z.string(), z.unknown()).optional(),
  type: isObject,
  additionalProperties: closed,
  properties: z
    .looseObject({ organizationState: z.unknown().optional(), relations: Relations.optional(), sent: Sent.optional() })
    .default({}),
  required: z.array(z.string()).optional(),
});
type Schema = z.infer<typeof Schema>;

/** Reads `_schemas/<kind>.json`. @param relations of the kind's type in the model */
export function readSchema(text: string, relations: ReadonlySet<string>): SchemaFacts | readonly Fault[] {
  const document = readJson(text);
  if (isFault(document)) return [document];
  const schema = Schema.safeParse(document.value);
  if (!schema.success) return misfitsOf(document, schema.error);
  const faults = [...referenceFaults(document), ...relationFaults(document, schema.data, relations)];
  if (faults.length > 0) return faults;
  const stored = compiled(document, schema.data);
  if (isFault(stored)) return [stored];
  const { organizationState, relations: asked, sent } = schema.data.properties;
  return {
    askedRelations: Object.keys(asked?.properties ?? {}),
    readsOrganizationState: organizationState !== undefined,
    sent: sent === undefined ? null : partsOf(sent),
    misfits: (attributes) => (stored(attributes) ? [] : (stored.errors ?? []).map(misfitOf)),
  };
}

/** YAML's reader knows the lines, and takes more than JSON. */
function readJson(text: string): Positioned | Fault {
  const document = readPositioned(text, "json");
  if (isFault(document)) return { ...document, problem: `no JSON: ${document.problem}` };
  try {
    JSON.parse(text);
    return document;
  } catch (error) {
    return { line: null, problem: `no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Cerbos would fetch what stands elsewhere, or not find it. */
function referenceFaults(document: Positioned): Fault[] {
  const faults: Fault[] = [];
  const visit = (value: unknown, path: readonly string[]): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      const isReference = name === "$ref" || name === "$dynamicRef";
      const isForeign = isReference && typeof member === "string" && !/^#(\/|$)/.test(member);
      if (
        isForeign ||
        (typeof member === "string" && (name === "$id" || name === "$anchor" || name === "$dynamicAnchor"))
      ) {
        const problem = `${pointer([...path, name])}: only references within the file, such as "#/$defs/name"`;
        faults.push({ line: document.lineOf([...path, name]), problem });
      }
      visit(member, [...path, name]);
    }
  };
  visit(document.value, []);
  return faults;
}

function relationFaults(document: Positioned, { properties }: Schema, relations: ReadonlySet<string>): Fault[] {
  return Object.keys(properties.relations?.properties ?? {})
    .filter((relation) => !relations.has(relation))
    .map((relation) => {
      const path = ["properties", "relations", "properties", relation];
      return { line: document.lineOf(path), problem: `${pointer(path)}: the model has no relation ${relation}` };
    });
}

/** The schema of what can be stored. The whole is compiled too: Cerbos will want it to be right. */
function compiled(document: Positioned, schema: Schema): ValidateFunction | Fault {
  const { properties, required = [] } = schema;
  const whole = document.value as Schema; // as it was parsed, without what zod leaves out
  const isStored = (name: string): boolean => !RESERVED.some((reserved) => reserved === name);
  const stored = {
    ...whole,
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => isStored(name))),
    required: required.filter(isStored),
  };
  try {
    const state = newAjv().compile({ $defs: whole.$defs ?? {}, ...asSchema(properties.organizationState) });
    const line = document.lineOf(["properties", "organizationState"]);
    if (
      !ORGANIZATION_STATES.every((each) => state(each)) ||
      (state({}) && properties.organizationState !== undefined)
    ) {
      return {
        line,
        problem: `/properties/organizationState: expected a string, or all of ${ORGANIZATION_STATES.join(", ")}`,
      };
    }
    newAjv().compile(whole);
    return newAjv().compile(stored);
  } catch (error) {
    return schemaFault(document, error);
  }
}

function asSchema(given: unknown): object {
  return typeof given === "object" && given !== null ? given : {};
}

export function newAjv(): Ajv2020 {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, strictTuples: false, allErrors: true, logger: false });
  addFormats.default(ajv);
  return ajv;
}

/** `schema is invalid: data/properties/status/type must be …` has a place; of other faults ajv quotes the word that is wrong. */
function schemaFault(document: Positioned, error: unknown): Fault {
  const said = error instanceof Error ? error.message : String(error);
  const place = /data((?:\/[^\s/]+)+)/.exec(said)?.[1];
  const word = /"([^"]+)"|reference (\S+)/.exec(said);
  const path = place?.split("/").slice(1).map(unescaped) ?? pathOf(document.value, word?.[1] ?? word?.[2]);
  return { line: document.lineOf(path ?? []), problem: `no JSON schema of the dialect 2020-12: ${said}` };
}

/** Where a member is called so, or says so. */
function pathOf(value: unknown, word: string | undefined, path: readonly string[] = []): readonly string[] | null {
  if (typeof value !== "object" || value === null) return value === word && word !== undefined ? path : null;
  for (const [name, member] of Object.entries(value)) {
    const found = name === word ? [...path, name] : pathOf(member, word, [...path, name]);
    if (found !== null) return found;
  }
  return null;
}

function partsOf({ properties }: z.infer<typeof Sent>): NonNullable<HostKind["sent"]> {
  const parts = SENT_PARTS.filter((part) => properties[part] !== undefined);
  return Object.fromEntries(parts.map((part) => [part, new Set(Object.keys(properties[part]?.properties ?? {}))]));
}

function misfitOf({ instancePath, keyword, params, message = "does not fit" }: ErrorObject): Misfit {
  const path = instancePath.split("/").slice(1).map(unescaped);
  const { additionalProperty, missingProperty } = params as Readonly<Record<string, unknown>>; // by keyword
  if (keyword === "additionalProperties")
    return { path: [...path, String(additionalProperty)], problem: "is not declared" };
  if (keyword === "required") return { path: [...path, String(missingProperty)], problem: "is missing" };
  return { path, problem: message };
}

function unescaped(segment: string): string {
  return segment.replaceAll("~1", "/").replaceAll("~0", "~");
}

function pointer(path: readonly string[]): string {
  return `/${path.map((name) => name.replaceAll("~", "~0").replaceAll("/", "~1")).join("/")}`;
}
