import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { genesisTuple } from "../../src/entities/fence.ts";
import { LIMITS } from "../../src/entities/limits.ts";
import { roleTuple, sectorTuple, type Tuple, tupleKey } from "../../src/entities/tuples.ts";
import { reconcile, reconcileAll, type ReconcileDeps, type Report } from "../../src/relay/reconcile.ts";
import { deleteByHand, writeByHand } from "../support/graph.ts";
import { depsOf, filled } from "../support/reconcile-world.ts";
import { expectGraphIsLedger, positionOf } from "../support/relay-graph.ts";
import { file, grant, makeRelayWorld, newName, type RelayWorld, revoke } from "../support/relay-world.ts";

let world: RelayWorld;
beforeAll(async () => {
  world = await makeRelayWorld();
});
afterEach(async () => await world.reset());
afterAll(async () => await world.close());

const keys = (tuples: readonly Tuple[]): string[] => tuples.map(tupleKey).sort();

describe("graph and ledger are compared", () => {
  test("and nothing is filed when they agree", async () => {
    const deps = depsOf(world);
    const { id } = await filled(world, deps);
    const before = await positionOf(world, id);
    expect(await reconcile(deps, id)).toMatchObject({ outcome: "agrees", missing: [], injected: [], rebuilt: false });
    expect(await positionOf(world, id)).toEqual(before);
  });

  test("what is missing comes back, through the outbox, without another version", async () => {
    const logged: string[] = [];
    const deps = depsOf(world, { log: (level, event) => logged.push(`${level} ${event}`) });
    const { id, sector, anchor, viewer } = await filled(world, deps);
    const edge = { user: `sector:${sector}`, relation: "sector", object: `application:${anchor}` };
    const lost = [viewer, sectorTuple(id, sector), edge];
    await deleteByHand(world.storeId, ...lost);
    const before = await positionOf(world, id);
    const report = await reconcile(deps, id);
    expect(report).toMatchObject({ outcome: "repaired", injected: [], rebuilt: false });
    expect(keys(report.missing)).toEqual(keys(lost));
    expect(logged).toEqual(["warn reconcile.drift"]);
    expect(await positionOf(world, id)).toMatchObject({ version: before.version, filed: before.filed + 1 });
    await expectGraphIsLedger(world, id);
  });

  test("what somebody injected goes: roles, edges to and from strangers, an epoch that never was", async () => {
    const deps = depsOf(world);
    const { id, sector, anchor, viewer } = await filled(world, deps);
    const injected: Tuple[] = [
      { ...viewer, relation: "owner" },
      roleTuple(id, "admin", newName("p")),
      { user: `organization:${newName("org")}`, relation: "organization", object: `sector:${sector}` },
      { user: `organization:${id}`, relation: "organization", object: `sector:${newName("sec")}` },
      { user: `organization:${id}`, relation: "organization", object: `application:${newName("app")}` },
      { user: `sector:${sector}`, relation: "sector", object: `application:${newName("app")}` },
      { user: `sector:${newName("sec")}`, relation: "sector", object: `application:${anchor}` },
      genesisTuple(id, 7),
    ];
    for (const tuple of injected) await writeByHand(world.storeId, tuple);
    const report = await reconcile(deps, id);
    expect(report).toMatchObject({ outcome: "repaired", missing: [], rebuilt: false });
    expect(keys(report.injected)).toEqual(keys(injected));
    await expectGraphIsLedger(world, id);
  });

  test("a genesis that was deleted comes back", async () => {
    const deps = depsOf(world);
    const { id } = await filled(world, deps);
    await deleteByHand(world.storeId, genesisTuple(id, 0));
    expect(await reconcile(deps, id)).toMatchObject({ outcome: "repaired", missing: [genesisTuple(id, 0)] });
    await expectGraphIsLedger(world, id);
  });

  test("after the rows on their way have arrived", async () => {
    const deps = depsOf(world);
    const { id } = await filled(world, deps);
    await grant(world, id, "admin");
    expect(await reconcile(deps, id)).toMatchObject({ outcome: "agrees" });
    await expectGraphIsLedger(world, id);
  });

  test("not at all when these do not arrive", async () => {
    const deps = depsOf(world);
    const { id } = await filled(world, deps);
    await file(world, id, { writes: [{ ...sectorTuple(id, "s"), relation: "emperor" }], deletes: [] });
    expect(await reconcile(deps, id)).toMatchObject({ outcome: "postponed" });
    expect((await positionOf(world, id)).rows).toBe(1);
  });

  test("again when a change commits in between: no repair undoes it", async () => {
    const plain = depsOf(world);
    const { id, viewer } = await filled(world, plain);
    const [row] = await world.sql<{ account: string }>(
      "select account_id as account from memberships where organization_id = $1 and role = 'viewer'",
      [id],
    );
    let races = 1;
    const readOrganization: ReconcileDeps["graph"]["readOrganization"] = async (read, timeoutMs) => {
      const graph = await world.graph.readOrganization(read, timeoutMs);
      if (races-- > 0) await revoke(world, id, "viewer", { account: row?.account ?? "", pseudonym: "gone" });
      return graph;
    };
    await deleteByHand(world.storeId, viewer); // a drift, so that something would be filed
    const deps = { ...plain, graph: { ...world.graph, readOrganization } };
    expect(await reconcile(deps, id)).toMatchObject({ outcome: "agrees" });
    await expectGraphIsLedger(world, id);
  });

  test("when somebody else's row is what was read: two reconcilers at once repair once", async () => {
    const deps = depsOf(world);
    const { id, viewer } = await filled(world, deps);
    await deleteByHand(world.storeId, viewer);
    const before = await positionOf(world, id);
    const reports = await Promise.all([reconcile(deps, id), reconcile(deps, id)]);
    expect(reports.map(({ outcome }) => outcome).sort()).toEqual(["agrees", "repaired"]);
    expect((await positionOf(world, id)).filed).toBe(before.filed + 1);
    await expectGraphIsLedger(world, id);
  });

  test.each(["a row is filed and applied", "two are, one after the other"])(
    "after its position was read, when %s: the fence has moved on, and nothing is lost",
    async (moves) => {
      const plain = depsOf(world);
      const { id } = await filled(world, plain);
      const before = await positionOf(world, id);
      let left = moves.startsWith("two") ? 2 : 1;
      const rows = left;
      const guards: ReconcileDeps["graph"]["guards"] = async (organization, timeoutMs) => {
        for (; left > 0; left -= 1) {
          await grant(world, id, "viewer");
          await plain.apply(id);
        }
        return await world.graph.guards(organization, timeoutMs);
      };
      const deps = { ...plain, graph: { ...world.graph, guards } };
      expect(await reconcile(deps, id)).toMatchObject({ outcome: "agrees", rebuilt: false });
      expect((await positionOf(world, id)).filed).toBe(before.filed + rows);
      await expectGraphIsLedger(world, id);
    },
  );

  test("of the platform organization too, which has nobody", async () => {
    const deps = depsOf(world);
    expect(await reconcile(deps, "platform")).toMatchObject({ outcome: "agrees" });
    await writeByHand(world.storeId, roleTuple("platform", "owner", "p-intruder"));
    expect(await reconcile(deps, "platform")).toMatchObject({ outcome: "repaired", rebuilt: false });
    await expectGraphIsLedger(world, "platform");
  });
});

describe("every organization", () => {
  test("is compared, on more than one page, and a failure of one leaves the others", async () => {
    const deps = depsOf(world);
    const { id, viewer } = await filled(world, deps);
    await deleteByHand(world.storeId, viewer);
    await world.sql(
      `with o as (
         insert into organizations (id, slug, name, state, created_at, updated_at)
         select 'zz-' || n, 'zz-' || n, 'O', 'archived', now(), now() from generate_series(1, $1::int) n returning id
       )
       insert into graph_positions (organization_id) select id from o`,
      [LIMITS.pageSize],
    );
    const guards: ReconcileDeps["graph"]["guards"] = async (organization, timeoutMs) => {
      if (organization === "zz-7") throw new Error("no answer");
      return await world.graph.guards(organization, timeoutMs);
    };
    const reports = new Map<string, Report["outcome"]>();
    const failed: string[] = [];
    const count = await reconcileAll(
      { ...deps, graph: { ...world.graph, guards } },
      {
        onReport: (report) => reports.set(report.organization, report.outcome),
        onFailure: (organization) => failed.push(organization),
      },
    );
    const [all] = await world.sql<{ count: number }>("select count(*)::int from organizations");
    expect(count).toBe(all?.count);
    expect(reports.size).toBe(count - 1);
    expect(failed).toEqual(["zz-7"]);
    expect(reports.get(id)).toBe("repaired");
    await expectGraphIsLedger(world, id);
  });
});
