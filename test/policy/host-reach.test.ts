/** What tuples lead a subject to, as a search believes it before it asks: against OpenFGA itself, which must never find more. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import path from "node:path";
import { FgaApiValidationError } from "@openfga/sdk";
import { buildModel, type Model, ModelError, type ModelModule, readModules } from "../../src/engines/openfga-model.ts";
import { AppError } from "../../src/entities/errors.ts";
import type { Reach } from "../../src/entities/host-kinds.ts";
import type { Tuple } from "../../src/entities/tuples.ts";
import { reachOf } from "../../src/policy/host-reach.ts";
import { startTrialGraphs, type TrialGraphs } from "../../src/policy/review/graph-of.ts";
import { DOCUMENTS, POLICIES } from "../support/host-folder.ts";
import { type Chance, chanceOf, takeSeed } from "../support/seed.ts";

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
const MODELS = IS_FULL ? 300 : 30;

let core: ModelModule[];
let graphs: TrialGraphs;
beforeAll(async () => {
  core = await readModules([path.join(POLICIES, "openfga")]);
  graphs = await startTrialGraphs(() => undefined);
});
afterAll(async () => await graphs[Symbol.asyncDispose]());

function modelOf(contents: string): Model {
  return buildModel([...core, { name: "host.fga", contents }]);
}

const stepsOf = ({ steps, roles }: Reach): string[] => [
  ...steps.map(({ from, relation, of, to }) => `${from ?? "the subject"} ${relation}${of && ` #${of}`} -> ${to}`),
  ...roles.map(({ role, to }) => `${role} -> ${to}`),
];

describe("The steps to an object are", () => {
  const thing = (...lines: readonly string[]): Model =>
    modelOf(
      `module host\n\ntype team\n  relations\n    define member: [account, team#member]\n\ntype thing\n  relations\n${lines.map((line) => `    define ${line}\n`).join("")}`,
    );
  const steps = (model: Model, subjectType = "account"): string[] =>
    stepsOf(reachOf(model, "thing", ["viewer"], subjectType));

  test("its own tuples, of the subject's type", () => {
    const model = thing("viewer: [account, team]");
    expect([steps(model), steps(model, "team"), steps(model, "thing")]).toEqual([
      ["the subject viewer -> thing#viewer"],
      ["the subject viewer -> thing#viewer"],
      [],
    ]);
  });

  test("those of a set, by what makes the subject one of it", () => {
    expect(steps(thing("viewer: [team#member]"))).toEqual([
      "team#member viewer #member -> thing#viewer",
      "the subject member -> team#member",
      "team#member member #member -> team#member",
    ]);
  });

  test("another relation's that it follows from, named by what is asked for", () => {
    expect(steps(thing("owner: [account]", "editor: owner", "viewer: editor or owner"))).toEqual([
      "the subject owner -> thing#viewer",
    ]);
  });

  test("those of what it hangs under, to any depth, and a role's in the organization", () => {
    const model = thing(
      "organization: [organization]",
      "up: [thing]",
      "viewer: [account] or viewer from up or admin from organization",
    );
    expect(steps(model)).toEqual([
      "the subject viewer -> thing#viewer",
      "thing#viewer up -> thing#viewer",
      "admin -> thing#viewer",
    ]);
  });

  test("of two that must both hold the first one's, and of what is taken away none", () => {
    const more = ["one: [account]", "other: [account]"];
    expect(steps(thing(...more, "viewer: one and other"))).toEqual(["the subject one -> thing#viewer"]);
    expect(steps(thing(...more, "viewer: one but not other"))).toEqual(["the subject one -> thing#viewer"]);
  });

  test("in a tree of documents those of folder, project and roles", async () => {
    const model = buildModel([...core, ...(await readModules([path.join(DOCUMENTS, "openfga")]))]);
    expect(stepsOf(reachOf(model, "document", ["viewer"], "account")).sort()).toEqual([
      "admin -> project#viewer",
      "folder#viewer folder -> document#viewer",
      "folder#viewer parent -> folder#viewer",
      "group#member contributor #member -> project#viewer",
      "group#member leader #member -> project#viewer",
      "group#member member #member -> group#member",
      "group#member shared_with #member -> document#viewer",
      "group#member shared_with #member -> folder#viewer",
      "owner -> project#viewer",
      "project#viewer project -> folder#viewer",
      "the subject author -> document#viewer",
      "the subject contributor -> project#viewer",
      "the subject leader -> project#viewer",
      "the subject member -> group#member",
      "the subject shared_with -> document#viewer",
      "the subject shared_with -> folder#viewer",
    ]);
  });
});

const NAMES = ["a", "b", "c", "d"] as const;
const OBJECTS = ["box:1", "box:2", "box:3", "team:1", "team:2", "team:3"];
const BOXES = OBJECTS.filter((object) => object.startsWith("box:"));
const PEOPLE = ["account:1", "account:2"];

/** Teams and boxes whose relations come from anything that OpenFGA's language has, and lead to one another. */
function drawModel(chance: Chance): string {
  const pick = <Item>(items: readonly Item[]): Item => items[chance.below(items.length)] as Item; // never of nothing
  const target = (): string => pick(["account", "account", "team", "team#a", "team#b", "box#a", "box#c"]);
  const direct = (): string => `[${[...new Set([target(), target()])].join(", ")}]`;
  const operand = (name: string): string =>
    pick([direct(), pick(NAMES.filter((each) => each !== name)), `${pick(NAMES)} from up`, `${pick(NAMES)} from team`]);
  const rewrite = (name: string): string => {
    const all = Array.from({ length: 1 + chance.below(3) }, () => operand(name));
    const operator = pick([" or ", " or ", " and ", " but not "]);
    return (operator === " but not " ? all.slice(0, 2) : all).join(operator);
  };
  const type = (name: string): string => {
    const own = NAMES.map((each) => `    define ${each}: ${rewrite(each)}\n`).join("");
    return `type ${name}\n  relations\n    define up: [${name}]\n    define team: [team]\n${own}`;
  };
  return `module host\n\n${type("team")}\n${type("box")}`;
}

/** Tuples that the model takes. */
function drawTuples(chance: Chance, model: Model): Tuple[] {
  const pick = <Item>(items: readonly Item[]): Item => items[chance.below(items.length)] as Item; // never of nothing
  const tuples = Array.from({ length: 25 }, (): Tuple[] => {
    const object = pick(OBJECTS);
    const definition = model.type_definitions.find(({ type }) => object.startsWith(`${type}:`));
    const relations = Object.entries(definition?.metadata?.relations ?? {});
    const [relation, { directly_related_user_types: types = [] }] = pick(relations);
    if (types.length === 0) return [];
    const { type, relation: of } = pick(types);
    const who = pick([...PEOPLE, ...OBJECTS].filter((each) => each.startsWith(`${type}:`)));
    const user = of ? `${who}#${of}` : who;
    return user === `${object}#${relation}` ? [] : [{ user, relation, object }]; // OpenFGA takes that for said already
  });
  return [...new Map(tuples.flat().map((tuple) => [JSON.stringify(tuple), tuple])).values()];
}

/** As the ledger's function does it: objects, each with what it is led to as. */
function reached({ targets, steps }: Reach, subject: string, tuples: readonly Tuple[]): Set<string> {
  const found = new Map<string, { readonly object: string; readonly node: string | null }>([
    ["", { object: subject, node: null }],
  ]);
  for (const { object, node } of found.values()) {
    for (const { relation, of, to } of steps.filter((step) => step.from === node)) {
      const user = of === "" ? object : `${object}#${of}`;
      for (const tuple of tuples.filter(
        (each) => each.user === user && each.relation === relation && to.startsWith(`${each.object.split(":")[0]}#`),
      )) {
        found.set(`${tuple.object} ${to}`, { object: tuple.object, node: to });
      }
    }
  }
  return new Set(
    [...found.values()].flatMap(({ object, node }) =>
      node !== null && targets.includes(node) ? [`${object} ${node}`] : [],
    ),
  );
}

test(`in ${MODELS} models that chance has made OpenFGA finds nothing beyond what they lead to`, async () => {
  const chance = chanceOf(takeSeed("reach"));
  const counted = { models: 0, held: 0, led: 0, all: 0 };
  while (counted.models < MODELS) {
    const contents = drawModel(chance);
    const graph = await graphFor(contents, `drawn ${counted.models}`);
    if (graph === null) continue;
    counted.models += 1;
    const { model, store } = graph;
    const tuples = drawTuples(chance, model);
    expect(await store.write({ writes: tuples, deletes: [] }, 5_000)).toEqual({ outcome: "applied" });
    for (const [user, relation] of PEOPLE.flatMap((each) => NAMES.map((name) => [each, name] as const))) {
      const asked = BOXES.map((object) => ({ user, relation, object }));
      const truths = await store.holds(asked, 5_000);
      const held = BOXES.filter((_box, index) => truths[index] === true);
      const ledBy = (relations: readonly string[]): Set<string> =>
        reached(reachOf(model, "box", relations, "account"), user, tuples);
      const [alone, together] = [ledBy([relation]), ledBy(NAMES)];
      const isLed = (led: ReadonlySet<string>, box: string): boolean => led.has(`${box} box#${relation}`);
      const missed = held.filter((box) => !isLed(alone, box) || !isLed(together, box));
      const told = { contents, tuples, user, relation, held };
      expect({ ...told, missed }).toEqual({ ...told, missed: [] });
      counted.held += held.length;
      counted.led += BOXES.filter((box) => isLed(alone, box)).length;
      counted.all += BOXES.length;
    }
  }
  process.stderr.write(`reach: ${JSON.stringify(counted)}\n`);
  expect(counted.held).toBeGreaterThan(MODELS);
  expect(counted.led - counted.held).toBeLessThan((counted.all - counted.held) / 4);
}, 600_000);

/** null: OpenFGA's language, or OpenFGA, does not take it. */
async function graphFor(contents: string, name: string) {
  try {
    const model = modelOf(contents);
    return { model, store: await graphs.storeFor(name, model) };
  } catch (error) {
    const isRefused = error instanceof AppError && error.cause instanceof FgaApiValidationError;
    if (error instanceof ModelError || isRefused) return null;
    throw error;
  }
}
