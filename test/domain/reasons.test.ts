import { describe, expect, test } from "@jest/globals";
import { classified, explanation, MEANINGS } from "../../src/domain/reasons.ts";
import { helpFor, remedyFor } from "../../src/domain/remedies.ts";

describe("The explanation of a refusal", () => {
  test("is a sentence for each reason, with the values of its members", () => {
    const reasons = [
      { code: "ROLE_TOO_LOW", least: "owner" },
      { code: "LIVE_APPLICATIONS", applications: 3 },
    ];
    expect(explanation(reasons)).toBe(
      "The role is too low; owner is the lowest that will do. Applications in it are enabled still: 3.",
    );
  });

  test("names a code that only somebody's own policies know", () => {
    expect(explanation([{ code: "CLOSED_ON_SUNDAYS" }])).toBe("A policy refuses this: CLOSED_ON_SUNDAYS.");
    expect(explanation([{ code: "toString" }])).toBe("A policy refuses this: toString.");
  });

  test.each(Object.entries(MEANINGS))("of %s is a whole sentence", (_code, meaning) => {
    expect(meaning).toMatch(/^[A-Z].+\.$/);
  });
});

describe("What a refusal is about", () => {
  test("stands in one table for the built-in codes, whatever a policy says", () => {
    expect(classified({ code: "ROLE_TOO_LOW", least: "owner" })).toEqual({
      ...{ code: "ROLE_TOO_LOW", kind: "role", least: "owner" },
    });
    expect(classified({ code: "LIVE_SECTORS", kind: "role" })).toEqual({ code: "LIVE_SECTORS", kind: "state" });
    for (const code of ["ORGANIZATION_RETIRED", "ORGANIZATION_ARCHIVED"])
      expect(classified({ code }).kind).toBe("frozen");
  });

  test.each([
    ["what the policy says", { code: "NOT_SHARED", kind: "relation", with: "bob" }, "relation"],
    ["an attribute when it says nothing", { code: "CLOSED_ON_SUNDAYS" }, "attribute"],
    ["an attribute when it says something else", { code: "NOT_SHARED", kind: "family" }, "attribute"],
    ["an attribute when it says no text", { code: "toString", kind: ["role"] }, "attribute"],
  ])("is of somebody's own code %s", (_what, reason, kind) => {
    expect(classified(reason)).toEqual({ ...reason, kind });
  });
});

test("a remedy has the values where its text for all has the names", () => {
  const reason = { code: "LIMIT_REACHED", limit: "sectors", max: 25 };
  expect(helpFor("LIMIT_REACHED")).toBe("Retire or remove one first, or ask for a higher limit of `limit`.");
  expect(remedyFor(reason, null)).toEqual({
    for: "LIMIT_REACHED",
    message: "Retire or remove one first, or ask for a higher limit of sectors.",
    limit: "sectors",
    max: 25,
  });
  expect(remedyFor({ code: "ORGANIZATION_ARCHIVED" }, null)).toBeUndefined();
});
