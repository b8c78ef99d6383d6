import { describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { AppError, type Issue } from "../../src/entities/errors.ts";
import { role } from "../../src/http/fields.ts";
import { checked } from "../../src/http/invalid.ts";

const pair = z.strictObject({ type: z.string(), id: z.string() });
const schema = z.strictObject({
  role,
  mode: z.literal("fast").exactOptional(),
  list: z.array(role).exactOptional(),
  pairs: z.array(pair).exactOptional(),
});

function issuesOf(value: unknown, place: "query" | "body"): readonly Issue[] {
  try {
    checked(schema, value, place);
  } catch (error) {
    if (error instanceof AppError) return error.details.issues ?? [];
    throw error;
  }
  return [];
}

describe("What does not fit is told in words", () => {
  test.each([
    ["what is missing", {}, "body.role", "required: expected one of viewer, member, billing, admin, owner"],
    ["one of several", { role: "king" }, "body.role", "expected one of viewer, member, billing, admin, owner"],
    ["the only one", { role: "admin", mode: "slow" }, "body.mode", "expected fast"],
    ["a type", { role: "admin", list: "admin" }, "body.list", "expected array"],
    ["a place in a list", { role: "admin", list: ["admin", 7] }, "body.list.1", expect.stringMatching(/^expected one/)],
    ["no object", [], "body", "expected object"],
  ])("%s", (_what, value, path, message) => {
    expect(issuesOf(value, "body")).toEqual([{ path, message }]);
  });

  test("a list is told as one in a body, and in a query as something given twice", () => {
    const value = { role: ["admin", "viewer"] };
    expect(issuesOf(value, "body")[0]?.message).toMatch(/^expected one of/);
    expect(issuesOf(value, "query")[0]?.message).toBe("given more than once; expected once at most");
  });

  test("an unknown name is cut, however long it is", () => {
    const [issue] = issuesOf({ role: "admin", ["x".repeat(5_000)]: 1 }, "body");
    expect(issue?.message).toMatch(/^unknown member "x{100}"; known: role, mode, list, pairs$/);
  });

  test("an unknown name deep within is told with those that are known there", () => {
    const value = { role: "admin", pairs: [{ type: "a", id: "b", mode: "fast" }] };
    const message = 'unknown member "mode"; known: type, id';
    expect(issuesOf(value, "body")).toEqual([{ path: "body.pairs.0", message }]);
  });

  test("what fits is given back", () => {
    expect(checked(schema, { role: "admin" }, "body")).toEqual({ role: "admin" });
  });
});
