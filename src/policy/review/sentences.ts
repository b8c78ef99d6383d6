import type { Group } from "./groups.ts";
import { relationOf, WAY } from "./reads.ts";
import type { Region } from "./regions.ts";
import { capitalized, code, doneOn, listed, subjectsOf } from "./words.ts";

type Said = Pick<Group, "direction" | "access" | "kind" | "version" | "isNewMatrix" | "actions" | "roles" | "reasons"> &
  Pick<Group, "where" | "example" | "knownTo" | "ways">;

/** What a group says, with the whole of its condition. */
export interface Sentence {
  /** "Billing may now `rename` a sector". */
  readonly begins: string;
  /** Each of these, and nothing else: "the organization's state is active". None: whatever the facts are. */
  readonly cases: readonly string[];
  readonly ends: string;
}

export function sentenceOf(group: Said): Sentence {
  const { direction, kind, version, isNewMatrix, actions, roles, where, reasons, knownTo } = group;
  const ways = where.map((region) =>
    region.flatMap((clause) => (clause.fact === WAY && "values" in clause ? clause.values : [])),
  );
  const [way = []] = ways;
  const isOneWay = ways.every((each) => each.join() === way.join());
  const related = roles.length === 0 && way.length === 0 ? relationsIn(where) : [];
  const isAnyone = roles.length === 0 && way.length === 0 && related.length === 0;
  const whoever = related.length === 0 ? "anyone" : `whoever is ${listed(related.map(code))} of the ${kind}`;
  const subjects = roles.length === 0 ? whoever : subjectsOf(roles);
  const alsoOf = roles.length === 0 ? "" : ` whose role is ${listed(roles, "or")}`;
  const who = way.length === 0 ? subjects : `${isOneWay ? listed(way, "or") : listed(group.ways, "or")}${alsoOf}`;
  const within =
    version === "default"
      ? ""
      : `in the ${isNewMatrix ? "new " : ""}matrix ${code(version)}${isNewMatrix ? ", unlike the default one," : ""} `;
  const [now, anyLonger, noLonger] = isNewMatrix ? ["", "", "not"] : [" now", " any longer", "no longer"];
  const done = `${doneOn(actions, kind)}${knownTo === "both" ? "" : knownTo === "head" ? " (a new action)" : " (an action that is gone)"}`;
  const told = reasons.filter(({ change }) => change === "new").map(({ reason }) => reason);
  const [verb, ends] =
    direction === "widened"
      ? [`may${now}`, ""]
      : direction === "errors"
        ? [group.access === null ? "still may not" : `may ${noLonger}`, "; no rule says why"]
        : [`may ${noLonger}`, told.length === 0 ? "" : `; denied with ${listed([...new Set(told)], "or")}`];
  const begins = isAnyone && direction !== "widened" ? `nobody may${anyLonger} ${done}` : `${who} ${verb} ${done}`;
  const isSaid = (fact: string): boolean =>
    fact === WAY ? isOneWay : related.some((relation) => relation === relationOf(fact));
  const regions = where.map((region) => region.filter(({ fact }) => !isSaid(fact)));
  const isEverywhere = regions.length === 1 && regions[0]?.length === 0;
  return { begins: capitalized(`${within}${begins}`), cases: isEverywhere ? [] : regions.map(conditionOf), ends };
}

/** Relations that the subject has in each of these regions. */
function relationsIn(where: readonly Region[]): string[] {
  const [first = [], ...others] = where.map((region) =>
    region.flatMap((clause) => {
      const isHeld = "values" in clause && clause.values.join() === "true";
      return (isHeld ? relationOf(clause.fact) : null) ?? [];
    }),
  );
  return first.filter((relation) => others.every((each) => each.includes(relation)));
}

/** With brackets where "or" would stand beside "and". */
function conditionOf(region: Region): string {
  const words = region.map((clause) => clause.words);
  if (words.length === 0) return "every fact is there, whatever it says";
  return listed(words.map((each) => (words.length > 1 && / (or|and) /.test(each) ? `(${each})` : each)));
}

/** In one line. */
export function wholeOf({ begins, cases, ends }: Sentence): string {
  const all =
    cases.length > 1
      ? listed(
          cases.map((each) => `(${each})`),
          "or",
        )
      : cases.join("");
  return `${begins}${all === "" ? "" : ` while ${all}`}${ends}`;
}

/** For whoever approves it, and finds the cases above. */
export function inShort(sentence: Sentence): string {
  const { begins, cases, ends } = sentence;
  return cases.length > 1 ? `${begins} in ${cases.length} cases${ends}` : wholeOf(sentence);
}

/** One case of many, in words; null: the sentence has said it. */
export function exampleOf({ example: { facts }, where }: Said): string | null {
  const [only = [], ...more] = where;
  const isSaid = facts.every(({ fact, value }) =>
    only.some((clause) => clause.fact === fact && "values" in clause && clause.values.join() === value),
  );
  if (more.length === 0 && (isSaid || facts.length === 1)) return null;
  const clauses = facts.map(({ words, value }) => {
    if (value === "true") return words;
    return value === "false" ? `it is not so that ${words}` : `${words} is ${value}`;
  });
  return clauses.length === 0 ? null : `e.g. while ${listed(clauses)}`;
}
