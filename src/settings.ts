import { z } from "zod";

/** What each setting must be. Messages say what is expected and never what was set, which may be a secret. */

const MOST_MS = 24 * 60 * 60 * 1000;

function text(isFit: (value: string) => boolean, expected: string): z.ZodString {
  return z.string().refine(isFit, `expected ${expected}`);
}

function wholeNumber(least: number, most: number): z.ZodType<number> {
  const isFit = (value: string): boolean => /^[0-9]{1,9}$/.test(value) && +value >= least && +value <= most;
  return text(isFit, `a whole number from ${least} to ${most}`).transform(Number);
}

const perMinute = wholeNumber(0, 100_000_000);
const milliseconds = wholeNumber(1, MOST_MS);
const boolean = z.enum(["true", "false"], "expected true or false").transform((value) => value === "true");
const nonEmpty = text((value) => value.trim() === value, "no white space at the beginning or the end");

function url(isFit: (url: URL) => boolean, expected: string): z.ZodString {
  return text((value) => {
    const parsed = URL.parse(value);
    return parsed !== null && parsed.search === "" && parsed.hash === "" && isFit(parsed);
  }, expected);
}

const isLoopback = ({ hostname }: URL): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
const isHttp = ({ protocol }: URL): boolean => protocol === "http:" || protocol === "https:";
/** Keys that came over a line that others can write to prove nothing. */
const isTrustworthy = (parsed: URL): boolean => parsed.protocol === "https:" || (isHttp(parsed) && isLoopback(parsed));
const isBare = ({ username, password }: URL): boolean => username === "" && password === "";

function isOrigin(value: string): boolean {
  const parsed = URL.parse(value.trim());
  return parsed !== null && isHttp(parsed) && parsed.origin === value.trim();
}

const WELL_KNOWN = /secret|changeme|change-me|password|example|default|bailiwick/i;

/** 32 characters that somebody has drawn at random; what people make up is refused as far as it can be recognized. */
function isStrongSecret(secret: string): boolean {
  const repeatsItself = `${secret}${secret}`.indexOf(secret, 1) < secret.length;
  return secret.length >= 32 && new Set(secret).size >= 8 && !repeatsItself && !WELL_KNOWN.test(secret);
}

const platformClientJson = z.strictObject({
  issuer: z.string().min(1),
  clientId: z.string().min(1),
  subject: z.string().min(1),
});

/** `<client_id>:<sub>`, of OIDC_ISSUER; a client id with a colon needs the JSON form. */
const platformClient = z.string().transform((value, context) => {
  const [, clientId = "", subject = ""] = /^([^:{]+):(.+)$/.exec(value) ?? [];
  if (clientId !== "") return { issuer: null, clientId, subject };
  try {
    return platformClientJson.parse(JSON.parse(value));
  } catch {
    context.addIssue('expected <client_id>:<sub>, or JSON {"issuer":…,"clientId":…,"subject":…}');
    return z.NEVER;
  }
});

const databaseUrl = text((value) => /^postgres(ql)?:$/.test(URL.parse(value)?.protocol ?? ""), "postgres://…");

export const settings = z.object({
  NODE_ENV: z.enum(["development", "production", "test"], "expected development, production or test").optional(),
  PORT: wholeNumber(0, 65_535).default(8080),
  HOST: text((value) => /^[0-9A-Za-z.:_-]{1,255}$/.test(value), "a host name or an address").default("127.0.0.1"),
  PUBLIC_URL: url(
    (parsed) => isHttp(parsed) && isBare(parsed) && parsed.pathname === "/",
    "an origin such as https://authz.example.com",
  ).optional(),
  CORS_ORIGINS: text(
    (value) => value === "" || value.split(",").every(isOrigin),
    "origins, by commas: https://portal.example.com",
  ).default(""),
  METRICS_TOKEN: text(isStrongSecret, "at least 32 characters drawn at random: openssl rand -base64 32").optional(),
  RATE_CALLER_QUESTIONS: perMinute.default(120_000),
  RATE_CALLER_CHANGES: perMinute.default(1_200),
  RATE_ORGANIZATION_QUESTIONS: perMinute.default(240_000),
  RATE_ORGANIZATION_CHANGES: perMinute.default(2_400),
  DRAIN_DELAY_MS: wholeNumber(0, 600_000).default(2_000),
  STATE_DIR: nonEmpty.optional(),
  POLICIES_DIR: nonEmpty.optional(),
  LOG_LEVEL: z
    .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"], "expected trace … fatal, or silent")
    .default("info"),
  DATABASE_URL: databaseUrl.optional(),
  OPENFGA_API_URL: url((parsed) => isHttp(parsed) && isBare(parsed), "http://… or https://…").optional(),
  OPENFGA_PRESHARED_KEY: nonEmpty.optional(),
  OPENFGA_STORE_ID: nonEmpty.optional(),
  OPENFGA_MODEL_ID: nonEmpty.optional(),
  OPENFGA_DATABASE_URL: databaseUrl.optional(),
  CERBOS_TARGET: text((value) => /^(unix:.+|[^\s/]+:[0-9]{1,5})$/.test(value), "host:port or unix:path").optional(),
  CERBOS_TLS: boolean.default(false),
  OIDC_ISSUER: url(isTrustworthy, "an https:// address (http:// on this machine only)").optional(),
  OIDC_AUDIENCE: nonEmpty.optional(),
  OIDC_JWKS_URL: text((value) => {
    const parsed = URL.parse(value);
    return parsed !== null && isTrustworthy(parsed);
  }, "an https:// address (http:// on this machine only)").optional(),
  ALIAS_CLAIM: nonEmpty.default("preferred_username"),
  DEVELOPMENT_ISSUER: boolean.optional(),
  PLATFORM_CLIENT: platformClient.optional(),
  BAILIWICK_SECRET: text(isStrongSecret, "at least 32 characters drawn at random: openssl rand -base64 32").optional(),
  DECISION_TIMEOUT_MS: milliseconds.default(400),
  GRAPH_READ_TIMEOUT_MS: milliseconds.default(150),
  CHANGE_TIMEOUT_MS: milliseconds.default(5_000),
  GRAPH_WAIT_MS: wholeNumber(0, MOST_MS).default(200),
  RECONCILE_INTERVAL_MS: wholeNumber(1_000, MOST_MS).default(300_000),
});
export type Settings = z.output<typeof settings>;
export type SettingName = keyof Settings;

const LONG_ENOUGH = 8; // Shorter names of other programs are close to ours by chance.

/** Names that look like ours, and are not: of a setting that is misspelt nobody would notice that it does nothing. */
export function misspelt(names: readonly string[]): string[] {
  const known = Object.keys(settings.shape);
  return names
    .filter((name) => name.length >= LONG_ENOUGH && !known.includes(name))
    .flatMap((name) => {
      const meant = known.find((candidate) => distance(name, candidate) <= 2);
      return meant === undefined ? [] : [`${name}: is no setting; ${meant} is`];
    });
}

/** How many letters to add, leave out or replace to make one word of the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [index, letter] of Array.from(a).entries()) {
    const next = [index + 1];
    for (const [column, other] of Array.from(b).entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
