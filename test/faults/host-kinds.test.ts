/** Questions about a host's kinds, and an import, while an engine fails: every answer is right or 503, and nothing is half done. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { LIMITS } from "../../src/entities/limits.ts";
import { writeBundle } from "../../src/policy/bundle.ts";
import { account, documentLine, type Documents, foundDocuments, type Told } from "../support/document-world.ts";
import { eventually } from "../support/eventually.ts";
import { type Answered, type Person, PUNCTUAL, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { expectGraphHoldsLedger } from "../support/graph.ts";
import { DOCUMENTS, POLICIES } from "../support/host-folder.ts";
import { type OwnEngines, startOwnEngines } from "../support/own-engines.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { addMember, must } from "../support/world.ts";

const RECOVERS_WITHIN_MS = 30_000;

let folder: string;
let own: OwnEngines;
let proxies: Readonly<Record<"Postgres" | "OpenFGA" | "Cerbos", TcpProxy>>;
let at: TestGateway;
let owner: Person;
let docs: Documents;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "bailiwick-bundle-"));
  const bundle = path.join(folder, "bundle");
  await writeBundle(bundle, POLICIES, [DOCUMENTS]);
  own = await startOwnEngines(bundle);
  const { databaseUrl, openfga, cerbosTarget } = own.engines;
  const [postgres, graph, cerbos] = await Promise.all(
    [databaseUrl, openfga.apiUrl, `http://${cerbosTarget}`].map(async (target) => await startTcpProxy(target)),
  );
  if (postgres === undefined || graph === undefined || cerbos === undefined) throw new Error("a proxy is missing");
  proxies = { Postgres: postgres, OpenFGA: graph, Cerbos: cerbos };
  const throughProxy = new URL(databaseUrl);
  throughProxy.port = new URL(postgres.url).port;
  throughProxy.hostname = "127.0.0.1";
  const engines = {
    ...own.engines,
    databaseUrl: throughProxy.href,
    openfga: { ...openfga, apiUrl: graph.url },
    cerbosTarget: new URL(cerbos.url).host,
  };
  at = await startTestGateway({
    engines,
    hostPolicies: [DOCUMENTS],
    settings: { ...PUNCTUAL, DECISION_TIMEOUT_MS: "1500" },
  });
  owner = await at.person("owner");
});
const mend = (): void => {
  for (const proxy of Object.values(proxies)) {
    proxy.pass();
    proxy.mend();
  }
};
afterAll(async () => {
  mend();
  await at.close().finally(async () => {
    await Promise.all(Object.values(proxies).map(async (proxy) => await proxy.close()));
    await own.stop();
    await rm(folder, { recursive: true, force: true });
  });
});
beforeEach(async () => {
  docs = await eventually(async () => await foundDocuments(at, owner), RECOVERS_WITHIN_MS);
  const bob = await at.person("bob");
  await addMember(owner, docs.slug, bob, "viewer");
  const even = Array.from({ length: 8 }, (_, index) => documentLine(`d-${index}`, ...(index % 2 === 0 ? ["bob"] : [])));
  await docs.store(even);
});
afterEach(mend);

/** Bob sees every other one. */
const isAllowed = (index: number): boolean => index % 2 === 0;

/** 200, or 503 because it cannot be decided: nothing else. */
function isDecided(answer: Answered): boolean {
  if (answer.status === 200) return true;
  const { status, body, headers } = answer;
  expect([status, body.code, headers.get("retry-after")]).toEqual([503, "CANNOT_DECIDE", "1"]);
  return false;
}

async function askBatch(): Promise<void> {
  const evaluations = Array.from({ length: 8 }, (_, index) => ({ resource: { type: "document", id: `d-${index}` } }));
  const common = { subject: { type: "account", id: "bob" }, action: { name: "view" } };
  const answer = await docs.keeper.post(`/o/${docs.slug}/access/v1/evaluations`, { ...common, evaluations });
  if (!isDecided(answer)) return;
  const items = answer.body["evaluations"] as { decision: boolean; context?: { error?: object } }[];
  const right = evaluations.map((_evaluation, index) => [isAllowed(index), undefined]); // 503 is the whole batch's, never an item's
  expect(items.map(({ decision, context }) => [decision, context?.error])).toEqual(right);
}

const bob = { type: "account", id: "bob" };
const [view, document] = [{ name: "view" }, { type: "document" }];
const SEARCHES: readonly (readonly [what: string, question: object, right: readonly string[]])[] = [
  ["resource", { subject: bob, action: view, resource: document }, ["d-0", "d-2", "d-4", "d-6"]],
  ["subject", { subject: { type: "account" }, action: view, resource: { ...document, id: "d-0" } }, ["bob"]],
  ["subject", { subject: { type: "account" }, action: view, resource: { ...document, id: "d-1" } }, []],
  ["action", { subject: bob, resource: { ...document, id: "d-0" } }, ["view"]],
  ["action", { subject: bob, resource: { ...document, id: "d-1" } }, []],
];

/** All pages of each, but for what the import brings meanwhile. */
async function askSearches(): Promise<void> {
  const searches = SEARCHES.map(async ([what, question, right]) => {
    const found: string[] = [];
    let token = "";
    do {
      const page = { limit: LIMITS.searchPage, ...(token !== "" && { token }) };
      const answer = await docs.keeper.post(`/o/${docs.slug}/access/v1/search/${what}`, { ...question, page });
      if (!isDecided(answer)) return;
      const results = answer.body["results"] as { id?: string; name?: string }[];
      found.push(...results.map(({ id, name }) => id ?? name ?? ""));
      token = (answer.body["page"] as { next_token: string }).next_token;
    } while (token !== "");
    expect([what, found.filter((name) => !name.startsWith("n-")).sort()]).toEqual([what, right]);
  });
  await Promise.all(searches);
}

/** Gives how many were decided. */
async function askSingly(): Promise<number> {
  const singles = Array.from({ length: 8 }, async (_, index) => {
    const answer = await docs.ask("bob", "view", `d-${index}`);
    if (!isDecided(answer)) return 0;
    expect([index, answer.body["decision"]]).toEqual([index, isAllowed(index)]);
    return 1;
  });
  return (await Promise.all(singles)).reduce<number>((sum, one) => sum + one, 0);
}

async function askEverything(): Promise<void> {
  await Promise.all([askSingly(), askBatch(), askSearches()]);
}

async function storedCount(): Promise<number> {
  const [row] = await at.sql<{ count: number }>(
    "select count(*)::int as count from entities where organization_id = $1 and id like 'n-%'",
    [docs.organization],
  );
  return row?.count ?? 0;
}

const FAULTS: readonly (readonly [name: string, strike: (proxy: TcpProxy) => void])[] = [
  ["away", (proxy) => proxy.cut()],
  ["frozen", (proxy) => proxy.freeze()],
  ["slow", (proxy) => proxy.slow(2_000)],
  ["answering other bytes", (proxy) => proxy.garble()],
];

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
const ENGINES = ["Postgres", "OpenFGA", "Cerbos"] as const;
/** Of each engine that it is away; all of it in the full run. */
const CASES = ENGINES.flatMap((engine) => FAULTS.map(([name, strike]) => ({ engine, name, strike }))).filter(
  ({ engine, name }) => IS_FULL || name === "away" || (engine === "OpenFGA" && name === "answering other bytes"),
);

const NEWS = Array.from({ length: IS_FULL ? 800 : 400 }, (_, index) => documentLine(`n-${index}`, "bob"));

describe("While an engine fails", () => {
  test.each(CASES)(
    "$engine $name: no answer is wrong; an import stops and says before which line, and is complete when it goes on from there",
    async ({ engine, strike }) => {
      const importing = docs.store(NEWS).catch((error: unknown): Told[] => [{ broken: { why: String(error) } }]);
      await eventually(async () => expect(await storedCount()).toBeGreaterThan(0));
      strike(proxies[engine]);
      for (let round = 0; round < 3; round += 1) await askEverything();
      const told = await importing;
      const stopped = told.at(-1)?.["stopped"];
      expect(told.at(-1)).toEqual({ stopped: expect.objectContaining({ code: "CANNOT_DECIDE" }) });
      mend();
      const line = Number(stopped?.["line"]);
      await eventually(async () => expect(await askSingly()).toBe(8), RECOVERS_WITHIN_MS);
      const rest = await docs.store(NEWS.slice(line - 1));
      expect(rest.at(-1)).toMatchObject({ done: { refused: 0 } });
      expect(await storedCount()).toBe(NEWS.length);
      await eventually(async () => await expectGraphHoldsLedger(at), RECOVERS_WITHIN_MS);
      await eventually(async () => {
        const last = `n-${NEWS.length - 1}`;
        expect([await docs.may("bob", "view", last), await docs.may("owner", "view", last)]).toEqual([true, false]);
      }, RECOVERS_WITHIN_MS);
    },
  );
});

test("what is on its way to OpenFGA is waited for, and beyond the deadline it is 503: nothing is decided by half of the facts", async () => {
  const caught = proxies.OpenFGA.hold("requests", "/write");
  const patched = await docs.keeper.patch(`${docs.base}/document/d-0`, {
    unrelate: { shared_with: [account("bob")] },
  });
  await caught; // and so is every Write that the relay sends after it
  expect(must(patched, 200).headers.get("bailiwick-graph")).toBe("pending");
  for (const index of [0, 1, 2]) {
    const answer = await docs.ask("bob", "view", `d-${index}`);
    expect([answer.status, answer.body.code, answer.headers.get("retry-after")]).toEqual([503, "CANNOT_DECIDE", "1"]);
  }
  proxies.OpenFGA.pass();
  await proxies.OpenFGA.release();
  const decided = await eventually(async () => await docs.may("bob", "view", "d-0"), RECOVERS_WITHIN_MS);
  expect([decided, await docs.may("bob", "view", "d-2")]).toEqual([false, true]);
});

test("a Write that failed is tried again for the first question after it, however long the relay would have rested, and that is decided", async () => {
  proxies.OpenFGA.cut();
  const unshared = { unrelate: { shared_with: [account("bob")] } };
  const patched = must(await docs.keeper.patch(`${docs.base}/document/d-0`, unshared), 200);
  expect(patched.headers.get("bailiwick-graph")).toBe("pending");
  const resting = `update graph_positions set next_attempt_at = now() + interval '1 hour'
      where organization_id = $1 and next_attempt_at is not null returning attempts`;
  await eventually(async () => expect(await at.sql(resting, [docs.organization])).toHaveLength(1));
  mend();
  expect([await docs.may("bob", "view", "d-0"), await docs.may("bob", "view", "d-2")]).toEqual([false, true]);
});
