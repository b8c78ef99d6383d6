/** A host's own kinds, lists that never lie: in random trees, one question = a batch = all pages of each search = what the oracle says. */
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import path from "node:path";
import { LIMITS } from "../../src/entities/limits.ts";
import { inParallel } from "../../src/entities/parallel.ts";
import { sendLines } from "../support/document-world.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { type Chance, chanceOf, takeSeed } from "../support/seed.ts";
import { addMember, foundOrganization, must } from "../support/world.ts";
import {
  drawTree,
  isAllowedIn,
  linesOf,
  type Tree,
  TREE_ACTIONS,
  type TreeQuestion,
  type TreeType,
} from "./document-tree.ts";

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
const TREES = IS_FULL ? 5 : 1;
/** Of each tree: single questions, and searches of each form. */
const QUESTIONS = IS_FULL ? 1_000 : 100;
const SEARCHES = IS_FULL ? 60 : 12;
const TYPES: readonly TreeType[] = ["project", "folder", "document"];

const MOST = { ...LIMITS };
afterEach(() => {
  Object.assign(LIMITS, MOST);
});

let gateway: TestGateway;
beforeAll(async () => {
  const folder = path.resolve(import.meta.dirname, "../../examples/document-tree/policies");
  gateway = await startTestGateway({ hostPolicies: [folder] });
});
afterAll(async () => await gateway.close());

interface World {
  readonly tree: Tree;
  readonly isActive: boolean;
  readonly service: Person;
  readonly at: string; // the decision point of its organization
}

async function makeWorld(chance: Chance, index: number): Promise<World> {
  const founder = await gateway.person(`founder-${index}`);
  const slug = await foundOrganization(founder);
  const roles = new Map([[founder.alias, "owner"]]);
  for (const role of ["admin", "member", "member", "viewer", "viewer", "billing"] as const) {
    const person = await gateway.person(`p${index}-${role}-${roles.size}`);
    await addMember(founder, slug, person, role);
    roles.set(person.alias, role);
  }
  const tree = drawTree(chance, roles);
  const service = await gateway.service(`tree-${index}`, {
    scopes: ["authz:evaluate", "authz:search", "entities:write"],
    organizations: [slug],
  });
  const lines = linesOf(tree);
  const told = await sendLines(`${gateway.url}/v1/organizations/${slug}/entities`, service, lines);
  expect(told.at(-1)).toEqual({ done: { lines: lines.length, stored: lines.length, unchanged: 0, refused: 0 } });
  const isActive = index % 2 === 0;
  if (!isActive) must(await founder.post(`/v1/organizations/${slug}/retire`), 200);
  return { tree, isActive, service, at: `/o/${slug}/access/v1` };
}

const entity = (type: string, id: string): object => ({ type, id });
const questionOf = ({ alias, type, id, action }: TreeQuestion): object => {
  return { subject: entity("account", alias), action: { name: action }, resource: entity(type, id) };
};

async function questionsAgree({ tree, isActive, service, at }: World, asked: readonly TreeQuestion[]): Promise<void> {
  for (let from = 0; from < asked.length; from += 100) {
    const some = asked.slice(from, from + 100);
    const expected = some.map((each) => [each, isAllowedIn(tree, isActive, each)]);
    const batch = must(await service.post(`${at}/evaluations`, { evaluations: some.map(questionOf) }), 200);
    const together = batch.body["evaluations"] as { decision: boolean }[];
    expect(some.map((each, index) => [each, together[index]?.decision])).toEqual(expected);
    const apart = await inParallel(some, 16, async (each) => {
      return must(await service.post(`${at}/evaluation`, questionOf(each)), 200);
    });
    expect(some.map((each, index) => [each, apart[index]?.body["decision"]])).toEqual(expected);
  }
}

/** All pages, of this size. */
async function all({ service, at }: World, what: string, question: object, limit: number): Promise<unknown[]> {
  const found: unknown[] = [];
  let token = "";
  do {
    const page = { limit, ...(token !== "" && { token }) };
    const { body } = must(await service.post(`${at}/search/${what}`, { ...question, page }), 200);
    found.push(...(body["results"] as unknown[])); // the contract tests hold its shape
    token = (body["page"] as { next_token: string }).next_token;
  } while (token !== "");
  return found;
}

const sorted = (found: readonly unknown[]): string[] => found.map((each) => JSON.stringify(each)).sort();

test.each(Array.from({ length: TREES }, (_, index) => [index]))(
  'tree %i: "every result evaluates to `true` when asked, and nothing that evaluates to `true` is missing"',
  async (index) => {
    const chance = chanceOf(takeSeed(`document tree ${index}`) + index);
    const pick = <Item>(items: readonly Item[]): Item => items[chance.below(items.length)] as Item; // never of nothing
    const world = await makeWorld(chance, index);
    const { tree, isActive } = world;
    const ids: Readonly<Record<TreeType, readonly string[]>> = {
      project: [...tree.projects.keys()],
      folder: [...tree.folders.keys()],
      document: [...tree.documents.keys()],
    };
    const aliases = [...tree.roles.keys()];
    const draw = (): TreeQuestion => {
      const type = pick([...TYPES, "document"] as const);
      return {
        alias: pick(aliases),
        type,
        id: pick([...ids[type], "none"]),
        action: pick([...TREE_ACTIONS[type], "fly"]),
      };
    };
    await questionsAgree(world, Array.from({ length: QUESTIONS }, draw));

    for (let round = 0; round < SEARCHES; round += 1) {
      const limit = 1 + chance.below(12);
      const about = draw();
      const { alias, type, id, action } = about;
      const may = (changed: Partial<TreeQuestion>): boolean => isAllowedIn(tree, isActive, { ...about, ...changed });
      // What is led to, what hangs under it, or everything.
      Object.assign(LIMITS, { searchReach: pick([1, 2, 5, 10, 20, MOST.searchReach]) });
      const who = { subject: { type: "account" }, action: { name: action }, resource: entity(type, id) };
      const subjects = aliases.filter((each) => may({ alias: each })).map((each) => entity("account", each));
      expect([who, sorted(await all(world, "subject", who, limit))]).toEqual([who, sorted(subjects)]);

      const which = { subject: entity("account", alias), action: { name: action }, resource: { type } };
      const resources = ids[type].filter((each) => may({ id: each })).map((each) => entity(type, each));
      expect([which, sorted(await all(world, "resource", which, limit))]).toEqual([which, sorted(resources)]);

      const what = { subject: entity("account", alias), resource: entity(type, id) };
      const actions = TREE_ACTIONS[type].filter((each) => may({ action: each }));
      const names = sorted(actions.map((name) => ({ name })));
      expect([what, sorted(await all(world, "action", what, limit))]).toEqual([what, names]);
    }
  },
  IS_FULL ? 600_000 : 120_000,
);
