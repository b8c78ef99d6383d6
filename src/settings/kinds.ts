import { z } from "zod";

/** What settings can be. Messages say what is expected and never what was set, which may be a secret. */

const MOST_MS = 24 * 60 * 60 * 1000;

export function text(isFit: (value: string) => boolean, expected: string): z.ZodString {
  return z.string().refine(isFit, `expected ${expected}`);
}

export function wholeNumber(least: number, most: number): z.ZodType<number> {
  const isFit = (value: string): boolean => /^[0-9]{1,9}$/.test(value) && +value >= least && +value <= most;
  return text(isFit, `a whole number from ${least} to ${most}`).transform(Number);
}

export function milliseconds(least = 1): z.ZodType<number> {
  return wholeNumber(least, MOST_MS);
}

export const boolean = z.enum(["true", "false"], "expected true or false").transform((value) => value === "true");

const isTrimmed = (value: string): boolean => value.trim() === value;
export const nonEmpty = text(isTrimmed, "a text without white space at its ends");

export const folders = text(
  (value) => isTrimmed(value) && value.split(",").every((folder) => folder.trim() !== ""),
  "folders, by commas",
);

export function url(isFit: (url: URL) => boolean, expected: string): z.ZodString {
  return text((value) => {
    const parsed = URL.parse(value);
    return parsed !== null && parsed.search === "" && parsed.hash === "" && isFit(parsed);
  }, expected);
}

const isLoopback = ({ hostname }: URL): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
export const isHttp = ({ protocol }: URL): boolean => protocol === "http:" || protocol === "https:";
/** Keys that came over a line that others can write to prove nothing. */
export const isTrustworthy = (parsed: URL): boolean =>
  parsed.protocol === "https:" || (isHttp(parsed) && isLoopback(parsed));

export function isOrigin(value: string): boolean {
  const parsed = URL.parse(value.trim());
  return parsed !== null && isHttp(parsed) && parsed.origin === value.trim();
}
export const isBare = ({ username, password }: URL): boolean => username === "" && password === "";

export const databaseUrl = text((value) => /^postgres(ql)?:$/.test(URL.parse(value)?.protocol ?? ""), "postgres://…");

const WELL_KNOWN = /secret|changeme|change-me|password|example|default|bailiwick/i;

/** 32 characters that somebody has drawn at random; what people make up is refused as far as it can be recognized. */
function isStrongSecret(secret: string): boolean {
  const repeatsItself = `${secret}${secret}`.indexOf(secret, 1) < secret.length;
  return secret.length >= 32 && new Set(secret).size >= 8 && !repeatsItself && !WELL_KNOWN.test(secret);
}

export const strongSecret = text(isStrongSecret, "at least 32 characters drawn at random: openssl rand -base64 32");

const platformClientJson = z.strictObject({
  issuer: z.string().min(1),
  clientId: z.string().min(1),
  subject: z.string().min(1),
});

/** `<client_id>:<sub>`, of OIDC_ISSUER; a client id with a colon needs the JSON form. */
export const platformClient = z.string().transform((value, context) => {
  const [, clientId = "", subject = ""] = /^([^:{]+):(.+)$/.exec(value) ?? [];
  if (clientId !== "") return { issuer: null, clientId, subject };
  try {
    return platformClientJson.parse(JSON.parse(value));
  } catch {
    context.addIssue('expected <client_id>:<sub>, or JSON {"issuer":…,"clientId":…,"subject":…}');
    return z.NEVER;
  }
});

const MASTER_KEY = /^([a-z0-9-]{1,20}):([A-Za-z0-9+/]{43}=)$/;

/** `<id>:<base64 of 32 bytes>`, by commas. */
export const masterKeys = z.string().transform((value, context) => {
  const found = value.split(",").flatMap((given) => {
    const [, id, text] = MASTER_KEY.exec(given.trim()) ?? [];
    return id === undefined || text === undefined ? [] : [{ id, secret: Buffer.from(text, "base64") }];
  });
  const isWhole = found.length === value.split(",").length;
  if (isWhole && new Set(found.map(({ id }) => id)).size === found.length) return found;
  context.addIssue(
    "expected <id>:<32 bytes in base64>, by commas, the newest first, each id once: k1:$(openssl rand -base64 32)",
  );
  return z.NEVER;
});
