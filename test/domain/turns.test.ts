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
  return { question, allowed, domains, withRole: () => null };
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
