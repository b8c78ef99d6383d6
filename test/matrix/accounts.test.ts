/** The whole matrix, of accounts: what people may do with their own and with another's, whatever their role and its organization's state. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ACTIONS } from "../../src/entities/kinds.ts";
import { type ActionRequest, attempt } from "../http/action-requests.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { decide, must } from "../support/world.ts";
import { allMeetings, type Meeting, SCENES } from "./scenes.ts";

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
const METHODS = "/v1/me/sign-in-methods";

let gateway: TestGateway;
/** Everybody once: in one organization, in one role. */
let people: Meeting[];
beforeAll(async () => {
  gateway = await startTestGateway();
  const met = await allMeetings(gateway, IS_FULL ? SCENES : ["busy", "frozen"]);
  people = [...new Map(met.map((meeting) => [meeting.by.alias, meeting])).values()];
});
afterAll(async () => await gateway.close());

/** By hand: who has one way to sign in keeps it; the sole Owner of what is live stays (S0.38, S0.39); nobody touches another's account. */
function isAllowed(action: string, { column, scene: [state] }: Meeting): boolean {
  if (action === "unlink_sign_in_method") return false;
  return action !== "erase" || column !== "owner" || state !== "busy";
}

async function requestsOf(by: Person): Promise<Record<string, ActionRequest>> {
  const token = await gateway.issuer.sign({ subject: `${by.alias}-elsewhere` });
  const [method] = must(await by.get(METHODS), 200).body.items as { id: string }[];
  return {
    view: ["get", "/v1/me"],
    edit: ["patch", "/v1/me", { name: "Renamed" }],
    create_organization: ["post", "/v1/organizations", { slug: `of-${by.alias}`, name: "Another" }],
    link_sign_in_method: ["post", METHODS, { token }],
    unlink_sign_in_method: ["delete", `${METHODS}/${method?.id ?? ""}`],
    change_alias: ["patch", "/v1/me", { alias: `new-${by.alias}`.slice(0, 40) }],
    erase: ["delete", "/v1/me"],
  };
}

async function call(by: Person, [method, path, body]: ActionRequest): Promise<Answered> {
  if (method === "get" || method === "delete") return await by[method](path);
  return await by[method](path, body);
}

test("route, check, affordance and the table by hand agree on one's own account; another's is nobody's", async () => {
  const wrong: string[] = [];
  for (const meeting of people) {
    const { by, guest, column, scene } = meeting;
    const requests = await requestsOf(by);
    expect(Object.keys(requests).sort()).toEqual([...ACTIONS.account].sort());
    const shown = must(await by.get("/v1/me?include=actions"), 200).body["actions"] as Record<
      string,
      { allowed: boolean }
    >;
    for (const [action, request] of Object.entries(requests)) {
      const route = (await attempt(by, request)).status < 300;
      const check = (await decide(gateway, by, action, ["account", by.alias])).decision;
      const foreign = (await decide(gateway, by, action, ["account", guest.alias])).decision;
      const said = { route, check, affordance: shown[action]?.allowed, foreign };
      const allowed = isAllowed(action, meeting);
      const expected = { route: allowed, check: allowed, affordance: allowed, foreign: false };
      if (JSON.stringify(said) !== JSON.stringify(expected))
        wrong.push(`${column} in ${scene.join()}: ${action} ${JSON.stringify(said)}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(new Set(people.map(({ column }) => column)).size).toBeGreaterThanOrEqual(7);
});

test("each action is really called once by everybody, and does what the table says", async () => {
  const wrong: string[] = [];
  for (const meeting of people) {
    const requests = await requestsOf(meeting.by);
    // Refused first, where it is the only one; erasing comes last.
    const { unlink_sign_in_method: unlink, ...others } = requests;
    for (const [action, request] of Object.entries({ unlink_sign_in_method: unlink, ...others })) {
      if (request === undefined) throw new Error(`${action} has no route`);
      const { status, body } = await call(meeting.by, request);
      const allowed = isAllowed(action, meeting);
      if (status < 300 !== allowed) wrong.push(`${meeting.column}: ${action} ${status} ${body.code ?? ""}`);
    }
  }
  expect(wrong).toEqual([]);
});
