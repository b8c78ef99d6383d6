import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { Readable, Writable } from "node:stream";
import { readEndpoints } from "../../src/local/endpoints.ts";
import { loadDevelopmentIssuer } from "../../src/local/issuer.ts";
import { openPool } from "./engines.ts";
import { caller, type Person } from "./gateway.ts";
import type { Stores } from "./graph.ts";
import { compiledOnce } from "./test-engines.ts";

/** Whose programs, and as whom. */
export interface Checkout {
  readonly root: string;
  readonly node: string;
  readonly account?: { readonly uid: number; readonly gid: number };
  readonly environment: Settings;
}

/** A gateway as `npm start` has it, with engines of its own. */
export interface OwnGateway {
  readonly url: string;
  readonly pid: number;
  /** What it told a person so far. */
  said(): string;
  /** The lines of its log so far, at the level that the settings give. */
  logged(): string[];
  /** SIGTERM; gives the exit status. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

interface Output {
  stdout: string;
  stderr: string;
}

export type CommandResult = Readonly<Output> & { readonly status: number | null };

type Settings = Readonly<Record<string, string>>;

const ROOT = path.resolve(import.meta.dirname, "../..");
/** Its input ends with this process: nobody is left behind. */
const ENDS_WITH_US = 'data:text/javascript,process.stdin.on("close",()=>process.exit(1)).resume().unref()';
/** A busy machine is no fault to be tested, and there is no load balancer that must see the end coming. */
const PATIENT: Settings = {
  DECISION_TIMEOUT_MS: "5000",
  GRAPH_READ_TIMEOUT_MS: "2000",
  CHANGE_TIMEOUT_MS: "20000",
  DRAIN_DELAY_MS: "0",
};

/** This checkout, as ourselves. */
export function here(): Checkout {
  const { PATH = "", HOME = "/", XDG_CACHE_HOME = "" } = process.env;
  const cache = XDG_CACHE_HOME === "" ? {} : { XDG_CACHE_HOME };
  return { root: ROOT, node: process.execPath, environment: { PATH, HOME, ...cache, ...compiledOnce() } };
}

/** A command to its end, e.g. `["backup", folder]`. */
export async function run(args: readonly string[], settings: Settings, checkout = here()): Promise<CommandResult> {
  const { child, output } = launch(args, settings, checkout);
  await once(child, "close");
  return { status: child.exitCode, ...output };
}

/** Throws with what it said when it does not start. */
export async function start(settings: Settings, checkout = here()): Promise<OwnGateway> {
  const { child, output } = launch([], { PORT: "0", LOG_LEVEL: "silent", ...PATIENT, ...settings }, checkout);
  const closed = once(child, "close");
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on("data", () => {
      const ready = /is ready on (\S+)/.exec(output.stderr)?.[1];
      if (ready !== undefined) resolve(ready);
    });
    child.once("close", () => reject(new Error(`the gateway did not start: ${output.stderr}`)));
  });
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    await closed;
    return child.exitCode;
  };
  return {
    url,
    pid: Number(child.pid),
    said: () => output.stderr,
    logged: () => output.stdout.split("\n").filter((line) => line !== ""),
    stop: async () => await end("SIGTERM"),
    kill: async () => {
      await end("SIGKILL");
    },
  };
}

interface Launched {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly output: Output;
}

function launch(args: readonly string[], settings: Settings, checkout: Checkout): Launched {
  const { root, node, account, environment } = checkout;
  const child = spawn(node, [`--import=${ENDS_WITH_US}`, "src/main.ts", ...args], {
    cwd: root,
    env: { ...environment, ...settings },
    stdio: ["pipe", "pipe", "pipe"],
    ...account,
  });
  const output: Output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  return { child, output };
}

/** A person of this state directory's development issuer, seen by the gateway. */
export async function personAt(url: string, stateDir: string, name: string): Promise<Person> {
  const issuer = await loadDevelopmentIssuer(stateDir);
  const token = await issuer.sign({ subject: name, claims: { preferred_username: name } });
  const person = caller(url, name, token);
  const seen = await person.get("/v1/me/organizations");
  if (seen.status !== 200) throw new Error(`${name} is not let in: ${seen.text}`);
  return person;
}

/** A service of this state directory's development issuer; one that may evaluate everywhere when nothing else is said. */
export async function serviceAt(
  url: string,
  stateDir: string,
  { name = "shop", scopes = ["authz:evaluate"], organizations = [] }: Partial<ServiceToken> = {},
): Promise<Person> {
  const issuer = await loadDevelopmentIssuer(stateDir);
  const claims = { client_id: name, scope: scopes.join(" "), bailiwick_organizations: organizations };
  return caller(url, name, await issuer.sign({ subject: `client:${name}`, claims }));
}

export interface ServiceToken {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly organizations: readonly string[];
}

export type OpenStores = Stores & { close(): Promise<void> };

/** Ledger and graph of the gateway that runs on this state directory with all engines of its own, to be looked at. */
export async function storesOf(stateDir: string): Promise<OpenStores> {
  const running = readEndpoints(stateDir);
  const { databaseUrl, openfga, cerbosTarget } = running ?? {};
  if (running === undefined || databaseUrl === undefined || openfga === undefined || cerbosTarget === undefined) {
    throw new Error(`no gateway with engines of its own runs on ${stateDir}`);
  }
  const headers = { authorization: `Bearer ${openfga.presharedKey}` };
  const answer = await fetch(`${openfga.apiUrl}/stores`, { headers });
  const { stores } = (await answer.json()) as { stores: { id: string }[] };
  const [store] = stores;
  if (store === undefined || stores.length > 1) throw new Error(`${stores.length} stores instead of one`);
  const engines = { databaseUrl, openfga, cerbosTarget, hostCerbos: {}, masterSecret: running.masterSecret };
  return { engines, storeId: store.id, ...ledgerAt(databaseUrl) };
}

/** The ledger alone, as its superuser. */
export function ledgerAt(databaseUrl: string): Pick<OpenStores, "sql" | "close"> {
  const pool = openPool(databaseUrl);
  return {
    sql: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await pool.query<Row>(text, [...values])).rows,
    close: async () => await pool.end(),
  };
}
