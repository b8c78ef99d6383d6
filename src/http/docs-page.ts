import { catalogue, type CatalogueEntry } from "./catalogue.ts";
import { code, codeLink, escape, examples, inline, list, markdown, pre, sentence, table } from "./docs-markup.ts";
import { aboutOf, fields, schemaSection, typeText } from "./docs-schemas.ts";
import { GUIDE, type GuideSection } from "./guide.ts";
import { DESCRIPTION } from "./openapi.ts";
import type { Contracted, Operation, OperationAnswer } from "./operations.ts";
import { PROBLEM_KINDS } from "./problem-kinds.ts";
import { codesOfForm, FORMS } from "./refusals.ts";

const [ABOUT = "", RULES = ""] = DESCRIPTION.split("\n\n");
const CONVENTIONS: GuideSection = { id: "conventions", title: "Conventions", text: RULES };

/** What stands around the routes and answers in their place is told once. */
const COMMON: GuideSection = {
  id: "common",
  title: "What every operation can answer",
  text: `
Further down each operation has only the answers of its own, beside these. With every answer comes \`X-Request-ID\`; with an operation's
\`Bailiwick-Policy-Unit\`; with one to a caller who is known, \`RateLimit\` and \`RateLimit-Policy\`. An address that is none is 404 /docs#NO_SUCH_ROUTE, a method that it does not have 405
/docs#METHOD_NOT_ALLOWED. 500 /docs#INTERNAL is a defect, and no operation's answer.`.trim(),
  table: {
    head: ["operations", "can answer"],
    rows: FORMS.map(({ of, codes }) => [
      of,
      codes.map((name) => `${PROBLEM_KINDS[name].status} [${name}](#${name})`).join(", "),
    ]),
  },
};

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
${list([...GUIDE, CONVENTIONS, COMMON].map(({ id, title }) => `<a href="#${id}">${title}</a>`))}
${tags.map((tag) => `<h2><a href="#noun-${tag}">${tag}</a></h2>\n${list(ofTag(tag).map(operationLink))}`).join("\n")}
<h2><a href="#codes">codes</a></h2>
<h2><a href="#schemas">schemas</a></h2>
</nav>
<main id="top">
${markdown(ABOUT)}
${[...GUIDE, CONVENTIONS].map(guideSection).join("\n")}
<h4>A refusal</h4>
${examples(refusalIn(operations))}
${guideSection(COMMON)}
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

/** The conventions show one refusal by a policy; all have the same form. */
function refusalIn(operations: readonly Operation[]): readonly unknown[] {
  const answers = operations.flatMap((operation) => operation.answers);
  const refusal = answers.find(({ hasReasons, status }) => hasReasons && status === PROBLEM_KINDS.DENIED.status);
  return refusal?.content?.examples ?? [];
}

function guideSection({ id, title, text, shell, table: told }: GuideSection): string {
  const rows = told?.rows.map((row) => row.map(inline)) ?? [];
  return `<h2 id="${id}">${title}</h2>\n${markdown(text)}\n${shell === undefined ? "" : pre(shell)}${table(told?.head ?? [], rows)}`;
}

function operationLink({ route }: Operation): string {
  return `<a href="#${route.operation}">${route.operation}</a>`;
}

function operationSection({ route, path, parameters, request, answers }: Operation): string {
  const rows = parameters.map(({ name, in: place, required, schema }) => [
    code(name),
    `${place}${required ? "" : ", optional"}`,
    typeText(schema),
    aboutOf(schema),
  ]);
  const common = new Set<string>(codesOfForm(route));
  const own = answers.map((answer) => ({ ...answer, codes: answer.codes.filter((name) => !common.has(name)) }));
  const told = own.filter(({ codes, isProblem }) => codes.length > 0 || !isProblem);
  return `<section id="${route.operation}">
<h3><span class="method">${route.method.toUpperCase()}</span> ${code(path)} <span class="status">${route.operation}</span></h3>
<p>${inline(sentence(route.summary))} Requires: <strong>${escape(route.requires)}</strong>.</p>
${table(["parameter", "in", "type", ""], rows)}
${request === null ? "" : `<h4>Body</h4>\n${fields(request.schema)}\n${examples(request.examples)}`}
<h4>Answers, beside <a href="#common">those of every operation</a></h4>
${table(["status", "means", "headers"], told.map(answerRow))}
${answers.map(successExamples).join("\n")}
</section>`;
}

/** Told once for all: COMMON. */
const COMMON_HEADERS = ["Bailiwick-Policy-Unit", "RateLimit", "RateLimit-Policy"];

function answerRow({ status, means, headers, codes, isProblem, content }: OperationAnswer): string[] {
  const name = content?.schema.$ref?.split("/").at(-1);
  const schema = name === undefined ? "" : ` <a href="#schema-${name}">${name}</a>`;
  const told = isProblem ? codes.map(codeLink).join(", ") : `${inline(means)}${schema}`;
  const own = headers.filter((header) => !COMMON_HEADERS.includes(header));
  return [String(status), told, own.map(code).join(", ")];
}

function successExamples({ status, isProblem, content }: OperationAnswer): string {
  if (isProblem || content === null || content.type !== "application/json") return "";
  const inPlace = content.schema.$ref === undefined ? fields(content.schema) : "";
  return `<h5>${status}</h5>\n${inPlace}\n${examples(content.examples)}`;
}

function codeSection({ code: name, title, statuses, from, members, help, example: shown }: CatalogueEntry): string {
  const where = statuses.length === 0 ? "in the answer to a check" : statuses.join(", ");
  return `<section id="${name}">
<h3>${code(name)} <span class="status">${where}</span></h3>
<p>${inline(sentence(title))} <strong>What helps:</strong> ${inline(help)}</p>
<p class="from">Decided by ${escape(from)}${members.length === 0 ? "" : `; with ${members.map(code).join(", ")}`}.</p>
${shown === null ? "" : examples([shown])}
</section>`;
}
