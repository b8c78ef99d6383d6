/** A gateway is killed between a member's removal and the end of what pointed to the member: the next one ends it. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { LIMITS } from "../../src/entities/limits.ts";
import { writeBundle } from "../../src/policy/bundle.ts";
import { relationsLeft } from "../support/departures.ts";
import { account, documentLine, sendLines } from "../support/document-world.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayHome, makeGatewayHome } from "../support/gateway-process.ts";
import { expectGraphHoldsLedger } from "../support/graph.ts";
import { DOCUMENTS, POLICIES } from "../support/host-folder.ts";
import { type OwnEngines, startOwnEngines } from "../support/own-engines.ts";
import { addMember, foundOrganization, must } from "../support/world.ts";

const LONG_MS = 240_000;
const RELATIONS = 3 * LIMITS.relationsEnded;

let folder: string;
let own: OwnEngines;
let home: GatewayHome;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "bailiwick-bundle-"));
  await writeBundle(path.join(folder, "bundle"), POLICIES, [DOCUMENTS]);
  own = await startOwnEngines(path.join(folder, "bundle"));
  home = await makeGatewayHome({ HOST_POLICIES: DOCUMENTS, CERBOS_TARGET: own.engines.cerbosTarget });
}, LONG_MS);
afterAll(async () => {
  await home.close();
  await own.stop();
  await rm(folder, { recursive: true, force: true });
});

test.each(["removal", "erasure"])(
  "a member's %s whose gateway is killed before all that points to the member is ended, again and again, is ended by the next one",
  async (what) => {
    let running = await home.start();
    const owner = await home.person(running, "owner");
    const bob = await home.person(running, `bob-${what}`);
    const slug = await foundOrganization(owner);
    await addMember(owner, slug, bob, "viewer");
    const keeper = await home.service(`keeper-${what}`, ["entities:write"], [slug]);
    const lines = Array.from({ length: RELATIONS / 2 }, (_, index) => {
      return {
        ...documentLine(`d-${index}`),
        relations: { author: [account(bob.alias)], shared_with: [account(bob.alias)] },
      };
    });
    await sendLines(`${running.url}/v1/organizations/${slug}/entities`, keeper, lines);
    const [row] = await home.sql<{ id: string }>("select id from organizations where slug = $1", [slug]);
    const left = async (): Promise<number> => await relationsLeft(home, row?.id ?? "");

    const held = home.proxy.hold("requests", "/write"); // the relay has its first row in hand, and nothing comes of it
    must(
      await (what === "erasure"
        ? bob.delete("/v1/me")
        : owner.delete(`/v1/organizations/${slug}/members/${bob.alias}`)),
      204,
    );
    await held;
    expect(await left()).toBe(RELATIONS - LIMITS.relationsEnded);
    await running.kill();
    home.proxy.pass();

    running = await home.start();
    await eventually(async () => expect(await left()).toBeLessThan(RELATIONS - LIMITS.relationsEnded), LONG_MS);
    await running.kill();
    running = await home.start();
    await eventually(async () => expect(await home.sql("select from departures")).toEqual([]), LONG_MS);
    expect(await left()).toBe(0);
    await eventually(async () => await expectGraphHoldsLedger(home), LONG_MS);
    await running.kill();
  },
  LONG_MS,
);
