/** What only services may, by the table: the check, with all of its reasons, and the routes give the same answer, in every state. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addEntity, addKeeper, DOCUMENTS, entityPath, group } from "../support/documents.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { decide } from "../support/world.ts";
import { type Meeting, meetings } from "./scenes.ts";
import { isAllowed, SERVICE } from "./table.ts";

const ACTIONS = ["view_entities", "store_entities"] as const;
/** What the state says beside. */
const FROZEN = { busy: null, idle: null, frozen: "ORGANIZATION_RETIRED", archived: "ORGANIZATION_ARCHIVED" } as const;
type State = keyof typeof FROZEN;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [DOCUMENTS] });
  await gateway.sql("update accounts set max_owned_organizations = 1000000");
});
afterAll(async () => await gateway.close());

/** Everybody, with the organization in this state: a sole Owner and then two. */
async function everybody(state: State): Promise<Meeting[]> {
  const all = [
    ...(await meetings(gateway, "services", [state, false])),
    ...(await meetings(gateway, "services", [state, true])),
  ];
  return all.filter(({ thing }) => thing.kind === "organization");
}

/** The routes of both actions, as dry runs where they change something. */
async function call(by: Person, slug: string): Promise<Record<(typeof ACTIONS)[number], readonly Answered[]>> {
  const item = entityPath(slug, { type: "group", id: "editors" });
  const list = `/v1/organizations/${slug}/entities`;
  return {
    view_entities: [await by.get(item), await by.get(`${list}/group`), await by.get(list)],
    store_entities: [
      await by.put(`${item}?dryRun=true`, group("Renamed"), { "if-match": "*" }),
      await by.patch(`${item}?dryRun=true`, { attributes: { title: "Renamed" } }),
      await by.delete(`${item}?dryRun=true`),
    ],
  };
}

describe.each(Object.keys(FROZEN) as State[])("In an organization that is %s", (state) => {
  test("nobody with a role in it, and no stranger, keeps or sees the host's entities; a service does, as the table says", async () => {
    const met = await everybody(state);
    expect(new Set(met.map(({ column }) => column)).size).toBe(7);
    for (const { column, by, thing } of met) {
      const answers = await call(by, thing.id);
      for (const action of ACTIONS) {
        expect(isAllowed(column, `organization.${action}`, state)).toBe(false);
        const { decision, context } = await decide(gateway, by, action, ["organization", thing.id]);
        const byState = action === "store_entities" || state === "archived" ? FROZEN[state] : null;
        const codes = context.reasons.map(({ code }) => code);
        expect([column, action, decision, codes]).toEqual([
          ...[column, action, false],
          ["NOT_A_SERVICE", ...(byState === null ? [] : [byState])],
        ]);
        for (const { status, body } of answers[action]) expect([status, body.code]).toEqual([403, "NOT_A_CLIENT"]);
      }
    }
  });

  test("a service that is bound to it does what the table says", async () => {
    const [meeting] = await everybody("busy");
    const slug = meeting?.thing.id ?? "";
    const keeper = await addKeeper(gateway, `keeper-${state}`, [slug]);
    await addEntity(keeper, slug, "editors");
    const ledgers = { busy: "active", idle: "active", frozen: "retired", archived: "archived" } as const;
    await gateway.sql("update organizations set state = $2, version = version + 1 where slug = $1", [
      slug,
      ledgers[state],
    ]);
    const answers = await call(keeper, slug);
    for (const action of ACTIONS) {
      const isByHand = isAllowed(SERVICE, `organization.${action}`, state);
      for (const { status, body } of answers[action]) {
        expect([action, status < 300, body.code]).toEqual([action, isByHand, isByHand ? undefined : FROZEN[state]]);
        if (!isByHand) expect(status).toBe(409);
      }
    }
  });
});
