/** Questions about a host's kinds, and an import, while an engine fails: every answer is right or 503, and nothing is half done. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { writeBundle } from "../../src/policy/bundle.ts";
import { account, documentLine, type Documents, foundDocuments, type Told } from "../support/document-world.ts";
import { eventually } from "../support/eventually.ts";
import { type Answered, type Person, PUNCTUAL, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { expectGraphHoldsLedger } from "../support/graph.ts";
import { DOCUMENTS, POLICIES } from "../support/host-folder.ts";
import { type OwnEngines, startOwnEngines } from "../support/own-engines.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { addMember, must } from "../support/world.ts";

const LONG_MS = 120_000;
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
}, LONG_MS);
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
}, LONG_MS);
beforeEach(async () => {
  docs = await eventually(async () => await foundDocuments(at, owner), RECOVERS_WITHIN_MS);
  const bob = await at.person("bob");
  await addMember(owner, docs.slug, bob, "viewer");
  const even = Array.from({ length: 8 }, (_, index) => documentLine(`d-${index}`, ...(index % 2 === 0 ? ["bob"] : [])));
  await docs.store(even);
}, LONG_MS);
afterEach(mend);

/** Bob sees every other one. */
const isAllowed = (index: number): boolean => index % 2 === 0;

function expectRightOr503(answer: Answered, right: unknown): number {
  if (answer.status === 503) {
    expect(answer.body.code).toBe("CANNOT_DECIDE");
    expect(answer.headers.get("retry-after")).toBe("1");
    return 0;
  }
  expect(must(answer, 200).body["decision"]).toBe(right);
  return 1;
}

async function askBatch(): Promise<void> {
  const evaluations = Array.from({ length: 8 }, (_, index) => ({ resource: { type: "document", id: `d-${index}` } }));
  const common = { subject: { type: "account", id: "bob" }, action: { name: "view" } };
  const answer = await docs.keeper.post(`/o/${docs.slug}/access/v1/evaluations`, { ...common, evaluations });
  if (answer.status === 503) return;
  const items = must(answer, 200).body["evaluations"] as {
    decision: boolean;
    context?: { error?: { status: number } };
  }[];
  expect(items).toHaveLength(8);
  for (const [index, { decision, context }] of items.entries()) {
    if (context?.error === undefined) expect([index, decision]).toEqual([index, isAllowed(index)]);
    else expect([decision, context.error.status]).toEqual([false, 503]);
  }
}

async function askSearch(): Promise<void> {
  const question = {
    subject: { type: "account", id: "bob" },
    action: { name: "view" },
    resource: { type: "document" },
  };
  const answer = await docs.keeper.post(`/o/${docs.slug}/access/v1/search/resource`, question);
  if (answer.status !== 200) return;
  const found = (answer.body["results"] as { id: string }[]).map(({ id }) => id).filter((id) => id.startsWith("d-"));
  const whole = Array.from({ length: 8 }, (_, index) => index).filter(isAllowed);
  expect(found.sort()).toEqual(whole.map((index) => `d-${index}`));
}

/** Gives how many were decided. */
async function askSingly(): Promise<number> {
  const singles = Array.from({ length: 8 }, async (_, index) => {
    return expectRightOr503(await docs.ask("bob", "view", `d-${index}`), isAllowed(index));
  });
  return (await Promise.all(singles)).reduce((sum, one) => sum + one, 0);
}

async function askEverything(): Promise<void> {
  await Promise.all([askSingly(), askBatch(), askSearch()]);
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

/** The relay need not rest as long as it would: the full run waits for it. */
async function restIsOver(): Promise<void> {
  if (IS_FULL) return;
  const over = "update graph_positions set next_attempt_at = now() where next_attempt_at is not null";
  await eventually(async () => await at.sql(over), RECOVERS_WITHIN_MS);
}

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
      await restIsOver();
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
    LONG_MS,
  );
});

test(
  "what is on its way to OpenFGA is waited for, and beyond the deadline it is 503: nothing is decided by half of the facts",
  async () => {
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
  },
  LONG_MS,
);
