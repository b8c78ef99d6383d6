/** `npm run policies -- diff` as its user types it, in a repository of git. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { DOCUMENTS, lineWith } from "../../support/host-folder.ts";
import { makePolicyRepository, type PolicyRepository } from "../../support/policy-repository.ts";

let repository: PolicyRepository;
beforeAll(async () => {
  repository = await makePolicyRepository();
});
afterAll(async () => await repository.remove());

const SECTOR = "cerbos/sector.yaml";

/** An Admin may rename what only it could: the owner's own rule, for the time of a test. */
async function withChange(what: () => Promise<void>): Promise<void> {
  const before = await readFile(path.join(repository.policies, SECTOR), "utf8");
  const rule = /(- name: enable\n[\s\S]*?)V\.isOwner/;
  await repository.edit(SECTOR, (text) => text.replace(rule, "$1V.isAdmin"));
  try {
    await what();
  } finally {
    await writeFile(path.join(repository.policies, SECTOR), before);
    await rm(path.join(repository.policies, "approvals.yaml"), { force: true });
  }
}

interface Told {
  readonly base: { readonly unit: string; readonly commit: string | null };
  readonly head: { readonly unit: string; readonly commit: string | null };
  readonly groups: readonly { readonly id: string; readonly direction: string; readonly approval: unknown }[];
  readonly isUnapproved: boolean;
}

async function told(): Promise<Told> {
  return JSON.parse((await repository.diff("main", "--json")).stdout) as Told;
}

async function approve(approval: Readonly<Record<string, string>>): Promise<void> {
  await writeFile(path.join(repository.policies, "approvals.yaml"), `# Who said yes.\n- ${JSON.stringify(approval)}\n`);
}

describe("Between main and the working tree", () => {
  test("nothing has changed: it says so", async () => {
    const { status, stdout } = await repository.diff();
    expect([status, stdout]).toEqual([0, expect.stringContaining("Every decision is the same")]);
  });

  test("what widens is told with the line that did it, in words, as Markdown and as JSON, with exit status 3", async () => {
    await withChange(async () => {
      const plain = await repository.diff();
      expect(plain.status).toBe(3);
      expect(plain.stdout).toMatch(/Admin may now `enable` a sector/);
      expect(plain.stdout).toMatch(
        /^policies\/cerbos\/sector\.yaml:\d+: the rule `enable` requires `isAdmin` \(.*\) instead of `isOwner` \(.*\)$/m,
      );
      const markdown = await repository.diff("main", "--markdown");
      expect(markdown.stdout).toMatch(/^## Admin gains `enable` \(sector\); nobody loses any\n/);
      const { groups, isUnapproved, base, head } = await told();
      expect([isUnapproved, base.commit, head.commit]).toEqual([true, expect.stringMatching(/^[0-9a-f]{40}$/), null]);
      expect(groups[0]).toMatchObject({ direction: "widened", approval: null });
    });
  });

  test("an approval of exactly these cells lets it pass, and one that is over, or of something else, is told with its line", async () => {
    await withChange(async () => {
      const { groups, base, head } = await told();
      const given = { group: groups[0]?.id ?? "", who: "alice", why: "agreed", base: base.unit, head: head.unit };
      await approve(given);
      expect([(await repository.diff()).status, (await told()).isUnapproved]).toEqual([0, false]);
      const file = "policies/approvals.yaml";
      await approve({ ...given, until: "2020-01-01" });
      const over = await repository.diff();
      expect([over.status, over.stdout]).toEqual([2, ""]);
      expect(over.stderr).toMatch(`${file}:2:3: the approval of ${given.group} counted until 2020-01-01`);
      await approve({ ...given, group: "0123456789ab" });
      expect((await repository.diff()).stderr).toMatch(
        `${file}:2:3: the approval of 0123456789ab names nothing that widens here`,
      );
      await approve({ ...given, head: "0123456789abcdef" });
      const stray = await repository.diff();
      expect([stray.status, stray.stdout]).toEqual([
        3,
        expect.stringContaining(
          `- \`${file}:2:3\`: the approval of \`${given.group}\` by alice was given from the policy unit`,
        ),
      ]);
    });
  });

  test.each([
    ["who", ""],
    ["who", "you"],
    ["why", "…"],
    ["why", "TODO"],
    ["why", "<why>"],
  ])("an approval whose %s is left at %j is refused, with its line", async (name, value) => {
    const given = { group: "0123456789ab", who: "alice", why: "agreed", base: "0".repeat(16), head: "0".repeat(16) };
    await approve({ ...given, [name]: value });
    const { status, stdout, stderr } = await repository.diff();
    await rm(path.join(repository.policies, "approvals.yaml"));
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(
      new RegExp(`approvals\\.yaml:2:\\d+: 0\\.${name}: expected who approves it and why, in words`),
    );
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
    host = path.join(repository.directory, "examples/document-tree/policies");
    await cp(DOCUMENTS, host, { recursive: true });
    await repository.commit("a host's kinds");
    const model = await readFile(path.join(host, MODEL), "utf8");
    line = lineWith(model, "define viewer: editor");
    const changed = model.replace("define viewer: editor\n", "define viewer: editor or member from organization\n");
    await writeFile(path.join(host, MODEL), changed);
    await repository.edit("plans.yaml", (text) => text.replace("signInMethods: 10", "signInMethods: 9"));
  });
  afterAll(async () => await repository.git("reset", "--quiet", "--hard", "HEAD"));

  const causesIn = async (...revisions: readonly string[]): Promise<ReadonlySet<string>> => {
    const { stdout } = await repository.diff(...revisions, `--host=${host}`, "--json");
    const { groups } = JSON.parse(stdout) as { readonly groups: readonly { readonly causes: readonly string[] }[] };
    return new Set(groups.flatMap(({ causes }) => causes));
  };

  test("in the working tree and at a commit, a line of the model and one of the plans", async () => {
    const wanted = [
      expect.stringMatching(HERE),
      expect.stringMatching(/^policies\/plans\.yaml:6: the plan free: signInMethods 10 → 9$/),
    ];
    const inTree = await causesIn("HEAD");
    expect([...inTree].sort()).toEqual(wanted);
    expect(HERE.exec([...inTree].sort()[0] ?? "")?.[1]).toBe(String(line));
    await repository.commit("widened");
    expect(await causesIn("HEAD^", "HEAD")).toEqual(inTree);
    await repository.git("reset", "--quiet", "--soft", "HEAD^");
  });

  test("whose folder is gone: nobody may do anything with its kinds any longer", async () => {
    await repository.git("reset", "--quiet", "--hard", "HEAD");
    await rm(host, { recursive: true });
    const { status, stdout } = await repository.diff("HEAD", `--host=${host}`);
    expect([status, stdout]).toEqual([0, expect.stringContaining("an action that is gone")]);
  });
});

test("All of a commit is compared, also what an archive would leave out", async () => {
  await writeFile(path.join(repository.directory, ".gitattributes"), `policies/${SECTOR} export-ignore\n`);
  await repository.commit("left out");
  const { status, stdout } = await repository.diff("HEAD");
  expect([status, stdout]).toEqual([0, expect.stringContaining("Every decision is the same")]);
});
