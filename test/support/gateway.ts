import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Config, readConfig } from "../../src/config.ts";
import { LINES_TYPE } from "../../src/http/contract.ts";
import { createLog } from "../../src/http/log.ts";
import { type DevelopmentIssuer, loadDevelopmentIssuer } from "../../src/local/issuer.ts";
import { type Gateway, startGateway } from "../../src/assemble.ts";
import { readEndpoints } from "../../src/local/endpoints.ts";
import { requirePromised } from "./contract.ts";
import { startDns, type TestDns } from "./dns.ts";
import { makeLedger, makeStore, openPool, type TestDatabase } from "./engines.ts";
import { giveIssuer, type TestEngines, testEngines } from "./test-engines.ts";

/** A body as tests read it; what a route really answers, the contract tests hold. */
export interface Body {
  readonly code?: string;
  readonly reasons?: unknown;
  readonly remedies?: unknown;
  readonly items?: unknown;
  readonly next_page_token?: string;
  readonly state?: string;
  readonly id?: unknown;
  readonly anchor?: unknown;
  readonly sector?: unknown;
  readonly kind?: unknown;
  readonly role?: unknown;
  readonly name?: unknown;
  readonly slug?: unknown;
  readonly [member: string]: unknown;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  readonly text: string;
}

type Headed = Readonly<Record<string, string>>;

/** A caller with a token of its own. */
export interface Person {
  readonly alias: string;
  readonly token: string;
  get(path: string, headers?: Headed): Promise<Answered>;
  post(path: string, body?: unknown, headers?: Headed): Promise<Answered>;
  put(path: string, body: unknown, headers?: Headed): Promise<Answered>;
  patch(path: string, body: unknown, headers?: Headed): Promise<Answered>;
  delete(path: string, headers?: Headed): Promise<Answered>;
  /** The same caller, at another gateway. */
  at(url: string): Person;
}

export interface TestGateway {
  readonly url: string;
  readonly gateway: Gateway;
  readonly issuer: DevelopmentIssuer;
  readonly engines: TestEngines;
  readonly storeId: string;
  readonly config: Config;
  /** A person whom the gateway has seen, so that others may invite them. */
  person(name: string): Promise<Person>;
  service(name: string, options: { scopes: readonly string[]; organizations?: readonly string[] }): Promise<Person>;
  /** A service that may ask and search everywhere, be told why, and let people log in. */
  readonly shop: Person;
  /** The DNS that the gateway asks for proofs of domains. */
  readonly dns: TestDns;
  /** Asks the ledger itself, as its superuser. */
  sql<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

export interface TestGatewayOptions {
  /** Settings beside those that name the test's own engines. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Replaces single values of the finished configuration. */
  readonly config?: Partial<Config>;
  /** Other engines than the shared ones. */
  readonly engines?: TestEngines;
  /** What invitations, offers and cool-downs go by. */
  readonly clock?: () => Date;
  /** Folders of a host's kinds: the gateway starts a Cerbos of its own on them, unless one of the engines serves them. */
  readonly hostPolicies?: readonly string[];
  /** Takes the lines of the log, of every level. */
  readonly logged?: (line: string) => void;
}

/** A machine that is busy with other tests is no fault to be tested; those that test deadlines set their own. */
export const PATIENT = { DECISION_TIMEOUT_MS: "5000", GRAPH_READ_TIMEOUT_MS: "2000", CHANGE_TIMEOUT_MS: "20000" };

/** Tests ask as fast as they can; those about budgets set their own. */
const UNLIMITED = {
  RATE_CALLER_QUESTIONS: "0",
  RATE_CALLER_CHANGES: "0",
  RATE_ORGANIZATION_QUESTIONS: "0",
  RATE_ORGANIZATION_CHANGES: "0",
};

/** The deadlines as they are when nobody sets them. */
export const PUNCTUAL = { DECISION_TIMEOUT_MS: "400", GRAPH_READ_TIMEOUT_MS: "150", CHANGE_TIMEOUT_MS: "5000" };

/** A gateway in this process, on a database and an OpenFGA store of its own. */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const stateDir = await mkdtemp(path.join(tmpdir(), "bailiwick-gateway-"));
  const shared = options.engines ?? testEngines();
  giveIssuer(stateDir);
  const database = await makeLedger(shared);
  const storeId = await makeStore(shared);
  const dns = await startDns();
  const given = { ...configOf(stateDir, database, storeId, options), dnsServers: [dns.address], ...options.config };
  const { logged } = options;
  const log = logged === undefined ? createLog("silent") : createLog("trace", { write: logged });
  const reporting = { report: logged ?? ((): void => undefined), log };
  const gateway = await startGateway(given, reporting, options.clock);
  const cerbosTarget = readEndpoints(stateDir)?.cerbosTarget ?? given.cerbos?.target ?? shared.cerbosTarget;
  const engines = { ...shared, cerbosTarget };
  const config: Config = { ...given, cerbos: { target: cerbosTarget, tls: false } }; // for others beside it
  const issuer = await loadDevelopmentIssuer(stateDir);
  const pool = openPool(database.url);
  const service: TestGateway["service"] = async (name, { scopes, organizations = [] }) => {
    const token = await issuer.sign({
      subject: `client:${name}`,
      claims: { client_id: name, scope: scopes.join(" "), bailiwick_organizations: organizations },
    });
    return caller(gateway.url, name, token);
  };
  return {
    url: gateway.url,
    gateway,
    issuer,
    engines,
    storeId,
    config,
    person: async (name) => await introduce(gateway.url, issuer, name),
    service,
    shop: await service("shop", { scopes: ["authz:evaluate", "authz:search", "authz:explain", "logins:create"] }),
    sql: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await pool.query<Row>(text, [...values])).rows,
    dns,
    close: async () => {
      await gateway.close();
      await dns.close();
      await pool.end();
      await database.drop();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** A second gateway beside the first, on the same database and store. */
export async function startBeside(first: TestGateway): Promise<Gateway> {
  return await startGateway(first.config, { report: () => undefined, log: createLog("silent") });
}

function configOf(stateDir: string, database: TestDatabase, storeId: string, options: TestGatewayOptions): Config {
  const { engines = testEngines(), hostPolicies = [] } = options;
  const isEmbedded = hostPolicies.length > 0 && options.engines === undefined;
  const cerbosTarget = isEmbedded ? testEngines().hostCerbos[hostPolicies.join(",")] : engines.cerbosTarget;
  const config = readConfig({
    STATE_DIR: stateDir,
    DATABASE_URL: database.url,
    OPENFGA_API_URL: engines.openfga.apiUrl,
    OPENFGA_PRESHARED_KEY: engines.openfga.presharedKey,
    OPENFGA_STORE_ID: storeId,
    HOST_POLICIES: hostPolicies.join(","),
    POLICIES_WATCH: "false", // those that change them say when
    ...(cerbosTarget === undefined ? {} : { CERBOS_TARGET: cerbosTarget }),
    ...PATIENT,
    ...UNLIMITED,
    ...options.settings,
  });
  return { ...config, port: 0, ...options.config };
}

async function introduce(url: string, issuer: DevelopmentIssuer, name: string): Promise<Person> {
  const token = await issuer.sign({ subject: name, claims: { preferred_username: name } });
  const person = caller(url, name, token);
  const seen = await person.get("/v1/me/organizations");
  if (seen.status !== 200) throw new Error(`${name} is not let in: ${seen.text}`);
  return person;
}

/** A caller with this token, or with none. */
export function caller(url: string, alias: string, token: string): Person {
  const send = async (method: string, path: string, body: unknown, headers: Headed = {}): Promise<Answered> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: textOf(body, headers) }),
    });
    const { status, headers: came } = response;
    const text = await response.text();
    requirePromised({ method, path, status, headers: came, text });
    const isJson = /[/+]json$/.test(came.get("content-type") ?? "");
    return { status, headers: came, body: isJson ? asBody(text) : {}, text };
  };
  return {
    alias,
    token,
    get: async (path, headers) => await send("GET", path, undefined, headers),
    post: async (path, body, headers) => await send("POST", path, body, headers),
    put: async (path, body, headers) => await send("PUT", path, body, headers),
    patch: async (path, body, headers) => await send("PATCH", path, body, headers),
    delete: async (path, headers) => await send("DELETE", path, undefined, headers),
    at: (other) => caller(other, alias, token),
  };
}

/** Lines are sent as they are, anything else as JSON. */
function textOf(body: unknown, headers: Headed): string {
  return typeof body === "string" && headers["content-type"] === LINES_TYPE ? body : JSON.stringify(body);
}

function asBody(text: string): Body {
  return text === "" ? {} : (JSON.parse(text) as Body);
}
