import path from "node:path";
import { DEVELOPMENT_ISSUER } from "./entities/callers.ts";
import { MADE_OF_THE_SECRET, type MasterKey } from "./entities/master-keys.ts";
import { decisionLogOf, decisionLogProblems, type DecisionLogSettings } from "./settings/decision-log.ts";
import { withSecretFiles } from "./settings/files.ts";
import { type OidcSettings, oidcOf, type OpenfgaSettings, openfgaOf } from "./settings/engines.ts";
import { foreignOf, misspelt } from "./settings/names.ts";
import { settings, type SettingName, type Settings } from "./settings.ts";

/** Everything that can be set from outside, read once, checked, and complete. No other file reads the environment. */
export interface Config {
  readonly isProduction: boolean;
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string; // where the world finds this service; an origin without a trailing slash
  readonly corsOrigins: readonly string[]; // whose pages may call
  /** null: there are no metrics to be had; "": for everybody. */
  readonly metricsToken: string | null;
  /** Requests a minute; 0: no limit. */
  readonly rates: Readonly<Record<"caller" | "organization", { readonly questions: number; readonly changes: number }>>;
  /** How long `/readyz` says no before the gateway takes no more connections. */
  readonly drainDelayMs: number;
  readonly stateDir: string;
  readonly policiesDir: string;
  /** Folders of kinds of a host's, in their order. */
  readonly hostPolicies: readonly string[];
  readonly watchesPolicies: boolean;
  readonly logLevel: Settings["LOG_LEVEL"];
  /** null: the embedded engine. */
  readonly databaseUrl: string | null;
  readonly openfga: OpenfgaSettings | null;
  /** Where the embedded OpenFGA keeps its tables when Postgres is not the embedded one. */
  readonly openfgaDatabaseUrl: string | null;
  readonly cerbos: { readonly target: string; readonly tls: boolean } | null;
  readonly cerbosStandby: string | null; // a second one, to which a reload of policies switches
  readonly oidc: OidcSettings | null;
  readonly aliasClaim: string;
  /** No token is believed for longer, and nobody who was erased comes back sooner. */
  readonly tokenMaxHours: number;
  readonly isDevelopmentIssuerOn: boolean;
  /** The first client with the scope platform:admin. */
  readonly platformClient: PlatformClient | null;
  /** null: the one of the state directory. */
  readonly secret: string | null;
  /** The newest first; none: one is made of the secret. */
  readonly masterKeys: readonly MasterKey[];
  /** Asked for the proofs of adopted domains; none: the system's. */
  readonly dnsServers: readonly string[];
  readonly domains: { readonly recheckMs: number; readonly graceMs: number };
  readonly timeouts: {
    readonly decisionMs: number;
    readonly graphReadMs: number;
    readonly searchMs: number;
    readonly changeMs: number;
    readonly graphWaitMs: number;
  };
  /** null: decisions leave no line. */
  readonly decisionLog: DecisionLogSettings | null;
  readonly reconcileIntervalMs: number;
  /** How long the start waits for each engine that is not embedded. */
  readonly startTimeoutMs: number;
  readonly environment: Environment;
}

export interface PlatformClient {
  readonly issuer: string;
  readonly clientId: string;
  readonly subject: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Says everything that is wrong, a line each, by the setting's name; never what was set, which may be a secret. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the settings do not fit:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

const HOUR_MS = 60 * 60 * 1000;
const ROOT = path.resolve(import.meta.dirname, "..");

/** The settings of this process, complete. Throws ConfigError with every problem at once. */
export function readConfig(environment: Environment = process.env): Config {
  // Set to nothing is what a compose file makes of an unset variable.
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""),
  );
  const { set, problems: ofFiles } = withSecretFiles(given);
  const parsed = settings.safeParse(set);
  const problems = [...misspelt(Object.keys(given)), ...ofFiles];
  // Of a setting whose file cannot be read nobody says besides that it is missing.
  if (ofFiles.length === 0) problems.push(...contradictions(set));
  if (!parsed.success) {
    problems.push(...parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`));
    throw new ConfigError(problems);
  }
  problems.push(...lateContradictions(parsed.data));
  const config = resolved(parsed.data, set);
  problems.push(...decisionLogProblems(set, config.decisionLog));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** For programs that we start: all that is none of our settings, which hold secrets. */
export const programEnvironment = (given: Environment = process.env): Environment => foreignOf(given);

/** Each of the first means nothing without the second. */
const NEEDS: readonly (readonly [SettingName, SettingName])[] = [
  ["OIDC_ISSUER", "OIDC_AUDIENCE"],
  ["OIDC_AUDIENCE", "OIDC_ISSUER"],
  ["OIDC_JWKS_URL", "OIDC_ISSUER"],
  ["OPENFGA_PRESHARED_KEY", "OPENFGA_API_URL"],
  ["OPENFGA_STORE_ID", "OPENFGA_API_URL"],
  ["OPENFGA_MODEL_ID", "OPENFGA_STORE_ID"],
  ["OPENFGA_DATABASE_URL", "DATABASE_URL"],
  ["CERBOS_TLS", "CERBOS_TARGET"],
  ["CERBOS_STANDBY_TARGET", "CERBOS_TARGET"],
];

/** What does not go together, as far as it shows before the values are understood. */
function contradictions(set: Partial<Record<SettingName, string>>): string[] {
  const problems = NEEDS.filter(([name, needed]) => set[name] !== undefined && set[needed] === undefined).map(
    ([name, needed]) => `${name}: means nothing without ${needed}`,
  );
  if (set.OPENFGA_DATABASE_URL !== undefined && set.OPENFGA_API_URL !== undefined) {
    problems.push("OPENFGA_DATABASE_URL: is for the embedded OpenFGA, which OPENFGA_API_URL replaces");
  }
  if (set.PLATFORM_CLIENT?.startsWith("{") === false && set.OIDC_ISSUER === undefined) {
    problems.push("PLATFORM_CLIENT: <client_id>:<sub> is one of OIDC_ISSUER's; set that, or name the issuer in JSON");
  }
  return [...problems, ...(set.NODE_ENV === "production" ? inProduction(set) : onThisMachine(set))];
}

function inProduction(set: Partial<Record<SettingName, string>>): string[] {
  const problems: string[] = [];
  if (set.DEVELOPMENT_ISSUER === "true") {
    problems.push("DEVELOPMENT_ISSUER: never true under NODE_ENV=production: whoever reads its key is anybody");
  }
  if (set.OIDC_ISSUER === undefined) problems.push("OIDC_ISSUER: required under NODE_ENV=production");
  if (set.BAILIWICK_SECRET === undefined) problems.push("BAILIWICK_SECRET: required under NODE_ENV=production");
  return problems;
}

function onThisMachine(set: Partial<Record<SettingName, string>>): string[] {
  const isNobodyTrusted = set.DEVELOPMENT_ISSUER === "false" && set.OIDC_ISSUER === undefined;
  return isNobodyTrusted ? ["DEVELOPMENT_ISSUER: without it OIDC_ISSUER is required, or nobody could call"] : [];
}

function lateContradictions(read: Settings): string[] {
  const problems: string[] = [];
  if (read.GRAPH_READ_TIMEOUT_MS >= read.DECISION_TIMEOUT_MS) {
    problems.push("GRAPH_READ_TIMEOUT_MS: expected less than DECISION_TIMEOUT_MS, of which it is a part");
  }
  if (read.MASTER_KEYS?.some(({ id }) => id.startsWith(MADE_OF_THE_SECRET)) === true) {
    problems.push(`MASTER_KEYS: ids that begin with ${MADE_OF_THE_SECRET} are those that are made of BAILIWICK_SECRET`);
  }
  const issuer = read.PLATFORM_CLIENT?.issuer ?? read.OIDC_ISSUER;
  if (
    read.PLATFORM_CLIENT &&
    issuer !== read.OIDC_ISSUER &&
    !(issuer === DEVELOPMENT_ISSUER && isDevelopmentOn(read))
  ) {
    problems.push("PLATFORM_CLIENT: its issuer is not one that is trusted");
  }
  return problems;
}

function isDevelopmentOn(read: Settings): boolean {
  return read.DEVELOPMENT_ISSUER ?? (read.OIDC_ISSUER === undefined && read.NODE_ENV !== "production");
}

function resolved(read: Settings, set: Environment): Config {
  const stateDir = read.STATE_DIR === undefined ? path.join(ROOT, ".bailiwick") : path.resolve(read.STATE_DIR);
  return {
    isProduction: read.NODE_ENV === "production",
    host: read.HOST,
    port: read.PORT,
    publicUrl: read.PUBLIC_URL === undefined ? localUrl(read) : new URL(read.PUBLIC_URL).origin,
    corsOrigins: read.CORS_ORIGINS?.split(",").map((origin) => origin.trim()) ?? [],
    metricsToken: read.METRICS_TOKEN ?? (read.NODE_ENV === "production" ? null : ""),
    rates: {
      caller: { questions: read.RATE_CALLER_QUESTIONS, changes: read.RATE_CALLER_CHANGES },
      organization: { questions: read.RATE_ORGANIZATION_QUESTIONS, changes: read.RATE_ORGANIZATION_CHANGES },
    },
    drainDelayMs: read.DRAIN_DELAY_MS,
    stateDir,
    policiesDir: read.POLICIES_DIR === undefined ? path.join(ROOT, "policies") : path.resolve(read.POLICIES_DIR),
    hostPolicies: read.HOST_POLICIES?.split(",").map((folder) => path.resolve(folder.trim())) ?? [],
    watchesPolicies: read.POLICIES_WATCH && read.NODE_ENV !== "production",
    logLevel: read.LOG_LEVEL,
    databaseUrl: read.DATABASE_URL ?? null,
    openfga: openfgaOf(read),
    openfgaDatabaseUrl: read.OPENFGA_DATABASE_URL ?? null,
    cerbos: read.CERBOS_TARGET === undefined ? null : { target: read.CERBOS_TARGET, tls: read.CERBOS_TLS },
    cerbosStandby: read.CERBOS_STANDBY_TARGET ?? null,
    oidc: oidcOf(read),
    aliasClaim: read.ALIAS_CLAIM,
    tokenMaxHours: read.TOKEN_MAX_HOURS,
    isDevelopmentIssuerOn: isDevelopmentOn(read),
    platformClient: platformClientOf(read),
    secret: read.BAILIWICK_SECRET ?? null,
    masterKeys: read.MASTER_KEYS ?? [],
    dnsServers: read.DNS_SERVERS?.split(",").map((server) => server.trim()) ?? [],
    domains: { recheckMs: read.DOMAIN_RECHECK_HOURS * HOUR_MS, graceMs: read.DOMAIN_GRACE_HOURS * HOUR_MS },
    timeouts: {
      decisionMs: read.DECISION_TIMEOUT_MS,
      graphReadMs: read.GRAPH_READ_TIMEOUT_MS,
      searchMs: read.SEARCH_TIMEOUT_MS,
      changeMs: read.CHANGE_TIMEOUT_MS,
      graphWaitMs: read.GRAPH_WAIT_MS,
    },
    decisionLog: decisionLogOf(read, { stateDir, isDevelopment: isDevelopmentOn(read) }),
    reconcileIntervalMs: read.RECONCILE_INTERVAL_MS,
    startTimeoutMs: read.START_TIMEOUT_MS,
    environment: programEnvironment(set),
  };
}

/** Every address of this machine is no address to come to. */
function localUrl({ HOST: host, PORT: port }: Settings): string {
  const reachable = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

function platformClientOf({ PLATFORM_CLIENT: client, OIDC_ISSUER: ours }: Settings): PlatformClient | null {
  const issuer = client?.issuer ?? ours;
  if (client === undefined || issuer === undefined) return null;
  return { issuer, clientId: client.clientId, subject: client.subject };
}
