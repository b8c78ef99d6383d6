import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { readWorkflow, runStep, WORKFLOW, type Workflow } from "./workflow-steps.ts";

let workflow: Workflow;
let workspace: string;
beforeAll(async () => {
  workflow = readWorkflow(await readFile(WORKFLOW, "utf8"));
  workspace = await mkdtemp(path.join(tmpdir(), "bailiwick-comment-"));
});
afterAll(async () => await rm(workspace, { recursive: true }));

/** What stands for GitHub's program keeps how it was called, and says which comment is there already. */
describe("The comment of the workflow for pull requests", () => {
  const posted = async (page: string, earlier: string): Promise<{ calls: string[]; body: string }> => {
    const bin = path.join(workspace, "bin");
    await mkdir(bin, { recursive: true });
    const script = `#!/bin/sh\necho "$*" >> calls.txt\ncase "$*" in *--paginate*) printf '${earlier}' ;; esac\n`;
    await writeFile(path.join(bin, "gh"), script, { mode: 0o755 });
    await writeFile(path.join(workspace, "policies.md"), page);
    await writeFile(path.join(workspace, "calls.txt"), "");
    const given = { NUMBER: "7", PATH: `${bin}:${process.env["PATH"] ?? ""}` };
    expect((await runStep(workflow, "comment", workspace, given)).status).toBe(0);
    const calls = (await readFile(path.join(workspace, "calls.txt"), "utf8")).trimEnd().split("\n");
    return { calls, body: await readFile(path.join(workspace, "comment.md"), "utf8") };
  };

  test("is posted once, and edited from then on: the one that it posted itself", async () => {
    const first = await posted("## What it does\n", "");
    expect(first.body).toBe("<!-- what a change of the policies does -->\n## What it does\n");
    expect(first.calls).toEqual([
      expect.stringMatching(
        /^api --paginate repos\/acme\/shop\/issues\/7\/comments --jq .*github-actions\[bot\].*startswith/,
      ),
      "api --silent --method POST repos/acme/shop/issues/7/comments --field body=@comment.md",
    ]);
    const next = await posted("## What it does now\n", "41\\n42\\n");
    expect(next.calls.at(-1)).toBe(
      "api --silent --method PATCH repos/acme/shop/issues/comments/41 --field body=@comment.md",
    );
  });

  test("holds a page of the most that fits, and says of one byte more that it is cut, and where all of it is", async () => {
    const line = "- **Admin may now `rename` a sector** é\n";
    const whole = line.repeat(1_300);
    const most = `${whole}${"x".repeat(65_000 - Buffer.byteLength(whole) - 3)}é\n`;
    expect(Buffer.byteLength(most)).toBe(65_000);
    expect((await posted(most, "")).body).toBe(`<!-- what a change of the policies does -->\n${most}`);
    for (const more of ["x", "xx"]) {
      const { body } = await posted(more + most, "");
      expect(body).toMatch(/^<!-- .* -->\n\*\*Cut: .*\/acme\/shop\/actions\/runs\/9\)\.\*\*\n\nx+- \*\*Admin/);
      expect([Buffer.byteLength(body) < 65_536, body.includes("\uFFFD"), body.endsWith("é\n")]).toEqual([
        true,
        false,
        true,
      ]);
    }
  });
});
