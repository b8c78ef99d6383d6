import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LocalEngineError } from "./error.ts";
import { tryLock } from "./lock.ts";
import { thisProcess, waitUntil } from "./process-mark.ts";
import { findOnPath, isProgram, runTool, type Environment } from "./tool.ts";

/** Fits the `tool` line of openfga/go.mod. */
export const OPENFGA_VERSION = "v1.22.1";
export const OPENFGA_IMAGE = `openfga/openfga:${OPENFGA_VERSION}`;

export type OpenfgaProgram =
  | { readonly kind: "binary"; readonly path: string }
  | { readonly kind: "container"; readonly docker: string; readonly image: string };

export interface FindOptions {
  /** Whole: Go needs HOME, its proxies and its caches. */
  readonly environment: Environment;
  readonly report: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A way to an OpenFGA that worked, or why it did not. */
type Attempt = { readonly program: OpenfgaProgram } | { readonly why: string };

const PACKAGE = "github.com/openfga/openfga";
const OLDEST_GO = 21; // The first Go that fetches a newer one for itself.
const NEEDED_GO = 26;
const TOOL_TIMEOUT_MS = 10_000;
const BUILD_TIMEOUT_MS = 30 * 60_000;
const PROGRESS_EVERY_MS = 15_000;
const LOOK_AT_LOCK_EVERY_MS = 500;

/** Finds OpenFGA of the pinned version: built earlier, on the PATH, built now, in Docker. Throws OPENFGA_MISSING, once for all ways. */
export async function findOpenfga(options: FindOptions): Promise<OpenfgaProgram> {
  const cached = join(cacheDir(options.environment), `openfga-${OPENFGA_VERSION}`);
  if (isProgram(cached) && (await versionOf(cached, options)) === OPENFGA_VERSION)
    return { kind: "binary", path: cached };
  const reasons: string[] = [];
  for (const way of [fromPath, fromGo, fromDocker]) {
    const attempt = await way(options, cached);
    if ("program" in attempt) return attempt.program;
    reasons.push(attempt.why);
  }
  throw missing(reasons);
}

function missing([path = "", go = "", docker = ""]: readonly string[]): LocalEngineError {
  return new LocalEngineError(
    "OPENFGA_MISSING",
    `OpenFGA ${OPENFGA_VERSION} is not on this machine. Any one of three ways gets it here:\n` +
      `  1. put the \`openfga\` of that version on the PATH (${path})\n` +
      `  2. install Go 1.${OLDEST_GO} or later, which builds it once (${go})\n` +
      `  3. start Docker, which runs ${OPENFGA_IMAGE} (${docker})\n` +
      `Or set OPENFGA_API_URL to a server of your own.`,
  );
}

async function fromPath(options: FindOptions): Promise<Attempt> {
  const path = findOnPath("openfga", options.environment);
  if (path === undefined) return { why: "there is none" };
  const version = await versionOf(path, options);
  if (version === OPENFGA_VERSION) return { program: { kind: "binary", path } };
  return { why: `${path} says ${version ?? "nothing that names a version"}` };
}

async function fromDocker(options: FindOptions): Promise<Attempt> {
  const docker = findOnPath("docker", options.environment);
  if (docker === undefined) return { why: "no `docker` on the PATH" };
  const info = await runTool(docker, ["info"], { ...options, timeoutMs: TOOL_TIMEOUT_MS });
  if (!info.succeeded) return { why: `\`docker info\` fails: ${lastLine(info.output)}` };
  return { program: { kind: "container", docker, image: OPENFGA_IMAGE } };
}

async function fromGo(options: FindOptions, target: string): Promise<Attempt> {
  const go = findOnPath("go", options.environment);
  if (go === undefined) return { why: "no `go` on the PATH" };
  const local = { ...options.environment, GOTOOLCHAIN: "local" };
  const version = await runTool(go, ["version"], { ...options, environment: local, timeoutMs: TOOL_TIMEOUT_MS });
  const minor = Number(/go1\.(\d+)/.exec(version.output)?.[1]);
  if (!version.succeeded || !(minor >= OLDEST_GO)) return { why: `${go} says ${lastLine(version.output)}` };
  mkdirSync(cacheDir(options.environment), { recursive: true });
  const release = await takeBuildLock(`${target}.lock`, options);
  if (release === undefined) return { why: "another build does not come to its end" };
  try {
    if (isProgram(target)) return { program: { kind: "binary", path: target } }; // Built while we waited.
    return await build(go, minor >= NEEDED_GO ? "local" : "auto", options, target);
  } finally {
    release();
  }
}

/** Two builds at once would each take twice as long. Undefined when the other one does not come to its end. */
async function takeBuildLock(path: string, { report, signal }: FindOptions): Promise<(() => void) | undefined> {
  const seen: { release?: () => void; other?: number } = {};
  const attempt = (): boolean => {
    const lock = tryLock(path, thisProcess());
    if (lock.taken) seen.release = lock.release;
    else if (seen.other === undefined) {
      seen.other = lock.by.holder.pid;
      report(`OpenFGA ${OPENFGA_VERSION} is being built by process ${seen.other}; waiting for it`);
    }
    return lock.taken;
  };
  await waitUntil(attempt, { timeoutMs: BUILD_TIMEOUT_MS, everyMs: LOOK_AT_LOCK_EVERY_MS, signal });
  return seen.release;
}

async function build(go: string, toolchain: "local" | "auto", options: FindOptions, target: string): Promise<Attempt> {
  const { report, signal } = options;
  const draft = `${target}.${process.pid}.draft`;
  removeDrafts(options);
  report(`Building OpenFGA ${OPENFGA_VERSION} from source with ${go}: about 2½ minutes, once`);
  const start = performance.now();
  const seconds = (): number => Math.round((performance.now() - start) / 1_000);
  const progress = setInterval(() => report(`… still building OpenFGA (${seconds()} s)`), PROGRESS_EVERY_MS);
  const stamp = `-s -w -X ${PACKAGE}/internal/build.Version=${OPENFGA_VERSION}`;
  const args = ["build", "-mod=readonly", "-trimpath", "-ldflags", stamp, "-o", draft, `${PACKAGE}/cmd/openfga`];
  try {
    const result = await runTool(go, args, {
      environment: { ...options.environment, CGO_ENABLED: "0", GOTOOLCHAIN: toolchain, GOWORK: "off" },
      cwd: fileURLToPath(new URL("./openfga", import.meta.url)),
      timeoutMs: BUILD_TIMEOUT_MS,
      signal,
    });
    if (!result.succeeded) return { why: `\`go build\` fails: ${result.output}` };
    renameSync(draft, target);
    report(`OpenFGA ${OPENFGA_VERSION} is built (${seconds()} s) and kept as ${target}`);
    return { program: { kind: "binary", path: target } };
  } finally {
    clearInterval(progress);
    rmSync(draft, { force: true });
  }
}

/** What a killed build has left behind; nobody else builds while the lock is ours. */
function removeDrafts({ environment }: FindOptions): void {
  const folder = cacheDir(environment);
  const prefix = `openfga-${OPENFGA_VERSION}.`;
  const drafts = readdirSync(folder).filter(
    (name) => name.startsWith(prefix) && /^\d+\.draft$/.test(name.slice(prefix.length)),
  );
  for (const name of drafts) rmSync(join(folder, name), { force: true });
}

/** `openfga version` prints "OpenFGA version `v1.22.1` build from …". */
async function versionOf(path: string, options: FindOptions): Promise<string | undefined> {
  const result = await runTool(path, ["version"], { ...options, timeoutMs: TOOL_TIMEOUT_MS });
  const version = /OpenFGA version `?(v?\d[^\s`]*)/.exec(result.output)?.[1];
  return version === undefined || version.startsWith("v") ? version : `v${version}`;
}

/** What is made once for a machine and kept outside of every source tree. */
export function cacheDir({ XDG_CACHE_HOME, HOME }: Environment): string {
  const home = HOME ?? homedir();
  const base = process.platform === "darwin" ? join(home, "Library", "Caches") : join(home, ".cache");
  return join(XDG_CACHE_HOME ?? base, "bailiwick");
}

function lastLine(output: string): string {
  return output.split("\n").at(-1) ?? "";
}
