import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findOpenfga, OPENFGA_IMAGE, OPENFGA_VERSION, type OpenfgaProgram } from "../../src/local/openfga-binary.ts";
import { folderWithProgram, newStateDir, removeStateDir } from "../support/engine-processes.ts";

let folder: string;
let lines: string[];

beforeEach(() => {
  folder = newStateDir();
  lines = [];
});

afterEach(() => removeStateDir(folder));

const SAYS = (version: string): string =>
  `echo "2026/11/20 OpenFGA version \\\`${version}\\\` build from \\\`none\\\`" >&2`;

/** Looks with these folders as the whole PATH, and a cache of its own. */
async function find(...path: readonly string[]): Promise<OpenfgaProgram> {
  const environment = { PATH: path.join(":"), XDG_CACHE_HOME: join(folder, "cache"), HOME: folder };
  return await findOpenfga({ environment, report: (line) => lines.push(line) });
}

function cached(): string {
  return join(folder, "cache", "bailiwick", `openfga-${OPENFGA_VERSION}`);
}

/** A Go that says its version and "builds" the script that `-o` asks for. */
function fakeGo(version: string, build: string): string {
  return folderWithProgram(
    folder,
    "go",
    `PATH=/usr/bin:/bin
if [ "$1" = version ]; then echo "go version ${version} linux/amd64"; exit 0; fi
while [ "$1" != -o ]; do shift; done
echo "$GOTOOLCHAIN $CGO_ENABLED" >> ${join(folder, "builds")}
${build}`,
  );
}

const BUILDS = `printf '#!/bin/sh\\n%s\\n' '${SAYS(OPENFGA_VERSION)}' > "$2"; chmod +x "$2"`;

test("the cached build comes first", async () => {
  mkdirSync(join(folder, "cache", "bailiwick"), { recursive: true });
  writeFileSync(cached(), `#!/bin/sh\n${SAYS(OPENFGA_VERSION)}\n`, { mode: 0o755 });
  const onPath = folderWithProgram(folder, "openfga", SAYS(OPENFGA_VERSION));
  expect(await find(onPath)).toEqual({ kind: "binary", path: cached() });
});

test("an openfga on the PATH serves when it says the pinned version, with or without its v", async () => {
  for (const version of [OPENFGA_VERSION, OPENFGA_VERSION.slice(1)]) {
    const onPath = folderWithProgram(folder, "openfga", SAYS(version));
    expect(await find(onPath)).toEqual({ kind: "binary", path: join(onPath, "openfga") });
  }
});

test("one of another version does not, and the error says which it is", async () => {
  const onPath = folderWithProgram(folder, "openfga", SAYS("v1.22.0"));
  await expect(find(onPath)).rejects.toMatchObject({
    code: "OPENFGA_MISSING",
    message: expect.stringContaining(`${join(onPath, "openfga")} says v1.22.0`),
  });
});

test("Go builds it once, says so, and leaves nothing but the binary", async () => {
  const go = fakeGo("go1.26.8", BUILDS);
  expect(await find(go)).toEqual({ kind: "binary", path: cached() });
  expect(await find(go)).toEqual({ kind: "binary", path: cached() });
  expect(readFileSync(join(folder, "builds"), "utf8")).toBe("local 0\n");
  expect(lines[0]).toMatch(/Building OpenFGA v1\.22\.1 .*about 2½ minutes, once/);
  expect(readdirSync(join(folder, "cache", "bailiwick"))).toEqual([`openfga-${OPENFGA_VERSION}`]);
});

test("an older Go fetches the newer one; one that cannot is passed over", async () => {
  await find(fakeGo("go1.21.0", BUILDS));
  expect(readFileSync(join(folder, "builds"), "utf8")).toBe("auto 0\n");
  removeStateDir(join(folder, "cache"));
  await expect(find(fakeGo("go1.20.14", BUILDS))).rejects.toMatchObject({ code: "OPENFGA_MISSING" });
});

test("two that start at once build once; drafts of a killed build are removed", async () => {
  mkdirSync(join(folder, "cache", "bailiwick"), { recursive: true });
  writeFileSync(`${cached()}.99999999.draft`, "half a binary");
  const go = fakeGo("go1.26.8", BUILDS);
  const found = await Promise.all([find(go), find(go), find(go)]);
  expect(new Set(found.map((program) => JSON.stringify(program))).size).toBe(1);
  expect(readFileSync(join(folder, "builds"), "utf8")).toBe("local 0\n");
  expect(readdirSync(join(folder, "cache", "bailiwick"))).toEqual([`openfga-${OPENFGA_VERSION}`]);
});

test("a build that fails is told with the compiler's words, and Docker is asked next", async () => {
  const go = fakeGo("go1.26.8", "echo no such module >&2; exit 1");
  await expect(find(go)).rejects.toMatchObject({ message: expect.stringContaining("no such module") });
  const docker = folderWithProgram(folder, "docker", 'test "$1" = info');
  expect(await find(go, docker)).toEqual({ kind: "container", docker: join(docker, "docker"), image: OPENFGA_IMAGE });
});

test("a Docker without its daemon does not count", async () => {
  const docker = folderWithProgram(folder, "docker", "echo Cannot connect to the Docker daemon >&2; exit 1");
  await expect(find(docker)).rejects.toMatchObject({
    code: "OPENFGA_MISSING",
    message: expect.stringContaining("Cannot connect to the Docker daemon"),
  });
});
