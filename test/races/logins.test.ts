/** Logins while things change: what forbids one and was answered, forbids every one that begins after it (S0.31); what was granted lives on (S0.32). */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { LIMITS } from "../../src/entities/limits.ts";
import { addConnector } from "../support/connectors.ts";
import { eventually } from "../support/eventually.ts";
import { type Person, startBeside, startTestGateway, type TestGateway } from "../support/gateway.ts";
import {
  attemptOf,
  bindTo,
  codesOf,
  decidedBefore,
  foundForLogins,
  logIn,
  type LoginAnswer,
  loginService,
} from "../support/logins.ts";
import { admission } from "../support/rules.ts";
import { addApplication, addMember, must } from "../support/world.ts";

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
const ROUNDS = IS_FULL ? 12 : 2;
const WORKERS = 8;

let gateway: TestGateway;
let alice: Person;
let service: Person;
let slug: string;
/** Added to the time of the machine. */
let later = 0;
beforeAll(async () => {
  gateway = await startTestGateway({ clock: () => new Date(Date.now() + later) });
  ({ alice, slug, service } = await foundForLogins(gateway));
  connector = await addConnector(alice, slug);
});
afterAll(async () => await gateway.close());

/** By the order of this process, in which one thing is before another. */
interface Begun {
  readonly sent: number;
  readonly answer: LoginAnswer;
}

let order = 0;

/** Logs in again and again, several at a time, until it is told to stop. */
function storm(
  anchor: string,
  attempt: () => object,
): { readonly begun: readonly Begun[]; readonly stop: () => Promise<Begun[]> } {
  const begun: Begun[] = [];
  const state = { isOver: false };
  const workers = Array.from({ length: WORKERS }, async () => {
    while (!state.isOver) {
      order += 1;
      const sent = order;
      begun.push({ sent, answer: await logIn(service, anchor, attempt()) });
    }
  });
  return {
    begun,
    stop: async () => {
      state.isOver = true;
      await Promise.all(workers);
      return begun;
    },
  };
}

const soon = async (ms: number): Promise<void> => await new Promise((resolve) => setTimeout(resolve, ms));

/** Makes the change in the middle of a storm: what was sent before its answer, and what after. */
async function stormAround(anchor: string, attempt: () => object, change: () => Promise<void>) {
  const logins = storm(anchor, attempt);
  await soon(250);
  await eventually(() => expect(logins.begun.some(({ answer }) => answer.decision)).toBe(true)); // however busy the machine is
  await change();
  order += 1;
  const answered = order;
  await soon(150);
  await eventually(() => expect(logins.begun.some(({ sent }) => sent > answered)).toBe(true));
  const begun = await logins.stop();
  return { before: begun.filter(({ sent }) => sent < answered), after: begun.filter(({ sent }) => sent > answered) };
}

/** By which people come; it is enabled when they begin to. */
let connector: string;
const turned = async (verb: "enable" | "disable"): Promise<void> =>
  void must(await alice.post(`/v1/organizations/${slug}/connectors/${connector}/${verb}`), 200);

/** What forbids the login of somebody, and what it then says. */
const CHANGES: readonly (readonly [string, (at: string, person: Person) => Promise<void>, string])[] = [
  ["the application is retired", async (at) => void must(await alice.post(`${at}/retire`), 200), "APPLICATION_RETIRED"],
  [
    "the account is blocked",
    async (at, { alias }) =>
      void must(await alice.put(`${at}/rules/admission`, admission({ blocked: [alias] }), { "if-match": "*" }), 200),
    "ACCOUNT_BLOCKED",
  ],
  [
    "the account leaves the organization",
    async (_at, person) => void must(await person.delete(`/v1/organizations/${slug}/members/${person.alias}`), 204),
    "NOT_ADMITTED",
  ],
  ["the connector is disabled", async () => await turned("disable"), "CONNECTOR_NOT_ALLOWED"],
  ["the account is erased", async (_at, person) => void must(await person.delete("/v1/me"), 204), "UNKNOWN_SUBJECT"],
];

describe.each(CHANGES)("While %s", (_what, change, code) => {
  test("logins run at full speed: none begins after that was answered, and what was granted before verifies", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await turned("enable");
      const { anchor } = await addApplication(alice, slug);
      const person = await gateway.person(`${code.toLowerCase().replaceAll("_", "-")}-${round}`);
      await addMember(alice, slug, person, "viewer");
      const at = `/v1/organizations/${slug}/applications/${anchor}`;
      const { before, after } = await stormAround(
        anchor,
        () => attemptOf(person, { connector }),
        async () => await change(at, person),
      );
      expect(after.length).toBeGreaterThan(0);
      for (const { answer } of after) expect([answer.decision, codesOf(answer)]).toEqual([false, [code]]);
      const granted = before.filter(({ answer }) => answer.decision);
      expect(granted.length).toBeGreaterThan(0);
      const keys = createLocalJWKSet(await keySet(anchor));
      for (const { answer } of granted) await jwtVerify(answer.login?.token ?? "", keys, { audience: anchor });
      await gateway.sql("delete from memberships m using accounts a where a.id = m.account_id and a.alias = $1", [
        person.alias,
      ]);
    }
  });
});

test.each(CHANGES)(
  "a login that was decided when %s, and has not left yet, is decided again",
  async (_what, change, code) => {
    await turned("enable");
    const { anchor } = await addApplication(alice, slug);
    const person = await gateway.person(`late-${code.toLowerCase().replaceAll("_", "-")}`);
    await addMember(alice, slug, person, "viewer");
    const at = `/v1/organizations/${slug}/applications/${anchor}`;
    await logIn(service, anchor, attemptOf(alice)); // the sector has its secret
    const answer = await decidedBefore(
      gateway,
      async () => await change(at, person),
      async () => await logIn(service, anchor, attemptOf(person, { connector })),
    );
    expect([answer.decision, codesOf(answer)]).toEqual([false, [code]]);
    expect(await gateway.sql("select from data_sharing where application_anchor = $1", [anchor])).toHaveLength(1); // hers
  },
);

async function keySet(anchor: string, url = gateway.url): Promise<JSONWebKeySet> {
  const response = await fetch(`${url}/v1/applications/${anchor}/jwks.json`);
  return (await response.json()) as JSONWebKeySet;
}

test("S0.32: tokens verify by the key set until they expire, through a retirement, two rotations of the key and a restart", async () => {
  const { anchor } = await addApplication(alice, slug);
  const at = `/v1/organizations/${slug}/applications/${anchor}`;
  const whole = { tokenLifetimeSeconds: LIMITS.loginTokenSeconds, reauthenticateAfterSeconds: null };
  must(await alice.put(`${at}/rules/session`, whole, { "if-match": "*" }), 200);
  const tokens: { readonly token: string; readonly expiresAt: number }[] = [];
  const take = async (): Promise<void> => {
    const authentication = { at: new Date(Date.now() + later).toISOString() };
    const { login } = await logIn(service, anchor, attemptOf(alice, { authentication }));
    tokens.push({ token: login?.token ?? "", expiresAt: Date.parse(login?.expiresAt ?? "") });
  };
  const wait = (ms: number): void => {
    later += ms;
  };
  const untilItSigns = (LIMITS.jwksSeconds + LIMITS.clockSkewSeconds) * 1000;
  try {
    for (let rotation = 0; rotation < 2; rotation += 1) {
      await take();
      must(await alice.post(`${at}/keys/rotate`, {}), 201);
      wait(untilItSigns - 2_000);
      await take(); // by the key of before, as late as can be
      wait(2_000);
    }
    await take();
    must(await alice.post(`${at}/retire`), 200);
    const restarted = await startBeside(gateway);
    try {
      const keys = await keySet(anchor, restarted.url);
      expect(new Set(tokens.map(({ token }) => decodeProtectedHeader(token).kid)).size).toBe(3);
      expect(keys.keys).toHaveLength(3);
    } finally {
      await restarted.close();
    }
    for (const { token, expiresAt } of tokens) {
      const now = Date.now() + later;
      wait(Math.max(0, expiresAt - now - 2_000)); // as good as over
      const verify = async (currentDate: Date): Promise<unknown> =>
        await jwtVerify(token, createLocalJWKSet(await keySet(anchor)), { audience: anchor, currentDate });
      await verify(new Date(Date.now() + later));
      await expect(verify(new Date(expiresAt + 1_000))).rejects.toThrow("exp");
    }
  } finally {
    later = 0;
  }
});

test("a service that is bound to an application gets the same person by each name, whatever runs beside it", async () => {
  const { anchor } = await addApplication(alice, slug);
  const bound = await loginService(gateway, "bound", [slug]);
  await logIn(bound, anchor, attemptOf(alice));
  await bindTo(gateway, bound, [anchor]);
  const byIdentity = attemptOf("", { subject: { type: "identity", id: "alice" } });
  const answers = await Promise.all(Array.from({ length: 20 }, async () => await logIn(bound, anchor, byIdentity)));
  const subjects = new Set(answers.map(({ login }) => login?.subject.id));
  expect([subjects.size, subjects.has(undefined)]).toEqual([1, false]);
});
