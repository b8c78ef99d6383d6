/** The whole matrix: the route, the check, the affordance and the table written by hand give the same answer. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ACTIONS } from "../../src/entities/kinds.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { decide } from "../support/world.ts";
import { type ActionRequest, attempt, requestsOf, withoutRequest } from "../http/action-requests.ts";
import { allMeetings, type Meeting, meetings } from "./scenes.ts";
import { type Column, COLUMNS, isAllowed, ROWS } from "./table.ts";

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";

let gateway: TestGateway;
let all: Meeting[];
beforeAll(async () => {
  gateway = await startTestGateway();
  all = await allMeetings(gateway);
});
afterAll(async () => await gateway.close());

interface Answers {
  readonly where: string;
  readonly byHand: boolean;
  readonly check: boolean;
  /** Null: who may not view the thing is shown none. */
  readonly affordance: boolean | null;
  /** Null: no route does it. */
  readonly route: boolean | null;
}

async function answersTo({ column, by, thing, state, guest }: Meeting): Promise<Answers[]> {
  const requests = requestsOf(thing, by, guest.alias);
  const shown = await by.get(`${thing.path}?include=actions`);
  const affordances = shown.body["actions"] as Record<string, { allowed: boolean }> | undefined;
  const actions = [...Object.keys(requests), ...withoutRequest(thing, by)];
  expect(actions.sort()).toEqual([...ACTIONS[thing.kind]].sort());
  const type = [
    thing.kind,
    thing.kind === "member" ? `${thing.organization.split("/").at(-1)}/${thing.id}` : thing.id,
  ] as const;
  const answers: Answers[] = [];
  for (const action of actions) {
    const request = requests[action];
    answers.push({
      where: `${column}: ${thing.kind}.${action} of ${state}`,
      byHand: isAllowed(column, `${thing.kind}.${action}`, state),
      check: (await decide(gateway, by, action, type)).decision,
      affordance: affordances?.[action]?.allowed ?? null,
      route: request === undefined ? null : (await attempt(by, request)).status < 300,
    });
  }
  return answers;
}

/** One where it is allowed, if there is one, by `<kind>.<action>`; without those that have no route. */
function oneForEachAction(column: Column): Map<string, Meeting> {
  const chosen = new Map<string, Meeting>();
  for (const meeting of all.filter((each) => each.column === column)) {
    for (const name of Object.keys(requestsOf(meeting.thing, meeting.by, meeting.guest.alias))) {
      const action = `${meeting.thing.kind}.${name}`;
      const isBetter = !chosen.has(action) || isAllowed(column, action, meeting.state);
      if (isBetter && !isAllowed(column, action, chosen.get(action)?.state ?? "")) chosen.set(action, meeting);
    }
  }
  return chosen;
}

let scenes = 0;

/** Reduced, what is allowed is really done by the least of those who may; what is refused, by everybody. */
function isLeast(column: Column, action: string): boolean {
  return ROWS.some((row) => row.action === action && row.who[0] === column);
}

/** What is allowed happens: in an organization of its own. */
async function anew(action: string, { column, thing, state, scene }: Meeting): Promise<Meeting> {
  scenes += 1;
  const fresh = await meetings(gateway, `fresh-${scenes}`, scene);
  const same = fresh.find((each) => {
    return each.column === column && each.thing.kind === thing.kind && each.state === state;
  });
  if (same === undefined) throw new Error(`${action}: nobody meets it anew`);
  return same;
}

async function reallyCall(action: string, { thing, by, guest }: Meeting): Promise<Answered> {
  const request = requestsOf(thing, by, guest.alias)[action.split(".")[1] ?? ""];
  if (request === undefined) throw new Error(`${action} has no route`);
  return await call(by, request);
}

async function call(by: Person, [method, path, body]: ActionRequest): Promise<Answered> {
  if (method === "get" || method === "delete") return await by[method](path);
  return await by[method](path, body);
}

describe("the whole matrix", () => {
  test.each(COLUMNS)(
    "what %s may do by the table, the routes, the checks and the affordances is the same, in every state",
    async (column) => {
      const met = all.filter((meeting) => meeting.column === column);
      expect(met.length).toBeGreaterThan(4);
      const answers = (await Promise.all(met.map(answersTo))).flat();
      const wrong = answers.filter(({ byHand, check, affordance, route }) => {
        const isSame = check === byHand && (affordance ?? byHand) === byHand && (route ?? byHand) === byHand;
        return !isSame || (affordance === null && byHand); // who is shown no affordances may do nothing
      });
      expect(wrong.map((each) => JSON.stringify(each))).toEqual([]);
    },
  );

  test.each(COLUMNS)(
    "what %s really calls, once for each action, does what the table says",
    async (column) => {
      const wrong: string[] = [];
      for (const [action, meeting] of oneForEachAction(column)) {
        const byHand = isAllowed(column, action, meeting.state);
        if (!IS_FULL && byHand && !isLeast(column, action)) continue;
        const { status, body } = await reallyCall(action, byHand ? await anew(action, meeting) : meeting);
        if (status < 300 !== byHand) wrong.push(`${action} of ${meeting.state}: ${status} ${body.code ?? ""}`);
      }
      expect(wrong).toEqual([]);
    },
    IS_FULL ? 300_000 : 120_000,
  );

  test("the table says something of every action that anybody may do, and its states are all met", () => {
    const states = new Set(all.map(({ thing, state }) => `${thing.kind}@${state}`));
    const named = ROWS.flatMap((row) => row.states.map((state) => `${row.action.split(".")[0] ?? ""}@${state}`));
    expect(named.filter((each) => !states.has(each))).toEqual([]);
  });
});
