import type { Reason } from "../../entities/errors.ts";

/** "a", "a and b", "a, b and c". */
export function listed(all: readonly string[], word = "and"): string {
  return all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} ${word} ${all.at(-1) ?? ""}`;
}

export function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/**
 * A text of somebody else's within one line: what moves a terminal's cursor, ends a line or turns the direction of writing could hide words, or forge
 * others.
 */
export function inOneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, " ");
}

/** "LIMIT_REACHED (limit: sectors, max: 25)"; of two that say the same one. */
export function codes(reasons: readonly Reason[]): string {
  const told = reasons.map(({ code, ...members }) => {
    const pairs = Object.entries(members).map(([name, value]) => `${name}: ${String(value)}`);
    return pairs.length === 0 ? code : `${code} (${pairs.sort().join(", ")})`;
  });
  return [...new Set(told)].join(" + ");
}

/** `R.attr.state` is `state`, `P.attr.state` is `subject.state`: the names by which an answer's facts are told too. */
export function short(fact: string): string {
  return fact.replace(/^R\.attr\./, "").replace(/^P\.attr\./, "subject.");
}

/** Roles as the subject of a sentence; the others by their names. */
const SUBJECTS: Readonly<Record<string, string>> = {
  owner: "Owner",
  admin: "Admin",
  member: "Member",
  viewer: "Viewer",
  billing: "Billing",
  service: "a service",
  none: "whoever has no role",
};

/** "Admin and Owner", "whoever has no role". */
export function subjectsOf(roles: readonly string[]): string {
  return listed(roles.map((role) => SUBJECTS[role] ?? role));
}

/** "`rename` a sector", "`create_application` on an organization": actions are any words, and only some of them are verbs. */
export function doneOn(actions: readonly string[], kind: string): string {
  const isVerb = actions.every((action) => /^[a-z]+$/.test(action));
  return `${listed(actions.map(code), "or")} ${isVerb ? "" : "on "}${/^[aeiou]/.test(kind) ? "an" : "a"} ${kind}`;
}

/** In the marks that only this program sets. */
export function code(text: string): string {
  return `\`${plain(text)}\``;
}

/** What an author wrote, in one line and without the marks that this program sets. */
export function plain(text: string): string {
  return inOneLine(text).replaceAll("`", "'").trim();
}
