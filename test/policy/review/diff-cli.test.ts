/** `npm run policies -- diff` as its user types it, in a repository of git. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { DOCUMENTS, lineWith, POLICIES } from "../../support/host-folder.ts";
import { OF_THE_SUBJECT } from "./unseen-changes.ts";

const PROGRAM = path.resolve("src/policy/main.ts");
const LONG_MS = 60_000;

let repository = "";
let policies = "";

beforeAll(async () => {
  repository = await mkdtemp(path.join(tmpdir(), "bailiwick-repository-"));
  policies = path.join(repository, "policies");
  await writeFile(path.join(repository, "README.md"), "Nothing yet.\n");
  await git("init", "--quiet", "--initial-branch=main");
  await commit("nothing");
  await git("tag", "empty");
  await cp(POLICIES, policies, { recursive: true });
  await commit("policies");
});
afterAll(async () => await rm(repository, { recursive: true }));

async function git(...args: string[]): Promise<void> {
  const author = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false"];
  await promisify(execFile)("git", [...author, ...args], { cwd: repository });
}

async function commit(message: string): Promise<void> {
  await git("add", "--all");
  await git("commit", "--quiet", `--message=${message}`);
}

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function diff(...args: string[]): Promise<Outcome> {
  try {
    const run = promisify(execFile);
    const given = [PROGRAM, "diff", `--policies=${policies}`, ...args];
    return { status: 0, ...(await run(process.execPath, given, { cwd: repository })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }; // what execFile rejects with
    return { status: code, stdout, stderr };
  }
}

const SECTOR = "cerbos/sector.yaml";

async function edit(file: string, change: (text: string) => string): Promise<void> {
  const place = path.join(policies, file);
  const before = await readFile(place, "utf8");
  const after = change(before);
  expect(after).not.toBe(before);
  await writeFile(place, after);
}

/** An Admin may rename what only it could: the owner's own rule, for the time of a test. */
async function withChange(what: () => Promise<void>): Promise<void> {
  const before = await readFile(path.join(policies, SECTOR), "utf8");
  const rule = /(- name: enable\n[\s\S]*?)V\.isOwner/;
  await edit(SECTOR, (text) => text.replace(rule, "$1V.isAdmin"));
  try {
    await what();
  } finally {
    await writeFile(path.join(policies, SECTOR), before);
    await rm(path.join(policies, "approvals.yaml"), { force: true });
  }
}

interface Told {
  readonly base: { readonly unit: string; readonly commit: string | null };
  readonly head: { readonly unit: string; readonly commit: string | null };
  readonly groups: readonly { readonly id: string; readonly direction: string; readonly approval: unknown }[];
  readonly isUnapproved: boolean;
}

async function told(): Promise<Told> {
  return JSON.parse((await diff("main", "--json")).stdout) as Told;
}

async function approve(approval: Readonly<Record<string, string>>): Promise<void> {
  await writeFile(path.join(policies, "approvals.yaml"), `# Who said yes.\n- ${JSON.stringify(approval)}\n`);
}

describe("Between main and the working tree", () => {
  test("nothing has changed: it says so", async () => {
    const { status, stdout } = await diff();
    expect([status, stdout]).toEqual([0, expect.stringContaining("Every decision is the same")]);
  });

  test(
    "what widens is told with the line that did it, in words, as Markdown and as JSON, with exit status 3",
    async () => {
      await withChange(async () => {
        const plain = await diff();
        expect(plain.status).toBe(3);
        expect(plain.stdout).toMatch(/Admin may now `enable` a sector/);
        expect(plain.stdout).toMatch(
          /^policies\/cerbos\/sector\.yaml:\d+: the rule `enable` requires `isAdmin` \(.*\) instead of `isOwner` \(.*\)$/m,
        );
        const markdown = await diff("main", "--markdown");
        expect(markdown.stdout).toMatch(/^## Admin gains 1 permission; nobody loses any\n/);
        const { groups, isUnapproved, base, head } = await told();
        expect([isUnapproved, base.commit, head.commit]).toEqual([true, expect.stringMatching(/^[0-9a-f]{40}$/), null]);
        expect(groups[0]).toMatchObject({ direction: "widened", approval: null });
      });
    },
    LONG_MS,
  );

  test(
    "an approval of exactly these cells lets it pass, and one that is over, or of something else, is told with its line",
    async () => {
      await withChange(async () => {
        const { groups, base, head } = await told();
        const given = { group: groups[0]?.id ?? "", who: "alice", why: "agreed", base: base.unit, head: head.unit };
        await approve(given);
        expect([(await diff()).status, (await told()).isUnapproved]).toEqual([0, false]);
        const file = path.join(policies, "approvals.yaml");
        await approve({ ...given, until: "2020-01-01" });
        const over = await diff();
        expect([over.status, over.stdout]).toEqual([2, ""]);
        expect(over.stderr).toMatch(`${file}:2: the approval of ${given.group} counted until 2020-01-01`);
        await approve({ ...given, group: "0123456789ab" });
        expect((await diff()).stderr).toMatch(`${file}:2: the approval of 0123456789ab names nothing that widens here`);
        await approve({ ...given, head: "0123456789abcdef" });
        expect((await diff()).status).toBe(3); // given for other policies: it does not count
      });
    },
    LONG_MS,
  );

  test.each([
    ["who", ""],
    ["who", "you"],
    ["why", "…"],
    ["why", "TODO"],
    ["why", "<why>"],
  ])("an approval whose %s is left at %j is refused, with its line", async (name, value) => {
    const given = { group: "0123456789ab", who: "alice", why: "agreed", base: "0".repeat(16), head: "0".repeat(16) };
    await approve({ ...given, [name]: value });
    const { status, stdout, stderr } = await diff();
    await rm(path.join(policies, "approvals.yaml"));
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`approvals.yaml:2: 0.${name}: expected who approves it and why, in words`);
  });
});

/** Of a host's folder that is not beside the policies. */
describe("A file is told as its reviewer finds it in the repository", () => {
  const MODEL = "openfga/documents.fga";
  const HERE =
    /^examples\/document-tree\/policies\/openfga\/documents\.fga:(\d+): `define viewer: editor` → `define viewer: editor or member from organization`/;
  let host = "";
  let line = 0;
  beforeAll(async () => {
    host = path.join(repository, "examples/document-tree/policies");
    await cp(DOCUMENTS, host, { recursive: true });
    await commit("a host's kinds");
    const model = await readFile(path.join(host, MODEL), "utf8");
    line = lineWith(model, "define viewer: editor");
    const changed = model.replace("define viewer: editor\n", "define viewer: editor or member from organization\n");
    await writeFile(path.join(host, MODEL), changed);
    await edit("plans.yaml", (text) => text.replace("signInMethods: 10", "signInMethods: 9"));
  });
  afterAll(async () => await git("reset", "--quiet", "--hard", "HEAD"));

  const causesIn = async (...revisions: readonly string[]): Promise<ReadonlySet<string>> => {
    const { stdout } = await diff(...revisions, `--host=${host}`, "--json");
    const { groups } = JSON.parse(stdout) as { readonly groups: readonly { readonly causes: readonly string[] }[] };
    return new Set(groups.flatMap(({ causes }) => causes));
  };

  test(
    "in the working tree and at a commit, a line of the model and one of the plans",
    async () => {
      const wanted = [
        expect.stringMatching(HERE),
        expect.stringMatching(/^policies\/plans\.yaml:6: the plan free: signInMethods 10 → 9$/),
      ];
      const inTree = await causesIn("HEAD");
      expect([...inTree].sort()).toEqual(wanted);
      expect(HERE.exec([...inTree].sort()[0] ?? "")?.[1]).toBe(String(line));
      await commit("widened");
      expect(await causesIn("HEAD^", "HEAD")).toEqual(inTree);
      await git("reset", "--quiet", "--soft", "HEAD^");
    },
    LONG_MS,
  );
});

describe("What it cannot compare it says, with exit status 2 and nothing on its output", () => {
  test.each([
    ["an unknown revision", ["nowhere"], /no revision nowhere/],
    ["what looks like an option to git", ["--", "--output=x"], /no revision --output=x/],
    ["a revision without policies", ["empty"], /empty has no policies/],
    ["three revisions", ["main", "main", "main"], /two revisions/],
    ["an unknown option", ["--wrong"], /--wrong/],
  ])("%s", async (_title, args, problem) => {
    const { status, stdout, stderr } = await diff(...args);
    expect([status, stdout, stderr]).toEqual([2, "", expect.stringMatching(problem)]);
  });

  test("an empty folder", async () => {
    await mkdir(path.join(repository, "bare", "cerbos"), { recursive: true });
    const { status, stderr } = await diff(path.join(repository, "bare"));
    expect([status, stderr]).toEqual([2, expect.stringContaining("there is no relationship model")]);
  });

  test("a file that Cerbos would load and that belongs to no kind", async () => {
    const file = path.join(policies, "cerbos/subject.yml");
    await writeFile(file, OF_THE_SUBJECT);
    const { status, stdout, stderr } = await diff();
    await rm(file);
    expect([status, stdout, stderr]).toEqual([2, "", expect.stringMatching(/cerbos\/subject\.yml:1:1: Cerbos would/)]);
  });

  test.each([
    ["broken YAML", SECTOR, ["resourcePolicy:", "resourcePolicy: ["], /sector\.yaml:\d+:\d+: no YAML/],
    ["broken CEL", SECTOR, ["R.attr.ownerCount == 1", "R.attr.ownerCount == == 1"], /sector\.yaml/],
    ["a broken plan", "plans.yaml", ["sectors: 25", "sectors: many"], /plans\.yaml/],
    ["a broken model", "openfga/core.fga", ["define owner: [account]", "define owner: [nobody]"], /core\.fga/],
    ["a broken schema", "cerbos/_schemas/sector.json", ["{", "{,"], /sector\.json/],
  ])("%s", async (_title, file, [from, to], problem) => {
    const before = await readFile(path.join(policies, file), "utf8");
    await edit(file, (text) => text.replace(from ?? "", to ?? ""));
    const { status, stdout, stderr } = await diff();
    await writeFile(path.join(policies, file), before);
    expect([status, stdout, stderr]).toEqual([2, "", expect.stringMatching(problem)]);
  });
});
