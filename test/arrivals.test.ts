/** Engines of one's own that come up after the gateway, or never. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Gateway, startGateway } from "../src/assemble.ts";
import { readConfig } from "../src/config.ts";
import { createLog } from "../src/http/log.ts";
import { LocalEngineError } from "../src/local/error.ts";
import { makeDatabase, makeStore, type TestDatabase } from "./support/engines.ts";
import { eventually } from "./support/eventually.ts";
import { startTcpProxy, type TcpProxy } from "./support/tcp-proxy.ts";
import { testEngines } from "./support/test-engines.ts";

const ENGINES = ["Postgres", "OpenFGA", "Cerbos"] as const;
type Engine = (typeof ENGINES)[number];
const SETTING = { Postgres: "DATABASE_URL", OpenFGA: "OPENFGA_API_URL", Cerbos: "CERBOS_TARGET" } as const;
type Settings = Readonly<Record<string, string>>;

let stateDir: string;
let database: TestDatabase;
let storeId: string;
let proxies: Readonly<Record<Engine, TcpProxy>>;
let lines: string[] = [];
let started: Gateway | undefined;

beforeAll(async () => {
  stateDir = mkdtempSync(path.join(tmpdir(), "bailiwick-arrivals-"));
  database = await makeDatabase();
  storeId = await makeStore();
  const { openfga, cerbosTarget } = testEngines();
  proxies = {
    Postgres: await startTcpProxy(database.url),
    OpenFGA: await startTcpProxy(openfga.apiUrl),
    Cerbos: await startTcpProxy(`http://${cerbosTarget}`),
  };
});
afterEach(async () => {
  await started?.close();
  started = undefined;
  lines = [];
  for (const proxy of Object.values(proxies)) proxy.mend();
});
afterAll(async () => {
  await Promise.all(Object.values(proxies).map(async (proxy) => await proxy.close()));
  await database.drop();
  rmSync(stateDir, { recursive: true, force: true });
});

function throughProxies(more: Settings = {}): Settings {
  const url = new URL(database.url);
  url.host = new URL(proxies.Postgres.url).host;
  return {
    STATE_DIR: stateDir,
    DATABASE_URL: url.href,
    OPENFGA_API_URL: proxies.OpenFGA.url,
    OPENFGA_PRESHARED_KEY: testEngines().openfga.presharedKey,
    OPENFGA_STORE_ID: storeId,
    CERBOS_TARGET: new URL(proxies.Cerbos.url).host,
    ...more,
  };
}

async function start(settings: Settings): Promise<Gateway> {
  const config = { ...readConfig(settings), port: 0 };
  started = await startGateway(config, { report: (line) => lines.push(line), log: createLog("silent") });
  return started;
}

const waits = (): string[] => lines.flatMap((line) => /^Waiting for (\w+)/.exec(line)?.[1] ?? []);

describe("An engine that comes up late", () => {
  test.each(ENGINES)("%s is waited for: one line, and the gateway listens when it can answer", async (engine) => {
    proxies[engine].cut();
    let hasListened = false;
    const coming = start(throughProxies()).finally(() => {
      hasListened = true;
    });
    await eventually(() => expect(waits()).toEqual([engine]));
    expect(lines).toEqual([expect.stringContaining(`(${SETTING[engine]})`)]);
    expect(hasListened).toBe(false);
    proxies[engine].mend();
    const gateway = await coming;
    const ready = await fetch(`${gateway.url}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([200, { status: "ready" }]);
    expect(waits()).toEqual([engine]);
  });

  test("all of them are waited for one after the other: the database, what lives in it, the judge", async () => {
    for (const engine of ENGINES) proxies[engine].cut();
    const coming = start(throughProxies());
    for (const [index, engine] of ENGINES.entries()) {
      await eventually(() => expect(waits()).toEqual(ENGINES.slice(0, index + 1)));
      proxies[engine].mend();
    }
    expect((await fetch(`${(await coming).url}/readyz`)).status).toBe(200);
  });

  test("but nobody waits for those that are there", async () => {
    await start(throughProxies());
    expect(lines).toEqual([]);
  });
});

async function nowhere(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" ? `127.0.0.1:${address?.port ?? 0}` : "";
}

/** What keeps the gateway from starting. */
async function failure(settings: Settings): Promise<LocalEngineError> {
  const error: unknown = await start(settings).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof LocalEngineError) return error;
  throw error instanceof Error ? error : new Error("the gateway started");
}

describe("An engine that never comes", () => {
  test.each<[Engine, (at: string) => string]>([
    ["Postgres", (at) => `postgres://u:p@${at}/x`],
    ["OpenFGA", (at) => `http://${at}`],
    ["Cerbos", (at) => at],
  ])("%s ends the start with one line that names it and its setting", async (engine, addressOf) => {
    const settings = { [SETTING[engine]]: addressOf(await nowhere()), START_TIMEOUT_MS: "300" };
    const { code, message } = await failure(throughProxies(settings));
    expect(code).toBe("ENGINE_NOT_REACHED");
    expect(message).toMatch(new RegExp(`^${engine} cannot be reached for 300 ms .*ECONNREFUSED.* ${SETTING[engine]} `));
    expect(message).not.toContain("\n");
    expect(waits()).toEqual([engine]);
  });

  test("a name that nobody knows, either", async () => {
    const settings = { DATABASE_URL: "postgres://u:p@no-such-host.invalid/x", START_TIMEOUT_MS: "300" };
    const { message } = await failure(throughProxies(settings));
    expect(message).toMatch(/^Postgres cannot be reached /);
  });

  test("is said on standard error, with exit status 1", async () => {
    const env = throughProxies({ DATABASE_URL: `postgres://u:hunter2@${await nowhere()}/x`, START_TIMEOUT_MS: "300" });
    const main = path.join(import.meta.dirname, "../src/main.ts");
    const ended = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, [main], { env }, (error, _stdout, stderr) => resolve({ code: error?.code, stderr }));
    });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^Waiting for Postgres .*\nBailiwick does not start: Postgres cannot be reached.*\n$/);
    expect(ended.stderr).not.toContain("hunter2");
  });
});

describe("An engine that refuses ends the start at once:", () => {
  const wrongPassword = (): Settings => {
    const url = new URL(database.url);
    url.password = "wrong";
    return { DATABASE_URL: url.href };
  };
  test.each<[string, Engine, () => Settings]>([
    ["a wrong password", "Postgres", wrongPassword],
    ["an unknown database", "Postgres", () => ({ DATABASE_URL: `${database.url}_other` })],
    ["a wrong key", "OpenFGA", () => ({ OPENFGA_PRESHARED_KEY: "wrong" })],
    ["an unknown store", "OpenFGA", () => ({ OPENFGA_STORE_ID: "01ARZ3NDEKTSV4RRFFQ69G5FAV" })],
    ["an unknown model", "OpenFGA", () => ({ OPENFGA_MODEL_ID: "01ARZ3NDEKTSV4RRFFQ69G5FAV" })],
    ["TLS where there is none", "Cerbos", () => ({ CERBOS_TLS: "true" })],
  ])("%s (%s)", async (_what, engine, settings) => {
    const { code, message } = await failure(throughProxies({ ...settings(), START_TIMEOUT_MS: "20000" }));
    expect([code, message]).toEqual(["ENGINE_REFUSES", expect.stringContaining(`${engine} refuses: `)]);
    expect(message).toContain(SETTING[engine]);
    expect(waits()).toEqual([]);
  });
});
