/** While questions run policies are replaced: every answer is that of exactly one unit, and its hash says which. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { setImmediate as turn } from "node:timers/promises";
import { connectCerbos } from "../../src/engines/cerbos.ts";
import { prepareStore } from "../../src/engines/openfga.ts";
import { type CerbosEngine, startCerbos } from "../../src/local/cerbos.ts";
import { writeBundle } from "../../src/policy/bundle.ts";
import { readPolicies } from "../../src/policy/policies.ts";
import type { Unit } from "../../src/served.ts";
import { storeOptions } from "../support/relay-world.ts";
import { type ReloadWorld, SHIPPED, startReloadWorld, type Version } from "../support/reload-world.ts";
import { must } from "../support/world.ts";

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
const RELOADS = IS_FULL ? 20 : 2;
const SWITCHES = IS_FULL ? 200 : 20;
const ASKERS = 8;
const WITHIN_MS = 1_800_000;

let top: string;
let world: ReloadWorld;
beforeAll(async () => {
  top = await mkdtemp(path.join(tmpdir(), "bailiwick-reloads-"));
  world = await startReloadWorld();
});
afterAll(async () => {
  await world.close();
  await rm(top, { recursive: true });
});

/** By unit, what its answers say. */
const versions = new Map<string, Version>();
let written = SHIPPED;
async function write(next: Version): Promise<string> {
  const unit = await world.write(next, written);
  written = next;
  versions.set(unit, next);
  return unit;
}
beforeEach(() => void versions.set(world.at.gateway.deps.unit, written));

type Answer = Partial<Version> & { readonly unit: string };

function isMixed({ unit, ...told }: Answer): boolean {
  const version = versions.get(unit);
  return version === undefined || !isDeepStrictEqual({ ...version, ...told }, version);
}

/** Asks all the time that the work takes, about both kinds; throws where an answer is of no unit, or of more than one. */
async function answersDuring(work: () => Promise<void>): Promise<Answer[]> {
  const answers: Answer[] = [];
  let isDone = false;
  const asker = async (ask: () => Promise<Answer>): Promise<void> => {
    while (!isDone) answers.push(await ask());
  };
  const { askBuiltIn, askRecord } = world;
  const asking = Promise.all(
    Array.from({ length: ASKERS }, async (_, each) => await asker(each % 2 === 0 ? askBuiltIn : askRecord)),
  );
  await work().finally(() => (isDone = true));
  await asking;
  expect(answers.filter(isMixed)).toEqual([]);
  return answers;
}

test(
  `${RELOADS} whole reloads while questions run`,
  async () => {
    const served: string[] = [];
    const models = new Set<string>();
    const answers = await answersDuring(async () => {
      for (let count = 1; count <= RELOADS; count += 1) {
        const isOdd = count % 2 === 1;
        const unit = await write({ least: isOdd ? "member" : "admin", sectors: 100 + count, ownersRead: !isOdd });
        const { body } = must(await world.reload(), 200);
        expect(body["unit"]).toBe(unit);
        served.push(unit);
        models.add(world.at.gateway.deps.model);
        for (const ask of [world.askBuiltIn, world.askRecord]) expect((await ask()).unit).toBe(unit);
      }
    });
    expect([...new Set(answers.map(({ unit }) => unit))]).toEqual(expect.arrayContaining(served.slice(0, -1)));
    expect(models.size).toBeGreaterThan(1);
    expect((await world.operator.get("/readyz")).body).toMatchObject({
      status: "ready",
      policies: { served: served.at(-1) },
    });
  },
  WITHIN_MS,
);

/** A second unit with a model of its own, prepared and asked for its canary, beside the one that is served. */
async function other(current: Unit): Promise<[Unit, CerbosEngine]> {
  const unit = await write({
    least: written.least === "admin" ? "member" : "admin",
    sectors: 99,
    ownersRead: !written.ownersRead,
  });
  const { policies, records, at } = world;
  const policyDir = path.join(top, "bundle");
  await writeBundle(policyDir, policies.directory, [records.directory]);
  const engine = await startCerbos({ stateDir: path.join(top, "state"), policyDir, environment: process.env });
  const cerbos = connectCerbos(engine.target, false);
  expect(await cerbos.unit(5_000)).toBe(unit);
  const read = await readPolicies(policies.directory, [records.directory]);
  const { modelId: model } = await prepareStore(await storeOptions({ storeId: at.storeId, model: read.model }));
  expect(model).not.toBe(current.model);
  const graph = current.graph.under(model);
  const { plans, rulesFor, factDomains, kinds, commit } = read;
  const deciding = { unit, commit, model, plans, rulesFor, factDomains, kinds };
  const deps = { ...current.deps, ...deciding, judge: cerbos.judge, graph };
  return [{ ...current, policies: read, cerbos, target: engine.target, graph, model, deps }, engine];
}

test(
  `${SWITCHES} switches between two prepared units while questions run`,
  async () => {
    const { served } = world.at.gateway;
    const first = served.current;
    const [second, engine] = await other(first);
    const seen = { first: 0, second: 0 };
    const answers = await answersDuring(async () => {
      for (let count = 1; count <= SWITCHES; count += 1) {
        void served.replace(count % 2 === 0 ? first : second);
        // Between two switches questions begin, and others have begun before.
        const asked = await (count % 4 < 2 ? world.askBuiltIn() : world.askRecord());
        if (asked.unit === first.deps.unit) seen.first += 1;
        else seen.second += 1;
        await turn();
      }
    });
    expect(seen).toEqual({ first: SWITCHES / 2, second: SWITCHES / 2 });
    expect(answers.length).toBeGreaterThan(SWITCHES);
    // Of both kinds, by both units.
    const units = [first, second].map(({ deps }) => deps.unit);
    for (const unit of units) {
      const { ownersRead, least, sectors } = versions.get(unit) ?? SHIPPED;
      expect(answers).toEqual(
        expect.arrayContaining([
          { unit, ownersRead },
          { unit, least, sectors },
        ]),
      );
    }
    await served.replace(first);
    second.cerbos.close();
    await engine.stop();
  },
  WITHIN_MS,
);
