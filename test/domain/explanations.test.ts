/** In random situations: an explanation says what the check says, and each change that it names turns the answer, and no other role does. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Explanation } from "../../src/domain/explain.ts";
import type { JudgeQuestion } from "../../src/entities/judge.ts";
import { ACTIONS, type Kind, KINDS, type PrincipalRole, ROLES } from "../../src/entities/kinds.ts";
import { FACTS_OF } from "../../src/http/decision.ts";
import { makeCast, makeSituation, oneOf, type Situation } from "../http/situations.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { chanceOf, takeSeed } from "../support/seed.ts";
import { must } from "../support/world.ts";

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
const SITUATIONS = IS_FULL ? 20 : 2;
const MOST_SITUATIONS = 12;
const QUESTIONS = 70; // in each
const MS = 5_000;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(async () => await gateway.close());

/** Ids that the things of each kind have there, and some that nothing has. */
function idsOf(situation: Situation): Readonly<Record<Kind, readonly [string, ...string[]]>> {
  const { slug, elsewhere, sectors, applications, invitations, transfers } = situation;
  const aliases = peopleOf(situation).map(({ alias }) => alias);
  return {
    account: ["nobody-here", ...aliases],
    organization: [slug, slug, elsewhere, "no-such-organization"],
    sector: [`sec-${"0".repeat(20)}`, ...sectors],
    application: [`app-${"0".repeat(20)}`, ...applications],
    member: [`${slug}/nobody-here`, ...aliases.map((alias) => `${slug}/${alias}`)],
    invitation: [`inv-${"0".repeat(20)}`, ...invitations, ...invitations],
    transfer: [`tra-${"0".repeat(20)}`, ...transfers, ...transfers],
  };
}

function peopleOf({ founder, people, guests, stranger }: Situation): readonly [Person, ...Person[]] {
  return [founder, ...Object.values(people), ...guests, stranger];
}

type Check = Readonly<Record<"subject" | "resource", { type: string; id: string }>> & { action: { name: string } };

/** The policies' answer when this is what is so. */
async function allowed(
  role: PrincipalRole,
  facts: object,
  { resource, action }: Check,
  matrix: string,
): Promise<boolean> {
  const question: JudgeQuestion = {
    kind: resource.type,
    role,
    matrix,
    actions: [action.name],
    attributes: { ...facts },
  };
  return (await gateway.gateway.deps.judge(question, MS)).get(action.name)?.allowed === true;
}

/** The facts of the answer with these put in the place of theirs; the subject's role beside them. */
function turned(story: Explanation, changes: readonly { readonly name: string; readonly to: unknown }[]) {
  const { subject, resource = {} } = story.context.facts ?? {};
  const names = changes.filter(({ name }) => name.startsWith("resource."));
  const role = changes.find(({ name }) => name === "subject.role")?.to ?? subject?.role;
  const replaced = Object.fromEntries(names.map(({ name, to }) => [name.slice("resource.".length), to]));
  return { role: role as PrincipalRole, facts: { ...resource, ...replaced } };
}

async function requireTold(story: Explanation, check: Check): Promise<void> {
  const { context, decision, rules, facts, changes } = story;
  const { subject, resource } = context.facts ?? {};
  const kind = check.resource.type as Kind;
  expect(FACTS_OF[kind].safeParse(resource).success).toBe(true);
  expect(Object.fromEntries(facts.map(({ name, value }) => [name, value]))).toEqual({
    "subject.role": subject?.role,
    ...Object.fromEntries(Object.entries(resource ?? {}).map(([name, value]) => [`resource.${name}`, value])),
  });
  expect(rules.map(({ name }) => name)).toEqual(context.rules);
  expect(rules.map(({ from }) => from)).toEqual(["matrix", "floor"]);
  expect(rules.every(({ allowed: allows }) => allows)).toBe(decision);
  for (const rule of rules) {
    expect(rule.reasons.length > 0).toBe(!rule.allowed);
    const failed = rule.conditions?.some(({ holds }) => holds !== true) ?? false;
    expect([rule.name, failed]).toEqual([rule.name, !rule.allowed]);
  }
  const reasons = rules.flatMap((rule) => rule.reasons);
  expect(reasons).toEqual(expect.arrayContaining([...context.reasons]));
  expect(context.reasons).toEqual(expect.arrayContaining(reasons));

  const matrix = context.matrix ?? "default";
  expect(await allowed(turned(story, []).role, resource ?? {}, check, matrix)).toBe(decision);
  for (const change of changes) {
    const other = turned(story, [change, ...change.along]);
    expect([change, await allowed(other.role, other.facts, check, matrix)]).toEqual([change, !decision]);
  }
  await requireEnumerated(story, check, matrix);
}

/** Whatever is true or false, or one of the states: it is named if and only if its other value turns the answer. */
async function requireEnumerated(story: Explanation, check: Check, matrix: string): Promise<void> {
  const { context, decision, changes } = story;
  for (const [name, value] of Object.entries(context.facts?.resource ?? {})) {
    const others = typeof value === "boolean" ? [!value] : value === "active" ? ["retired", "archived"] : [];
    for (const to of others) {
      const { role, facts } = turned(story, [{ name: `resource.${name}`, to }]);
      const turns = (await allowed(role, facts, check, matrix)) !== decision;
      const isNamed = changes.some((change) => change.name === `resource.${name}` && change.to === to);
      expect([name, to, isNamed]).toEqual([name, to, turns]);
    }
  }
  for (const role of ["none", ...ROLES] as const) {
    const { role: held, facts } = turned(story, []);
    if (role === held || role === "owner" || held === "owner") continue; // these count Owners
    if (check.resource.type !== "sector" && check.resource.type !== "application") continue; // these count no roles
    const turns = (await allowed(role, facts, check, matrix)) !== decision;
    expect([role, changes.some(({ to }) => to === role)]).toEqual([role, turns]);
  }
}

test(
  "says what the check says, of every kind, and names what turns it; no id of the ledger's own is in it",
  async () => {
    const chance = chanceOf(takeSeed("explanations"));
    const cast = await makeCast(gateway);
    const told = { explained: new Set<string>(), changes: 0, denied: 0 };
    const isMissing = (): boolean => told.explained.size < KINDS.length; // there is not an offer in every situation
    for (let count = 0; count < SITUATIONS || (isMissing() && count < MOST_SITUATIONS); count += 1) {
      const situation = await makeSituation(gateway, cast, chance);
      const ids = idsOf(situation);
      const wanted = count < SITUATIONS ? KINDS : KINDS.filter((kind) => !told.explained.has(kind));
      for (let index = 0; index < QUESTIONS; index += 1) {
        const type = wanted[index % wanted.length] ?? "account";
        const check = {
          subject: { type: "account", id: oneOf(chance, ...peopleOf(situation)).alias },
          action: { name: oneOf(chance, "fly", ...ACTIONS[type]) },
          resource: { type, id: oneOf(chance, ...ids[type]) },
        };
        const evaluated = must(await gateway.shop.post("/access/v1/evaluation", check), 200);
        const explained = must(await gateway.shop.post("/v1/explain", check), 200);
        const story = explained.body as unknown as Explanation; // its contract is checked
        const { decision, context } = story;
        const { context: answered, ...said } = evaluated.body as unknown as Explanation;
        expect([check, decision, { ...context, id: "" }]).toEqual([check, said.decision, { ...answered, id: "" }]);
        expect(explained.text).not.toMatch(/"[^"]*\b(p|acc|org|a|e)-[0-9a-z]{20}\b/);
        if (context.facts === undefined) {
          expect(story).toMatchObject({ rules: [], facts: [], relations: [], changes: [] });
          continue;
        }
        await requireTold(story, check);
        told.explained.add(type);
        told.changes += story.changes.length;
        if (!decision) told.denied += 1;
      }
    }
    expect([...told.explained].sort()).toEqual([...KINDS].sort());
    expect(Math.min(told.changes, told.denied)).toBeGreaterThan(20);
  },
  IS_FULL ? 900_000 : undefined,
);
