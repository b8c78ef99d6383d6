import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { decodeJwt } from "jose";
import { createAuthenticator, type Authenticate } from "../../src/http/authenticate.ts";
import { loadDevelopmentIssuer } from "../../src/local/issuer.ts";
import { parseTokenCommand } from "../../src/local/token.ts";

const directory = mkdtempSync(path.join(tmpdir(), "bailiwick-token-"));
afterAll(() => rmSync(directory, { recursive: true }));

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as `npm run token` does. */
async function token(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const file = path.join(import.meta.dirname, "../../src/local/token.ts");
  const env = { PATH: process.env["PATH"], STATE_DIR: directory, ...environment };
  return await new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { env }, (error, stdout, stderr) => {
      resolve({ status: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

describe("npm run token", () => {
  let authenticate: Authenticate;
  beforeAll(async () => {
    const { issuer, audience, publicJwks } = await loadDevelopmentIssuer(directory);
    authenticate = createAuthenticator({
      tokenMaxHours: 24,
      issuers: [{ issuer, audience, jwks: publicJwks, aliasClaim: "preferred_username", development: true }],
    });
  });

  test("prints the token and nothing else, and the gateway of this machine takes it for the person", async () => {
    const { status, stdout, stderr } = await token(["alice"]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(await authenticate(`Bearer ${stdout.trim()}`)).toMatchObject({
      subject: "alice",
      aliasHint: "alice",
      clientId: null,
      development: null,
    });
  });

  test("names a service with its scopes and organizations", async () => {
    const args = ["--service", "shop", "--scope", "authz:evaluate", "--scope", "authz:search"];
    const { stdout } = await token([...args, "--organization", "acme", "--expires", "60"]);
    expect(await authenticate(`Bearer ${stdout.trim()}`)).toMatchObject({
      subject: "client:shop",
      clientId: "shop",
      scopes: ["authz:evaluate", "authz:search"],
      development: { organizations: ["acme"] },
    });
    const { iat = 0, exp = 0 } = decodeJwt(stdout.trim());
    expect(exp - iat).toBe(60);
  });

  test("wrong arguments are one line on stderr and status 2", async () => {
    const { status, stdout, stderr } = await token(["--bogus"]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^token: .*'--bogus'.*\n$/);
  });

  test("refuses under NODE_ENV=production, complete settings or not", async () => {
    const oidc = { OIDC_ISSUER: "https://id.example.com", OIDC_AUDIENCE: "a" };
    const settings = { NODE_ENV: "production", BAILIWICK_SECRET: "q3Jx0vK8bT1mZ5nR7wY2cL9dF4gH6sAp", ...oidc };
    for (const environment of [settings, { NODE_ENV: "production" }]) {
      const { status, stdout, stderr } = await token(["alice"], environment);
      expect([status, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(/^token: /);
    }
  });
});

describe("The arguments", () => {
  const help = parseTokenCommand(["--help"]);
  test("--help explains", () => expect(help).toMatchObject({ kind: "help", text: expect.stringContaining("--scope") }));

  test.each<[string, readonly string[]]>([
    ["nobody", []],
    ["two people", ["alice", "bob"]],
    ["a person and a service", ["alice", "--service", "shop", "--scope", "authz:evaluate"]],
    ["a name in upper case", ["Alice"]],
    ["a name of two characters", ["al"]],
    ["a name that would be a service's", ["client:shop"]],
    ["a service without a scope", ["--service", "shop"]],
    ["an unknown scope", ["--service", "shop", "--scope", "everything"]],
    ["a bad slug", ["--service", "shop", "--scope", "authz:evaluate", "--organization", "Acme"]],
    ["a scope for a person", ["alice", "--scope", "authz:evaluate"]],
    ["an organization for a person", ["alice", "--organization", "acme"]],
    ["no time", ["alice", "--expires", "0"]],
    ["more than a year", ["alice", "--expires", "31536001"]],
    ["words for a time", ["alice", "--expires", "1h"]],
    ["an option without its value", ["--service"]],
  ])("%s is refused in one line", (_what, args) => {
    expect(parseTokenCommand(args)).toEqual({ kind: "wrong", message: expect.stringMatching(/^token: [^\n]+$/) });
  });
});

describe("A token for longer than the gateway takes", () => {
  test("is not made, and the setting is named; one second less is", async () => {
    const longest = { TOKEN_MAX_HOURS: "1" };
    const { status, stdout, stderr } = await token(["alice", "--expires", "3601"], longest);
    expect([status, stdout, stderr]).toEqual([2, "", expect.stringMatching(/^token: [^\n]*TOKEN_MAX_HOURS\n$/)]);
    expect((await token(["alice", "--expires", "3600"], longest)).status).toBe(0);
  });
});

describe("The issuer's key", () => {
  test("is made once, by whoever comes first, and is readable by its owner only", async () => {
    const fresh = mkdtempSync(path.join(directory, "fresh-"));
    const [one, other] = await Promise.all([loadDevelopmentIssuer(fresh), loadDevelopmentIssuer(fresh)]);
    expect(one.publicJwks).toEqual(other.publicJwks);
    expect((await loadDevelopmentIssuer(fresh)).publicJwks).toEqual(one.publicJwks);
    expect(statSync(path.join(fresh, "issuer.json")).mode & 0o777).toBe(0o600);
  });

  test("is public without its private members", async () => {
    const { publicJwks } = await loadDevelopmentIssuer(directory);
    expect(publicJwks.keys.map((key) => Object.keys(key).sort())).toEqual([["alg", "e", "kid", "kty", "n", "use"]]);
  });

  test("of a damaged file is an error that names the file", async () => {
    const damaged = mkdtempSync(path.join(directory, "damaged-"));
    writeFileSync(path.join(damaged, "issuer.json"), "{}");
    await expect(loadDevelopmentIssuer(damaged)).rejects.toThrow(path.join(damaged, "issuer.json"));
  });
});
