/** Who asks for an organization's tuples ends the relay's rest after a failure, once its cause is over. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { cannotDecide } from "../../src/entities/errors.ts";
import { CANNOT_DECIDE } from "../support/relay-faults.ts";
import { expectGraphIsLedger, wipe } from "../support/relay-graph.ts";
import { found, grant, makeRelayWorld, type RelayWorld } from "../support/relay-world.ts";

let world: RelayWorld;
beforeAll(async () => {
  world = await makeRelayWorld();
});
afterEach(async () => await world.reset());
afterAll(async () => await world.close());

/** A rest that nobody would wait for. */
async function restsLong(id: string): Promise<void> {
  const later = new Date(world.clock().getTime() + 3_600_000);
  await world.sql("update graph_positions set next_attempt_at = $2 where organization_id = $1", [id, later]);
}

describe("an OpenFGA", () => {
  test("that is back is tried for who asks, however long it would have been left alone", async () => {
    const { relay } = world.makeRelay();
    const { id } = await found(world);
    world.proxy.cut();
    await expect(relay.apply(id)).rejects.toEqual(CANNOT_DECIDE);
    await restsLong(id);
    world.proxy.mend();
    await relay.apply(id);
    await expectGraphIsLedger(world, id);
  });

  test.each([
    ["does not answer", 0],
    ["answers, but fails each Write", 2],
  ])("that %s is looked for twice, for fifty who ask at once, and gets %i Writes for them", async (_name, writes) => {
    const sent = { looks: 0, writes: 0 };
    const fail = async (): Promise<never> => await Promise.reject(cannotDecide("openfga", new Error("it fails")));
    const graph: Pick<RelayWorld["graph"], "guards" | "exists" | "write"> = {
      ...world.graph,
      guards: async (...asked) => {
        sent.looks += 1;
        return writes === 0 ? await fail() : await world.graph.guards(...asked);
      },
      write: async () => {
        sent.writes += 1;
        return await fail();
      },
    };
    const { relay } = world.makeRelay({ graph });
    const { id } = await found(world);
    await expect(relay.apply(id)).rejects.toEqual(CANNOT_DECIDE);
    await restsLong(id);
    Object.assign(sent, { looks: 0, writes: 0 });
    const asking = Array.from({ length: 50 }, async () => await relay.apply(id).catch((error: unknown) => error));
    expect(await Promise.all(asking)).toEqual(asking.map(() => CANNOT_DECIDE));
    expect(sent).toEqual({ looks: 2 + writes, writes }); // a try looks first, as it is not the first
  });

  test("that has lost the graph is left to its rebuild, whoever asks", async () => {
    const { relay, events } = world.makeRelay();
    const { id } = await found(world);
    await relay.apply(id);
    await wipe(world, id);
    await grant(world, id, "viewer");
    await expect(relay.apply(id)).rejects.toEqual(CANNOT_DECIDE);
    await restsLong(id);
    await expect(relay.apply(id)).rejects.toMatchObject({ details: { cause: { message: "backing off" } } });
    expect(events).toEqual(["relay.graph_lost", "relay.failed"]);
  });
});
