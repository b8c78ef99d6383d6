import type { Revisions } from "./revision.ts";
import type { Point } from "./space.ts";

/** Some of the values that a fact is tried with, for people. */
export function valuesInWords(points: readonly Point[], found: readonly Point[], revisions: Revisions): string[] {
  const others = found.filter((point) => numberOf(point) === null).map((point) => inWords(point, revisions));
  return [...spansOf(points, found), ...others];
}

export function inWords(point: Point, { base, head }: Revisions): string {
  switch (point.is) {
    case "value":
      return typeof point.value === "string" && point.value !== "" ? point.value : JSON.stringify(point.value);
    case "missing":
      return "missing";
    case "wrong":
      return `of the wrong type (${JSON.stringify(point.value)})`;
    case "way":
      return point.words;
    case "limit": {
      const [was, is] = [base, head].map(({ plans }) => plans.get(point.plan)?.[point.limit]);
      return `${was === is ? String(is) : `${is ?? "nothing"} instead of ${was ?? "nothing"}`} (plan ${point.plan})`;
    }
  }
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
    if (sorted.length > 1 && from === sorted[0] && from !== 0) return `${to} or less`;
    return from === to ? String(from) : `${from} to ${to}`;
  });
}
