/** The drill's second half: the ledger is restored, and the graph is of another time. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { isFence, isGenesis } from "../../src/entities/fence.ts";
import { tupleKey } from "../../src/entities/tuples.ts";
import { makeStore } from "../support/engines.ts";
import { allowed, decisions, type Drill, foundAcme, goOn, graphWords } from "../support/drill.ts";
import { removeStateDir } from "../support/engine-processes.ts";
import { readStore } from "../support/graph.ts";
import { run, start } from "../support/own-gateway.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { testEngines } from "../support/test-engines.ts";

let folder: string;
let stateDir: string;
let backup: string;
let proxy: TcpProxy;
let drill: Drill;
/** At the time of the backup. */
let before: Awaited<ReturnType<typeof decisions>>;
let graphThen: string[];
let acme: string;

/** The ledger is the gateway's own; OpenFGA is not, and keeps what it has when the ledger is restored. */
function settings(storeId: string): Record<string, string> {
  const { openfga, cerbosTarget } = testEngines();
  return {
    STATE_DIR: stateDir,
    OPENFGA_API_URL: proxy.url,
    OPENFGA_PRESHARED_KEY: openfga.presharedKey,
    OPENFGA_STORE_ID: storeId,
    CERBOS_TARGET: cerbosTarget,
    LOG_LEVEL: "silent",
  };
}

/** The store's tuples about the organization of the backup, or about all, without the relay's bookkeeping. */
async function graphOf(storeId: string, organization?: string): Promise<string[]> {
  const tuples = (await readStore(storeId)).filter((tuple) => !isFence(tuple) && !isGenesis(tuple));
  const about = tuples.filter(({ user, object }) => user === organization || object === organization);
  const objects = new Set(about.map(({ object }) => object));
  const kept = organization === undefined ? tuples : tuples.filter(({ object }) => objects.has(object));
  return kept.map(tupleKey).sort();
}

let newer: string;
/** What cannot write waits a long time before it says so: it begins first, on a ledger and a way to OpenFGA of its own. */
let failing: {
  readonly settings: Record<string, string>;
  readonly proxy: TcpProxy;
  readonly ended: ReturnType<typeof run>;
};

async function beginToFail(): Promise<typeof failing> {
  const own = await startTcpProxy(testEngines().openfga.apiUrl);
  const there = { ...settings(await makeStore()), STATE_DIR: path.join(folder, "failing"), OPENFGA_API_URL: own.url };
  expect(await run(["restore", backup], there)).toMatchObject({ status: 0 });
  const caught = own.hold("requests", "/write");
  const ended = run(["reconcile", "--rebuild", "--organization", "acme"], there);
  await caught;
  return { settings: there, proxy: own, ended };
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "bailiwick-drill-"));
  stateDir = path.join(folder, "state");
  backup = path.join(folder, "backup");
  proxy = await startTcpProxy(testEngines().openfga.apiUrl);
  newer = await makeStore();
  const first = await start(settings(newer));
  drill = await foundAcme(first.url, stateDir);
  before = await decisions(first.url, stateDir, drill);
  await first.stop();
  graphThen = await graphOf(newer);
  acme = graphThen.find((key) => key.includes("#owner@"))?.split("#")[0] ?? "";
  expect(await run(["backup", backup], settings(newer))).toMatchObject({ status: 0 });
  const second = await start(settings(newer));
  await goOn(second.url, stateDir);
  await second.stop();
  failing = await beginToFail();
});
afterAll(async () => {
  await failing.ended;
  await failing.proxy.close();
  await proxy.close();
  removeStateDir(folder);
});
/** Asks a gateway on the restored ledger while nothing can repair the graph. */
async function askUnrepaired(storeId: string): ReturnType<typeof decisions> {
  void proxy.hold("requests", "/write");
  const gateway = await start(settings(storeId));
  const answers = await decisions(gateway.url, stateDir, drill);
  await gateway.kill();
  proxy.pass();
  return answers;
}

const STORES: readonly (readonly [name: string, store: () => Promise<string>])[] = [
  ["still holds what came after the backup", async () => await Promise.resolve(newer)],
  ["is a new, empty store", async () => await makeStore()],
];

describe.each(STORES)("a restored ledger whose graph %s", (_name, store) => {
  beforeEach(async () => {
    proxy.pass();
    const restored = await run(["restore", backup, "--force"], settings(newer));
    expect(restored).toMatchObject({ status: 0, stderr: expect.stringContaining("npm run reconcile -- --rebuild") });
  });

  test("gives nobody anything meanwhile, and reconcile --rebuild makes the graph the ledger's", async () => {
    const storeId = await store();
    const meanwhile = await askUnrepaired(storeId);
    expect(allowed(before)).toEqual(expect.arrayContaining(allowed(meanwhile)));
    expect(allowed(meanwhile)).toContain("alice retire");
    expect(meanwhile["dave view"]?.decision).toBe(false); // a member after the backup
    expect(meanwhile["carol retire"]?.decision).toBe(false); // an Owner after it
    expect(graphWords(meanwhile)).not.toContain("disagrees");

    const { status, stderr } = await run(["reconcile", "--rebuild"], settings(storeId));
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/\n2 organizations rebuilt: \d had drifted, 0 could not be rebuilt\n$/),
    });
    expect(await graphOf(storeId, acme)).toEqual(graphThen);

    const gateway = await start(settings(storeId));
    expect(await decisions(gateway.url, stateDir, drill)).toEqual(before);
    expect(await gateway.stop()).toBe(0);
  });
});

test("reconcile --rebuild that cannot write ends with exit status 1, and says for whom; one of a slug is enough to try again", async () => {
  const { status, stderr } = await failing.ended;
  expect(status).toBe(1);
  expect(stderr).toMatch(/org-\w+: not rebuilt: .*\n0 organizations rebuilt: 0 had drifted, 1 could not be rebuilt\n$/);
  failing.proxy.pass();
  const again = await run(["reconcile", "--rebuild", "--organization", "acme"], failing.settings);
  expect(again).toMatchObject({ status: 0, stderr: expect.stringContaining("\n1 organizations rebuilt") });
  expect(await graphOf(failing.settings["OPENFGA_STORE_ID"] ?? "", acme)).toEqual(graphThen);
});
