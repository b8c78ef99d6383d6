import { catalogue, type CatalogueEntry } from "./catalogue.ts";
import { GUIDE, type GuideSection } from "./guide.ts";
import type { JsonSchema } from "./json-schema.ts";
import { DESCRIPTION } from "./openapi.ts";
import type { Contracted, Operation, OperationAnswer } from "./operations.ts";

/** The contract for people: one page without a script, every operation and every code with an anchor of its own. */
export function pageOf({ operations, components }: Contracted): string {
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const ofTag = (tag: string): readonly Operation[] => operations.filter((operation) => operation.tag === tag);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Bailiwick: the API</title>
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<nav>
<h1><a href="#top">Bailiwick</a></h1>
${list(GUIDE.map(({ id, title }) => `<a href="#${id}">${title}</a>`))}
${tags.map((tag) => `<h2><a href="#noun-${tag}">${tag}</a></h2>\n${list(ofTag(tag).map(operationLink))}`).join("\n")}
<h2><a href="#codes">codes</a></h2>
<h2><a href="#schemas">schemas</a></h2>
</nav>
<main id="top">
${markdown(DESCRIPTION)}
${GUIDE.map(guideSection).join("\n")}
<p>For programs: <a href="/openapi.yaml">openapi.yaml</a> (OpenAPI 3.1).</p>
${tags.map((tag) => `<h2 id="noun-${tag}">${tag}</h2>\n${ofTag(tag).map(operationSection).join("\n")}`).join("\n")}
<h2 id="codes">Codes, reasons and remedies</h2>
${catalogue().map(codeSection).join("\n")}
<h2 id="schemas">Schemas</h2>
${[...components].map(([name, schema]) => schemaSection(name, schema)).join("\n")}
</main>
</body>
</html>
`;
}

function guideSection({ id, title, text, shell, table: told }: GuideSection): string {
  const rows =
    told === undefined
      ? ""
      : table(
          told.head,
          told.rows.map((row) => row.map(inline)),
        );
  return `<h2 id="${id}">${title}</h2>\n${markdown(text)}\n${shell === undefined ? "" : `<pre>${escape(shell)}</pre>`}${rows}`;
}

function operationLink({ route }: Operation): string {
  return `<a href="#${route.operation}">${route.operation}</a>`;
}

function operationSection({ route, path, parameters, request, answers }: Operation): string {
  const rows = parameters.map(({ name, in: place, required, schema }) => [
    code(name),
    `${place}${required ? "" : ", optional"}`,
    typeText(schema),
    inline(schema.description ?? ""),
  ]);
  return `<section id="${route.operation}">
<h3><span class="method">${route.method.toUpperCase()}</span> ${code(path)}</h3>
<p>${inline(sentence(route.summary))} Requires: <strong>${escape(route.requires)}</strong>.</p>
${rows.length === 0 ? "" : table(["parameter", "in", "type", ""], rows)}
${request === null ? "" : `<h4>Body</h4>\n${fields(request.schema)}\n${example(request.example)}`}
<h4>Answers</h4>
${table(["status", "means", "headers"], answers.map(answerRow))}
${answers
  .filter(({ codes }) => codes.length === 0)
  .map(successExample)
  .join("\n")}
</section>`;
}

function answerRow({ status, means, headers, codes, content }: OperationAnswer): string[] {
  const name = content?.schema.$ref?.split("/").at(-1);
  const schema = name === undefined ? "" : ` <a href="#schema-${name}">${name}</a>`;
  const told = codes.length === 0 ? `${inline(means)}${schema}` : codes.map(codeLink).join(", ");
  return [String(status), told, headers.map(code).join(", ")];
}

function successExample({ status, content }: OperationAnswer): string {
  if (content === null || content.type !== "application/json") return "";
  const inPlace = content.schema.$ref === undefined ? fields(content.schema) : "";
  return `<h5>${status}</h5>\n${inPlace}\n${example(content.example)}`;
}

function codeSection({ code: name, title, statuses, from, members, help }: CatalogueEntry): string {
  const where = statuses.length === 0 ? "in the answer to a check" : statuses.join(", ");
  return `<section id="${name}">
<h3>${code(name)} <span class="status">${where}</span></h3>
<p>${inline(sentence(title))} ${help === "" ? "" : `<strong>What helps:</strong> ${inline(help)}`}</p>
<p class="from">Decided by ${escape(from)}${members.length === 0 ? "" : `; with ${members.map(code).join(", ")}`}.</p>
</section>`;
}

function schemaSection(name: string, schema: JsonSchema): string {
  const forms = schema.oneOf?.map(asSchema) ?? [schema];
  const told = schema.description === undefined ? "" : `<p>${inline(sentence(schema.description))}</p>\n`;
  const tables = forms.map(fields).join("\n");
  return `<section id="schema-${name}">\n<h3>${name}</h3>\n${told}${tables}\n</section>`;
}

function codeLink(name: string): string {
  return `<a href="#${name}">${code(name)}</a>`;
}

function fields({ properties = {}, required = [] }: JsonSchema): string {
  const rows = Object.entries(properties).map(([name, member]) => {
    const schema = typeof member === "boolean" ? {} : member;
    const isOptional = !required.includes(name);
    return [code(name), `${typeText(schema)}${isOptional ? ", optional" : ""}`, inline(schema.description ?? "")];
  });
  return rows.length === 0 ? "" : table(["member", "type", ""], rows);
}

/** A type in a few words: what it may be, or which form it has. */
function typeText(schema: JsonSchema): string {
  if (schema.$ref !== undefined) return schemaLink(schema.$ref);
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(" | ");
  const options = schema.oneOf ?? schema.anyOf;
  if (options !== undefined) return options.map((option) => typeText(asSchema(option))).join(" or ");
  if (schema.type === "array") return `list of ${typeText(asSchema(schema.items))}`;
  if (schema.type === "object" && schema.properties !== undefined) {
    return `object of ${Object.keys(schema.properties).map(code).join(", ")}`;
  }
  const types = Array.isArray(schema.type) ? schema.type.join(" or ") : (schema.type ?? "anything");
  if (schema.format !== undefined) return `${types} (${escape(schema.format)})`;
  return schema.pattern === undefined || schema.pattern.length > 50 ? types : `${types} ${code(schema.pattern)}`;
}

function schemaLink(reference: string): string {
  const name = reference.split("/").at(-1) ?? "";
  return `<a href="#schema-${name}">${name}</a>`;
}

function asSchema(schema: JsonSchema["items"]): JsonSchema {
  return typeof schema === "object" && !Array.isArray(schema) ? schema : {};
}

function example(value: unknown): string {
  return `<pre>${escape(JSON.stringify(value, null, 2))}</pre>`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: "th" | "td", row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return `<table>\n${cells("th", head)}\n${rows.map((row) => cells("td", row)).join("\n")}\n</table>`;
}

function list(items: readonly string[]): string {
  return `<ul>\n${items.map((item) => `<li>${item}</li>`).join("\n")}\n</ul>`;
}

/** As much Markdown as our own texts use: paragraphs, and one level of bullets. */
function markdown(text: string): string {
  const blocks = text.split(/\n\n/).map((block) => block.replaceAll(/\n +/g, " "));
  return blocks
    .map((block) =>
      block.startsWith("- ")
        ? list(
            block
              .split(/\n?- (?=\S)/)
              .slice(1)
              .map(inline),
          )
        : `<p>${inline(block)}</p>`,
    )
    .join("\n");
}

function inline(text: string): string {
  return escape(text)
    .replaceAll(/`([^`]+)`/g, "<code>$1</code>")
    .replaceAll(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
    .replaceAll(/\*([^*]+)\*/g, "<em>$1</em>");
}

function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

function code(text: string): string {
  return `<code>${escape(text)}</code>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
