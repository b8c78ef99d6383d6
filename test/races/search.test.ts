/** Lists that never lie: in random worlds, one question = a batch = all pages of each search = what the oracle says. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ACTIONS, type Kind, KINDS } from "../../src/entities/kinds.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { chanceOf, takeSeed } from "../support/seed.ts";
import { must } from "../support/world.ts";
import { type Asked, isAllowed, type Organization, thingsOf } from "./oracle.ts";
import { type Draw, makeWorld } from "./search-world.ts";

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
const WORLDS = IS_FULL ? 4 : 1;
/** Of each world: single questions, and searches of each form. */
const QUESTIONS = IS_FULL ? 1_500 : 200;
const SEARCHES = IS_FULL ? 150 : 25;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(async () => await gateway.close());

interface World {
  readonly organizations: readonly Organization[];
  readonly people: readonly Person[];
}

const entity = (type: string, id: string): object => ({ type, id });
const questionOf = ({ alias, kind, id, action }: Asked): object => {
  return { subject: entity("account", alias), action: { name: action }, resource: entity(kind, id) };
};

/** All pages, of this size. */
async function all(what: string, question: object, limit: number, at = ""): Promise<unknown[]> {
  const found: unknown[] = [];
  let token = "";
  do {
    const page = { limit, ...(token !== "" && { token }) };
    const { body } = must(await gateway.shop.post(`${at}/access/v1/search/${what}`, { ...question, page }), 200);
    found.push(...(body["results"] as unknown[])); // the contract tests hold its shape
    token = (body["page"] as { next_token: string }).next_token;
  } while (token !== "");
  return found;
}

async function questionsAgree({ organizations }: World, asked: readonly Asked[]): Promise<void> {
  for (let from = 0; from < asked.length; from += 100) {
    const some = asked.slice(from, from + 100);
    const expected = some.map((each) => [each, isAllowed(organizations, each)]);
    const batch = must(await gateway.shop.post("/access/v1/evaluations", { evaluations: some.map(questionOf) }), 200);
    const together = batch.body["evaluations"] as { decision: boolean }[];
    expect(some.map((each, index) => [each, together[index]?.decision])).toEqual(expected);
    const apart = await Promise.all(
      some.map(async (each) => must(await gateway.shop.post("/access/v1/evaluation", questionOf(each)), 200)),
    );
    expect(some.map((each, index) => [each, apart[index]?.body["decision"]])).toEqual(expected);
  }
}

const sorted = (found: readonly unknown[]): string[] => found.map((each) => JSON.stringify(each)).sort();

const DRAWN = Array.from({ length: WORLDS }, (_, index) => [index]);

test.each(DRAWN)(
  'world %i: "every result evaluates to `true` when asked, and nothing that evaluates to `true` is missing"',
  async (index) => {
    const chance = chanceOf(takeSeed(`search world ${index}`) + index);
    const pick: Draw["pick"] = (items) => {
      const item = items[chance.below(items.length)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    };
    const world: World = await makeWorld(gateway, { pick, chance, name: `w${index}` });
    const { organizations, people } = world;
    const aliases = people.map(({ alias }) => alias);
    const things = thingsOf(organizations, aliases);
    const actionOf = (kind: Kind): string => pick<string>(ACTIONS[kind]);
    const drawn = Array.from({ length: QUESTIONS }, (): Asked => {
      const [kind, id] = pick(things);
      return { alias: pick(aliases), kind, id, action: actionOf(kind) };
    });
    await questionsAgree(world, drawn);

    for (let round = 0; round < SEARCHES; round += 1) {
      const limit = 1 + chance.below(9);
      const [kind, id] = pick(things);
      const alias = pick(aliases);
      const about = { kind, id, action: actionOf(kind) };
      const who = { subject: { type: "account" }, action: { name: about.action }, resource: entity(kind, id) };
      const subjects = aliases.filter((each) => isAllowed(organizations, { ...about, alias: each }));
      expect([who, sorted(await all("subject", who, limit))]).toEqual([
        who,
        sorted(subjects.map((each) => entity("account", each))),
      ]);

      const what = { subject: entity("account", alias), resource: entity(kind, id) };
      const names = ACTIONS[kind].filter((action) => isAllowed(organizations, { alias, kind, id, action }));
      expect([what, await all("action", what, limit)]).toEqual([what, names.map((name) => ({ name }))]);

      const type = pick(KINDS);
      const action = actionOf(type);
      const which = { subject: entity("account", alias), action: { name: action }, resource: { type } };
      const ofKind = things.filter(([each]) => each === type);
      const resources = ofKind.filter((thing) => isAllowed(organizations, { alias, kind: type, id: thing[1], action }));
      const expected = sorted(resources.map((thing) => entity(type, thing[1])));
      expect([which, sorted(await all("resource", which, limit))]).toEqual([which, expected]);
      const { slug } = pick(organizations);
      const inside = thingsOf(
        organizations.filter((each) => each.slug === slug),
        [],
      ).map(([, each]) => each);
      const here = type === "account" ? resources : resources.filter((thing) => inside.includes(thing[1]));
      const found = sorted(await all("resource", which, limit, `/o/${slug}`));
      expect([slug, which, found]).toEqual([slug, which, sorted(here.map((thing) => entity(type, thing[1])))]);
    }
  },
);
