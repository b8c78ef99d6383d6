import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { z } from "zod";

const ROOT = path.join(import.meta.dirname, "../..");
const run = promisify(execFile);

const Workflow = z.object({
  on: z.record(z.string(), z.unknown()),
  permissions: z.record(z.string(), z.string()),
  env: z.object({ HEAD_FOLDERS: z.string() }),
  jobs: z.object({
    policies: z.strictObject({
      "runs-on": z.string(),
      "timeout-minutes": z.number(),
      steps: z.array(
        z.looseObject({ name: z.string().optional(), run: z.string().optional(), uses: z.string().optional() }),
      ),
    }),
  }),
});
type Workflow = z.infer<typeof Workflow>;

let text: string;
let workflow: Workflow;
/** As a runner has it: the pull request's merge in `head`, and beside it what the steps make. */
let workspace: string;
beforeAll(async () => {
  text = await readFile(path.join(ROOT, ".github/workflows/policies.yml"), "utf8");
  workflow = Workflow.parse(parse(text));
  workspace = await mkdtemp(path.join(tmpdir(), "bailiwick-workflow-"));
  await git("init", "--quiet", "--initial-branch", "main", "head");
  for (const folder of ["policies", "examples"]) {
    await cp(path.join(ROOT, folder), path.join(workspace, "head", folder), { recursive: true });
  }
  await commit("as they are");
});
afterAll(async () => await rm(workspace, { recursive: true }));

describe("The workflow for pull requests", () => {
  test("runs without a secret and may only read; its actions are pinned by hash", () => {
    expect(Object.keys(workflow.on)).toEqual(["pull_request"]);
    expect(workflow.permissions).toEqual({ contents: "read" });
    expect(text).not.toMatch(/pull_request_target|secrets\.|github\.token|: write/i);
    const uses = workflow.jobs.policies.steps.flatMap((step) => step.uses ?? []);
    expect(uses.length).toBeGreaterThan(0);
    for (const action of uses) expect(action).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/);
    // What a pull request calls itself reaches no shell.
    for (const { run: script = "" } of workflow.jobs.policies.steps) expect(script).not.toContain("${{");
  });

  test("installs and runs nothing of the pull request's", () => {
    const scripts = workflow.jobs.policies.steps.filter((step) => step.run?.includes("npm") === true);
    expect(scripts.map((step) => [step.name, step["working-directory"]])).toEqual([
      ["packages", "base"],
      ["check", "base"],
      ["diff", "base"],
    ]);
  });

  test("lets pass what changes no decision", async () => {
    await propose(
      "docs: a comment",
      async () => await edit("cerbos/sector.yaml", "# Nobody asks for", "# Nobody ever asks for"),
    );
    expect(await step("check")).toEqual({ status: 0, summary: "" });
    const { status, summary } = await step("diff");
    expect([status, summary]).toEqual([0, expect.stringContaining("every decision is the same")]);
  }, 120_000);

  test("stops what widens until the base approves it; what the pull request approves itself does not count", async () => {
    const widen = async (): Promise<void> =>
      await edit(
        "cerbos/sector.yaml",
        /(name: rename[^]*?)V\.isAdmin([^]*?)V\.unlessAdmin/,
        "$1V.isViewer$2V.unlessViewer",
      );
    await propose("feat: viewers rename", widen);
    const { status, summary } = await step("diff");
    expect([status, summary]).toEqual([
      3,
      expect.stringContaining("Viewer and Member may now do `rename` on a sector"),
    ]);
    expect((await step("check")).status).not.toBe(0); // its tests say otherwise
    const approvals = approvalsIn(summary);
    expect(approvals).toContain("group:");

    await propose("feat: viewers rename, says the author", async () => {
      await widen();
      await writeFile(path.join(workspace, "head/policies/approvals.yaml"), approvals);
    });
    expect((await step("diff")).status).toBe(3);

    await git("-C", "head", "switch", "--quiet", "main");
    await writeFile(path.join(workspace, "head/policies/approvals.yaml"), approvals);
    await commit("approved");
    await propose("feat: viewers rename, approved", widen);
    const approved = await step("diff");
    expect([approved.status, approved.summary]).toEqual([0, expect.stringContaining("approved by you")]);
  }, 120_000);

  test("says what is broken, and stops", async () => {
    await propose("feat: broken", async () => await edit("cerbos/sector.yaml", "rules:", "rules: ["));
    const { status, summary } = await step("diff");
    expect(status).toBe(2);
    expect(summary).toMatch(/cannot be compared\n\n {4}.*policies\/cerbos\/sector\.yaml:\d+:\d+: no YAML/);
  });
});

/** What `diff` prints to be added to approvals.yaml. */
function approvalsIn(summary: string): string {
  return (/```yaml\n([^]*?)```/.exec(summary)?.[1] ?? "").replaceAll("why: …", 'why: "meant"');
}

/** A branch with one change, merged into main as the runner finds it, and the base beside it as the workflow makes it. */
async function propose(message: string, change: () => Promise<void>): Promise<void> {
  await rm(path.join(workspace, "base"), { recursive: true, force: true });
  await git("-C", "head", "worktree", "prune");
  await git("-C", "head", "switch", "--quiet", "-C", "proposed", "main");
  await change();
  await commit(message);
  await git("-C", "head", "switch", "--quiet", "--detach", "main");
  await git("-C", "head", "merge", "--quiet", "--no-ff", "--no-edit", "proposed");
  await step("base");
  for (const part of ["src", "node_modules", "package.json"]) {
    await symlink(path.join(ROOT, part), path.join(workspace, "base", part)); // what npm ci would put there
  }
}

async function edit(file: string, from: string | RegExp, to: string): Promise<void> {
  const whole = path.join(workspace, "head/policies", file);
  const before = await readFile(whole, "utf8");
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  await writeFile(whole, after);
}

/** Runs a step's own script as a runner does. */
async function step(name: string): Promise<{ status: number; summary: string }> {
  const { run: script = "", ...given } = workflow.jobs.policies.steps.find((each) => each.name === name) ?? {};
  const within = given["working-directory"];
  const summaryFile = path.join(workspace, "summary.md");
  await writeFile(summaryFile, "");
  const status = await run("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], {
    cwd: path.join(workspace, typeof within === "string" ? within : ""),
    env: { ...process.env, HEAD_FOLDERS: workflow.env.HEAD_FOLDERS, GITHUB_STEP_SUMMARY: summaryFile },
  }).then(
    () => 0,
    (error: unknown) => z.object({ code: z.number() }).parse(error).code,
  );
  return { status, summary: await readFile(summaryFile, "utf8") };
}

async function git(...args: readonly string[]): Promise<void> {
  const identity = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false"];
  await run("git", [...identity, ...args], { cwd: workspace });
}

async function commit(message: string): Promise<void> {
  await git("-C", "head", "add", "--all");
  await git("-C", "head", "commit", "--quiet", "--message", message);
}
