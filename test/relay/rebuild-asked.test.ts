import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { fenceTuple } from "../../src/entities/fence.ts";
import { roleTuple, type Tuple } from "../../src/entities/tuples.ts";
import { rebuild } from "../../src/relay/rebuild.ts";
import { reconcile, type Report } from "../../src/relay/reconcile.ts";
import { deleteByHand, writeByHand } from "../support/graph.ts";
import { lived, makePair, type Pair } from "../support/reconcile-world.ts";
import { CANNOT_DECIDE, giveUpAWrite } from "../support/relay-faults.ts";
import { expectGraphIsLedger, positionOf, wipe } from "../support/relay-graph.ts";
import { grant, makeRelayWorld, type RelayWorld, revoke } from "../support/relay-world.ts";

let world: RelayWorld;
let pair: Pair;
beforeAll(async () => {
  world = await makeRelayWorld();
});
beforeEach(() => {
  pair = makePair(world);
});
afterEach(async () => {
  await pair.reconciler.close();
  await world.reset();
});
afterAll(async () => await world.close());

describe("a rebuild that somebody asks for", () => {
  test("happens although the fence stands where the ledger left it; a comparison of the same graph files nothing", async () => {
    const { relay, reconciler, deps } = pair;
    const id = await lived(world, relay);
    expect(await reconcile(deps, id)).toMatchObject({ outcome: "agrees" });
    const { version, epoch, filed } = await positionOf(world, id);
    expect([epoch, filed]).toEqual([0, 4]);
    expect(await rebuild(deps, id)).toMatchObject({ outcome: "rebuilt", missing: [], injected: [] });
    await reconciler.idle();
    await expectGraphIsLedger(world, id);
    expect(await positionOf(world, id)).toMatchObject({ epoch: 1, version });
  });

  test("brings back what is missing and removes what was injected, whoever moved the fence to where it belongs", async () => {
    const { relay, reconciler, deps } = pair;
    const id = await lived(world, relay);
    const late = await grant(world, id, "admin");
    await relay.apply(id);
    await wipe(world, id);
    await writeByHand(world.storeId, fenceTuple(id, 5));
    const stranger = roleTuple(id, "owner", "p-stranger");
    await writeByHand(world.storeId, stranger);
    const report = await rebuild(deps, id);
    expect(report).toMatchObject({ outcome: "rebuilt", injected: [stranger] });
    expect(report.missing).toContainEqual(roleTuple(id, "admin", late.pseudonym));
    await reconciler.idle();
    await expectGraphIsLedger(world, id);
  });

  test("takes the place of rows that were on their way; a Write of theirs that executes later changes nothing", async () => {
    const { relay, reconciler, deps } = pair;
    const id = await lived(world, relay);
    const gone = await grant(world, id, "admin");
    await giveUpAWrite(world, relay, id);
    await revoke(world, id, "admin", gone);
    await grant(world, id, "billing");
    await rebuild(deps, id);
    await reconciler.idle();
    await expectGraphIsLedger(world, id);
    await world.proxy.release();
    await expectGraphIsLedger(world, id);
  });

  test("goes on with what changes meanwhile, and again and again", async () => {
    const { relay, reconciler, deps } = pair;
    const id = await lived(world, relay);
    for (let epoch = 1; epoch <= 3; epoch += 1) {
      const [report] = await Promise.all([rebuild(deps, id), grant(world, id, "viewer")]);
      expect(report.outcome).toBe("rebuilt");
      await relay.apply(id);
      await reconciler.idle();
      await expectGraphIsLedger(world, id);
    }
  });

  test("is a failure while OpenFGA does not answer, or has not all of it; asked for again it is done", async () => {
    const { relay, reconciler, deps } = pair;
    const id = await lived(world, relay);
    await deleteByHand(world.storeId, fenceTuple(id, 4));
    world.proxy.cut();
    await expect(rebuild({ ...deps, readTimeoutMs: 200 }, id)).rejects.toEqual(CANNOT_DECIDE);
    world.proxy.mend();
    const apply = async (): Promise<void> => {
      world.advance(60_000);
      await Promise.reject(new Error("not now"));
    };
    await expect(rebuild({ ...deps, apply }, id)).rejects.toEqual(CANNOT_DECIDE);
    expect(await rebuild(deps, id)).toMatchObject({ outcome: "rebuilt" });
    await reconciler.idle();
    await expectGraphIsLedger(world, id);
  });
});

describe("a ledger restored a row behind its graph", () => {
  /** As the ledger was before a fifth change, which made somebody an admin; the graph has that change. */
  async function restored(): Promise<{ id: string; gone: Tuple }> {
    const id = await lived(world, pair.relay);
    const admin = await grant(world, id, "admin");
    await pair.relay.apply(id);
    await world.sql("delete from memberships where organization_id = $1 and role = 'admin'", [id]);
    await world.sql("update graph_positions set applied = 4 where organization_id = $1", [id]);
    await world.sql("update organizations set tuples_filed = 4 where id = $1", [id]);
    return { id, gone: roleTuple(id, "admin", admin.pseudonym) };
  }

  test("files its next change under a number that is taken: the comparison finds that as drift", async () => {
    const { relay, reconciler, deps } = pair;
    const { id, gone } = await restored();
    const late = await grant(world, id, "billing");
    await relay.apply(id);
    const missing = [roleTuple(id, "billing", late.pseudonym)];
    expect(await reconcile(deps, id)).toMatchObject({ outcome: "repaired", missing, injected: [gone] });
    await reconciler.idle();
    await expectGraphIsLedger(world, id);
  });

  test("and rebuilt before its next change has nothing to find", async () => {
    const { relay, reconciler, deps } = pair;
    const { id, gone } = await restored();
    expect(await rebuild(deps, id)).toMatchObject({ injected: [gone] });
    await grant(world, id, "billing");
    await relay.apply(id);
    await reconciler.idle();
    expect(await reconcile(deps, id)).toMatchObject({ outcome: "agrees" });
    await expectGraphIsLedger(world, id);
  });
});

describe("a round of rebuilds", () => {
  test("rebuilds every organization, tells of each, and goes on past one that cannot be", async () => {
    const { relay, reconciler } = pair;
    const ids = [await lived(world, relay), await lived(world, relay), await lived(world, relay)];
    const [broken = ""] = ids;
    // A number that no bigint is made of: this organization's ledger cannot be filed to.
    await world.sql("update organizations set tuples_filed = 9223372036854775807 where id = $1", [broken]);
    const reports: Report[] = [];
    const failures: string[] = [];
    const options = {
      rebuilds: true,
      onReport: (report: Report) => reports.push(report),
      onFailure: (id: string) => failures.push(id),
    };
    const count = await reconciler.all(options);
    await reconciler.idle();
    const others = ids.slice(1);
    expect(failures).toEqual([broken]);
    expect(count).toBe(reports.length + 1);
    expect(reports.filter(({ organization }) => others.includes(organization))).toMatchObject([
      { outcome: "rebuilt" },
      { outcome: "rebuilt" },
    ]);
    for (const id of others) await expectGraphIsLedger(world, id);
    await world.sql("delete from graph_positions where organization_id = $1", [broken]);
  });

  test("of one slug leaves the others alone; of an unknown slug there is none", async () => {
    const { relay, reconciler } = pair;
    const [one, other] = [await lived(world, relay), await lived(world, relay)];
    expect(await reconciler.all({ rebuilds: true, slug: one })).toBe(1); // the test's slugs are its ids
    expect((await positionOf(world, one)).epoch).toBe(1);
    expect((await positionOf(world, other)).epoch).toBe(0);
    expect(await reconciler.all({ rebuilds: true, slug: `${one}-not` })).toBe(0);
  });
});
