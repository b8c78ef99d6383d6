import { ordinary } from "./facts.ts";
import type { KindPolicies } from "./revision.ts";
import type { Plans, Point } from "./space.ts";

/** `R.attr`: the points where they are given, and ordinary facts elsewhere. */
export function resourceOf(
  kind: KindPolicies,
  points: ReadonlyMap<string, Point>,
  plans: Plans,
): Record<string, unknown> {
  const attributes: Record<string, unknown> = {};
  for (const path of kind.schema.objects) put(attributes, path, {});
  for (const fact of kind.schema.facts.values()) {
    const value = points.has(fact.path)
      ? resolve(points.get(fact.path), plans)
      : fact.isRequired
        ? ordinary(fact)
        : undefined;
    if (value !== undefined) put(attributes, fact.path, value);
  }
  return attributes;
}

/** `P.attr`: what is given, and nothing else. */
export function subjectOf(points: ReadonlyMap<string, Point>, plans: Plans): Record<string, unknown> {
  const attributes: Record<string, unknown> = {};
  for (const [fact, point] of points) {
    const value = fact.startsWith("P.attr.") ? resolve(point, plans) : undefined;
    if (value !== undefined) put(attributes, fact, value);
  }
  return attributes;
}

function put(attributes: Record<string, unknown>, path: string, value: unknown): void {
  const names = path.split(".").slice(2);
  const last = names.pop() ?? "";
  let at = attributes;
  for (const name of names) at = (at[name] ??= {}) as Record<string, unknown>; // put there as an object
  at[last] = value;
}

function resolve(point: Point | undefined, plans: Plans): unknown {
  if (point === undefined || point.is === "missing" || point.is === "way") return undefined;
  return point.is === "limit" ? plans.get(point.plan)?.[point.limit] : point.value;
}
