/**
 * S1.6: every changing route, over HTTP: exactly the events that it should write, with who, what, before and after, which rule, matrix
 * and policy unit, and the request's id; and with no event there is no change. A route that this file does not know fails it.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ROUTES } from "../../src/http/registry.ts";
import type { Route } from "../../src/http/route.ts";
import { PREPARE, type Stage } from "../faults/repeatable-posts.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addKeeper, DOCUMENTS } from "../support/documents.ts";
import { copyFolder, type FolderCopy } from "../support/host-folder.ts";
import { expectGraphEqualsLedger } from "../support/graph.ts";
import { track } from "../support/footprint.ts";
import { must } from "../support/world.ts";
import { EXPECTED } from "./audited-events.ts";
import type { Asked } from "./audited-request.ts";
import { named } from "./route-samples.ts";

let gateway: TestGateway;
let operator: Person;
let folder: FolderCopy;
let count = 0;
beforeAll(async () => {
  folder = await copyFolder(DOCUMENTS);
  gateway = await startTestGateway({ hostPolicies: [folder.directory] });
  operator = await gateway.service("operator", { scopes: ["platform:admin"] });
  must(await operator.get("/v1/platform/clients"), 200);
  await gateway.sql(`
    create function break_log() returns trigger language plpgsql as $$
      begin raise exception 'no room for the log' using errcode = 'disk_full'; end $$`);
});
afterAll(async () => {
  await gateway.close();
  await folder.remove();
});

async function stage(): Promise<Stage> {
  count += 1;
  const name = `stage-${count}`;
  const [founder, guest] = [await gateway.person(`${name}-founder`), await gateway.person(`${name}-guest`)];
  const unseen = await gateway.issuer.sign({ subject: `${name}-unseen` });
  const keeperOf = async (slug: string): Promise<Person> => await addKeeper(gateway, `${name}-keeper`, [slug]);
  const touchPolicies = async (): Promise<void> => {
    await folder.edit("cerbos/folder.yaml", (text) => `${text}# touched\n`);
  };
  const sql: Stage["sql"] = async (...asked) => await gateway.sql(...asked);
  return { founder, guest, operator, name, unseen, dns: gateway.dns, keeperOf, touchPolicies, sql };
}

async function askedOf(route: Route, on: Stage): Promise<Asked> {
  const ask = EXPECTED[named(route)]?.ask ?? (route.method === "post" ? PREPARE[route.path] : undefined);
  if (ask === undefined) throw new Error(`${named(route)} has no request that changes something; give it one`);
  return await ask(on);
}

async function send({ method }: Route, asked: Asked, requestId: string): Promise<Answered> {
  const { by, path, body } = asked;
  const headers = { ...asked.headers, "x-request-id": requestId };
  if (method === "get") return await by.get(path, headers);
  return method === "delete" ? await by.delete(path, headers) : await by[method](path, body, headers);
}

/** An event as the ledger has it; the accounts behind the pseudonyms by alias. */
interface Row {
  readonly organization: string;
  readonly version: string;
  readonly ordinal: number;
  readonly action: string;
  readonly actor_kind: string;
  readonly actor: string;
  readonly actor_alias: string | null;
  readonly target_kind: string;
  readonly target_id: string;
  readonly target_alias: string | null;
  readonly before: object | null;
  readonly after: object | null;
  readonly rule: string | null;
  readonly matrix: string | null;
  readonly unit: string | null;
  readonly request_id: string | null;
}

/** Of all organizations. */
async function events(): Promise<Row[]> {
  return await gateway.sql<Row>(`
    select e.*, e.organization_id as organization, a.alias as actor_alias, t.alias as target_alias
    from audit_events e
    left join audit_pseudonyms ap on ap.organization_id = e.organization_id and ap.pseudonym = e.actor
    left join accounts a on a.id = ap.account_id
    left join audit_pseudonyms tp on tp.organization_id = e.organization_id and tp.pseudonym = e.target_id
    left join accounts t on t.id = tp.account_id
    order by e.organization_id, e.version, e.ordinal`);
}

const key = ({ organization, version, ordinal }: Row): string => `${organization} ${version} ${ordinal}`;

const CHANGING = ROUTES.filter(
  (route) =>
    route.access === "caller" &&
    route.dialect !== "authzen" &&
    (route.method !== "get" || route.path.endsWith("/audit/export")),
);

/** There is no change without its events. An import answers before it changes anything, and says where it stopped. */
function expectUndecided(route: Route, { status, text }: Answered): void {
  if (route.operation !== "importEntities") {
    expect(status).toBe(503);
    return;
  }
  const stopped = { lines: 0, stored: 0, unchanged: 0, refused: 0, line: 1, code: "CANNOT_DECIDE" };
  expect([status, JSON.parse(text)]).toEqual([200, { stopped: { ...stopped, detail: expect.any(String) } }]);
}

describe.each(CHANGING.map((route) => [named(route), route] as const))("%s", (name, route) => {
  test("writes exactly its events, in the change's transaction", async () => {
    const expected = EXPECTED[name];
    if (expected === undefined) throw new Error(`${name}: which events does it write? Say so here.`);
    const on = await stage();
    const asked = await askedOf(route, on);
    await gateway.sql(
      "create trigger break_log before insert on audit_events for each row execute function break_log()",
    );
    const tracker = track(gateway);
    const untouched = await tracker.footprint();
    try {
      expectUndecided(route, await send(route, asked, "broken"));
      expect(await tracker.footprint()).toEqual(untouched);
    } finally {
      await gateway.sql("drop trigger break_log on audit_events");
    }

    const known = new Set((await events()).map(key));
    const answer = await send(route, asked, `request-${count}`);
    expect([answer.status < 300, answer.body.code]).toEqual([true, undefined]);
    const written = (await events()).filter((row) => !known.has(key(row)));
    expect(written.map(({ action, target_kind, before, after }) => [action, target_kind, before, after])).toEqual(
      expected.events,
    );
    expect(new Set(written.map(({ organization, version }) => `${organization} ${version}`)).size).toBe(1);
    const isClient = asked.by !== on.founder && asked.by !== on.guest;
    const isNamed = !isClient && route.operation !== "eraseAccount"; // K7: who is erased is named nowhere
    for (const row of written) {
      expect(row).toMatchObject({
        ...{ actor_kind: isClient ? "client" : "account", actor_alias: isNamed ? asked.by.alias : null },
        ...{ rule: expected.rule, matrix: expected.rule === null ? null : "default" },
        ...{ unit: gateway.gateway.deps.unit, request_id: `request-${count}` },
      });
      expect(JSON.stringify([row.before, row.after])).not.toContain(on.guest.alias);
      if (row.target_kind === "member") expect([on.founder.alias, on.guest.alias]).toContain(row.target_alias);
      else if (row.target_kind === "account") expect(row.target_id).toBe(row.actor);
      else if (!named(route).endsWith("/export")) expect(asked.path + answer.text).toContain(row.target_id);
    }
  });
});

test("afterwards ledger and graph are one", async () => await expectGraphEqualsLedger(gateway));
