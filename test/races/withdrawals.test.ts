/** S0.4: a login that was on its way when a person withdrew what is shared tells nothing, whatever it was decided on. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import pg from "pg";
import { eventually } from "../support/eventually.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { attemptOf, decidedBefore, foundForLogins, logIn, type LoginAnswer } from "../support/logins.ts";
import { CLAIMS } from "../support/rules.ts";
import { addApplication, must } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let service: Person;
let slug: string;
let anchor: string;
/** Added to the time of the machine. */
let later = 0;

beforeAll(async () => {
  gateway = await startTestGateway({ clock: () => new Date(Date.now() + later) });
  ({ alice, slug, service } = await foundForLogins(gateway));
});
afterAll(async () => await gateway.close());
beforeEach(async () => {
  ({ anchor } = await addApplication(alice, slug));
  must(await alice.put(`/v1/organizations/${slug}/applications/${anchor}/claims`, CLAIMS, { "if-match": "*" }), 200);
  expect((await logHerIn()).login?.claims).toEqual(EMAIL); // the application knows her
});

const EMAIL = { email: "alice@example.com" };
const logHerIn = async (consent = false): Promise<LoginAnswer> =>
  await logIn(service, anchor, attemptOf(alice, { claims: EMAIL, consent }));

async function withdraw(): Promise<void> {
  later += 1; // not in the same millisecond
  must(await alice.delete(`/v1/me/data-sharing/${anchor}`), 204);
}

const toldOf = ({ decision, context, login }: LoginAnswer): unknown => [decision, context.withheld, login?.claims];
const NOTHING = [true, "DATA_SHARING_WITHDRAWN", {}];

test("a login that was decided when it was withdrawn, and has not left yet, tells nothing", async () => {
  expect(toldOf(await decidedBefore(gateway, withdraw, async () => await logHerIn()))).toEqual(NOTHING);
});

test("a consent that was given before it was withdrawn is none; one that is given after it is", async () => {
  expect(toldOf(await decidedBefore(gateway, withdraw, async () => await logHerIn(true)))).toEqual(NOTHING);
  expect(toldOf(await logHerIn())).toEqual(NOTHING);
  expect(toldOf(await logHerIn(true))).toEqual([true, undefined, EMAIL]);
});

test("a login that takes its last look while the withdrawal is being written waits for it, and tells nothing", async () => {
  const log = new pg.Client(gateway.config.databaseUrl ?? "");
  await log.connect();
  try {
    await log.query("begin");
    await log.query("select from organizations where id = 'platform' for update"); // where the withdrawal is told at last
    const withdrawing = withdraw();
    await untilWaiting(1);
    const login = logHerIn();
    await untilWaiting(2);
    await log.query("commit");
    await withdrawing;
    expect(toldOf(await login)).toEqual(NOTHING);
  } finally {
    await log.end();
  }
});

async function untilWaiting(count: number): Promise<void> {
  const waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  await eventually(async () => expect(await gateway.sql(waiting)).toHaveLength(count));
}
