import { parseArgs } from "node:util";
import { z } from "zod";
import { ConfigError, readConfig } from "../config.ts";
import { SCOPES } from "../entities/records.ts";
import { LocalEngineError } from "./error.ts";
import { loadDevelopmentIssuer, type DevelopmentClaims } from "./issuer.ts";

const HELP = `Prints an access token of the development issuer, and nothing else.

  npm run token -- alice
      a token of the person alice
  npm run token -- --service shop --scope authz:evaluate --organization acme
      a token of the service shop, which may ask about the organization acme

  --service <name>        a service instead of a person
  --scope <scope>         what the service may do; can be given several times:
                          ${SCOPES.join(" ")}
  --organization <slug>   where it may do so; can be given several times; everywhere when none is given
  --expires <seconds>     how long the token is valid: 1 to 31536000, and at most TOKEN_MAX_HOURS; default 3600
  --help                  this text
`;

const OPTIONS = {
  service: { type: "string" },
  scope: { type: "string", multiple: true },
  organization: { type: "string", multiple: true },
  expires: { type: "string" },
  help: { type: "boolean" },
} as const;

// People are known by their alias, which this name becomes: what is typed here is what can be typed elsewhere.
const person = z.string().regex(/^[a-z0-9-]{3,40}$/, "a person's name has 3 to 40 characters of a-z, 0-9 and -");
const service = z
  .string()
  .regex(/^[a-z0-9._-]{1,64}$/, "a service's name has 1 to 64 characters of a-z, 0-9, '.', _ and -");
const scope = z.enum(SCOPES, `a scope is one of ${SCOPES.join(", ")}`);
const organization = z.string().regex(/^[a-z0-9-]{1,100}$/, "an organization's slug has characters of a-z, 0-9 and -");
const expires = z
  .string()
  .regex(/^[1-9][0-9]{0,7}$/, "--expires is a number of seconds")
  .transform(Number)
  .refine((seconds) => seconds <= 31_536_000, "--expires is at most a year: 31536000");

export type TokenCommand =
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "token"; readonly token: DevelopmentClaims }
  | { readonly kind: "wrong"; readonly message: string };

/** What the arguments ask for. */
export function parseTokenCommand(args: readonly string[]): TokenCommand {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    if (values.help === true) return { kind: "help", text: HELP };
    const [name, ...more] = positionals;
    if (more.length > 0) return wrong("name one person");
    const expiresInSeconds = expires.parse(values.expires ?? "3600");
    if (values.service === undefined) {
      if (name === undefined) return wrong("name a person, or a service with --service");
      if (values.scope !== undefined || values.organization !== undefined) {
        return wrong("--scope and --organization are for services: add --service <name>");
      }
      return { kind: "token", token: personToken(person.parse(name), expiresInSeconds) };
    }
    if (name !== undefined) return wrong("name a person or a service, not both");
    if (values.scope === undefined) return wrong("say with --scope what the service may do");
    return { kind: "token", token: serviceToken(values, values.service, expiresInSeconds) };
  } catch (error) {
    if (error instanceof z.ZodError) return wrong(error.issues[0]?.message ?? "the arguments do not fit");
    if (isAboutArguments(error)) return wrong(error.message.split(". ", 1)[0] ?? "");
    throw error;
  }
}

/** parseArgs tells its errors by their codes. */
function isAboutArguments(error: unknown): error is { readonly message: string } {
  return isObject(error) && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS_") && "message" in error;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function wrong(message: string): TokenCommand {
  return { kind: "wrong", message: `token: ${message} (npm run token -- --help)` };
}

function personToken(name: string, expiresInSeconds: number): DevelopmentClaims {
  return { subject: name, claims: { preferred_username: name }, expiresInSeconds };
}

interface ServiceValues {
  readonly scope?: readonly string[] | undefined;
  readonly organization?: readonly string[] | undefined;
}

function serviceToken(values: ServiceValues, name: string, expiresInSeconds: number): DevelopmentClaims {
  const clientId = service.parse(name);
  const scopes = z.array(scope).parse(values.scope ?? []);
  const organizations = z.array(organization).parse(values.organization ?? []);
  return {
    subject: `client:${clientId}`,
    claims: { client_id: clientId, scope: scopes.join(" "), bailiwick_organizations: organizations },
    expiresInSeconds,
  };
}

/** Returns the exit status. */
async function run(args: readonly string[]): Promise<number> {
  const command = parseTokenCommand(args);
  if (command.kind === "help") {
    process.stdout.write(command.text);
    return 0;
  }
  if (command.kind === "wrong") {
    process.stderr.write(`${command.message}\n`);
    return 2;
  }
  const { isDevelopmentIssuerOn, stateDir, tokenMaxHours } = readConfig();
  if (!isDevelopmentIssuerOn) {
    process.stderr.write("token: the development issuer is off; use tokens of OIDC_ISSUER\n");
    return 1;
  }
  if ((command.token.expiresInSeconds ?? 0) > tokenMaxHours * 3600) {
    process.stderr.write(`token: the gateway takes none for more than ${tokenMaxHours} hours; set TOKEN_MAX_HOURS\n`);
    return 2;
  }
  const issuer = await loadDevelopmentIssuer(stateDir);
  process.stdout.write(`${await issuer.sign(command.token)}\n`);
  return 0;
}

if (import.meta.main) {
  try {
    process.exitCode = await run(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof LocalEngineError)) throw error;
    process.stderr.write(`token: ${error.message}\n`);
    process.exitCode = 1;
  }
}
