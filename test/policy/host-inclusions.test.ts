import { beforeAll, describe, expect, test } from "@jest/globals";
import path from "node:path";
import { buildModel, type ModelModule, readModules } from "../../src/engines/openfga-model.ts";
import { inclusionsOf } from "../../src/policy/host-inclusions.ts";
import { DOCUMENTS, POLICIES } from "../support/host-folder.ts";

let core: ModelModule[];
beforeAll(async () => {
  core = await readModules([path.join(POLICIES, "openfga")]);
});

/** What each of the two relations of `thing` cannot hold without, the one or the other. */
function within(part: string, whole: string, ...others: readonly string[]): unknown {
  const relations = [`part: ${part}`, `whole: ${whole}`, ...others].map((line) => `    define ${line}\n`).join("");
  const boxes = "type box\n  relations\n    define inner: [account]\n    define outer: [account] or inner\n";
  const shelves = "type shelf\n  relations\n    define inner: [account]\n    define outer: [account]\n";
  const contents = `module host\n\n${boxes}\n${shelves}\ntype thing\n  relations\n${relations}`;
  const model = buildModel([...core, { name: "host.fga", contents }]);
  return Object.fromEntries(inclusionsOf(model, "thing", ["part", "whole"]));
}

const IS_WITHIN = { part: ["whole"], whole: [] };
const NEITHER = { part: [], whole: [] };

describe("A relation of a host's model cannot hold without another one", () => {
  test.each([
    ["that names it", "[account]", "[account] or part", []],
    ["that names it by way of a third", "[account]", "[account] or third", ["third: [account] or part"]],
    [
      "all of whose ways are the other's too",
      "third or fourth",
      "[account] or fourth or third",
      ["third: [account]", "fourth: [account]"],
    ],
    ["whose parents give the other as well", "inner from box", "[account] or outer from box", ["box: [box]"]],
    [
      "that its own parents give as well",
      "inner from box or part from up",
      "outer from box or whole from up",
      ["box: [box]", "up: [thing]"],
    ],
    ["that is the same: one of them is asked first", "whole", "[account]", []],
  ])("%s", (_which, part, whole, others) => {
    expect(within(part, whole, ...others)).toEqual(IS_WITHIN);
  });

  test.each([
    ["has a tuple of its own", "[account]", "[account]", []],
    ["has a way of its own beside", "[account] or third", "[account] or third", ["third: [account]"]],
    ["is one of two that must both hold", "[account]", "part and third", ["third: [account]"]],
    ["is what something is taken from", "[account]", "part but not third", ["third: [account]"]],
    ["is what is taken away", "[account]", "third but not part", ["third: [account]"]],
    ["is itself made by taking away", "third but not fourth", "[account]", ["third: [account]", "fourth: [account]"]],
    ["comes from parents where it is not the other's", "inner from shelf", "outer from shelf", ["shelf: [shelf]"]],
    [
      "comes from parents of two types, one of which keeps them apart",
      "inner from box",
      "outer from box",
      ["box: [box, shelf]"],
    ],
    ["comes from other parents", "inner from box", "outer from crate", ["box: [box]", "crate: [box]"]],
    [
      "comes from parents that have one more way",
      "inner from box or part from up",
      "outer from box",
      ["box: [box]", "up: [thing]"],
    ],
  ])("but not where it %s", (_which, part, whole, others) => {
    expect(within(part, whole, ...others)).toEqual(NEITHER);
  });

  test("as in the tree of documents, through folders and projects", async () => {
    const model = buildModel([...core, ...(await readModules([path.join(DOCUMENTS, "openfga")]))]);
    const asked = ["manager", "editor", "viewer", "insider"];
    expect(Object.fromEntries(inclusionsOf(model, "document", asked))).toEqual({
      manager: ["editor", "viewer"],
      editor: ["viewer"],
      viewer: [],
      insider: ["viewer"],
    });
  });

  test("three that are the same come to an end", () => {
    const contents =
      "module host\n\ntype thing\n  relations\n    define a: b\n    define b: c\n    define c: [account]\n";
    const model = buildModel([...core, { name: "host.fga", contents }]);
    const inclusions = inclusionsOf(model, "thing", ["a", "b", "c"]);
    expect(Object.fromEntries(inclusions)).toEqual({ a: ["b", "c"], b: ["c"], c: [] });
  });
});
