import { parse } from "@bufbuild/cel";

type Expr = ReturnType<typeof parse>["expr"];

/** A CEL expression as far as a policy may use it (policies/README.md): a subset whose whole space of values can be written down. */
export type Cel =
  | { readonly is: "literal"; readonly value: Literal }
  /** `R.attr.state`: names behind a root; `isAsked`: `has(…)`. */
  | { readonly is: "path"; readonly names: readonly [string, ...string[]]; readonly isAsked: boolean }
  | { readonly is: "call"; readonly name: string; readonly args: readonly Cel[] }
  /** A list, or the keys and values of a map. */
  | { readonly is: "list"; readonly items: readonly Cel[] }
  | { readonly is: "stray"; readonly problem: string };
export type Literal = string | number | boolean | null;

/** CEL's names for operators, and functions of Cerbos, whose truth depends on boundaries that are known. */
const FUNCTIONS = new Set([
  // `+` adds up reasons; no condition may say it (lint-words.ts).
  ...["_&&_", "_||_", "!_", "_?_:_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "_+_"],
  ...["startsWith", "endsWith", "contains", "hasIntersection", "isSubset"],
]);

/** What nobody can write down the boundaries of. */
const UNBOUNDED: Readonly<Record<string, string>> = {
  size: "size(…) counts, and whatever it counts has to be tried in every length: make the number a fact",
  "_-_": "a difference moves each boundary by the other side: make it a fact",
  "-_": "what is negated is no fact: make it one",
};

const CLOCK = new Set(["now", "timestamp", "duration", "timeSince", "getHours", "getDayOfWeek"]);

const LONG: Readonly<Record<string, string>> = { variables: "V", constants: "C" };

/** Reads one expression; null: it is none. */
export function readCel(text: string): Cel | null {
  try {
    return celOf(parse(text).expr);
  } catch {
    return null; // celProblem says what is wrong with it
  }
}

/** Why a text is no expression; null: it is one. */
export function celProblem(text: string): string | null {
  try {
    parse(text);
    return null;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
  }
}

function celOf({ exprKind: expr }: Expr): Cel {
  switch (expr.case) {
    case "constExpr":
      return literalOf(expr.value.constantKind);
    case "identExpr":
      return pathOf([expr.value.name], false);
    case "selectExpr":
      return below(expr.value.operand, expr.value.field, expr.value.testOnly);
    case "callExpr":
      return callOf(expr.value);
    case "listExpr":
      return { is: "list", items: expr.value.elements.map(celOf) };
    case "structExpr":
      return {
        is: "list",
        items: expr.value.entries.flatMap(({ keyKind, value }) => [
          ...(keyKind.case === "mapKey" ? keyOf(keyKind.value) : []),
          ...(value === undefined ? [] : [celOf(value)]),
        ]),
      };
    case "comprehensionExpr":
      return stray("exists, all, map and filter go over lists of any length: say it with `in` or hasIntersection");
    case undefined:
      return stray("an empty expression");
  }
}

/** A key is read as well: `"alice" in {P.id: true}`. */
function keyOf(key: Expr): Cel[] {
  const cel = celOf(key);
  return cel.is === "literal" ? [cel] : [cel, stray("a key that is no constant: name it")];
}

function stray(problem: string): Cel {
  return { is: "stray", problem };
}

type Constant = Extract<Expr["exprKind"], { case: "constExpr" }>["value"]["constantKind"];

function literalOf(constant: Constant): Cel {
  switch (constant.case) {
    case "stringValue":
    case "boolValue":
    case "doubleValue":
      return { is: "literal", value: constant.value };
    case "int64Value":
    case "uint64Value":
      return { is: "literal", value: Number(constant.value) };
    case "nullValue":
      return { is: "literal", value: null };
    case "bytesValue":
    case "durationValue":
    case "timestampValue":
    case undefined:
      return stray("bytes, times and durations are no facts");
  }
}

function below(operand: Expr | undefined, name: string, isAsked: boolean): Cel {
  const of = operand === undefined ? stray("an empty expression") : celOf(operand);
  if (of.is === "stray") return of;
  return of.is === "path" ? pathOf([...of.names, name], isAsked) : stray(`.${name} of something that is no fact`);
}

/** By its shortest name: `request.resource.attr.x` is `R.attr.x`. */
function pathOf([root, ...names]: readonly [string, ...string[]], isAsked: boolean): Cel {
  const [first, ...others] = names;
  if (root === "request" && first === "resource") return { is: "path", names: ["R", ...others], isAsked };
  if (root === "request" && first === "principal") return { is: "path", names: ["P", ...others], isAsked };
  return { is: "path", names: [LONG[root] ?? root, ...names], isAsked };
}

function callOf({ function: name, target, args }: Extract<Expr["exprKind"], { case: "callExpr" }>["value"]): Cel {
  const given = [...(target === undefined ? [] : [target]), ...args];
  const [of, key] = given.map(celOf);
  if (name === "_[_]" && of?.is === "path" && key?.is === "literal" && typeof key.value === "string") {
    return pathOf([...of.names, key.value], false);
  }
  if (CLOCK.has(name)) return stray(`${name}(…) reads the clock: make the time a fact`);
  if (name === "_[_]") return stray("an index that is no constant string");
  if (name === "-_" && of?.is === "literal" && typeof of.value === "number") return { is: "literal", value: -of.value };
  const unbounded = UNBOUNDED[name];
  if (unbounded !== undefined) return stray(unbounded);
  if (!FUNCTIONS.has(name)) return stray(`${name}(…) is outside the subset whose space can be written down`);
  return { is: "call", name, args: given.map(celOf) };
}
