/** The workflow for pull requests, and its steps as a runner runs them. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { z } from "zod";

export const ROOT = path.join(import.meta.dirname, "../..");
export const WORKFLOW = path.join(ROOT, ".github/workflows/policies.yml");

const permissions = z.record(z.string(), z.string());
const job = {
  "runs-on": z.string(),
  "timeout-minutes": z.number(),
  steps: z.array(
    z.looseObject({
      name: z.string().optional(),
      run: z.string().optional(),
      uses: z.string().optional(),
      env: z.record(z.string(), z.coerce.string()).optional(),
    }),
  ),
};
const Schema = z.object({
  on: z.record(z.string(), z.unknown()),
  permissions,
  defaults: z.strictObject({ run: z.strictObject({ shell: z.literal("bash") }) }), // what runStep runs
  env: z.object({ HEAD_FOLDERS: z.string() }),
  jobs: z.strictObject({
    policies: z.strictObject(job),
    comment: z.strictObject({ ...job, needs: z.string(), if: z.string(), permissions }),
  }),
});
export type Workflow = z.infer<typeof Schema>;

export function readWorkflow(text: string): Workflow {
  return Schema.parse(parse(text));
}

const RUNNER = {
  GITHUB_REPOSITORY: "acme/shop",
  GITHUB_SERVER_URL: "https://github.example.com",
  GITHUB_RUN_ID: "9",
};

export interface Ended {
  readonly status: number;
  /** Of the job. */
  readonly summary: string;
  /** What it printed. */
  readonly log: string;
}

/** Runs the script of the step with this name, by itself. */
export async function runStep(
  { jobs, env }: Workflow,
  name: string,
  workspace: string,
  given: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const steps = Object.values(jobs).flatMap((each) => each.steps);
  const { run: script = "", env: own, ...step } = steps.find((each) => each.name === name) ?? {};
  const within = step["working-directory"];
  const summaryFile = path.join(workspace, "summary.md");
  await writeFile(summaryFile, "");
  const ended = await promisify(execFile)("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], {
    cwd: path.join(workspace, typeof within === "string" ? within : ""),
    env: { ...process.env, ...RUNNER, ...env, ...own, GITHUB_STEP_SUMMARY: summaryFile, ...given },
  }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: unknown) => z.object({ code: z.number(), stdout: z.string() }).parse(error),
  );
  return { status: ended.code, summary: await readFile(summaryFile, "utf8"), log: ended.stdout };
}
