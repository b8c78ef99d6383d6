import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { buildModel, type Graph, openGraph, prepareStore, readModules } from "../../src/engines/openfga.ts";
import { type Expand, type ExpandNode, findPaths } from "../../src/engines/openfga-paths.ts";
import { LIMITS } from "../../src/entities/limits.ts";
import type { RelationPaths } from "../../src/entities/relation-paths.ts";
import { roleTuple, type Tuple } from "../../src/entities/tuples.ts";
import { POLICIES, storeOptions } from "../support/relay-world.ts";
import { testEngines } from "../support/test-engines.ts";

const TREE = `module tree

type group
  relations
    define member: [account, group#member]

type folder
  relations
    define parent: [folder]
    define viewer: [account, group#member] or viewer from parent

type paper
  relations
    define folder: [folder]
    define editor: [account]
    define blocked: [account]
    define cleared: [account, group#member]
    define viewer: editor or viewer from folder
    define reader: viewer but not blocked
    define signer: editor and cleared
`;

const MS = 5_000;
let graph: Graph;

beforeAll(async () => {
  const modules = await readModules([POLICIES]);
  const model = buildModel([...modules, { name: "tree.fga", contents: TREE }]);
  const store = await prepareStore(await storeOptions({ model }));
  const { apiUrl, presharedKey } = testEngines().openfga;
  graph = openGraph({ apiUrl, presharedKey, ...store, connections: 2 });
  await write(
    ["account:ann", "member", "group:inner"],
    ["group:inner#member", "member", "group:outer"],
    ["group:outer#member", "viewer", "folder:top"],
    ["folder:top", "parent", "folder:sub"],
    ["folder:sub", "folder", "paper:1"],
    ["account:bob", "editor", "paper:1"],
    ["account:bob", "viewer", "folder:sub"],
    ["account:ann", "blocked", "paper:1"],
    ["account:bob", "cleared", "paper:1"],
    ["group:round#member", "member", "group:trip"],
    ["group:trip#member", "member", "group:round"],
  );
});
afterAll(async () => await graph.close());

async function write(...tuples: readonly (readonly [string, string, string])[]): Promise<void> {
  const writes = tuples.map(([user, relation, object]) => ({ user, relation, object }));
  expect(await graph.write({ writes, deletes: [] }, MS)).toEqual({ outcome: "applied" });
}

/** Ways as `object#relation` from stop to stop; `(parent)` where one points to the next. */
async function ways(object: string, relation: string, user: string): Promise<string[]> {
  const { paths, isComplete } = await graph.paths({ object, relation, user }, () => MS);
  expect(isComplete).toBe(true);
  return told(paths);
}

function told(paths: RelationPaths["paths"]): string[] {
  const named = ({ through, object, relation }: (typeof paths)[number][number]): string =>
    `${through === undefined ? "" : `(${through}) `}${object}#${relation}`;
  return paths.map((path) => path.map(named).join(" > "));
}

describe("The ways from an object to an account", () => {
  test("a direct tuple is the whole of one", async () => {
    expect(await ways("paper:1", "editor", "account:bob")).toEqual(["paper:1#editor"]);
    expect(await ways("paper:1", "editor", "account:ann")).toEqual([]);
  });

  test("the role in an organization is one, whoever else has it", async () => {
    const tuple = roleTuple("org-paths", "admin", "p-1");
    await graph.write({ writes: [tuple, roleTuple("org-paths", "admin", "p-2")], deletes: [] }, MS);
    expect(await graph.paths(tuple, () => MS)).toEqual({
      paths: [[{ object: "organization:org-paths", relation: "admin" }]],
      isComplete: true,
    });
    expect((await graph.paths({ ...tuple, user: "account:p-3" }, () => MS)).paths).toEqual([]);
  });

  test("lead through parents and through groups inside groups, however deep", async () => {
    expect(await ways("paper:1", "viewer", "account:ann")).toEqual([
      "paper:1#viewer > (folder) folder:sub#viewer > (parent) folder:top#viewer > group:outer#member > group:inner#member",
    ]);
  });

  test("are all told where there are several", async () => {
    expect(await ways("paper:1", "viewer", "account:bob")).toEqual([
      "paper:1#viewer > paper:1#editor",
      "paper:1#viewer > (folder) folder:sub#viewer",
    ]);
  });

  test("are none for who is excluded, and all operands' for who must have several", async () => {
    expect(await ways("paper:1", "reader", "account:ann")).toEqual([]);
    expect(await ways("paper:1", "reader", "account:bob")).toHaveLength(2);
    expect(await ways("paper:1", "signer", "account:bob")).toEqual([
      "paper:1#signer > paper:1#editor",
      "paper:1#signer > paper:1#cleared",
    ]);
    expect(await ways("paper:1", "signer", "account:ann")).toEqual([]);
  });

  test("end where they go round in a circle", async () => {
    expect(await ways("group:round", "member", "account:ann")).toEqual([]);
  });

  test("throw CANNOT_DECIDE when the time is over, and for what the model does not know", async () => {
    const asked: Tuple = { object: "paper:1", relation: "viewer", user: "account:ann" };
    await expect(graph.paths(asked, () => 0)).rejects.toMatchObject({ code: "CANNOT_DECIDE" });
    await expect(graph.paths({ ...asked, relation: "painter" }, () => MS)).rejects.toMatchObject({
      code: "CANNOT_DECIDE",
    });
  });
});

describe("The bounds", () => {
  const asked: Tuple = { object: "group:0", relation: "member", user: "account:ann" };
  const users = (...names: string[]): ExpandNode => ({ leaf: { users: { users: names } } });
  const number = (object: string): number => Number(object.split(":")[1]);

  /** Groups in a row, the last of which has the account. */
  const row =
    (length: number): Expand =>
    async (object) => {
      const next = number(object) + 1;
      return await Promise.resolve(users(next < length ? `group:${next}#member` : "account:ann"));
    };

  test(`a way has at most ${LIMITS.pathSteps} stops`, async () => {
    const whole = await findPaths(row(LIMITS.pathSteps), asked);
    expect([whole.paths[0]?.length, whole.isComplete]).toEqual([LIMITS.pathSteps, true]);
    expect(await findPaths(row(LIMITS.pathSteps + 1), asked)).toEqual({ paths: [], isComplete: false });
  });

  /** One group of so many, each of which has the account. */
  const star = (count: number, has = "account:ann"): Expand => {
    const groups = Array.from({ length: count }, (_, index) => `group:${index + 1}#member`);
    return async (object) => await Promise.resolve(users(...(number(object) === 0 ? groups : [has])));
  };

  test(`at most ${LIMITS.paths} ways are told`, async () => {
    const whole = await findPaths(star(LIMITS.paths), asked);
    expect([whole.paths.length, whole.isComplete]).toEqual([LIMITS.paths, true]);
    const cut = await findPaths(star(LIMITS.paths + 1), asked);
    expect([cut.paths.length, cut.isComplete]).toEqual([LIMITS.paths, false]);
  });

  test(`at most ${LIMITS.pathExpands} calls are made`, async () => {
    const counted = async (count: number): Promise<[number, boolean]> => {
      let calls = 0;
      const expand = star(count, "account:bob");
      const { isComplete } = await findPaths(async (object, relation) => {
        calls += 1;
        return await expand(object, relation);
      }, asked);
      return [calls, isComplete];
    };
    expect(await counted(LIMITS.pathExpands - 1)).toEqual([LIMITS.pathExpands, true]);
    expect(await counted(LIMITS.pathExpands)).toEqual([LIMITS.pathExpands, false]);
  });

  test(`at most ${LIMITS.pathBranches} branches of one stop are followed`, async () => {
    const circle = (count: number): Expand => {
      const same = Array.from({ length: count }, () => "group:0#member");
      return async () => await Promise.resolve(users(...same));
    };
    expect((await findPaths(circle(LIMITS.pathBranches), asked)).isComplete).toBe(true);
    expect((await findPaths(circle(LIMITS.pathBranches + 1), asked)).isComplete).toBe(false);
  });

  test("what is too much to be read is told as incomplete, with the account when it is there", async () => {
    const cut = async (): Promise<ExpandNode> => await Promise.resolve({ ...users("account:ann"), isCut: true });
    expect(await findPaths(cut, asked)).toEqual({
      paths: [[{ object: "group:0", relation: "member" }]],
      isComplete: false,
    });
  });
});

test("a role is found among more others than one answer may hold", async () => {
  const long = "x".repeat(480); // a megabyte of them
  const tuples = Array.from({ length: 2_400 }, (_, index) => roleTuple("org-large", "viewer", `p-${index}-${long}`));
  for (let from = 0; from < tuples.length; from += 100) {
    await graph.write({ writes: tuples.slice(from, from + 100), deletes: [] }, MS);
  }
  const [first] = tuples;
  if (first === undefined) throw new Error("there is none");
  expect(await graph.paths(first, () => MS)).toEqual({
    paths: [[{ object: "organization:org-large", relation: "viewer" }]],
    isComplete: false,
  });
  expect((await graph.paths({ ...first, user: "account:p-none" }, () => MS)).paths).toEqual([]);
});
