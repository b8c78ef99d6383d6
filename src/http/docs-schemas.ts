import { code, codeLink, escape, inline, sentence, table } from "./docs-markup.ts";
import type { JsonSchema } from "./json-schema.ts";

/** Schemas for people: a row for each member, and for each member of a member. */

export function schemaSection(name: string, schema: JsonSchema): string {
  const told = schema.description === undefined ? "" : `<p>${inline(sentence(schema.description))}</p>\n`;
  const body = schema.oneOf === undefined ? fields(schema) : namedForms(schema.oneOf.map(asSchema));
  return `<section id="schema-${name}">\n<h3>${name}</h3>\n${told}${body}\n</section>`;
}

/** One of several forms, each by the code that tells it apart; last those that have nothing else. */
function namedForms(forms: readonly JsonSchema[]): string {
  const split = forms.map((form) => {
    const [[name, first] = ["", {}], ...others] = Object.entries(form.properties ?? {});
    const properties = Object.fromEntries(others);
    return {
      name,
      link: codeLink(String(asSchema(first).const)),
      isBare: others.length === 0,
      rest: { ...form, properties },
    };
  });
  const told = split.filter(({ isBare }) => !isBare);
  const bare = split.filter(({ isBare }) => isBare);
  return [
    ...told.map(({ name, link, rest }) => `<h4>${code(name)}: ${link}</h4>\n${fields(rest)}`),
    ...bare.slice(0, 1).map(({ name }) => `<h4>${code(name)} and nothing else</h4>`),
    ...(bare.length === 0 ? [] : [`<p>${bare.map(({ link }) => link).join(", ")}</p>`]),
  ].join("\n");
}

export function fields(schema: JsonSchema): string {
  return table(["member", "type", ""], rowsOf(schema, ""));
}

function rowsOf({ properties = {}, required = [] }: JsonSchema, prefix: string): string[][] {
  return Object.entries(properties).flatMap(([name, member]) => {
    const schema = asSchema(member);
    const path = `${prefix}${name}`;
    const optional = required.includes(name) ? "" : ", optional";
    const below = innerOf(schema).flatMap(({ inner, step }) => rowsOf(inner, `${path}${step}`));
    return [[code(path), `${typeText(schema)}${optional}`, aboutOf(schema)], ...below];
  });
}

/** What the schema says of itself, and what it is when it is absent. */
export function aboutOf({ description = "", default: standard }: JsonSchema): string {
  if (standard === undefined || standard === "") return inline(description);
  const told = description === "" ? "" : `${inline(sentence(description))} `;
  return `${told}Absent: ${code(typeof standard === "string" ? standard : JSON.stringify(standard))}`;
}

interface Inner {
  readonly inner: JsonSchema;
  /** From the outer's name to a member's. */
  readonly step: "." | "[].";
}

/** The objects with members that the schema is, may be, or lists; none of the contract is several. */
function innerOf(schema: JsonSchema): Inner[] {
  return [schema, ...(schema.anyOf ?? []).map(asSchema)].flatMap((option): Inner[] => {
    const item = asSchema(option.items);
    if (option.properties !== undefined && uniformOf(option) === undefined) return [{ inner: option, step: "." }];
    return item.properties === undefined ? [] : [{ inner: item, step: "[]." }];
  });
}

/** The one type that all of many members have: a row for each would say nothing. */
function uniformOf({ properties = {} }: JsonSchema): string | undefined {
  const types = new Set(Object.values(properties).map((member) => asSchema(member).$ref));
  const [only] = types;
  return types.size === 1 && only !== undefined ? only : undefined;
}

/** A type in a few words: what it may be, or which form it has. */
export function typeText(schema: JsonSchema): string {
  if (schema.$ref !== undefined) return schemaLink(schema.$ref);
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(" | ");
  const options = schema.oneOf ?? schema.anyOf;
  if (options !== undefined) return options.map((option) => typeText(asSchema(option))).join(" or ");
  if (schema.type === "array") return `list of ${typeText(asSchema(schema.items))}`;
  const each = uniformOf(schema);
  if (each !== undefined) {
    return `object of ${Object.keys(schema.properties ?? {})
      .map(code)
      .join(", ")}, each ${schemaLink(each)}`;
  }
  const types = Array.isArray(schema.type) ? schema.type.join(" or ") : (schema.type ?? "anything");
  return schema.format === undefined ? types : `${types} (${escape(schema.format)})`;
}

function schemaLink(reference: string): string {
  const name = reference.split("/").at(-1) ?? "";
  return `<a href="#schema-${name}">${name}</a>`;
}

function asSchema(schema: JsonSchema["items"]): JsonSchema {
  return typeof schema === "object" && !Array.isArray(schema) ? schema : {};
}
