/** How somebody can be related to a thing, by the model alone. */
import { describe, expect, test } from "@jest/globals";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Graph } from "../../../src/engines/openfga.ts";
import { buildModel, type Model } from "../../../src/engines/openfga-model.ts";
import { startTrialGraphs } from "../../../src/policy/review/graph-of.ts";
import { waysBetween } from "../../../src/policy/review/ways-between.ts";
import { waysTo } from "../../../src/policy/review/ways.ts";
import { DOCUMENTS, POLICIES, RECORDS } from "../../support/host-folder.ts";

async function modelOf(contents: string): Promise<Model> {
  const core = await readFile(path.join(POLICIES, "openfga/core.fga"), "utf8");
  return buildModel([
    { name: "core.fga", contents: core },
    { name: "own.fga", contents },
  ]);
}

const own = (types: string): string => `module own\n${types}`;

async function words(contents: string, type: string): Promise<string[]> {
  return waysTo([await modelOf(contents)], type).ways.map((way) => way.words);
}

describe("A way to a thing begins with", () => {
  test("whoever the model says asks, accounts or a host's own people", async () => {
    const records = await readFile(path.join(RECORDS, "openfga/records.fga"), "utf8");
    expect(await words(records, "record")).toEqual(
      expect.arrayContaining(["any user that is `owner` of the record", "any user that is `reader` of the record"]),
    );
    const { ways } = waysTo([await modelOf(records)], "record");
    expect(ways.find((way) => way.words === "any user that is `owner` of the record")).toMatchObject({
      subject: expect.stringMatching(/^user:w\d+-subject$/),
    });
  });

  test("everybody of a type, where the model has them", async () => {
    const { ways } = waysTo(
      [await modelOf(own("type user\ntype page\n  relations\n    define viewer: [user:*]\n"))],
      "page",
    );
    expect(ways).toMatchObject([
      {
        words: "every user, as `viewer` of the page",
        subject: "user:w0-subject",
        tuples: [{ user: "user:*", relation: "viewer", object: "page:w0-0" }],
      },
    ]);
  });

  test("nobody who only leads to somebody", async () => {
    const model = own(
      "type box\n  relations\n    define keeper: [account]\ntype page\n  relations\n    define box: [box]\n    define viewer: keeper from box\n",
    );
    expect(await words(model, "page")).toEqual(["any `keeper` of the box (page → box)"]);
  });
});

describe("Two ways at a time are tried", () => {
  const page = (viewer: string): string =>
    own(
      `type page\n  relations\n    define editor: [account]\n    define banned: [account]\n    define viewer: ${viewer}\n`,
    );

  test.each(["editor but not banned", "editor and banned"])("where the model says %s", async (viewer) => {
    const { ways } = waysTo([await modelOf(page(viewer))], "page");
    expect(ways.map((way) => way.tuples.map(({ relation }) => relation))).toContainEqual(["editor", "banned"]);
    expect(ways.find(({ tuples }) => tuples.length === 2)?.pair).toEqual([0, 1]);
    const [one, other] = ways.find(({ tuples }) => tuples.length === 2)?.tuples ?? [];
    expect([one?.user, one?.object]).toEqual([other?.user, other?.object]);
  });

  test("and not where it has neither, nor two roles of one subject", async () => {
    expect(await words(page("editor or banned"), "page")).toHaveLength(2);
    const model = own(
      "type page\n  relations\n    define organization: [organization]\n    define viewer: owner from organization but not admin from organization\n",
    );
    const { ways } = waysTo([await modelOf(model)], "page");
    expect(ways.length).toBeGreaterThan(1);
    expect(ways.filter(({ pair }) => pair.length > 0)).toEqual([]);
  });
});

type Told = readonly [begins: string, base: readonly string[], head: readonly string[]];

/** What two models of pages make of it differently. */
async function told(relations: readonly string[], was: string, is: string): Promise<Told[]> {
  await using graphs = await startTrialGraphs(() => undefined);
  const sideOf = async (name: string, contents: string): Promise<{ model: Model; graph: Graph }> => {
    const model = await modelOf(own(contents));
    return { model, graph: await graphs.storeFor(name, model) };
  };
  const { ways, isWhole } = await waysBetween("page", relations, await sideOf("base", was), await sideOf("head", is));
  expect(isWhole).toBe(true);
  return ways.map(({ words, base, head }) => [words, base, head]);
}

const page = (direct: readonly string[], ...derived: readonly string[]): string =>
  `type page\n  relations\n${[...direct.map((relation) => `${relation}: [account]`), ...derived]
    .map((each) => `    define ${each}\n`)
    .join("")}`;

describe("Several ways at a time are told", () => {
  const BOTH = ["editor", "banned"];

  test("where the models make something else of two than of either", async () => {
    const was = page(BOTH, "viewer: editor but not banned");
    expect(await told(["viewer"], was, page(BOTH, "viewer: editor"))).toEqual([
      ["any `editor` of the page, and any `banned` of the page", [], ["viewer"]],
    ]);
  });

  test("where one of the models does not know one of two, which changes nothing for it", async () => {
    const was = page(["editor"], "viewer: editor");
    expect(await told(["viewer"], was, page(BOTH, "viewer: editor but not banned"))).toEqual([
      ["any `editor` of the page, and any `banned` of the page", ["viewer"], []],
    ]);
  });

  test("where one gives what a policy can ask for beside what others give, by itself or together", async () => {
    const direct = ["editor", "approver", "guest", "signer"];
    const others = ["cleared: approver", "signed: signer"];
    const was = page(direct, "viewer: editor", ...others);
    const is = page(direct, "viewer: editor or guest", ...others);
    const guest = "any `guest` of the page";
    const besides = (relations: string): string => `${guest} who is ${relations} of the page besides`;
    expect(await told(["viewer", "cleared", "signed"], was, is)).toEqual([
      [guest, [], ["viewer"]],
      [besides("`cleared`"), ["cleared"], ["cleared", "viewer"]],
      [besides("`signed`"), ["signed"], ["signed", "viewer"]],
      [besides("`cleared` and `signed`"), ["cleared", "signed"], ["cleared", "signed", "viewer"]],
    ]);
  });

  test("where one role leads there in two ways, and not two roles, which nobody has", async () => {
    const model = (cleared: string): string =>
      `type box\n  relations\n    define organization: [organization]\n    define keeper: admin from organization\ntype page\n  relations\n    define organization: [organization]\n    define box: [box]\n    define viewer: keeper from box or owner from organization\n    define cleared: ${cleared}\n`;
    const nobody = "viewer from organization";
    const found = await told(["viewer", "cleared"], model(nobody), model(`${nobody} or admin from organization`));
    expect(found).toContainEqual([
      "whoever has the role `admin` in the organization (page → organization), and whoever has the role `admin` in the organization (page → box → organization)",
      ["viewer"],
      ["cleared", "viewer"],
    ]);
    expect(found.filter(([words]) => words.includes("`owner`"))).toEqual([]);
  });

  test("and a relation that only one of the models defines is asked of that one", async () => {
    const is = page(["editor"], "viewer: editor", "reviewer: editor");
    expect(await told(["viewer", "reviewer"], page(["editor"], "viewer: editor"), is)).toEqual([
      ["any `editor` of the page", ["viewer"], ["reviewer", "viewer"]],
    ]);
  });
});

describe("Whether these are all is known:", () => {
  const chain = (length: number): string => {
    const type = (index: number): string =>
      `type t${index}\n  relations\n    define up: [${index === length ? "account" : `t${index + 1}`}]\n    define viewer: ${index === length ? "up" : "viewer from up"}\n`;
    return own(Array.from({ length }, (_each, index) => type(index + 1)).join(""));
  };

  test("a chain of five things is followed to its end, and of one more it is told", async () => {
    expect(waysTo([await modelOf(chain(5))], "t1")).toMatchObject({ isWhole: true, ways: [{}] });
    expect(waysTo([await modelOf(chain(6))], "t1")).toEqual({ isWhole: false, ways: [] });
  });

  test("400 ways are kept, and of one more it is told", async () => {
    const wide = (count: number): string =>
      own(
        `type page\n  relations\n${Array.from({ length: count }, (_each, index) => `    define r${index}: [account]\n`).join("")}`,
      );
    expect(waysTo([await modelOf(wide(400))], "page")).toMatchObject({ isWhole: true });
    const { ways, isWhole } = waysTo([await modelOf(wide(401))], "page");
    expect([ways.length, isWhole]).toEqual([400, false]);
  });

  test("a folder in a folder in a folder is as good as one in a folder", async () => {
    const documents = await readFile(path.join(DOCUMENTS, "openfga/documents.fga"), "utf8");
    expect(waysTo([await modelOf(documents)], "document").isWhole).toBe(true);
  });
});
