import type { PolicyDiff } from "../../../src/policy/review/diff.ts";

/** One line a group: what changes, for whom, where. */
export function linesOf({ groups }: PolicyDiff): string[] {
  return groups.map(({ direction, kind, version, actions, roles, where, knownTo, example, isNewMatrix }) => {
    const what = `${kind}.${actions.join("+")}${version === "default" ? "" : `@${version}${isNewMatrix ? " (new)" : ""}`}`;
    const known = knownTo === "both" ? "" : ` (${knownTo} only)`;
    if (direction === "reasons" || direction === "actions") {
      const codes = [example.was, example.is].map((reasons) => reasons.map(({ code }) => code).join("+"));
      return `${direction} ${what}${known}: ${codes.join(" -> ")}`;
    }
    const regions = where.map((region) => {
      const clauses = region.map((clause) => {
        const said = "values" in clause ? `=${clause.values.join("|")}` : ` ${clause.stands.join("|")} ${clause.to}`;
        return `${clause.fact}${said}`.replaceAll("R.attr.", "");
      });
      return clauses.join(", ") || "everywhere";
    });
    return `${direction} ${what}${known} ${roles.join("+") || "everyone"}: ${regions.join("; ")}`;
  });
}
