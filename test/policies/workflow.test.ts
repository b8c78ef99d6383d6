import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Ended, readWorkflow, ROOT, runStep, WORKFLOW, type Workflow } from "./workflow-steps.ts";
import { gitIn } from "../support/git.ts";

let text: string;
let workflow: Workflow;
/** As a runner has it: the pull request's merge in `head`, and beside it what the steps make. */
let workspace: string;
beforeAll(async () => {
  text = await readFile(WORKFLOW, "utf8");
  workflow = readWorkflow(text);
  workspace = await mkdtemp(path.join(tmpdir(), "bailiwick-workflow-"));
  await git("init", "--quiet", "--initial-branch", "main", "head");
  for (const folder of ["policies", "examples"]) {
    await cp(path.join(ROOT, folder), path.join(workspace, "head", folder), { recursive: true });
  }
  await commit("as they are");
});
afterAll(async () => await rm(workspace, { recursive: true }));

describe("The workflow for pull requests", () => {
  test("runs for every one, without a secret, and may only read; its actions are pinned by hash", () => {
    expect(workflow.on).toEqual({ pull_request: null });
    expect(workflow.permissions).toEqual({ contents: "read" });
    expect(text).not.toMatch(/pull_request_target|secrets\./i);
    const { policies, comment } = workflow.jobs;
    const steps = [...policies.steps, ...comment.steps];
    const uses = steps.flatMap((each) => each.uses ?? []);
    expect(uses.length).toBeGreaterThan(0);
    for (const action of uses) expect(action).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/);
    // What a pull request calls itself reaches no shell.
    for (const { run: script = "" } of steps) expect(script).not.toContain("${{");
  });

  test("has one job that may write, comments alone, with the job's own token; forks do not get it, and it has nothing of the pull request but the page", () => {
    const { comment } = workflow.jobs;
    expect([...text.matchAll(/^.*(?:: write|github\.token).*$/gm)].map(([line]) => line.trim())).toEqual([
      "pull-requests: write",
      "GH_TOKEN: ${{ github.token }}",
    ]);
    expect(comment.permissions).toEqual({ "pull-requests": "write" });
    expect([comment.needs, comment.if]).toEqual([
      "policies",
      "${{ !cancelled() && github.event.pull_request.head.repo.full_name == github.repository }}",
    ]);
    const [download, post, ...others] = comment.steps;
    expect([download?.uses, download?.["with"], others]).toEqual([
      expect.stringMatching(/^actions\/download-artifact@/),
      { name: "policies" },
      [],
    ]);
    expect(Object.keys(post?.env ?? {})).toEqual(["GH_TOKEN", "NUMBER", "MOST_BYTES"]);
    expect(post?.run).not.toMatch(/npm|node|git |checkout|bash|source|eval/);
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
    expect(await step("check")).toMatchObject({ status: 0, summary: "" });
    const { status, summary } = await step("diff");
    expect([status, summary]).toEqual([0, expect.stringContaining("Every decision is the same")]);
  });

  test("stops what widens until the base approves it; what the pull request approves itself does not count", async () => {
    const widen = async (): Promise<void> =>
      await edit(
        "cerbos/sector.yaml",
        /(name: rename[^]*?)V\.isAdmin([^]*?)V\.unlessAdmin/,
        "$1V.isViewer$2V.unlessViewer",
      );
    await propose("feat: viewers rename", widen);
    const { status, summary } = await step("diff");
    expect([status, summary]).toEqual([3, expect.stringContaining("Viewer and Member may now `rename` a sector")]);
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
    expect([approved.status, approved.summary]).toEqual([0, expect.stringContaining("approved by Ada: meant")]);
  });

  test("says what is broken, and stops; nothing of what it prints there is a command to the runner", async () => {
    await propose("feat: broken", async () => await edit("cerbos/sector.yaml", "rules:", "rules: ["));
    const { status, summary, log } = await step("diff");
    expect(status).toBe(2);
    expect(summary).toMatch(/cannot be compared\n\n {4}.*policies\/cerbos\/sector\.yaml:\d+:\d+: no YAML/);
    for (const printed of [log, (await step("check")).log]) {
      const [, token, within] = /^::stop-commands::([0-9a-f]{32})\n([^]*\n)::\1::\n$/.exec(printed) ?? [];
      expect(within).toMatch(/sector\.yaml:\d+:\d+: no YAML/);
      expect(within).not.toContain(token);
    }
  });
});

/** What `diff` prints to be added to approvals.yaml. */
function approvalsIn(summary: string): string {
  return (/```yaml\n([^]*?)```/.exec(summary)?.[1] ?? "").replaceAll('who: "", why: ""', 'who: "Ada", why: "meant"');
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

async function step(name: string): Promise<Ended> {
  return await runStep(workflow, name, workspace);
}

async function git(...args: readonly string[]): Promise<void> {
  await gitIn(workspace, ...args);
}

async function commit(message: string): Promise<void> {
  await git("-C", "head", "add", "--all");
  await git("-C", "head", "commit", "--quiet", "--message", message);
}
