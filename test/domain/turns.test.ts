import { expect, test } from "@jest/globals";
import { findTurns, type Turnable } from "../../src/domain/turns.ts";
import type { FactDomain } from "../../src/entities/fact-domains.ts";
import type { Judge } from "../../src/entities/judge.ts";
import { LIMITS } from "../../src/entities/limits.ts";

type Facts = Readonly<Record<string, unknown>>;

/** Policies that allow where this is so. */
function judging(holds: (facts: Facts) => boolean): { readonly judge: Judge } {
  return {
    judge: async ({ attributes }) => {
      const allowed = holds(attributes);
      const verdict = { allowed, refusedBy: null, reasons: [], matrix: [], floor: [] };
      return await Promise.resolve(new Map([["view", verdict]]));
    },
  };
}

function asked(attributes: Facts, domains: readonly FactDomain[], allowed: boolean): Turnable {
  const question = { kind: "thing", role: "none", matrix: "default", actions: ["view"], attributes } as const;
  const nothing = { subject: {}, subjectDomains: null, reads: [], isHidden: () => false };
  return { question, allowed, domains, ...nothing, withRole: () => null };
}

const whole = (name: string, least = 0): FactDomain => {
  return { path: [name], values: { least, most: Number.MAX_SAFE_INTEGER }, isFixed: false };
};

test("of a whole number only the nearest on either side is named, within what the schema allows", async () => {
  const facts = { count: 10, max: 12 };
  const outside = judging(({ count }) => Number(count) < 2 || Number(count) > 11);
  const found = await findTurns(outside, asked(facts, [whole("count")], false), () => 1_000);
  expect(found.turns.map(({ name, to }) => [name, to])).toEqual([
    ["resource.count", 12], // the nearer one first
    ["resource.count", 1],
  ]);
  const least = await findTurns(outside, asked(facts, [whole("count", 2)], false), () => 1_000);
  expect(least.turns.map(({ to }) => to)).toEqual([12]);
});

test("a number is compared with the others, and with what lies beside them", async () => {
  const full = judging(({ count, max }) => Number(count) < Number(max));
  const facts = { count: 25, max: 25 };
  const { turns } = await findTurns(full, asked(facts, [whole("count"), whole("max")], false), () => 1_000);
  expect(turns.map(({ name, to }) => [name, to])).toEqual([
    ["resource.count", 24],
    ["resource.max", 26],
  ]);
});

test("a number is compared with those that the rules name, and with what lies beside them", async () => {
  const cheap = judging(({ amount }) => Number(amount) < 500);
  const reads = [{ facts: ["R.attr.amount"], numbers: [500, 99.5] }];
  const question = { ...asked({ amount: 9_000 }, [whole("amount")], false), reads };
  const { turns, isComplete } = await findTurns(cheap, question, () => 1_000);
  expect([turns.map(({ name, to }) => [name, to]), isComplete]).toEqual([[["resource.amount", 499]], true]);
  const broken = await findTurns(
    judging(({ amount }) => Number(amount) < 99.5),
    question,
    () => 1_000,
  );
  expect(broken.turns.map(({ to }) => to)).toEqual([99]);
});

test("what is stored of the subject is turned as the thing's facts are, and numbers of both are compared", async () => {
  const cleared: Judge = async ({ subject, attributes }) => {
    const allowed = Number(subject?.["level"]) >= Number(attributes["level"]) && attributes["open"] === true;
    return await Promise.resolve(new Map([["view", { allowed, refusedBy: null, reasons: [], matrix: [], floor: [] }]]));
  };
  const base = asked({ level: 40, open: true }, [whole("level")], false);
  const subject = { level: 3 };
  const question = { ...base, question: { ...base.question, subject }, subject, subjectDomains: [whole("level")] };
  const { turns } = await findTurns({ judge: cleared }, question, () => 1_000);
  expect(turns.map(({ of, name, from, to }) => [of, name, from, to])).toEqual([
    ["fact", "subject.level", 3, 40],
    ["fact", "resource.level", 40, 3],
  ]);
  const unknown = await findTurns({ judge: cleared }, { ...question, subject: {}, subjectDomains: [] }, () => 1_000);
  expect(unknown.turns.map(({ name, to }) => [name, to])).toEqual([["resource.level", 1]]); // not which one would do
});

test.each<[string, readonly string[] | null, boolean]>([
  ["the role and facts that can be tried", ["role", "R.attr.count"], true],
  ["a fact whose values nobody can list", ["R.attr.count", "R.attr.title"], false],
  ["what is stored of a subject, of which nothing can be", ["P.attr.level"], true],
  ["what nobody can tell", null, false],
])("of rules that read %s it is said whether everything was tried", async (_what, facts, isComplete) => {
  const question = { ...asked({ count: 1 }, [whole("count")], false), reads: [{ facts, numbers: [] }] };
  const nobody = judging(() => false);
  expect(await findTurns(nobody, question, () => 1_000)).toEqual({ turns: [], isComplete });
});

test("a subject's fact whose values nobody can list leaves it incomplete, one that can be listed does not", async () => {
  const found = async (name: string): Promise<boolean> => {
    const reads = [{ facts: [`P.attr.${name}`], numbers: [] }];
    const question = { ...asked({}, [], false), subjectDomains: [whole("level")], reads };
    return (
      await findTurns(
        judging(() => false),
        question,
        () => 1_000,
      )
    ).isComplete;
  };
  expect([await found("level"), await found("region")]).toEqual([true, false]);
});

test("what who asked may not know is not told, neither by itself nor along, and that something is missing is", async () => {
  const base = asked({ count: 1, owned: 4 }, [whole("count"), whole("owned")], false);
  const question = {
    ...base,
    isHidden: (name: string) => name === "resource.owned",
    withRole: () => ({ count: 2, owned: 5 }),
  };
  const { turns, isComplete } = await findTurns(
    judging(() => true),
    question,
    () => 1_000,
  );
  expect(isComplete).toBe(false);
  expect(JSON.stringify(turns)).not.toContain("resource.owned");
  expect(turns.map(({ to }) => to)).not.toContain(4); // nor is another number compared with it
  expect(turns[0]).toMatchObject({ of: "role", along: [{ name: "resource.count", from: 1, to: 2 }] });
});

test("what lies deeper is turned in its place, and what nobody can change comes last", async () => {
  const each = [false, true];
  const domains: FactDomain[] = [
    { path: ["mine"], values: { each }, isFixed: true },
    { path: ["sent", "action", "soft"], values: { each }, isFixed: false },
    { path: ["relations", "viewer"], values: { each }, isFixed: false },
    { path: ["state"], values: { each: ["open", "locked"] }, isFixed: false },
  ];
  const facts = { mine: false, state: "locked", relations: { viewer: false, editor: true }, sent: { action: {} } };
  const seen: Facts[] = [];
  const any = judging((attributes) => {
    seen.push(attributes);
    return true;
  });
  const { turns } = await findTurns(any, asked(facts, domains, false), () => 1_000);
  expect(turns.map(({ of, name, isChangeable }) => [of, name, isChangeable])).toEqual([
    ["fact", "resource.state", true],
    ["relation", "resource.relations.viewer", true],
    ["sent", "resource.sent.action.soft", true],
    ["sent", "resource.sent.action.soft", true], // it was not sent: either would be otherwise
    ["fact", "resource.mine", false],
  ]);
  expect(seen).toContainEqual({ ...facts, relations: { viewer: true, editor: true } });
  expect(seen).toContainEqual({ ...facts, sent: { action: { soft: true } } });
});

test(`at most ${LIMITS.explainCandidates} changes are tried, and it is said when there were more`, async () => {
  const listed = (count: number): FactDomain => {
    const each = Array.from({ length: count }, (_, index) => `value-${index}`);
    return { path: ["state"], values: { each }, isFixed: false };
  };
  const found = async (count: number): Promise<[number, boolean]> => {
    const question = asked({ state: "now" }, [listed(count)], false);
    const { turns, isComplete } = await findTurns(
      judging(() => true),
      question,
      () => 1_000,
    );
    return [turns.length, isComplete];
  };
  expect(await found(LIMITS.explainCandidates)).toEqual([LIMITS.explainCandidates, true]);
  expect(await found(LIMITS.explainCandidates + 1)).toEqual([LIMITS.explainCandidates, false]);
});
