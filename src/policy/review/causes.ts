import { readFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Difference } from "./differences.ts";
import { ANCHOR } from "./documents.ts";
import { canonical } from "../../engines/openfga-differences.ts";
import { PLANS_FILE } from "../plans.ts";
import { isFault, readPositioned } from "../positioned.ts";
import { type Fact, isSameSchema } from "./facts.ts";
import { aroundRules } from "./unchanged.ts";
import { WAY } from "./reads.ts";
import type { Revision, Revisions } from "./revision.ts";
import { placeOf, ruleCauses } from "./rule-causes.ts";
import { code, plain, short } from "./words.ts";

/** Which lines of which files made this cell another one: of the rules, then of the ranks, the plans and the schema. */
export function causesOf({ parts, kind, cells }: Difference, { base, head }: Revisions): string[] {
  if (cells.dimensions[0]?.fact === WAY) return modelCauses(base, head);
  const inRules = (["matrix", "floor"] as const).flatMap((from) => {
    const was = parts.base.find((part) => part.from === from);
    const is = parts.head.find((part) => part.from === from);
    return ruleCauses(was, is);
  });
  if (inRules.length > 0) return inRules;
  const elsewhere = [...rankCauses(base, head), ...planCauses(base, head), ...schemaCauses(kind, base, head)];
  return elsewhere.length > 0 ? elsewhere : aroundCauses({ parts, base, head });
}

/** What makes no rule another one: the ranks that a policy names, what it imports, and what all policies share. */
function aroundCauses({ parts, base, head }: Pick<Difference, "parts"> & Revisions): string[] {
  const around = parts.head.flatMap((part) => {
    const was = parts.base.find(({ from }) => from === part.from);
    if (was === undefined || isDeepStrictEqual(aroundRules(was), aroundRules(part))) return [];
    const [then, now] = [was, part].map(({ document }) =>
      document.rules.find(({ actions }) => actions.includes(ANCHOR)),
    );
    const [from, to] = [then, now].map((anchor) => plain(anchor?.derivedRoles.join(", ") ?? "") || "none");
    const what =
      from === to ? "what stands around its rules" : `the ranks that are worked out: ${from ?? ""} → ${to ?? ""}`;
    return [`${placeOf(part, now)}: ${what}`];
  });
  const isShared = !isDeepStrictEqual(base.shared, head.shared);
  return [...around, ...(isShared ? ["cerbos/: what all policies share, or the schema of the subject"] : [])];
}

function rankCauses(base: Revision, head: Revision): string[] {
  return head.ranks.flatMap(({ name, parentRoles, file, line }) => {
    const was = base.ranks.find((rank) => rank.name === name)?.parentRoles ?? ["none"];
    if (isDeepStrictEqual(was, parentRoles)) return [];
    return [`${file}:${line}: ${code(name)}: ${plain(was.join(", "))} → ${plain(parentRoles.join(", "))}`];
  });
}

function planCauses(base: Revision, head: Revision): string[] {
  const file = path.join(head.policiesDir, PLANS_FILE);
  return [...head.plans].flatMap(([name, plan]) =>
    Object.entries(plan).flatMap(([limit, value]) => {
      const was = base.plans.get(name)?.[limit];
      if (was === value) return [];
      const document = readPositioned(readFileSync(file, "utf8"));
      const line = isFault(document) ? 1 : document.lineOf([name, limit]);
      return [`${file}:${line}: the plan ${name}: ${limit} ${was ?? "none"} → ${value}`];
    }),
  );
}

function schemaCauses(kind: string, base: Revision, head: Revision): string[] {
  const [was, is] = [base, head].map(({ kinds }) => kinds.get(kind));
  if (isSameSchema(was?.schema, is?.schema)) return [];
  const matrix = (is ?? was)?.matrices.get("default")?.file ?? "";
  const file = path.join(path.dirname(matrix), "_schemas", `${kind}.json`);
  const facts = new Set([was, is].flatMap((each) => [...(each?.schema.facts.keys() ?? [])]));
  const changed = [...facts].flatMap((fact) => {
    const both = [was, is].map((each) => each?.schema.facts.get(fact));
    const [then, now] = both.map(shapeOf);
    if (then !== now) return [`${file}:1: ${code(short(fact))}: ${then ?? ""} → ${now ?? ""}`];
    const [one, other] = both.map((each) => code(JSON.stringify(each?.meaning)));
    return one === other ? [] : [`${file}:1: ${code(short(fact))}: ${one ?? ""} → ${other ?? ""}`];
  });
  return changed.length > 0 ? changed : [`${file}:1: the schema of its facts`];
}

/** What the schema takes: "active, retired", "integer, 0 or more, or missing". */
function shapeOf(fact: Fact | undefined): string {
  if (fact === undefined) return "none";
  const { types, listed: all, least, most, isRequired, meaning } = fact;
  const isFormed = /"(pattern|format)":/.test(JSON.stringify(meaning));
  const bounds = [...(least === null ? [] : [`${least} or more`]), ...(most === null ? [] : [`${most} or less`])];
  const taken = all === null ? [types.join(" or ") || "anything", ...bounds] : all.map(String);
  return plain([...taken, ...(isFormed ? ["of a form"] : []), ...(isRequired ? [] : ["or missing"])].join(", "));
}

/** The relations that the two models define differently. */
function modelCauses(base: Revision, head: Revision): string[] {
  const relationsOf = (revision: Revision): Map<string, string> => {
    const all = revision.model.type_definitions.flatMap(({ type, relations = {}, metadata }) =>
      Object.entries(relations).map(([relation, rewrite]): [string, string] => {
        const types = metadata?.relations?.[relation]?.directly_related_user_types;
        return [`${type}#${relation}`, canonical([rewrite, types])];
      }),
    );
    return new Map(all);
  };
  const [was, is] = [relationsOf(base), relationsOf(head)];
  return [...new Set([...is.keys(), ...was.keys()])].flatMap((name) => {
    if (was.get(name) === is.get(name)) return [];
    const [then, now] = [definitionIn(base, name), definitionIn(head, name)];
    const place = now?.place ?? then?.place ?? "";
    return [`${place}: ${then?.told ?? "none"} → ${now?.told ?? "none"} (type ${name.split("#")[0] ?? ""})`];
  });
}

function definitionIn(
  { modules, policiesDir, hostFolders }: Revision,
  name: string,
): { place: string; told: string } | null {
  const [type = "", relation = ""] = name.split("#");
  for (const module of modules) {
    const lines = module.contents.split("\n");
    const from = lines.findIndex((line) => new RegExp(`^\\s*type\\s+${type}\\b`).test(line));
    const at = lines.findIndex(
      (line, index) => index > from && new RegExp(`^\\s*define\\s+${relation}\\s*:`).test(line),
    );
    if (from === -1 || at === -1) continue;
    // A host's modules are called by the number of its folder, so that no two are called the same.
    const [, index, within = path.join("openfga", module.name)] = /^host-(\d+)\/(.*)$/.exec(module.name) ?? [];
    const folder = index === undefined ? policiesDir : (hostFolders[Number(index)] ?? "");
    const file = path.join(folder, within);
    return { place: `${file}:${at + 1}`, told: code(lines[at] ?? "") };
  }
  return null;
}
