/** HTML for the page at /docs. Every text that comes in is escaped here. */

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const cells = (tag: "th" | "td", row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return `<table>\n${cells("th", head)}\n${rows.map((row) => cells("td", row)).join("\n")}\n</table>`;
}

export function list(items: readonly string[]): string {
  return `<ul>\n${items.map((item) => `<li>${item}</li>`).join("\n")}\n</ul>`;
}

/** As much Markdown as our own texts use: paragraphs, and one level of bullets. */
export function markdown(text: string): string {
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

/** Code, emphasis and links to places on the page, which other texts call /docs#place. */
export function inline(text: string): string {
  return escape(text)
    .replaceAll(/`([^`]+)`/g, "<code>$1</code>")
    .replaceAll(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
    .replaceAll(/\*([^*]+)\*/g, "<em>$1</em>")
    .replaceAll(/\[([^\]]+)\]\(#([A-Za-z_-]+)\)/g, '<a href="#$2">$1</a>')
    .replaceAll(/\/docs#([A-Za-z_-]+)/g, '<a href="#$1">/docs#$1</a>');
}

export function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

export function code(text: string): string {
  return `<code>${escape(text)}</code>`;
}

export function codeLink(name: string): string {
  return `<a href="#${name}">${code(name)}</a>`;
}

export function pre(text: string): string {
  return `<pre>${escape(text)}</pre>`;
}

/** Each marked as what it is: an instance. */
export function examples(values: readonly unknown[]): string {
  return values.map((value) => `<p>For example:</p>\n${pre(JSON.stringify(value, null, 2))}`).join("\n");
}

export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
