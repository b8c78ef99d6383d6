import { afterAll, describe, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readConfig } from "../../src/config.ts";
import { problemsOf } from "../support/settings.ts";

const SECRET = "q3Jx0vK8bT1mZ5nR7wY2cL9dF4gH6sAp";
const OIDC = { OIDC_ISSUER: "https://id.example.com/", OIDC_AUDIENCE: "bailiwick" };

describe("A secret from a file", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "bailiwick-config-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  function fileWith(content: string): string {
    const file = path.join(directory, `secret-${Math.random().toString(36).slice(2)}`);
    writeFileSync(file, content);
    return file;
  }
  const URL_WITH_PASSWORD = "postgres://u:p@db/x";

  test("stands for the setting itself, for each that can hold one", () => {
    const config = readConfig({
      ...OIDC,
      NODE_ENV: "production",
      BAILIWICK_SECRET_FILE: fileWith(SECRET),
      DATABASE_URL_FILE: fileWith(URL_WITH_PASSWORD),
      OPENFGA_API_URL: "http://f",
      OPENFGA_PRESHARED_KEY_FILE: fileWith("k"),
    });
    expect(config).toMatchObject({ secret: SECRET, databaseUrl: URL_WITH_PASSWORD, openfga: { presharedKey: "k" } });
    const beside = readConfig({
      DATABASE_URL: URL_WITH_PASSWORD,
      OPENFGA_DATABASE_URL_FILE: fileWith("postgres://u:p@db/y"),
    });
    expect(beside.openfgaDatabaseUrl).toBe("postgres://u:p@db/y");
  });

  test.each([
    ["k\n", "k"],
    ["k\r\n", "k"],
  ])("loses the newline at its end: %j", (content, key) => {
    const environment = { OPENFGA_API_URL: "http://f", OPENFGA_PRESHARED_KEY_FILE: fileWith(content) };
    expect(readConfig(environment).openfga?.presharedKey).toBe(key);
  });

  test("loses no more than one: a second newline is the secret's, and refused as such", () => {
    expect(problemsOf({ OPENFGA_API_URL: "http://f", OPENFGA_PRESHARED_KEY_FILE: fileWith("k\n\n") })).toEqual([
      expect.stringMatching(/^OPENFGA_PRESHARED_KEY: expected a text without white space/),
    ]);
  });

  test("and the setting itself contradict each other, even when they agree", () => {
    expect(problemsOf({ BAILIWICK_SECRET: SECRET, BAILIWICK_SECRET_FILE: fileWith(SECRET) })).toEqual([
      "BAILIWICK_SECRET_FILE: BAILIWICK_SECRET is set as well; set one of the two",
    ]);
  });

  test.each<[string, () => string, RegExp]>([
    ["is not there", () => path.join(directory, "nowhere"), /: the file cannot be read: there is no such file$/],
    ["is a folder", () => directory, /: the file cannot be read: it is a folder$/],
    ["is empty", () => fileWith("\n"), /: the file is empty$/],
  ])("that %s is one line, and not beside it a setting that is missing", (_what, file, problem) => {
    expect(problemsOf({ NODE_ENV: "production", ...OIDC, BAILIWICK_SECRET_FILE: file() })).toEqual([
      expect.stringMatching(new RegExp(`^BAILIWICK_SECRET_FILE${problem.source}`)),
    ]);
  });

  test("that is no good is refused by the setting's name, and is not repeated", () => {
    const problems = problemsOf({ DATABASE_URL_FILE: fileWith("mysql://user:hunter2@db/x") });
    expect(problems).toEqual([expect.stringMatching(/^DATABASE_URL: expected /)]);
    expect(problems.join()).not.toMatch(/hunter2/);
  });

  test("is for secrets only, and its name must be right", () => {
    expect(problemsOf({ OIDC_ISSUER_FILE: "/x", DATABASE_URL_FIL: "/x", PORT_FILE: "/x" })).toEqual([
      "OIDC_ISSUER_FILE: is no setting; OIDC_ISSUER is",
      "DATABASE_URL_FIL: is no setting; DATABASE_URL_FILE is",
    ]);
  });

  test("reaches no program that we start", () => {
    const file = fileWith(SECRET);
    expect(readConfig({ PATH: "/bin", BAILIWICK_SECRET_FILE: file }).environment).toEqual({ PATH: "/bin" });
  });
});
