/** Which values a fact is tried with: those that its schema takes, at every boundary of what is asked of it. */
import { describe, expect, test } from "@jest/globals";
import { readCel } from "../../../src/policy/review/cel.ts";
import { cellsOf, fits } from "../../../src/policy/review/cells.ts";
import {
  changedFacts,
  type Fact,
  type FactSchema,
  ordinary,
  readFactSchema,
} from "../../../src/policy/review/facts.ts";
import { readsOf } from "../../../src/policy/review/reads.ts";
import { type Point, type Space, spaceOf, unseenChanges } from "../../../src/policy/review/space.ts";

type Properties = Readonly<Record<string, unknown>>;

function schemaOf(properties: Properties, $defs: Properties = {}): FactSchema {
  const required = Object.keys(properties);
  return readFactSchema({ type: "object", $defs, properties, required, additionalProperties: false });
}

/** @param schemas one for each revision */
function spaceWith(condition: string, schemas: readonly FactSchema[], subject: readonly Fact[] = []): Space {
  const place = { line: 1, column: 1 };
  const { facts: read, comparisons } = readsOf([{ text: condition, cel: readCel(condition), place }], new Map());
  const facts = [...schemas.flatMap((schema) => [...schema.facts.values()]), ...subject];
  return spaceOf({ facts, comparisons, read: new Set([...read, ...changedFacts(schemas)]), plans: [] });
}

function valuesIn(points: readonly Point[] = []): unknown[] {
  return points.flatMap((point) => (point.is === "value" ? [point.value] : []));
}

/** The values that `R.attr.x`, or another fact, is tried with. */
function tried(condition: string, schemas: readonly Properties[], fact = "R.attr.x"): unknown[] {
  return valuesIn(
    spaceWith(
      condition,
      schemas.map((x) => schemaOf({ x })),
    ).get(fact)?.points,
  );
}

function factIn(x: unknown, $defs: Properties = {}): Fact {
  const fact = schemaOf({ x }, $defs).facts.get("R.attr.x");
  if (fact === undefined) throw new Error("there is no fact x");
  return fact;
}

describe("A fact that nothing is said about has a value that its schema takes,", () => {
  test.each([
    ["a text that is to be short", { type: "string", maxLength: 3 }],
    ["a number above another", { type: "integer", exclusiveMinimum: 4 }],
    ["a list that is not empty, by its example", { type: "array", minItems: 1, examples: [["one"]] }],
    ["a text with a form, by its example", { type: "string", pattern: "^[A-Z]{3}$", examples: ["no", "YES"] }],
    ["a date, by its default", { type: "string", format: "date", default: "2026-12-01" }],
    ["one of several alternatives", { anyOf: [{ enum: ["a", "b"] }, { type: "integer", minimum: 7 }] }],
    ["what stands elsewhere in the file", { $ref: "#/$defs/code" }],
    ["an alternative that stands elsewhere", { oneOf: [{ $ref: "#/$defs/code" }, { $ref: "#/$defs/list" }] }],
  ])("%s", (_title, x) => {
    const code = { type: "string", pattern: "^[A-Z]{2}$", examples: ["DE"] };
    const fact = factIn(x, { code, list: { type: "array", minItems: 2 } });
    const value = ordinary(fact);
    expect([value === undefined, fact.takes(value)]).toEqual([false, true]);
  });

  test.each([
    ["a form", { type: "string", pattern: "^[A-Z]{3}$" }],
    ["a format", { type: "string", format: "date" }],
    ["a length", { type: "string", minLength: 30 }],
    ["some items", { type: "array", minItems: 1 }],
    ["a form, and an example that has not", { type: "string", pattern: "^[A-Z]{3}$", examples: ["no"] }],
  ])("and none where nobody can tell one: %s", (_title, x) => {
    expect(ordinary(factIn(x))).toBeUndefined();
  });

  test("and the facts within what stands elsewhere are known", () => {
    const owner = { type: "object", properties: { team: { enum: ["a", "b"] } }, required: ["team"] };
    const { facts } = schemaOf({ owner: { $ref: "#/$defs/owner" } }, { owner });
    expect(facts.get("R.attr.owner.team")).toMatchObject({ listed: ["a", "b"], isRequired: true });
    expect(facts.get("R.attr.owner.team")?.takes("c")).toBe(false);
  });
});

describe("What two revisions' schemas say differently of a fact is tried at the edges of both:", () => {
  test.each<[string, readonly Properties[], readonly unknown[]]>([
    [
      "a most that is raised",
      [
        { type: "integer", maximum: 100 },
        { type: "integer", maximum: 1000 },
      ],
      [100, 101, 999, 1000],
    ],
    [
      "a least that is lowered",
      [
        { type: "integer", minimum: 5 },
        { type: "integer", minimum: 0 },
      ],
      [0, 4, 5, 6],
    ],
    ["a list that is opened", [{ enum: ["a", "b"] }, { type: "string" }], ["a", "b", "another", ""]],
    [
      "a length",
      [
        { type: "string", maxLength: 2 },
        { type: "string", maxLength: 4 },
      ],
      ["xx", "xxx", "xxxx"],
    ],
    ["a type", [{ type: "integer" }, { type: "number" }], [0, 0.5]],
  ])("%s", (_title, schemas, values) => {
    const found = tried('R.attr.y == "z"', schemas); // whether a rule reads it or not
    expect(found).toEqual(expect.arrayContaining([...values]));
    const taken = schemas.map((x) => factIn(x));
    expect(found.filter((value) => !taken.some(({ takes }) => takes(value)))).toEqual([]);
  });

  test("a fact that is the same in both, but for its words, is tried only where it is read", () => {
    const schemas = [{ type: "string" }, { type: "string", description: "the thing's name" }];
    expect(tried('R.attr.y == "z"', schemas)).toEqual([]);
  });

  test("a form that no value tells from the other is told", () => {
    const schemas = ["^AA$", "^A{2}$"].map((pattern) => schemaOf({ x: { type: "string", pattern, examples: ["AA"] } }));
    const space = spaceWith("R.attr.x == 'AA'", schemas);
    expect(unseenChanges(changedFacts(schemas), schemas, space)).toEqual(["R.attr.x"]);
    const others = ["^A+$", "^[A-Z]+$"].map((pattern) =>
      schemaOf({ x: { type: "string", pattern, examples: ["AA"] } }),
    );
    const known = spaceWith("R.attr.x == 'B'", others);
    expect(unseenChanges(changedFacts(others), others, known)).toEqual([]);
  });
});

describe("What a condition asks is tried on both sides of where it turns:", () => {
  test.each<[string, unknown, readonly unknown[]]>([
    ["R.attr.x > 9 || R.attr.x >= 10", { type: "number" }, [9, 9.5, 10, 10.5]],
    ["R.attr.x > 9.5", { type: "integer" }, [9, 10]],
    ["R.attr.x < 3", { type: "integer", minimum: 10 }, [10]],
    ['R.attr.x.startsWith("ab") && R.attr.x.endsWith("yz")', { type: "string" }, ["ab", "yz", "abyz", "xab", "yzx"]],
    ['R.attr.x.startsWith("a") && R.attr.x.contains("m") && R.attr.x.endsWith("z")', { type: "string" }, ["amz", "az"]],
    ['"a" in R.attr.x && "b" in R.attr.x', { type: "array" }, [[], ["a"], ["b"], ["a", "b"], ["another"]]],
    [
      'isSubset(["a", "b", "c"], R.attr.x)',
      { type: "array" },
      [
        ["a", "b", "c"],
        ["a", "b"],
        ["b", "c"],
      ],
    ],
    [
      'isSubset(R.attr.x, ["a", "b"])',
      { type: "array" },
      [
        ["a", "b"],
        ["a", "b", "another"],
      ],
    ],
    ['"a" in R.attr.x', { type: "array", items: { enum: ["a", "b"] } }, [["a"], ["b"], ["a", "b"]]],
  ])("%s", (condition, x, values) => {
    expect(tried(condition, [x as Properties])).toEqual(expect.arrayContaining([...values]));
  });

  test("a value of each wrong type is one that no schema takes", () => {
    const space = spaceWith("R.attr.x == 1", [schemaOf({ x: { type: ["string", "integer"] } })]);
    expect(space.get("R.attr.x")?.points).toContainEqual({ is: "wrong", value: [] });
  });
});

describe("A fact of the subject, which no schema of the resource declares,", () => {
  const subject = (attributes: Properties): Fact[] => {
    const { facts } = schemaOf(attributes);
    return [...facts.values()].map((fact) => ({ ...fact, path: fact.path.replace("R.", "P.") }));
  };
  test.each<[string, Properties, string, readonly unknown[]]>([
    ["has(P.attr.cleared) && P.attr.cleared", {}, "P.attr.cleared", [true, false]],
    ["P.attr.level >= R.attr.level", { level: { type: "integer" } }, "P.attr.level", [0, 1, 2]],
    ["P.attr.level >= R.attr.level", { level: { type: "integer", minimum: 10 } }, "P.attr.level", [9, 10, 11]],
    ["R.attr.team in P.attr.teams", { team: { enum: ["a", "b"] } }, "P.attr.teams", [[], ["a"], ["b"], ["a", "b"]]],
    ["hasIntersection(R.attr.tags, P.attr.tags)", { tags: { type: "array" } }, "P.attr.tags", [[], ["another"]]],
  ])("is tried with what it is compared with: %s", (condition, properties, fact, values) => {
    const { points = [] } = spaceWith(condition, [schemaOf(properties)]).get(fact) ?? {};
    expect(valuesIn(points)).toEqual(expect.arrayContaining([...values]));
    expect(points.map((point) => point.is)).toEqual(expect.arrayContaining(["missing", "wrong"]));
  });

  test("is tried with what its own schema says where there is one, and with more: it can be sent", () => {
    const space = spaceWith('P.attr.rank == "boss"', [], subject({ rank: { enum: ["boss", "clerk"] } }));
    const { points = [] } = space.get("P.attr.rank") ?? {};
    expect(valuesIn(points)).toEqual(expect.arrayContaining(["boss", "clerk", "another"]));
    expect(points).toContainEqual({ is: "missing", fits: true });
  });
});

describe("Where there are too many combinations,", () => {
  const condition = "R.attr.a == 1 && R.attr.b == 1 && R.attr.c == 1";
  const number = { type: "integer", minimum: 0 };
  const space = spaceWith(condition, [schemaOf({ a: number, b: number, c: number })]);
  const { dimensions, cells, isWhole } = cellsOf(new Set(space.keys()), space, 10);

  test("every two values that fit stand together in a cell in which all others fit", () => {
    expect(isWhole).toBe(false);
    const whole = cells.filter((cell) => cell.every(fits)).map((cell) => JSON.stringify(cell));
    for (const [one, { points: first }] of dimensions.entries())
      for (const [other, { points: second }] of dimensions.entries())
        for (const a of first.filter(fits))
          for (const b of second.filter(fits)) {
            if (other <= one) continue;
            const isThere = cells.some((cell) => cell[one] === a && cell[other] === b && cell.every(fits));
            expect([whole.length, a, b, isThere]).toEqual([whole.length, a, b, true]);
          }
  });

  test("and every value that does not fit stands alone among others that do", () => {
    for (const [place, { points }] of dimensions.entries())
      for (const point of points.filter((each) => !fits(each))) {
        const having = cells.filter((cell) => cell[place] === point);
        expect(having.length).toBeGreaterThan(1);
        expect(having.every((cell) => cell.filter((each) => !fits(each)).length === 1)).toBe(true);
      }
  });

  test("one fact alone has all its values: there are no pairs", () => {
    expect(cellsOf(new Set(["R.attr.a"]), space, 1)).toMatchObject({ isWhole: true });
    expect(cellsOf(new Set(["R.attr.a"]), space, 1).cells.length).toBe(space.get("R.attr.a")?.points.length);
  });
});
