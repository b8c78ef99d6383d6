import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadDevelopmentIssuer } from "../../src/local/issuer.ts";
import { startDns, type TestDns } from "./dns.ts";
import { makeLedger, makeStore, openPool } from "./engines.ts";
import { caller, PATIENT, type Person } from "./gateway.ts";
import type { Stores } from "./graph.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";
import { compiledOnce, giveIssuer, testEngines } from "./test-engines.ts";

/** What `npm start` starts, on engines that are there already. */
export interface GatewayProcess {
  readonly url: string;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with its exit status when it is gone. */
  stop(): Promise<number | null>;
}

/** A ledger, a store and a way to OpenFGA that can be blocked, for gateways that come and go. */
export interface GatewayHome extends Stores {
  readonly databaseUrl: string;
  /** Between gateways and OpenFGA. */
  readonly proxy: TcpProxy;
  /** That the gateways ask for proofs of domains. */
  readonly dns: TestDns;
  start(): Promise<GatewayProcess>;
  /** A person as this gateway sees them; `at` takes them to another. */
  person(at: Pick<GatewayProcess, "url">, name: string): Promise<Person>;
  /** A token of somebody who has made no request yet. */
  unseen(name: string): Promise<string>;
  /** A service that registers clients; `at` takes it to a gateway. */
  operator(): Promise<Person>;
  /** A service of these organizations, likewise. */
  service(name: string, scopes: readonly string[], organizations: readonly string[]): Promise<Person>;
  close(): Promise<void>;
}

const ROOT = path.resolve(import.meta.dirname, "../..");
/** Its input ends with this process: nobody is left behind. By itself it keeps nobody from ending. */
const ENDS_WITH_US = 'data:text/javascript,process.stdin.on("close",()=>process.exit(1)).resume().unref()';

export async function makeGatewayHome(settings: Readonly<Record<string, string>> = {}): Promise<GatewayHome> {
  const engines = testEngines();
  const stateDir = await mkdtemp(path.join(tmpdir(), "bailiwick-test-home-"));
  giveIssuer(stateDir);
  const database = await makeLedger();
  const storeId = await makeStore();
  const proxy = await startTcpProxy(engines.openfga.apiUrl);
  const dns = await startDns();
  const issuer = await loadDevelopmentIssuer(stateDir);
  const pool = openPool(database.url);
  const environment = {
    ...compiledOnce(),
    STATE_DIR: stateDir,
    DATABASE_URL: database.url,
    OPENFGA_API_URL: proxy.url,
    OPENFGA_PRESHARED_KEY: engines.openfga.presharedKey,
    OPENFGA_STORE_ID: storeId,
    CERBOS_TARGET: engines.cerbosTarget,
    DNS_SERVERS: dns.address,
    PORT: "0",
    LOG_LEVEL: "silent",
    RATE_CALLER_CHANGES: "0",
    RATE_ORGANIZATION_CHANGES: "0",
    ...PATIENT,
    DRAIN_DELAY_MS: "0", // no load balancer must see the end coming
    ...settings,
  };
  return {
    engines,
    storeId,
    databaseUrl: database.url,
    proxy,
    dns,
    sql: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await pool.query<Row>(text, [...values])).rows,
    start: async () => await startProcess(environment),
    person: async ({ url }, name) => {
      const token = await issuer.sign({ subject: name, claims: { preferred_username: name } });
      const person = caller(url, name, token);
      const seen = await person.get("/v1/me/organizations");
      if (seen.status !== 200) throw new Error(`${name} is not let in: ${seen.text}`);
      return person;
    },
    unseen: async (name) => await issuer.sign({ subject: name }),
    operator: async () => {
      const claims = { client_id: "operator", scope: "platform:admin", bailiwick_organizations: [] };
      return caller("", "operator", await issuer.sign({ subject: "client:operator", claims }));
    },
    service: async (name, scopes, organizations) => {
      const claims = { client_id: name, scope: scopes.join(" "), bailiwick_organizations: organizations };
      return caller("", name, await issuer.sign({ subject: `client:${name}`, claims }));
    },
    close: async () => {
      await proxy.close();
      await dns.close();
      await pool.end();
      await database.drop();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

async function startProcess(environment: Readonly<Record<string, string>>): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [`--import=${ENDS_WITH_US}`, "src/main.ts"], {
    cwd: ROOT,
    env: environment,
    stdio: ["pipe", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  const said: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said.push(text);
      const ready = /is ready on (\S+)/.exec(said.join(""));
      if (ready?.[1] !== undefined) resolve(ready[1]);
    });
    child.once("exit", () => reject(new Error(`the gateway did not start: ${said.join("")}`)));
  });
  return {
    url,
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
      return child.exitCode;
    },
  };
}
