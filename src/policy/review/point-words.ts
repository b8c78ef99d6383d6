import { OTHERS } from "./boundaries.ts";
import { WAY } from "./reads.ts";
import type { Revisions } from "./revision.ts";
import type { Dimension, Point } from "./space.ts";
import { listed, plain } from "./words.ts";

/** Some of the values that a fact is tried with, for people. */
export function valuesInWords(points: readonly Point[], found: readonly Point[], revisions: Revisions): string[] {
  const others = found.filter((point) => numberOf(point) === null && point.is !== "way");
  return [...spansOf(points, found), ...waysIn(found), ...others.map((point) => inWords(point, revisions))];
}

export function inWords(point: Point, revisions: Revisions): string {
  switch (point.is) {
    case "value":
      return typeof point.value === "string" && point.value !== "" ? plain(point.value) : JSON.stringify(point.value);
    case "missing":
      return "missing";
    case "wrong":
      return `of the wrong type (${JSON.stringify(point.value)})`;
    case "way":
      return point.words;
    case "limit":
      return `${limitInWords(point, revisions)} (plan ${point.plan})`;
  }
}

function limitInWords({ plan, limit }: Point & { readonly is: "limit" }, { base, head }: Revisions): string {
  const [was, is] = [base, head].map(({ plans }) => plans.get(plan)?.[limit]);
  return was === is ? String(is) : `${was ?? "none"} → ${is ?? "none"}`;
}

/** Some values of a fact as a sentence says them: "the organization's state is active", "the plan is free (sectors 25 → 30)". */
export function pointsInWords(
  { fact, points }: Dimension,
  found: readonly Point[],
  words: string,
  revisions: Revisions,
): string {
  if (fact === WAY) return `whoever asks is ${listed(waysIn(found), "or")}`;
  const [first] = found;
  if (found.length === 1 && first?.is === "value" && typeof first.value === "boolean") {
    return first.value ? words : `it is not so that ${words}`;
  }
  const plans = found.flatMap((point) =>
    point.is === "limit" ? [`${point.plan} (${point.limit} ${limitInWords(point, revisions)})`] : [],
  );
  if (plans.length === found.length) return `the plan is ${listed(plans, "or")}`;
  const samples = points.filter(
    (point) => point.is === "value" && typeof point.value === "string" && OTHERS.includes(point.value),
  );
  // One of several stands for those alone that it is compared with.
  const isAnyOther = samples.length > 0 && samples.every((sample) => found.includes(sample));
  const told = isAnyOther ? found.filter((point) => !samples.includes(point)) : found;
  const values = [...valuesInWords(points, told, revisions), ...(isAnyOther ? ["any other text"] : [])];
  const isSpanned = found.length > 1 && found.every((point) => numberOf(point) !== null);
  return `${words} is ${isSpanned ? values.join(", or ") : listed(values, "or")}`;
}

/** " (free 25, platform 10000)" of what the plans allow. */
export function limitsInWords({ points }: Dimension, revisions: Revisions): string {
  const told = points.flatMap((point) =>
    point.is === "limit" ? [`${point.plan} ${limitInWords(point, revisions)}`] : [],
  );
  return told.length === 0 ? "" : ` (${told.join(", ")})`;
}

/** Ways that differ only in how often something is in another of its type are one, where all of them are there that were tried. */
function waysIn(found: readonly Point[]): string[] {
  const ways = found.filter((point) => point.is === "way");
  const told = new Set(ways.map(({ words }) => words));
  return [
    ...new Set(
      ways.map(({ words, anyDepth, tried }) =>
        tried.length > 1 && tried.every((each) => told.has(each)) ? anyDepth : words,
      ),
    ),
  ];
}

function numberOf(point: Point | undefined): number | null {
  return point?.is === "value" && typeof point.value === "number" ? point.value : null;
}

/** "0", "25 to 29", "2 or more": numbers with no other boundary between them decide alike, and so do those past the outermost one. */
function spansOf(points: readonly Point[], found: readonly Point[]): string[] {
  const sorted = points.flatMap((point) => numberOf(point) ?? []).sort((one, other) => one - other);
  const wanted = new Set(found.map(numberOf));
  const spans: number[][] = [];
  for (const [index, value] of sorted.entries()) {
    if (!wanted.has(value)) continue;
    if (index > 0 && wanted.has(sorted[index - 1] ?? null)) spans.at(-1)?.push(value);
    else spans.push([value]);
  }
  return spans.map((span) => {
    const [from, to] = [span[0] ?? 0, span.at(-1) ?? 0];
    if (sorted.length > 1 && to === sorted.at(-1)) return `${from} or more`;
    if (sorted.length > 1 && from === sorted[0] && to !== 0) return `${to} or less`;
    return from === to ? String(from) : `${from} to ${to}`;
  });
}
