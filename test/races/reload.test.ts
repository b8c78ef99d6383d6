/** While questions run policies are replaced: every answer is that of exactly one unit, and its hash says which. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { connectCerbos } from "../../src/engines/cerbos.ts";
import { type CerbosEngine, startCerbos } from "../../src/local/cerbos.ts";
import { writeBundle } from "../../src/policy/bundle.ts";
import { readPolicies } from "../../src/policy/policies.ts";
import { policyUnit } from "../../src/policy/unit.ts";
import type { Unit } from "../../src/served.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { copyFolder, type FolderCopy, POLICIES } from "../support/host-folder.ts";
import { type PolicyVersion, writeVersion } from "../support/policy-versions.ts";
import { addMember, decide, foundOrganization, must } from "../support/world.ts";

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
const RELOADS = IS_FULL ? 20 : 2;
const SWITCHES = IS_FULL ? 200 : 20;
const ASKERS = 8;
const WITHIN_MS = 600_000;

let top: string;
let policies: FolderCopy;
let at: TestGateway;
let viewer: Person;
let slug: string;
beforeAll(async () => {
  top = await mkdtemp(path.join(tmpdir(), "bailiwick-reloads-"));
  policies = await copyFolder(POLICIES);
  at = await startTestGateway({ settings: { POLICIES_DIR: policies.directory, CERBOS_TARGET: "" } });
  const owner = await at.person("owner");
  viewer = await at.person("viewer");
  slug = await foundOrganization(owner);
  await addMember(owner, slug, viewer, "viewer");
});
afterAll(async () => {
  await at.close();
  await policies.remove();
  await rm(top, { recursive: true });
});

/** By unit, what its answers say. */
const versions = new Map<string, PolicyVersion>();
let written: PolicyVersion = { least: "admin", sectors: 25 };
async function write(next: PolicyVersion): Promise<string> {
  await writeVersion(policies, next, written);
  written = next;
  const unit = await policyUnit(policies.directory);
  versions.set(unit, next);
  return unit;
}
beforeEach(() => void versions.set(at.gateway.deps.unit, written));

interface Answered extends PolicyVersion {
  readonly unit: string;
}

/** The hash that the answer names, a reason that Cerbos gave, a fact that the gateway gave. */
async function ask(): Promise<Answered> {
  const { context } = await decide(at, viewer, "create_sector", ["organization", slug]);
  const { unit, reasons, facts } = context as unknown as {
    readonly unit: string;
    readonly reasons: readonly { readonly least: PolicyVersion["least"] }[];
    readonly facts: { readonly resource: { readonly maxSectors: number } };
  };
  return { unit, least: reasons[0]?.least ?? "admin", sectors: facts.resource.maxSectors };
}

/** Asks all the time that the work takes; throws where an answer is of no unit, or of more than one. */
async function answersDuring(work: () => Promise<void>): Promise<Answered[]> {
  const answers: Answered[] = [];
  let isDone = false;
  const asker = async (): Promise<void> => {
    while (!isDone) answers.push(await ask());
  };
  const asking = Promise.all(Array.from({ length: ASKERS }, asker));
  await work().finally(() => (isDone = true));
  await asking;
  const mixed = answers.filter(({ unit, least, sectors }) => {
    const version = versions.get(unit);
    return version?.least !== least || version.sectors !== sectors;
  });
  expect(mixed).toEqual([]);
  return answers;
}

test(
  `${RELOADS} whole reloads while questions run`,
  async () => {
    const operator = await at.service("operator", { scopes: ["platform:admin"] });
    const served: string[] = [];
    const answers = await answersDuring(async () => {
      for (let count = 1; count <= RELOADS; count += 1) {
        const unit = await write({ least: count % 2 === 0 ? "admin" : "member", sectors: 100 + count });
        const { body } = must(await operator.post("/v1/platform/policies/reload"), 200);
        expect(body["unit"]).toBe(unit);
        served.push(unit);
        expect((await ask()).unit).toBe(unit);
      }
    });
    expect([...new Set(answers.map(({ unit }) => unit))]).toEqual(expect.arrayContaining(served.slice(0, -1)));
    expect((await operator.get("/readyz")).body).toMatchObject({
      status: "ready",
      policies: { served: served.at(-1) },
    });
  },
  WITHIN_MS,
);

/** A second unit, prepared and asked for its canary, beside the one that is served. */
async function other(current: Unit): Promise<[Unit, CerbosEngine]> {
  const unit = await write({ least: written.least === "admin" ? "member" : "admin", sectors: 99 });
  const policyDir = path.join(top, "bundle");
  await writeBundle(policyDir, policies.directory, []);
  const engine = await startCerbos({ stateDir: path.join(top, "state"), policyDir, environment: process.env });
  const cerbos = connectCerbos(engine.target, false);
  expect(await cerbos.unit(5_000)).toBe(unit);
  const read = await readPolicies(policies.directory, []);
  const { plans, rulesFor, factDomains, kinds, commit } = read;
  const deps = { ...current.deps, unit, commit, plans, rulesFor, factDomains, kinds, judge: cerbos.judge };
  return [{ ...current, policies: read, cerbos, target: engine.target, deps }, engine];
}

test(
  `${SWITCHES} switches between two prepared units while questions run`,
  async () => {
    const { served } = at.gateway;
    const first = served.current;
    const [second, engine] = await other(first);
    const seen = { first: 0, second: 0 };
    const answers = await answersDuring(async () => {
      for (let count = 1; count <= SWITCHES; count += 1) {
        void served.replace(count % 2 === 0 ? first : second);
        // Between two switches questions begin, and others have begun before.
        const asked = await ask();
        if (asked.unit === first.deps.unit) seen.first += 1;
        else seen.second += 1;
        await turn();
      }
    });
    expect(seen).toEqual({ first: SWITCHES / 2, second: SWITCHES / 2 });
    expect(answers.length).toBeGreaterThan(SWITCHES);
    await served.replace(first);
    second.cerbos.close();
    await engine.stop();
  },
  WITHIN_MS,
);
