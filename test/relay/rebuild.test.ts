import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { fenceTuple, genesisTuple } from "../../src/entities/fence.ts";
import { LIMITS } from "../../src/entities/limits.ts";
import { roleTuple, type Tuple } from "../../src/entities/tuples.ts";
import { reconcile } from "../../src/relay/reconcile.ts";
import { eventually } from "../support/eventually.ts";
import { deleteByHand, writeByHand } from "../support/graph.ts";
import { lived, makePair, type Pair } from "../support/reconcile-world.ts";
import { CANNOT_DECIDE } from "../support/relay-faults.ts";
import { expectGraphIsLedger, positionOf, wipe } from "../support/relay-graph.ts";
import { file, grant, makeRelayWorld, newName, type RelayWorld, revoke } from "../support/relay-world.ts";

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

describe("a graph that was lost", () => {
  test("with its fence alone is rebuilt as soon as a change meets it", async () => {
    const { relay, reconciler } = pair;
    const id = await lived(world, relay);
    await deleteByHand(world.storeId, fenceTuple(id, 4));
    await grant(world, id, "admin");
    await expect(relay.apply(id)).rejects.toEqual(CANNOT_DECIDE);
    await reconciler.idle();
    await expectGraphIsLedger(world, id);
    expect(await positionOf(world, id)).toMatchObject({ epoch: 1, stopped: null, attempts: 0 });
    expect(reconciler.status()).toMatchObject({ rebuilt: 1, repaired: 0 });
  });

  test("as a whole is rebuilt, tuple by tuple, and then looked at once more", async () => {
    const { relay, reconciler, deps } = pair;
    const id = await lived(world, relay);
    await wipe(world, id);
    expect(await reconcile(deps, id)).toMatchObject({ outcome: "rebuilt", rebuilt: true, injected: [] });
    await reconciler.idle();
    await expectGraphIsLedger(world, id);
    expect(reconciler.status()).toMatchObject({ compared: 1, rebuilt: 0, repaired: 0 });
  });

  test("and rolled back is rebuilt: what came later comes back, what went later goes", async () => {
    const { relay, reconciler, deps } = pair;
    const id = await lived(world, relay);
    const early = await grant(world, id, "admin");
    await relay.apply(id);
    const { applied } = await positionOf(world, id);
    await revoke(world, id, "admin", early);
    const late = await grant(world, id, "billing");
    await relay.apply(id);
    await deleteByHand(world.storeId, fenceTuple(id, applied + 2), roleTuple(id, "billing", late.pseudonym));
    await writeByHand(world.storeId, fenceTuple(id, applied));
    await writeByHand(world.storeId, roleTuple(id, "admin", early.pseudonym));
    const report = await reconcile(deps, id);
    expect(report).toMatchObject({
      outcome: "rebuilt",
      missing: [roleTuple(id, "billing", late.pseudonym)],
      injected: [roleTuple(id, "admin", early.pseudonym)],
    });
    await reconciler.idle();
    await expectGraphIsLedger(world, id);
  });

  test.each(["a second fence", "a fence that is no number"])("%s is a loss too", async (what) => {
    const { relay, reconciler, deps } = pair;
    const id = await lived(world, relay);
    await writeByHand(world.storeId, what === "a second fence" ? fenceTuple(id, 77) : strangeFence(id));
    expect(await reconcile(deps, id)).toMatchObject({ outcome: "rebuilt" });
    await reconciler.idle();
    await expectGraphIsLedger(world, id);
  });

  test("takes the place of the rows that were pending, also of one that stopped the organization", async () => {
    const { relay, reconciler, deps } = pair;
    const id = await lived(world, relay);
    await file(world, id, { writes: [{ ...strangeFence(id), relation: "emperor" }], deletes: [] });
    await grant(world, id, "admin");
    await expect(relay.apply(id)).rejects.toEqual(CANNOT_DECIDE);
    await wipe(world, id);
    expect(await reconcile(deps, id)).toMatchObject({ outcome: "rebuilt" });
    await reconciler.idle();
    await expectGraphIsLedger(world, id);
    expect((await positionOf(world, id)).stopped).toBeNull();
  });

  test("with more tuples than a row can carry is rebuilt in several", async () => {
    const { relay, reconciler, deps } = pair;
    const id = await lived(world, relay);
    for (let count = 0; count < LIMITS.tuplesPerRow; count += 1) await grant(world, id, "viewer");
    await eventually(async () => await relay.apply(id)); // nothing on its way, or the relay asks for a rebuild too
    await wipe(world, id);
    const { filed } = await positionOf(world, id);
    expect(await reconcile(deps, id)).toMatchObject({ outcome: "rebuilt" });
    await reconciler.idle();
    await expectGraphIsLedger(world, id);
    expect((await positionOf(world, id)).filed).toBe(filed + 3);
  });

  test("again and again is rebuilt each time", async () => {
    const { relay, reconciler, deps } = pair;
    const id = await lived(world, relay);
    for (let epoch = 1; epoch <= 3; epoch += 1) {
      await wipe(world, id);
      expect(await reconcile(deps, id)).toMatchObject({ outcome: "rebuilt" });
      await reconciler.idle();
      expect((await positionOf(world, id)).epoch).toBe(epoch);
      await expectGraphIsLedger(world, id);
    }
  });

  test("is not what a ledger restored from a backup finds, which takes no number twice", async () => {
    const { relay, reconciler, deps } = pair;
    const id = await lived(world, relay);
    await world.sql("update graph_positions set applied = 2 where organization_id = $1", [id]);
    await world.sql("update organizations set tuples_filed = 2 where id = $1", [id]);
    expect(await reconcile(deps, id)).toMatchObject({ outcome: "rebuilt", missing: [], injected: [] });
    await reconciler.idle();
    await expectGraphIsLedger(world, id);
    expect((await positionOf(world, id)).filed).toBeGreaterThan(4);
  });
});

test("a rebuilding Write whose epoch somebody has written by hand is filed again, as the next epoch", async () => {
  const { relay, reconciler, deps } = pair;
  const id = await lived(world, relay);
  await deleteByHand(world.storeId, fenceTuple(id, 4));
  const apply = async (): Promise<void> => await writeByHand(world.storeId, genesisTuple(id, 1));
  await reconcile({ ...deps, apply }, id);
  await expect(relay.apply(id)).rejects.toEqual(CANNOT_DECIDE);
  await reconciler.idle();
  await expectGraphIsLedger(world, id);
  expect((await positionOf(world, id)).epoch).toBe(2);
});

test("a rebuild takes an epoch that nobody has used, at once", async () => {
  const { relay, reconciler, deps } = pair;
  const id = await lived(world, relay);
  await deleteByHand(world.storeId, fenceTuple(id, 4));
  for (const epoch of [1, 2]) await writeByHand(world.storeId, genesisTuple(id, epoch));
  expect(await reconcile(deps, id)).toMatchObject({ outcome: "rebuilt" });
  await reconciler.idle();
  await expectGraphIsLedger(world, id);
  expect((await positionOf(world, id)).epoch).toBe(3);
  expect(reconciler.status()).toMatchObject({ compared: 1, rebuilt: 0 });
});

test("more fences than one Write can clear stop the organization", async () => {
  const { relay, deps } = pair;
  const id = await lived(world, relay);
  const strays = Array.from({ length: LIMITS.fencesCleared }, (_, index) => fenceTuple(id, 1_000 + index));
  for (const stray of strays) await writeByHand(world.storeId, stray);
  await reconcile(deps, id);
  expect((await positionOf(world, id)).stopped).toContain("fence tuples");
});

function strangeFence(id: string): Tuple {
  return { user: `fence:${newName("stray")}`, relation: "fence", object: `organization:${id}` };
}
