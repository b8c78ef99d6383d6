import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Cerbos, connectCerbos } from "../../src/engines/cerbos.ts";
import { inBatches, type Verdicts } from "../../src/engines/cerbos-batch.ts";
import type { JudgeQuestion } from "../../src/entities/judge.ts";
import { testEngines } from "../support/test-engines.ts";

const APPLICATION: JudgeQuestion = {
  kind: "application",
  role: "admin",
  matrix: "default",
  actions: ["edit"],
  attributes: {
    state: "enabled",
    sectorState: "enabled",
    organizationState: "active",
    ownerCount: 2,
    organizationApplications: 3,
    maxApplications: 25,
  },
};

describe("questions of one turn of the event loop", () => {
  /** Calls that are only noted: what they held, and how they end. */
  function noted(end: (signal: AbortSignal) => Promise<unknown> = async () => await Promise.resolve()) {
    const calls: string[][] = [];
    const judge = inBatches(async (questions, signal) => {
      calls.push(questions.map(({ role, actions }) => `${role} ${actions.join()}`));
      await end(signal);
      return questions.map(({ actions }): Verdicts => new Map(actions.map((action) => [action, ALLOWED])));
    }, 3);
    return { calls, judge };
  }
  const ALLOWED = { allowed: true, refusedBy: null, reasons: [], matrix: [], floor: [] };

  test("go in one call for each role, at most so many in one, each with its own answer", async () => {
    const { calls, judge } = noted();
    const asked = ["a", "b", "c", "d"].map((action) => ({ ...APPLICATION, actions: [action] }));
    const viewer = { ...APPLICATION, role: "viewer", actions: ["e"] } as const;
    const answers = await Promise.all([...asked, viewer].map(async (question) => await judge(question, 1000)));
    expect(calls).toEqual([["admin a", "admin b", "admin c"], ["admin d"], ["viewer e"]]);
    expect(answers.map((answer) => [...answer.keys()])).toEqual([["a"], ["b"], ["c"], ["d"], ["e"]]);
    await judge(APPLICATION, 1000);
    expect(calls.at(-1)).toEqual(["admin edit"]);
  });

  test("are asked once where they are the same, to the last fact", async () => {
    const { calls, judge } = noted();
    const { attributes } = APPLICATION;
    const other = { ...APPLICATION, attributes: { ...attributes, ownerCount: 3 } };
    const asked = [APPLICATION, other, { ...APPLICATION, attributes: { ...attributes } }, APPLICATION, other];
    const answers = await Promise.all(asked.map(async (question) => await judge(question, 1000)));
    expect(calls).toEqual([["admin edit", "admin edit"]]);
    expect(answers.map((answer) => [...answer.keys()])).toEqual(asked.map(() => ["edit"]));
    const unlike = [
      { kind: "sector" },
      { matrix: "open" },
      { actions: ["view"] },
      { hasFloor: false },
      { role: "none" },
    ];
    calls.length = 0;
    await Promise.all([{}, ...unlike].map(async (more) => await judge({ ...APPLICATION, ...more }, 1000)));
    expect(calls.flat()).toHaveLength(1 + unlike.length);
  });

  test("keep their own deadlines; the call is given up when the last has passed", async () => {
    let aborted: unknown;
    const { judge } = noted(
      async (signal) =>
        await new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            aborted = signal.reason;
            reject(signal.reason as Error);
          });
        }),
    );
    const patient = judge(APPLICATION, 60);
    await expect(judge(APPLICATION, 5)).rejects.toMatchObject({ code: "CANNOT_DECIDE" });
    expect(aborted).toBeUndefined();
    await expect(patient).rejects.toMatchObject({ code: "CANNOT_DECIDE" });
    expect(aborted).toMatchObject({ message: "no answer within 60 ms" });
  });

  test("without time left, nothing is asked", async () => {
    const { calls, judge } = noted();
    await expect(judge(APPLICATION, 0)).rejects.toMatchObject({ code: "CANNOT_DECIDE" });
    expect(calls).toEqual([]);
  });
});

describe("the real Cerbos", () => {
  let cerbos: Cerbos;
  beforeAll(() => {
    cerbos = connectCerbos(testEngines().cerbosTarget, false);
  });
  afterAll(() => cerbos.close());

  test("answers questions about several roles, kinds and actions at once, each as if alone", async () => {
    const roles = ["none", "viewer", "admin", "owner"] as const;
    const questions = Array.from({ length: 120 }, (_, index): JudgeQuestion => {
      const role = roles[index % 4] ?? "none";
      const state = index % 3 === 0 ? "retired" : "active";
      const attributes = { ...APPLICATION.attributes, organizationState: state, ownerCount: 1 + (index % 5) };
      return { ...APPLICATION, role, actions: index % 2 === 0 ? ["view", "retire"] : ["edit"], attributes };
    });
    const together = await Promise.all(questions.map(async (question) => await cerbos.judge(question, 8000)));
    for (const [index, question] of questions.entries()) {
      expect(together[index]).toEqual(await cerbos.judge(question, 8000));
    }
    expect(together[0]?.get("retire")).toMatchObject({ allowed: false });
    expect(together[1]?.get("edit")).toMatchObject({ allowed: false, refusedBy: "matrix" });
    expect(together[2]?.get("view")).toMatchObject({ allowed: true });
  });

  test("cannot read one of them: that one cannot be decided, the others are", async () => {
    const unreadable = { ...APPLICATION, matrix: "no version!" };
    const [first, second, third] = await Promise.allSettled(
      [APPLICATION, unreadable, { ...APPLICATION, actions: ["retire"] }].map(
        async (question) => await cerbos.judge(question, 8000),
      ),
    );
    expect(first).toMatchObject({ status: "fulfilled" });
    expect(second).toMatchObject({ status: "rejected", reason: { code: "CANNOT_DECIDE" } });
    expect(third).toMatchObject({ status: "fulfilled" });
  });
});
