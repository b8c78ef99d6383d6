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

const LONG_MS = 60_000;

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

  test(
    "and told where they make something else than either makes by itself",
    async () => {
      await using graphs = await startTrialGraphs(() => undefined);
      const sideOf = async (name: string, viewer: string): Promise<{ model: Model; graph: Graph }> => {
        const model = await modelOf(page(viewer));
        return { model, graph: await graphs.storeFor(name, model) };
      };
      const base = await sideOf("base", "editor but not banned");
      const head = await sideOf("head", "editor");
      const words = "any `editor` of the page, and any `banned` of the page";
      const parts = ["any `editor` of the page", "any `banned` of the page"];
      const both = { words, role: null, parts };
      expect(await waysBetween("page", ["viewer"], base, head)).toEqual({
        isWhole: true,
        ways: [{ ...both, begins: words, anyDepth: words, tried: [words], base: [], head: ["viewer"] }],
      });
    },
    LONG_MS,
  );

  test(
    "and told where one gives what a policy can ask for beside what the other gives",
    async () => {
      await using graphs = await startTrialGraphs(() => undefined);
      const sideOf = async (name: string, viewer: string): Promise<{ model: Model; graph: Graph }> => {
        const direct = ["editor", "approver", "guest"]
          .map((relation) => `    define ${relation}: [account]\n`)
          .join("");
        const derived = `    define viewer: ${viewer}\n    define cleared: approver\n`;
        const model = await modelOf(own(`type page\n  relations\n${direct}${derived}`));
        return { model, graph: await graphs.storeFor(name, model) };
      };
      const [base, head] = [await sideOf("base", "editor"), await sideOf("head", "editor or guest")];
      const { ways } = await waysBetween("page", ["viewer", "cleared"], base, head);
      expect(ways.map(({ begins, parts, ...way }) => [begins, parts.length, way.base, way.head])).toEqual([
        ["any `guest` of the page", 0, [], ["viewer"]],
        ["any `guest` of the page", 1, ["cleared"], ["cleared", "viewer"]],
      ]);
    },
    LONG_MS,
  );

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
