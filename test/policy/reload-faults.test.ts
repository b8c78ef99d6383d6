/** What fails on the way of a reload leaves what was served; what fails after the switch leaves what is served. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { mkdir, readdir, readFile, rename, rmdir } from "node:fs/promises";
import path from "node:path";
import { reloadPolicies } from "../../src/domain/deploy.ts";
import { DEVELOPMENT_ISSUER } from "../../src/entities/callers.ts";
import { markOf } from "../../src/local/process-mark.ts";
import { eventually } from "../support/eventually.ts";
import { type ReloadWorld, SHIPPED, startReloadWorld, type Version } from "../support/reload-world.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { testEngines } from "../support/test-engines.ts";
import { must } from "../support/world.ts";

jest.setTimeout(120_000); // a reload takes seconds of processor time

/** What is asked when a model is about to be written: after the test vectors, before the switch. */
const LATEST_MODEL = "authorization-models?page_size=1";

const lines: string[] = [];
let openfga: TcpProxy;
let world: ReloadWorld;
let stateDir: string;
beforeAll(async () => {
  openfga = await startTcpProxy(testEngines().openfga.apiUrl);
  const settings = { OPENFGA_API_URL: openfga.url };
  world = await startReloadWorld({ logged: (line) => lines.push(line), settings });
  ({ stateDir } = world.at.config);
});
afterAll(async () => {
  await world.close();
  await openfga.close();
});

let written = SHIPPED;
async function write(next: Partial<Version>): Promise<string> {
  const before = written;
  written = { ...before, ...next };
  return await world.write(written, before);
}

interface Standing {
  readonly unit: string;
  readonly target: string;
  readonly model: string;
  readonly sets: readonly string[];
  readonly deploys: readonly unknown[];
}

async function standing(): Promise<Standing> {
  const { unit, model } = world.at.gateway.deps;
  const { target } = world.at.gateway.served.current;
  const sets = await readdir(path.join(stateDir, "policy-set"));
  return { unit, target, model, sets, deploys: await deploys() };
}

const deploys = async (): Promise<{ before: { unit: string } | null; after: { unit: string } }[]> =>
  await world.at.sql("select before, after from audit_events where action = 'policies.deploy' order by version");

let before: Standing;
beforeEach(async () => {
  await eventually(async () => expect(await cerbosPids()).toHaveLength(1)); // the one before is gone
  await eventually(async () => expect(await readdir(path.join(stateDir, "policy-set"))).toHaveLength(1));
  before = await standing();
});
/** Whatever happened: what is served decides. The last tests reload what the first were kept from. */
afterEach(async () => {
  openfga.pass();
  openfga.mend();
  const { unit } = await world.askBuiltIn();
  expect(unit).toBe(world.at.gateway.deps.unit);
  expect((await world.operator.get("/readyz")).body).toMatchObject({ status: "ready" });
});

async function cerbosPids(): Promise<number[]> {
  const running = JSON.parse(await readFile(path.join(stateDir, "running.json"), "utf8")) as Running[];
  return running.filter(({ name }) => name === "cerbos").map(({ mark }) => mark.pid);
}
interface Running {
  readonly name: string;
  readonly mark: { readonly pid: number };
}

test("A second Cerbos that dies after the vectors is not switched to", async () => {
  const [first] = await cerbosPids();
  await write({ sectors: 30 });
  const held = openfga.hold("requests", LATEST_MODEL);
  const reloading = world.reload();
  await held;
  openfga.pass();
  const [second] = (await cerbosPids()).filter((pid) => pid !== first);
  if (second === undefined) throw new Error("there is no second Cerbos");
  process.kill(second, "SIGKILL");
  await eventually(() => expect(markOf(second)).toBeUndefined());
  await openfga.release();
  const { status, body } = await reloading;
  expect([status, body.code]).toEqual([503, "CANNOT_DECIDE"]);
  expect(await standing()).toEqual(before);
  expect(await cerbosPids()).toEqual([first]);
});

test("An OpenFGA that is away when the model is prepared leaves what was served, and nothing of the second Cerbos", async () => {
  const pids = await cerbosPids();
  await write({ sectors: 31, ownersRead: false });
  const held = openfga.hold("requests", LATEST_MODEL);
  const reloading = world.reload();
  await held;
  openfga.cut();
  const { status, body } = await reloading;
  expect([status, body.code]).toEqual([503, "CANNOT_DECIDE"]);
  expect(await standing()).toEqual(before);
  expect(await cerbosPids()).toEqual(pids);
});

test("A deploy that cannot be written down does not happen", async () => {
  const pids = await cerbosPids();
  await world.at.sql(`
    create function break_log() returns trigger language plpgsql as $$
      begin raise exception 'no room for the log' using errcode = 'disk_full'; end $$`);
  await world.at.sql(
    "create trigger break_log before insert on audit_events for each row execute function break_log()",
  );
  await write({ sectors: 32 });
  const { status, body } = await world.reload();
  await world.at.sql("drop trigger break_log on audit_events");
  expect([status, body.code]).toEqual([503, "CANNOT_DECIDE"]);
  expect(await standing()).toEqual(before);
  expect(await cerbosPids()).toEqual(pids);
});

test("After the switch a note that cannot be written is told, and the new unit decides", async () => {
  const note = path.join(stateDir, "endpoints.json");
  await rename(note, `${note}.aside`);
  await mkdir(note); // nothing can be put into its place, as on a full disk
  const unit = await write({ sectors: 33 });
  must(await world.reload(), 200);
  expect(await world.askBuiltIn()).toMatchObject({ unit, sectors: 33 });
  expect(lines).toContainEqual(expect.stringContaining("could not be noted"));
  await eventually(async () => expect(await readdir(path.join(stateDir, "policy-set"))).toHaveLength(1));
  await rmdir(note);
  await rename(`${note}.aside`, note);
});

test("A deploy is told by what decided until then, not by what the request began with", async () => {
  const old = world.at.gateway.deps;
  const caller = {
    ...{ issuer: DEVELOPMENT_ISSUER, subject: "client:operator", clientId: "operator", scopes: ["platform:admin"] },
    ...{ aliasHint: null, development: { organizations: [] }, requestId: "r-1" },
    ...{ isDryRun: false, idempotency: null, wantsActions: false },
  };
  const shipped = written;
  const unit = await write({ sectors: 34 });
  must(await world.reload(), 200);
  await write(shipped);
  // It began before that reload, and comes after it.
  const done = await reloadPolicies(old, caller);
  expect(done).toMatchObject({ unit: old.unit, previous: { unit } });
  const told = (await deploys()).slice(before.deploys.length);
  expect(told.map((event) => [event.before?.unit, event.after.unit])).toEqual([
    [old.unit, unit],
    [unit, old.unit],
  ]);
});
