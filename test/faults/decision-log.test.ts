/** The log of decisions of a gateway whose disk is full, and of one that is killed: as `npm start` has it. */
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { makeDatabase, makeStore, type TestDatabase } from "../support/engines.ts";
import { eventually } from "../support/eventually.ts";
import type { Answered } from "../support/gateway.ts";
import { type OwnGateway, personAt, run, serviceAt, start } from "../support/own-gateway.ts";
import { testEngines } from "../support/test-engines.ts";
import { foundOrganization, must } from "../support/world.ts";

let root: string;
let database: TestDatabase;
let settings: Record<string, string>;

beforeAll(async () => {
  const engines = testEngines();
  root = mkdtempSync(path.join(tmpdir(), "bailiwick-decision-log-"));
  database = await makeDatabase();
  settings = {
    STATE_DIR: path.join(root, "state"),
    DATABASE_URL: database.url,
    OPENFGA_API_URL: engines.openfga.apiUrl,
    OPENFGA_PRESHARED_KEY: engines.openfga.presharedKey,
    OPENFGA_STORE_ID: await makeStore(),
    CERBOS_TARGET: engines.cerbosTarget,
    LOG_LEVEL: "warn",
    DRAIN_DELAY_MS: "0",
  };
});
afterAll(async () => {
  await database.drop();
  rmSync(root, { recursive: true });
});

interface Asked {
  readonly gateway: OwnGateway;
  readonly folder: string;
  readonly ask: () => Promise<Answered>;
  readonly search: () => Promise<Answered>;
}

/** A gateway that logs into a folder of its own, and a question for it. */
async function open(name: string, more: Readonly<Record<string, string>> = {}): Promise<Asked> {
  const folder = path.join(root, name);
  const gateway = await start({ ...settings, DECISION_LOG: folder, ...more });
  const stateDir = path.join(root, "state");
  const alice = await personAt(gateway.url, stateDir, "alice");
  const slug = await foundOrganization(alice);
  const shop = await serviceAt(gateway.url, stateDir, { scopes: ["authz:evaluate", "authz:search"] });
  const question = {
    subject: { type: "account", id: "alice" },
    action: { name: "view" },
    resource: { type: "organization", id: slug },
  };
  const { subject, resource } = question;
  return {
    ...{ gateway, folder },
    ask: async () => await shop.post("/access/v1/evaluation", question),
    search: async () => await shop.post("/access/v1/search/action", { subject, resource }),
  };
}

const idOf = ({ body }: Answered): string => (body["context"] as { id: string }).id;
const textIn = (folder: string): string =>
  readdirSync(folder)
    .map((name) => readFileSync(path.join(folder, name), "utf8"))
    .join("");
const idsIn = (folder: string): string[] =>
  textIn(folder)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { id: string }).id);

/** To the kernel this process' disk is full there: a write past so many bytes fails, in the middle of a line. */
function fillDisk({ pid }: OwnGateway, bytes: number | "unlimited"): void {
  execFileSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:unlimited`]);
}

async function logMetric({ url }: OwnGateway, outcome: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`bailiwick_decision_log_lines_total\\{outcome="${outcome}"\\} (\\d+)`).exec(text)?.[1]);
}

const ready = async ({ url }: OwnGateway): Promise<unknown[]> => {
  const answer = await fetch(`${url}/readyz`);
  return [answer.status, ((await answer.json()) as { decisionLog?: unknown }).decisionLog];
};

/** The full disk that the second question meets: there is room for the first line and half of the next. */
async function untilFull({ gateway, folder, ask }: Asked): Promise<string[]> {
  const first = idOf(must(await ask(), 200));
  await eventually(() => expect(idsIn(folder)).toEqual([first]));
  const [file = ""] = readdirSync(folder);
  fillDisk(gateway, Math.round(statSync(path.join(folder, file)).size * 1.5));
  const second = idOf(must(await ask(), 200));
  await eventually(async () => expect((await ready(gateway))[1]).toBe("failing"));
  expect(idsIn(folder)).toEqual([first]); // no half line
  return [first, second];
}

const outages = ({ gateway }: Asked): unknown[] =>
  gateway
    .logged()
    .map((line) => JSON.parse(line) as { event?: string; code?: string; lost?: number })
    .filter(({ event }) => event?.startsWith("decisions.") === true)
    .map(({ event, code, lost }) => [event, code ?? lost]);

describe("A full disk", () => {
  test("with continue: checks are answered, it is reported once and shown, and the lines that wait follow when there is room", async () => {
    const asked = await open("continue");
    const { gateway, folder, ask } = asked;
    const answered = await untilFull(asked);
    for (let n = 0; n < 5; n += 1) answered.push(idOf(must(await ask(), 200)));
    expect(await ready(gateway)).toEqual([200, "failing"]);
    fillDisk(gateway, "unlimited");
    await eventually(async () => expect(await ready(gateway)).toEqual([200, "kept"]));
    expect(idsIn(folder)).toEqual(answered);
    expect(await logMetric(gateway, "written")).toBe(answered.length);
    expect(await logMetric(gateway, "lost")).toBe(0);
    expect(await gateway.stop()).toBe(0);
    expect(outages(asked)).toEqual([
      ["decisions.failing", "EFBIG"],
      ["decisions.kept", 0],
    ]);
  });

  test("with refuse: checks and searches are 503 and the gateway is not ready, while everything else goes on, until there is room", async () => {
    const asked = await open("refuse", { DECISION_LOG_ON_FAILURE: "refuse" });
    const { gateway, folder, ask, search } = asked;
    const answered = await untilFull(asked);
    for (const refused of [await ask(), await search()]) {
      expect([refused.status, refused.body.code]).toEqual([503, "CANNOT_DECIDE"]);
      expect(refused.headers.get("retry-after")).not.toBeNull();
    }
    expect(await ready(gateway)).toEqual([503, "failing"]);
    const alice = await personAt(gateway.url, path.join(root, "state"), "alice"); // reads
    await foundOrganization(alice);
    fillDisk(gateway, "unlimited");
    await eventually(async () => expect(await ready(gateway)).toEqual([200, "kept"]));
    answered.push(idOf(must(await ask(), 200)), idOf(must(await search(), 200)));
    expect(await gateway.stop()).toBe(0);
    expect(idsIn(folder)).toEqual(answered);
    expect(outages(asked)).toEqual([
      ["decisions.failing", "EFBIG"],
      ["decisions.kept", 0],
    ]);
  });

  test("when the gateway stops: the lines that never fitted are counted and reported", async () => {
    const asked = await open("stopped");
    await untilFull(asked);
    expect(await asked.gateway.stop()).toBe(0);
    expect(outages(asked)).toEqual([
      ["decisions.failing", "EFBIG"],
      ["decisions.lost", 1],
    ]);
  });
});

describe("A gateway that ends", () => {
  test("at SIGTERM has written every line", async () => {
    const { gateway, folder, ask } = await open("drained");
    const answers = await Promise.all(Array.from({ length: 50 }, async () => idOf(must(await ask(), 200))));
    expect(await gateway.stop()).toBe(0);
    expect(idsIn(folder).sort()).toEqual(answers.sort());
  });

  test("by SIGKILL loses what waited and nothing else; what it leaves, torn or not, is read, also by the next gateway's side", async () => {
    const { gateway, folder, ask } = await open("killed");
    const early = idOf(must(await ask(), 200));
    await eventually(() => expect(idsIn(folder)).toEqual([early]));
    const late = await Promise.all(Array.from({ length: 20 }, async () => idOf(must(await ask(), 200))));
    await gateway.kill();
    const kept = idsIn(folder); // whole lines
    expect(kept[0]).toBe(early);
    expect([early, ...late]).toEqual(expect.arrayContaining(kept));
    const [file = ""] = readdirSync(folder);
    appendFileSync(path.join(folder, file), '{"id":"dec-0000000000');
    const next = await open("killed");
    const last = idOf(must(await next.ask(), 200));
    await next.gateway.stop();
    const read = { ...settings, DECISION_LOG: folder };
    const listed = await run(["decisions", "list", "--json", "--last", "1000"], read);
    const ids = listed.stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids).toEqual([...kept, last]);
    expect(listed.stderr).toMatch(/cannot be read: 1\./);
    expect((await run(["decisions", "show", early], read)).status).toBe(0);
    expect((await run(["decisions", "show", last], read)).status).toBe(0);
  });
});
