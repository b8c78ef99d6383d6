import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { type Graph, openGraph, prepareStore } from "../../src/engines/openfga.ts";
import { fenceTuple, genesisTuple } from "../../src/entities/fence.ts";
import { applicationTuples, roleTuple, sectorTuple, type Tuple, tupleKey } from "../../src/entities/tuples.ts";
import { CANNOT_DECIDE } from "../support/relay-faults.ts";
import { newName, storeOptions } from "../support/relay-world.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { testEngines } from "../support/test-engines.ts";

const TIMEOUT_MS = 5_000;
const SHORT_MS = 150;

let proxy: TcpProxy;
let graph: Graph;

beforeAll(async () => {
  const store = await prepareStore(await storeOptions());
  const { apiUrl, presharedKey } = testEngines().openfga;
  proxy = await startTcpProxy(apiUrl);
  graph = openGraph({ apiUrl: proxy.url, presharedKey, ...store, connections: 2 });
});
afterEach(() => {
  proxy.pass();
  proxy.mend();
});
afterAll(async () => {
  await graph.close();
  await proxy.close();
});

async function write(...tuples: readonly Tuple[]): Promise<void> {
  for (let from = 0; from < tuples.length; from += 100) {
    const part = tuples.slice(from, from + 100);
    expect(await graph.write({ writes: part, deletes: [] }, TIMEOUT_MS)).toEqual({ outcome: "applied" });
  }
}

describe("reading", () => {
  test("gives the direct role of an account in one organization, and nothing of its neighbours", async () => {
    const [organization, other] = [newName("org"), newName("org")];
    await write(
      roleTuple(organization, "admin", "p-a"),
      roleTuple(other, "owner", "p-a"),
      roleTuple(organization, "viewer", "p-b"),
    );
    expect(await graph.directRoles("p-a", organization, TIMEOUT_MS)).toEqual(["admin"]);
    expect(await graph.directRoles("p-c", organization, TIMEOUT_MS)).toEqual([]);
  });

  test("gives the fence's number, none, or one that is not a number", async () => {
    const organization = newName("org");
    expect(await graph.fence(organization, TIMEOUT_MS)).toEqual([]);
    await write(fenceTuple(organization, 12), genesisTuple(organization, 0));
    expect(await graph.fence(organization, TIMEOUT_MS)).toEqual([12]);
    await write({ ...fenceTuple(organization, 0), user: "fence:by-hand" });
    expect(await graph.fence(organization, TIMEOUT_MS)).toEqual(expect.arrayContaining([12, Number.NaN]));
  });

  test("tells which tuples exist, exactly", async () => {
    const organization = newName("org");
    const [there, gone] = [roleTuple(organization, "admin", "p-a"), roleTuple(organization, "owner", "p-a")];
    await write(there);
    expect(await graph.exists([there, gone], TIMEOUT_MS)).toEqual(new Set([tupleKey(there)]));
  });

  test("checks many at once, in their order, whatever their number", async () => {
    const organization = newName("org");
    const tuples = Array.from({ length: 101 }, (_, index) => roleTuple(organization, "viewer", `p-${index}`));
    await write(...tuples.filter((_, index) => index % 3 === 0));
    const expected = tuples.map((_, index) => index % 3 === 0);
    for (const count of [0, 1, 50, 51, 101]) {
      expect(await graph.holds(tuples.slice(0, count), TIMEOUT_MS)).toEqual(expected.slice(0, count));
    }
  });

  test("takes a check that OpenFGA cannot make for no denial: none of its neighbours is told either", async () => {
    const organization = newName("org");
    const good = roleTuple(organization, "viewer", "p-a");
    await write(good);
    expect(await graph.holds([good], TIMEOUT_MS)).toEqual([true]);
    const unknown = roleTuple(organization, "emperor", "p-a");
    await expect(graph.holds([good, unknown], TIMEOUT_MS)).rejects.toEqual(CANNOT_DECIDE);
  });

  test("gives everything about an organization, over more than one page, and nothing of others", async () => {
    const [organization, sector, anchor, stranger] = ["org", "sec", "app", "app"].map(newName) as [
      string,
      string,
      string,
      string,
    ];
    const own = [
      ...Array.from({ length: 101 }, (_, index) => roleTuple(organization, "viewer", `p-${index}`)),
      fenceTuple(organization, 1),
      sectorTuple(organization, sector),
      ...applicationTuples(organization, sector, anchor),
      { user: `sector:${sector}`, relation: "sector", object: `application:${stranger}` },
    ];
    await write(...own, ...applicationTuples(newName("org"), newName("sec"), newName("app")));
    const asked = { organization, sectors: [], applications: [] };
    const found = await graph.readOrganization(asked, TIMEOUT_MS);
    expect(found.map(tupleKey).sort()).toEqual(own.map(tupleKey).sort());
  });

  test("looks at what the ledger knows, also where no edge leads there any more", async () => {
    const [organization, sector] = [newName("org"), newName("sec")];
    const foreign = sectorTuple(newName("org"), sector);
    await write(foreign);
    const asked = { organization, sectors: [sector], applications: [] };
    expect(await graph.readOrganization(asked, TIMEOUT_MS)).toEqual([foreign]);
  });
});

describe("a Write", () => {
  test("is all or nothing, and refused for a tuple that is there or one that is not", async () => {
    const organization = newName("org");
    const [a, b] = [roleTuple(organization, "admin", "p-a"), roleTuple(organization, "admin", "p-b")];
    await write(a);
    expect(await graph.write({ writes: [b, a], deletes: [] }, TIMEOUT_MS)).toMatchObject({ outcome: "refused" });
    const missing = roleTuple(organization, "owner", "p-a");
    expect(await graph.write({ writes: [b], deletes: [missing] }, TIMEOUT_MS)).toMatchObject({ outcome: "refused" });
    expect(await graph.exists([a, b], TIMEOUT_MS)).toEqual(new Set([tupleKey(a)]));
  });

  test("of a tuple that the model does not know, or of 101 tuples, is invalid", async () => {
    const organization = newName("org");
    const unknown = { ...roleTuple(organization, "emperor", "p-a") };
    const outcome = await graph.write({ writes: [unknown], deletes: [] }, TIMEOUT_MS);
    expect(outcome).toMatchObject({ outcome: "invalid", reason: expect.stringContaining("emperor") });
    const many = Array.from({ length: 101 }, (_, index) => roleTuple(organization, "viewer", `p-${index}`));
    expect(await graph.write({ writes: many, deletes: [] }, TIMEOUT_MS)).toMatchObject({ outcome: "invalid" });
    expect(await graph.write({ writes: many.slice(1), deletes: [] }, TIMEOUT_MS)).toEqual({ outcome: "applied" });
  });

  test("that races others for one tuple is applied once, and told from the rest", async () => {
    const organization = newName("org");
    await write(fenceTuple(organization, 1));
    const swap = { writes: [fenceTuple(organization, 2)], deletes: [fenceTuple(organization, 1)] };
    const outcomes = await Promise.all(Array.from({ length: 8 }, async () => await graph.write(swap, TIMEOUT_MS)));
    expect(outcomes.filter(({ outcome }) => outcome === "applied")).toHaveLength(1);
    expect(outcomes.every(({ outcome }) => ["applied", "refused", "conflict"].includes(outcome))).toBe(true);
  });
});

describe("an OpenFGA that", () => {
  test("is silent holds no caller longer than its deadline, with every connection taken too", async () => {
    const caught = proxy.hold("requests", "POST");
    const ended: string[] = [];
    const ends = async (name: string, deadlineMs: number): Promise<void> => {
      await expect(graph.directRoles("p", "o", deadlineMs)).rejects.toEqual(CANNOT_DECIDE);
      ended.push(name);
    };
    const patient = ends("patient", SHORT_MS * 3);
    await Promise.all([...Array.from({ length: 6 }, async () => await ends("short", SHORT_MS)), patient, caught]);
    expect(ended).toEqual([...Array.from({ length: 6 }, () => "short"), "patient"]);
    proxy.pass();
    expect(await graph.directRoles("p", "o", TIMEOUT_MS)).toEqual([]);
  });

  test("is gone, or refuses the key, cannot decide", async () => {
    proxy.cut();
    await expect(graph.fence("o", TIMEOUT_MS)).rejects.toEqual(CANNOT_DECIDE);
    await expect(graph.fence("o", 0)).rejects.toEqual(CANNOT_DECIDE);
    const { apiUrl } = testEngines().openfga;
    const stranger = openGraph({ apiUrl, presharedKey: "wrong", storeId: "s", modelId: "m", connections: 1 });
    await expect(stranger.directRoles("p", "o", TIMEOUT_MS)).rejects.toEqual(CANNOT_DECIDE);
    await stranger.close();
    const dead = { ...(await storeOptions()), apiUrl: proxy.url };
    await expect(prepareStore(dead)).rejects.toEqual(CANNOT_DECIDE);
  });

  test("has lost the store says so: a ping fails, and a Write is neither refused nor invalid", async () => {
    const unknown = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    const lost = openGraph({ ...testEngines().openfga, storeId: unknown, modelId: unknown, connections: 1 });
    await expect(lost.ping(TIMEOUT_MS)).rejects.toEqual(CANNOT_DECIDE);
    const change = { writes: [fenceTuple("o", 1)], deletes: [] };
    await expect(lost.write(change, TIMEOUT_MS)).rejects.toEqual(CANNOT_DECIDE);
    await lost.close();
    await graph.ping(TIMEOUT_MS);
  });
});
