import { describe, expect, test } from "@jest/globals";
import { createMask } from "../../src/decisions/masking.ts";
import { record, search } from "./records.ts";

const question = {
  subject: { type: "user", id: "e-1" },
  action: "read",
  resource: { type: "document", id: "e-2" },
};
const facts = {
  subject: { level: 3, region: "eu" },
  resource: { level: 5, title: "Plans", owner: { name: "Rick", level: 1 }, sent: { context: { level: 2 } } },
};
const reasons = [{ code: "LEVEL_TOO_LOW", level: 5, title: "Plans" }];
const asked = record({ question, facts, reasons });

describe("The mask of the decision log", () => {
  test("hides a fact of one kind, at any depth and in the reasons, and leaves that of the other kind", () => {
    const masked = createMask(["document.level"])(asked);
    expect(masked.facts).toEqual({
      subject: { level: 3, region: "eu" },
      resource: {
        level: "***",
        title: "Plans",
        owner: { name: "Rick", level: "***" },
        sent: { context: { level: "***" } },
      },
    });
    expect(masked.reasons).toEqual([{ code: "LEVEL_TOO_LOW", level: "***", title: "Plans" }]);
  });

  test("hides a fact of every kind, and a whole part by its name; a reason's code never", () => {
    const masked = createMask(["*.level", "document.sent", "*.code"])(asked);
    expect(masked.facts?.subject).toEqual({ level: "***", region: "eu" });
    expect(masked.facts?.resource).toMatchObject({ level: "***", sent: "***" });
    expect(masked.reasons).toEqual([{ code: "LEVEL_TOO_LOW", level: "***", title: "Plans" }]);
  });

  test("hides what looks like an e-mail address without being told, in lists, members and reasons", () => {
    const resource = {
      ownerID: "rick@the-citadel.com",
      shared: ["a@b.example", "at @ noon"],
      byName: { "a@b.example": 1 },
    };
    const masked = createMask([])(
      record({ facts: { subject: {}, resource }, reasons: [{ code: "NOT_OWNER", owner: "rick@the-citadel.com" }] }),
    );
    expect(masked.facts?.resource).toEqual({ ownerID: "***", shared: ["***", "at @ noon"], byName: { "***": 1 } });
    expect(masked.reasons).toEqual([{ code: "NOT_OWNER", owner: "***" }]);
  });

  test("hides what Cerbos says of a masked fact that its schema refuses, which can have the value in it", () => {
    const problem = "must be >= 10 but found 3.75";
    const refused = [
      { code: "SENT_INVALID", fact: "/sent/context/level", problem },
      { code: "FACT_INVALID", fact: "/level", problem },
      { code: "FACT_INVALID", fact: "/level/0", problem },
      { code: "SENT_INVALID", fact: "/sent/context/a~1b", problem },
    ];
    const others = [
      { code: "SENT_INVALID", fact: "/sent/context/levels", problem },
      { code: "FACT_MISSING", fact: "level" },
    ];
    const mask = createMask(["document.level", "*.a/b"]);
    expect(mask(record({ question, reasons: [...refused, ...others] })).reasons).toEqual([
      ...refused.map((reason) => ({ ...reason, problem: "***" })),
      ...others,
    ]);
  });

  test("hides in the line of a search what looks like an e-mail address, and nothing else", () => {
    const line = search({ results: ["view", "mail a@b.example"] });
    expect(createMask(["*.level"])(line)).toEqual({ ...line, results: ["view", "***"] });
  });

  test("changes nothing else", () => {
    expect(createMask(["other.level"])(asked)).toEqual(asked);
  });
});
