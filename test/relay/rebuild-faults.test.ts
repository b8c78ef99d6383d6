import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { roleTuple, tupleKey } from "../../src/entities/tuples.ts";
import { reconcile } from "../../src/relay/reconcile.ts";
import type { Relay } from "../../src/relay/relay.ts";
import { lived, makePair, type Pair } from "../support/reconcile-world.ts";
import { giveUpAWrite, PAST_BACKOFF_MS } from "../support/relay-faults.ts";
import { expectGraphIsLedger, graphOf, wipe } from "../support/relay-graph.ts";
import { found, grant, makeRelayWorld, type Member, type RelayWorld, revoke } from "../support/relay-world.ts";

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

/** An organization whose first Write, which made `owner` its owner, is still on its way; the owner is another now, the graph empty. */
async function emptied(relay: Relay): Promise<{ id: string; owner: Member }> {
  const { id, owner } = await found(world);
  await giveUpAWrite(world, relay, id);
  await relay.apply(id);
  await grant(world, id, "owner");
  await revoke(world, id, "owner", owner);
  await relay.apply(id);
  await wipe(world, id);
  return { id, owner };
}

describe("a Write that was given up before a loss", () => {
  test("and executes on the emptied graph is found out, and removed by the rebuild", async () => {
    const { relay, reconciler, deps } = pair;
    const { id, owner } = await emptied(relay);
    await world.proxy.release();
    expect(await graphOf(world, id)).toContain(tupleKey(roleTuple(id, "owner", owner.pseudonym)));
    expect(await reconcile(deps, id)).toMatchObject({ outcome: "rebuilt" });
    await reconciler.idle();
    await expectGraphIsLedger(world, id);
  });

  test("and executes after the rebuild changes nothing, the first Write of its organization included", async () => {
    const { relay, reconciler, deps } = pair;
    const { id } = await emptied(relay);
    expect(await reconcile(deps, id)).toMatchObject({ outcome: "rebuilt" });
    await reconciler.idle();
    await world.proxy.release();
    await expectGraphIsLedger(world, id);
  });

  test("and was the rebuilding one changes nothing after the next loss has been repaired", async () => {
    const { relay, reconciler, deps } = pair;
    const id = await lived(world, relay);
    await wipe(world, id);
    const caught = world.proxy.hold("requests", "/write");
    await reconcile(deps, id);
    await caught;
    world.proxy.pass();
    world.advance(PAST_BACKOFF_MS);
    await relay.apply(id);
    await reconciler.idle();
    await wipe(world, id);
    expect(await reconcile(deps, id)).toMatchObject({ outcome: "rebuilt" });
    await reconciler.idle();
    await world.proxy.release();
    await expectGraphIsLedger(world, id);
  });

  test("and executes between the comparison and the rebuild is removed by the look after it", async () => {
    const { relay, reconciler, deps } = pair;
    const { id } = await emptied(relay);
    const apply = async (organization: string): Promise<void> => {
      await world.proxy.release(); // filed, not yet applied: the late Write begins a graph of its own
      await relay.apply(organization);
    };
    expect(await reconcile({ ...deps, apply }, id)).toMatchObject({ outcome: "rebuilt", injected: [] });
    await reconciler.idle();
    await expectGraphIsLedger(world, id);
    expect(reconciler.status()).toMatchObject({ repaired: 1, injected: 1 });
  });
});
