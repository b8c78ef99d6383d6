import { isDeepStrictEqual } from "node:util";
import type { Reason } from "../../entities/errors.ts";
import { comparable, type Difference } from "./differences.ts";
import { ROLE, WAY } from "./reads.ts";
import { code, plain } from "./words.ts";

/** One way in which the reasons of a denial change. */
export interface ReasonChange {
  /** Its code, and what it is about: "`LIMIT_REACHED` (limit: sectors)". */
  readonly reason: string;
  readonly change: "gone" | "new" | "says";
  /** What a reason that stays says now: "max: 25 → 30". */
  readonly members: string;
  /** Whom it is told: roles, or what a way begins with; none: everybody. */
  readonly subjects: readonly string[];
}

type Change = Omit<ReasonChange, "subjects">;

/** How the reasons change in these cells, each way once. */
export function reasonChanges({ cells, base, head }: Difference, at: readonly number[]): ReasonChange[] {
  const roles = cells.dimensions.findIndex(({ fact }) => fact === ROLE);
  const found = new Map<string, { readonly change: Change; readonly subjects: Set<string> }>();
  for (const index of at) {
    const cell = cells.cells[index] ?? [];
    const [way, role] = [cell.find((point) => point.is === "way"), cell[roles]];
    for (const change of changesOf(comparable(base(index)), comparable(head(index)))) {
      const key = JSON.stringify(change);
      const known = found.get(key) ?? { change, subjects: new Set<string>() };
      if (way !== undefined) known.subjects.add(way.begins);
      else if (role?.is === "value") known.subjects.add(String(role.value));
      found.set(key, known);
    }
  }
  const all = cells.dimensions[roles]?.points.length;
  const isByWays = cells.dimensions[0]?.fact === WAY;
  return [...found.values()].map(({ change, subjects }) => {
    return { ...change, subjects: !isByWays && subjects.size === all ? [] : [...subjects] };
  });
}

function changesOf(was: readonly Reason[], is: readonly Reason[]): Change[] {
  const [gone, added] = [without(was, is), without(is, was)];
  const kept = gone.flatMap((one) => {
    const [nearest] = added
      .filter((other) => other.code === one.code)
      .sort((a, b) => namesBetween(one, a).length - namesBetween(one, b).length);
    return nearest === undefined ? [] : [{ one, other: nearest }];
  });
  const isKept = (reason: Reason): boolean => kept.some(({ one, other }) => one === reason || other === reason);
  return [
    ...gone.filter((reason) => !isKept(reason)).map((reason) => toldOf(reason, "gone")),
    ...added.filter((reason) => !isKept(reason)).map((reason) => toldOf(reason, "new")),
    ...kept.map(({ one, other }) => toldOf(one, "says", other)),
  ];
}

function without(some: readonly Reason[], others: readonly Reason[]): Reason[] {
  return some.filter((reason) => !others.some((other) => isDeepStrictEqual(reason, other)));
}

function namesBetween(one: Reason, other: Reason): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => !isDeepStrictEqual(one[name], other[name]));
}

function toldOf(reason: Reason, change: Change["change"], after = reason): Change {
  const changed = namesBetween(reason, after);
  const about = Object.entries(reason).flatMap(([name, value]) => {
    const isTold = name !== "code" && name !== "kind" && typeof value === "string" && !changed.includes(name);
    return isTold ? [`${name}: ${value === "" ? '""' : plain(value)}`] : [];
  });
  return {
    reason: `${code(reason.code)}${about.length === 0 ? "" : ` (${about.join(", ")})`}`,
    change,
    members: changed.map((name) => plain(`${name}: ${said(reason[name])} → ${said(after[name])}`)).join(", "),
  };
}

function said(value: unknown): string {
  return value === undefined ? "nothing" : typeof value === "string" ? value : JSON.stringify(value);
}
