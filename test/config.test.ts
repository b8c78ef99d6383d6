import { describe, expect, test } from "@jest/globals";
import path from "node:path";
import { type Config, readConfig } from "../src/config.ts";
import { problemsOf } from "./support/settings.ts";

const ROOT = path.join(import.meta.dirname, "..");
const SECRET = "q3Jx0vK8bT1mZ5nR7wY2cL9dF4gH6sAp";
const OIDC = { OIDC_ISSUER: "https://id.example.com/", OIDC_AUDIENCE: "bailiwick" };
const HOUR_MS = 60 * 60 * 1000;
const PRODUCTION = { NODE_ENV: "production", ...OIDC, BAILIWICK_SECRET: SECRET };

describe("Nothing set", () => {
  test("is complete: embedded engines and the development issuer", () => {
    expect(readConfig({})).toEqual({
      isProduction: false,
      host: "127.0.0.1",
      port: 8080,
      publicUrl: "http://127.0.0.1:8080",
      corsOrigins: [],
      metricsToken: "",
      rates: {
        caller: { questions: 120_000, changes: 1_200 },
        organization: { questions: 240_000, changes: 2_400 },
      },
      drainDelayMs: 2_000,
      decisionLog: {
        folder: path.join(ROOT, ".bailiwick", "decisions"),
        ...{ maxBytes: 10_000_000, files: 10, onFailure: "continue", mask: [] },
      },
      stateDir: path.join(ROOT, ".bailiwick"),
      policiesDir: path.join(ROOT, "policies"),
      hostPolicies: [],
      watchesPolicies: true,
      logLevel: "info",
      masterKeys: [],
      databaseUrl: null,
      openfga: null,
      openfgaDatabaseUrl: null,
      cerbos: null,
      cerbosStandby: null,
      oidc: null,
      aliasClaim: "preferred_username",
      tokenMaxHours: 24,
      isDevelopmentIssuerOn: true,
      platformClient: null,
      secret: null,
      dnsServers: [],
      domains: { recheckMs: 24 * HOUR_MS, graceMs: 72 * HOUR_MS },
      timeouts: { decisionMs: 400, graphReadMs: 150, searchMs: 2000, changeMs: 5000, graphWaitMs: 200 },
      reconcileIntervalMs: 300_000,
      startTimeoutMs: 60_000,
      environment: {},
    });
  });

  test("and a variable that is set to nothing is not set", () => {
    expect(readConfig({ PORT: "", OIDC_ISSUER: "" })).toEqual(readConfig({}));
  });
});

describe("Each setting", () => {
  test.each<[Readonly<Record<string, string>>, Partial<Config>]>([
    [{ PORT: "0" }, { port: 0 }],
    [{ TOKEN_MAX_HOURS: "1" }, { tokenMaxHours: 1 }],
    [{ TOKEN_MAX_HOURS: "8760" }, { tokenMaxHours: 8760 }],
    [
      { PORT: "65535", HOST: "0.0.0.0" },
      { port: 65535, host: "0.0.0.0", publicUrl: "http://127.0.0.1:65535" },
    ],
    [{ HOST: "::1" }, { publicUrl: "http://[::1]:8080" }],
    [{ PUBLIC_URL: "https://authz.example.com/" }, { publicUrl: "https://authz.example.com" }],
    [{ STATE_DIR: "/tmp/state" }, { stateDir: "/tmp/state" }],
    [{ POLICIES_DIR: "/tmp/policies" }, { policiesDir: "/tmp/policies" }],
    [{ HOST_POLICIES: "/tmp/a, here/b" }, { hostPolicies: ["/tmp/a", path.resolve("here/b")] }],
    [{ LOG_LEVEL: "silent" }, { logLevel: "silent" }],
    [
      { CORS_ORIGINS: "https://a.example.com, http://localhost:3000" },
      { corsOrigins: ["https://a.example.com", "http://localhost:3000"] },
    ],
    [{ METRICS_TOKEN: SECRET }, { metricsToken: SECRET }],
    [{ ...OIDC, NODE_ENV: "production", BAILIWICK_SECRET: SECRET }, { metricsToken: null }],
    [{ DRAIN_DELAY_MS: "0" }, { drainDelayMs: 0 }],
    [{ DATABASE_URL: "postgres://u:p@db/x?sslmode=require" }, { databaseUrl: "postgres://u:p@db/x?sslmode=require" }],
    [
      { OPENFGA_API_URL: "http://fga:8080/" },
      { openfga: { apiUrl: "http://fga:8080", presharedKey: null, storeId: null, modelId: null } },
    ],
    [
      { OPENFGA_API_URL: "http://f", OPENFGA_PRESHARED_KEY: "k", OPENFGA_STORE_ID: "s", OPENFGA_MODEL_ID: "m" },
      { openfga: { apiUrl: "http://f", presharedKey: "k", storeId: "s", modelId: "m" } },
    ],
    [{ POLICIES_WATCH: "false" }, { watchesPolicies: false }],
    [{ CERBOS_TARGET: "cerbos:3593" }, { cerbos: { target: "cerbos:3593", tls: false } }],
    [
      { CERBOS_TARGET: "cerbos:3593", CERBOS_STANDBY_TARGET: "unix:/run/c.sock" },
      { cerbos: { target: "cerbos:3593", tls: false }, cerbosStandby: "unix:/run/c.sock" },
    ],
    [{ CERBOS_TARGET: "unix:/run/c.sock", CERBOS_TLS: "true" }, { cerbos: { target: "unix:/run/c.sock", tls: true } }],
    [
      OIDC,
      {
        oidc: { issuer: "https://id.example.com/", audience: "bailiwick", jwksUrl: null },
        isDevelopmentIssuerOn: false,
      },
    ],
    [{ ...OIDC, DEVELOPMENT_ISSUER: "true" }, { isDevelopmentIssuerOn: true }],
    [
      { ...OIDC, PLATFORM_CLIENT: "ops:client:ops" },
      { platformClient: { issuer: OIDC.OIDC_ISSUER, clientId: "ops", subject: "client:ops" } },
    ],
    [
      { PLATFORM_CLIENT: '{"issuer":"urn:bailiwick:development","clientId":"a:b","subject":"s"}' },
      { platformClient: { issuer: "urn:bailiwick:development", clientId: "a:b", subject: "s" } },
    ],
    [PRODUCTION, { isProduction: true, secret: SECRET, isDevelopmentIssuerOn: false }],
    [
      { GRAPH_WAIT_MS: "0" },
      { timeouts: { decisionMs: 400, graphReadMs: 150, searchMs: 2000, changeMs: 5000, graphWaitMs: 0 } },
    ],
  ])("%j is understood", (environment, expected) => {
    expect(readConfig(environment)).toMatchObject(expected);
  });

  test("an address of keys may have a query", () => {
    const { oidc } = readConfig({ ...OIDC, OIDC_JWKS_URL: "https://id.example.com/keys?v=2" });
    expect(oidc?.jwksUrl?.href).toBe("https://id.example.com/keys?v=2");
  });

  test.each<[string, string]>([
    ["PORT", "65536"],
    ["PORT", "80a"],
    ["PORT", "-1"],
    ["HOST", "a b"],
    ["NODE_ENV", "prod"],
    ["PUBLIC_URL", "https://authz.example.com/path"],
    ["PUBLIC_URL", "ftp://authz.example.com"],
    ["PUBLIC_URL", "authz.example.com"],
    ["LOG_LEVEL", "verbose"],
    ["DATABASE_URL", "mysql://db/x"],
    ["DATABASE_URL", "db"],
    ["OPENFGA_API_URL", "fga:8080"],
    ["CERBOS_TARGET", "http://cerbos:3593"],
    ["DEVELOPMENT_ISSUER", "yes"],
    ["CORS_ORIGINS", "https://portal.example.com/"],
    ["CORS_ORIGINS", "*"],
    ["METRICS_TOKEN", "too-short"],
    ["RATE_CALLER_CHANGES", "-1"],
    ["DRAIN_DELAY_MS", "soon"],
    ["DECISION_TIMEOUT_MS", "0"],
    ["DECISION_TIMEOUT_MS", "1e3"],
    ["CHANGE_TIMEOUT_MS", "86400001"],
    ["RECONCILE_INTERVAL_MS", "999"],
    ["START_TIMEOUT_MS", "0"],
    ["PLATFORM_CLIENT", '{"issuer":"x"}'],
  ])("%s=%s is refused by name", (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name}: expected `))]);
  });

  test.each([["http://id.example.com"], ["https://id.example.com?x=1"], ["id.example.com"]])(
    "an issuer at %s is refused",
    (issuer) => expect(problemsOf({ ...OIDC, OIDC_ISSUER: issuer })).toHaveLength(1),
  );

  test("what was set is never repeated: it may hold a password", () => {
    expect(problemsOf({ DATABASE_URL: "mysql://user:hunter2@db/x" }).join()).not.toMatch(/hunter2/);
  });

  test("an issuer on this machine needs no TLS", () => {
    expect(problemsOf({ ...OIDC, OIDC_ISSUER: "http://127.0.0.1:9000" })).toEqual([]);
  });
});

describe("The secret", () => {
  test.each([
    ["too short", SECRET.slice(1)],
    ["one character", "x".repeat(64)],
    ["a pattern that repeats itself", "abcdefgh".repeat(4)],
    ["few characters", "abababbbabababaaabababbbabaabababa"],
    ["a well-known word", `${SECRET}-changeme`],
    ["another", `My-Secret-${SECRET}`],
  ])("is refused when it is %s", (_what, secret) => {
    const problems = problemsOf({ BAILIWICK_SECRET: secret });
    expect(problems).toEqual([expect.stringMatching(/^BAILIWICK_SECRET: expected at least 32 characters/)]);
    expect(problems.join()).not.toContain(secret);
  });

  test("of 32 characters at random is accepted", () => {
    expect(readConfig({ BAILIWICK_SECRET: SECRET }).secret).toBe(SECRET);
  });
});

describe("What does not go together", () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    ["OIDC_ISSUER", { OIDC_ISSUER: "https://id.example.com" }],
    ["OIDC_AUDIENCE", { OIDC_AUDIENCE: "a" }],
    ["OIDC_JWKS_URL", { OIDC_JWKS_URL: "https://id.example.com/keys" }],
    ["OPENFGA_STORE_ID", { OPENFGA_STORE_ID: "s" }],
    ["OPENFGA_PRESHARED_KEY", { OPENFGA_PRESHARED_KEY: "k" }],
    ["OPENFGA_MODEL_ID", { OPENFGA_API_URL: "http://f", OPENFGA_MODEL_ID: "m" }],
    ["OPENFGA_DATABASE_URL", { OPENFGA_DATABASE_URL: "postgres://db/x" }],
    [
      "OPENFGA_DATABASE_URL",
      { DATABASE_URL: "postgres://db/x", OPENFGA_DATABASE_URL: "postgres://db/y", OPENFGA_API_URL: "http://f" },
    ],
    ["CERBOS_TLS", { CERBOS_TLS: "true" }],
    ["CERBOS_STANDBY_TARGET", { CERBOS_STANDBY_TARGET: "cerbos:3593" }],
    ["DEVELOPMENT_ISSUER", { DEVELOPMENT_ISSUER: "false" }],
    ["DEVELOPMENT_ISSUER", { ...PRODUCTION, DEVELOPMENT_ISSUER: "true" }],
    ["OIDC_ISSUER", { NODE_ENV: "production", BAILIWICK_SECRET: SECRET }],
    ["BAILIWICK_SECRET", { NODE_ENV: "production", ...OIDC }],
    ["PLATFORM_CLIENT", { PLATFORM_CLIENT: "ops:ops" }],
    ["PLATFORM_CLIENT", { ...OIDC, PLATFORM_CLIENT: '{"issuer":"urn:x","clientId":"a","subject":"b"}' }],
    [
      "PLATFORM_CLIENT",
      { ...OIDC, PLATFORM_CLIENT: '{"issuer":"urn:bailiwick:development","clientId":"a","subject":"b"}' },
    ],
    ["GRAPH_READ_TIMEOUT_MS", { GRAPH_READ_TIMEOUT_MS: "400" }],
  ])("%s is named for %j", (name, environment) => {
    expect(problemsOf(environment)).toEqual([expect.stringMatching(new RegExp(`^${name}: `))]);
  });

  test("every problem is told at once, one line each", () => {
    const environment = { PORT: "x", CERBOS_TLS: "true", DEVELOPMENT_ISUER: "true", LOG_LEVEL: "loud" };
    expect(problemsOf(environment)).toHaveLength(4);
    expect(() => readConfig(environment)).toThrow(/PORT: [\s\S]*\n.*LOG_LEVEL: /);
  });
});

test("a name that looks like a setting and is none is refused, names of others are not", () => {
  expect(problemsOf({ OPENFGA_API_URI: "http://f" })).toEqual(["OPENFGA_API_URI: is no setting; OPENFGA_API_URL is"]);
  expect(problemsOf({ DATABASE_URLS: "x", PUBLIC_URI: "y" })).toHaveLength(2);
  expect(problemsOf({ HOSTS: "x", SHELL: "y", OPENFGA_PORT: "tcp://10.0.0.1:80", npm_config_x: "z" })).toEqual([]);
});

test("programs that we start see the rest of the environment, and none of our settings", () => {
  const { environment } = readConfig({
    PATH: "/bin",
    HOME: "/root",
    BAILIWICK_SECRET: SECRET,
    DATABASE_URL: "postgres://db/x",
  });
  expect(environment).toEqual({ PATH: "/bin", HOME: "/root" });
});
