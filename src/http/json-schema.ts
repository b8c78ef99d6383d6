import { z } from "zod";

/** A schema of JSON Schema 2020-12, which is what OpenAPI 3.1 has. */
export type JsonSchema = z.core.JSONSchema.JSONSchema;

/** Named schemas, by name; whoever converts adds what it meets. */
export type Components = Map<string, JsonSchema>;

const POINTER = "#/components/schemas/";

/** The schema as JSON Schema; what has an `id` becomes a component and is referred to. */
export function toJsonSchema(schema: z.ZodType, io: "input" | "output", components: Components): JsonSchema {
  const converted = z.toJSONSchema(schema, { io });
  const text = JSON.stringify(converted).replaceAll('"#/$defs/', `"${POINTER}`);
  const { $defs: definitions = {}, id, ...own } = JSON.parse(text) as JsonSchema; // it was one before
  for (const [name, definition] of Object.entries(definitions)) components.set(name, bare(only(definition)));
  if (typeof id !== "string") return bare(own);
  components.set(id, bare(own));
  return { $ref: `${POINTER}${id}` };
}

/** Without what only names it. */
function bare(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== "id" && name !== "$schema"));
}

/** Every example that a whole schema carries; one that is made when it carries none. */
export function examplesOf(schema: JsonSchema, components: Components): readonly unknown[] {
  const named = schema.$ref === undefined ? schema : components.get(schema.$ref.replace(POINTER, ""));
  return named?.examples ?? [exampleOf(schema, components)];
}

/** A value that fits, made of the examples that the schema's members carry. */
export function exampleOf(schema: JsonSchema, components: Components): unknown {
  const { $ref: reference } = schema;
  if (reference !== undefined) return exampleOf(components.get(reference.replace(POINTER, "")) ?? {}, components);
  if (schema.examples !== undefined) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const [first] = schema.oneOf ?? schema.anyOf ?? [];
  if (first !== undefined && typeof first !== "boolean") return exampleOf(first, components);
  if (schema.type === "object") return objectExample(schema, components);
  if (schema.type === "array") return schema.items === undefined ? [] : [exampleOf(only(schema.items), components)];
  if (schema.type === "boolean") return true;
  return schema.type === "integer" ? (schema.minimum ?? 0) : "text";
}

/** What must be there, and what has an example of its own. */
function objectExample({ properties = {}, required = [] }: JsonSchema, components: Components): object {
  const members = Object.entries(properties).filter(([name, member]) => {
    return required.includes(name) || only(member).examples !== undefined;
  });
  return Object.fromEntries(members.map(([name, member]) => [name, exampleOf(only(member), components)]));
}

function only(schema: JsonSchema["items"]): JsonSchema {
  if (typeof schema !== "object" || Array.isArray(schema))
    throw new Error("a schema of anything, of nothing, or of several");
  return schema;
}
