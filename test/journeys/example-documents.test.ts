/** examples/document-tree: its README, word for word; then each permission with its nearest denial, one fact apart. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Person } from "../support/gateway.ts";
import { type OwnGateway, personAt, serviceAt, start } from "../support/own-gateway.ts";
import { blocksIn, ROOT, runBlocks, settled, startSettings } from "../support/shell-blocks.ts";
import { must } from "../support/world.ts";

const README = readFileSync(path.join(ROOT, "examples/document-tree/README.md"), "utf8");
const stateDir = mkdtempSync(path.join(tmpdir(), "bailiwick-documents-"));
const HARBOUR = "/v1/organizations/harbour";

let gateway: OwnGateway;
let printed: string[];
let keeper: Person;
let olga: Person;

beforeAll(async () => {
  gateway = await start({ ...startSettings(README), STATE_DIR: stateDir });
  printed = await runBlocks(blocksIn(README), { url: gateway.url, stateDir, cwd: ROOT });
  const scopes = ["entities:write", "authz:evaluate", "authz:search"];
  keeper = await serviceAt(gateway.url, stateDir, { name: "second-keeper", scopes, organizations: ["harbour"] });
  olga = await personAt(gateway.url, stateDir, "olga");
});
afterAll(async () => {
  await gateway.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

test("the commands of the README print what it says", () => {
  const blocks = blocksIn(README);
  expect(blocks.length).toBeGreaterThan(5);
  expect(printed.map(settled)).toEqual(blocks.map((block) => settled(block.printed)));
});

type Question = readonly [alias: string, action: string, type: string, id: string];

/** "yes", or each reason's kind and code. */
async function answer([alias, action, type, id]: Question): Promise<string> {
  const subject = { type: "account", id: alias };
  const question = { subject, action: { name: action }, resource: { type, id } };
  const { body } = must(await keeper.post("/access/v1/evaluation", question), 200);
  const { reasons } = body["context"] as { reasons: { kind: string; code: string }[] };
  return body["decision"] === true ? "yes" : reasons.map(({ kind, code }) => `${kind} ${code}`).join(", ");
}

async function patch(type: string, id: string, changes: object): Promise<void> {
  must(await keeper.patch(`${HARBOUR}/entities/${type}/${id}`, changes), 200);
}

const staffIsInIt = { member: [{ type: "group", id: "engineers", relation: "member" }] };
const carlIsInIt = { member: [{ type: "account", id: "carl" }] };
const doraHasIt = { shared_with: [{ type: "account", id: "dora" }] };
const doraIsInIt = { member: [{ type: "account", id: "dora" }] };
const roleOfAnna = async (role: string): Promise<void> => {
  must(await olga.patch(`${HARBOUR}/members/anna`, { role }), 200);
};
const attribute =
  (type: string, id: string, attributes: object): (() => Promise<void>) =>
  async () =>
    await patch(type, id, { attributes });

interface Turn {
  readonly rule: string;
  readonly asked: Question;
  /** What is changed, how it is before and after, and how it is put back. */
  readonly from: string;
  readonly change: () => Promise<void>;
  readonly to: string;
  readonly back: () => Promise<void>;
}

const TURNS: readonly Turn[] = [
  {
    rule: "groups inside groups: the inner group leaves the outer one",
    asked: ["carl", "edit", "document", "foundations"],
    from: "yes",
    change: async () => await patch("group", "staff", { unrelate: staffIsInIt }),
    to: "relation NOT_RELATED",
    back: async () => await patch("group", "staff", { relate: staffIsInIt }),
  },
  {
    rule: "groups inside groups: the person leaves the inner one",
    asked: ["carl", "add_folder", "project", "bridge"],
    from: "yes",
    change: async () => await patch("group", "engineers", { unrelate: carlIsInIt }),
    to: "relation NOT_RELATED",
    back: async () => await patch("group", "engineers", { relate: carlIsInIt }),
  },
  {
    rule: "sharing with a person: a folder, and so what is in it",
    asked: ["dora", "view", "document", "foundations"],
    from: "yes",
    change: async () => await patch("folder", "drawings", { unrelate: doraHasIt }),
    to: "relation NOT_RELATED",
    back: async () => await patch("folder", "drawings", { relate: doraHasIt }),
  },
  {
    rule: "sharing with a group: who leaves it is meant no longer",
    asked: ["dora", "view", "document", "budget"],
    from: "yes",
    change: async () => await patch("group", "board", { unrelate: doraIsInIt }),
    to: "relation NOT_RELATED, attribute CONFIDENTIAL",
    back: async () => await patch("group", "board", { relate: doraIsInIt }),
  },
  {
    rule: "a relation that crosses levels: role in the organization, project, two folders, document",
    asked: ["anna", "view", "document", "foundations"],
    from: "yes",
    change: async () => await roleOfAnna("member"),
    to: "relation NOT_RELATED",
    back: async () => await roleOfAnna("admin"),
  },
  {
    rule: "the attribute rule: who comes by way of the folder does not see what is confidential",
    asked: ["anna", "view", "document", "budget"],
    from: "attribute CONFIDENTIAL",
    change: attribute("document", "budget", { classification: "internal" }),
    to: "yes",
    back: attribute("document", "budget", { classification: "confidential" }),
  },
  {
    rule: "the state rule: what is locked is not edited",
    asked: ["carl", "edit", "document", "permit"],
    from: "state DOCUMENT_LOCKED",
    change: attribute("document", "permit", { state: "open" }),
    to: "yes",
    back: attribute("document", "permit", { state: "locked" }),
  },
  {
    rule: "the role rule: an administrator closes a project, its leader does not",
    asked: ["anna", "close", "project", "bridge"],
    from: "yes",
    change: async () => await roleOfAnna("viewer"),
    to: "role ROLE_TOO_LOW",
    back: async () => await roleOfAnna("admin"),
  },
  {
    rule: "an organization that is retired stands still",
    asked: ["carl", "edit", "document", "foundations"],
    from: "yes",
    change: async () => void must(await olga.post(`${HARBOUR}/retire`), 200),
    to: "frozen ORGANIZATION_RETIRED",
    back: async () => void must(await olga.post(`${HARBOUR}/enable`), 200),
  },
];

describe("Each permission has its nearest denial", () => {
  test.each(TURNS)("$rule", async ({ asked, from, change, to, back }) => {
    expect(await answer(asked)).toBe(from);
    await change();
    try {
      expect(await answer(asked)).toBe(to);
    } finally {
      await back();
    }
    expect(await answer(asked)).toBe(from);
  });

  test.each<readonly [string, Question, Question, string]>([
    [
      "another person",
      ["dora", "view", "document", "foundations"],
      ["finn", "view", "document", "foundations"],
      "relation NOT_RELATED",
    ],
    [
      "another action",
      ["dora", "view", "document", "foundations"],
      ["dora", "edit", "document", "foundations"],
      "relation NOT_RELATED",
    ],
    [
      "a folder above",
      ["dora", "view", "folder", "drawings"],
      ["dora", "view", "folder", "plans"],
      "relation NOT_RELATED",
    ],
    [
      "another role",
      ["anna", "close", "project", "bridge"],
      ["lena", "close", "project", "bridge"],
      "role ROLE_TOO_LOW",
    ],
    [
      "another document",
      ["lena", "lock", "document", "foundations"],
      ["lena", "lock", "document", "permit"],
      "state DOCUMENT_LOCKED",
    ],
    [
      "the author's own",
      ["lena", "view", "document", "budget"],
      ["olga", "view", "document", "budget"],
      "attribute CONFIDENTIAL",
    ],
    [
      "what there is",
      ["carl", "view", "document", "permit"],
      ["carl", "view", "document", "nowhere"],
      "unknown UNKNOWN_RESOURCE",
    ],
    [
      "who there is",
      ["carl", "view", "document", "permit"],
      ["nobody", "view", "document", "permit"],
      "unknown UNKNOWN_SUBJECT",
    ],
  ])("%s: %j is allowed, %j is not: %s", async (_what, allowed, denied, reasons) => {
    expect(await answer(allowed)).toBe("yes");
    expect(await answer(denied)).toBe(reasons);
  });
});
