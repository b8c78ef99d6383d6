/** AUTHZEN.md about `evaluations`, a rule a test; each title quotes its rule. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { Deps } from "../../src/domain/deps.ts";
import { cannotDecide } from "../../src/entities/errors.ts";
import { LIMITS } from "../../src/entities/limits.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, foundOrganization, undrawn } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let slug: string;
let anchor: string;
let judge: Deps["judge"];

beforeAll(async () => {
  gateway = await startTestGateway();
  alice = await gateway.person("alice");
  bob = await gateway.person("bob");
  slug = await foundOrganization(alice);
  anchor = (await addApplication(alice, slug)).anchor;
  await addMember(alice, slug, bob, "viewer");
  judge = gateway.gateway.deps.judge;
});
afterEach(() => void Object.assign(gateway.gateway.deps, { judge }));
afterAll(async () => await gateway.close());

type Members = Readonly<Record<string, unknown>>;

const viewer = (): Members => ({ type: "account", id: bob.alias });
const application = (): Members => ({ type: "application", id: anchor });
/** Bob is a Viewer: of these the first is allowed, the others are not. */
const YES = { action: { name: "view" } };
const NO = { action: { name: "edit" } };
const FORBIDDEN = { action: { name: "retire" } };

async function send(body: Members, by: Person = gateway.shop): Promise<Answered> {
  return await by.post("/access/v1/evaluations", body);
}

/** The decisions about Bob and the application, in order; null: the item is invalid. */
async function decisions(evaluations: readonly unknown[], more: Members = {}): Promise<(boolean | null)[]> {
  const answer = await send({ subject: viewer(), resource: application(), evaluations, ...more });
  expect([answer.status, Object.keys(answer.body)]).toEqual([200, ["evaluations"]]);
  return itemsOf(answer).map(({ decision, context }) => ("error" in context ? null : decision));
}

interface Item {
  readonly decision: boolean;
  readonly context: Members & { readonly error?: { readonly status: number; readonly message: string } };
}

function itemsOf(answer: Answered): Item[] {
  return answer.body["evaluations"] as Item[]; // the contract tests hold its shape
}

const short = (semantic: unknown): Members => ({ options: { evaluations_semantic: semantic } });

describe("Defaults", () => {
  test('"top-level members are defaults for each item"', async () => {
    expect(await decisions([YES, NO])).toEqual([true, false]);
    const answer = await send({
      action: { name: "view" },
      evaluations: [{ subject: viewer(), resource: application() }],
    });
    expect(itemsOf(answer)[0]?.decision).toBe(true);
  });

  test('"a member present in an item replaces the default whole"', async () => {
    const other = { type: "account", id: "nobody-here" };
    expect(await decisions([{ ...YES, subject: other }, YES])).toEqual([false, true]);
    // Nothing of the default but its type is left: an id that the item lacks is not taken from it.
    expect(await decisions([{ ...YES, subject: { type: "account" } }])).toEqual([null]);
    expect(
      await decisions([
        { ...YES, subject: null },
        { ...YES, resource: {} },
      ]),
    ).toEqual([null, null]);
    expect(await decisions([{ action: {} }], { action: { name: "view" } })).toEqual([null]);
  });

  test('"only a missing `type` may be taken from the default"', async () => {
    expect(await decisions([{ ...YES, subject: { id: bob.alias }, resource: { id: anchor } }])).toEqual([true]);
    const typed = { subject: { type: "account" }, resource: { type: "application" } };
    expect(await decisions([{ ...YES, subject: { id: bob.alias }, resource: { id: anchor } }], typed)).toEqual([true]);
    expect(await decisions([{ ...YES, resource: { id: anchor } }], { resource: {} })).toEqual([null]);
    expect(await decisions([{ ...YES, resource: { type: null, id: anchor } }])).toEqual([null]);
  });
});

describe("One question", () => {
  test.each([
    ["absent", {}],
    ["empty", { evaluations: [] }],
  ])(
    '"absent or empty `evaluations` behaves as a single evaluation and answers the single shape": %s',
    async (_what, more) => {
      const question = { subject: viewer(), resource: application(), ...YES };
      const single = await gateway.shop.post("/access/v1/evaluation", question);
      const answer = await send({ ...question, ...more, ...short("deny_on_first_deny") });
      expect([answer.status, undrawn(answer)]).toEqual([200, undrawn(single)]);
      expect((await send({ subject: viewer(), ...YES, ...more })).body.code).toBe("INVALID_REQUEST");
    },
  );

  test("is answered in a batch as it is by itself, with the same context", async () => {
    for (const asked of [YES, NO]) {
      const question = { subject: viewer(), resource: application(), ...asked };
      const single = await gateway.shop.post("/access/v1/evaluation", question);
      const [item] = itemsOf(await send({ evaluations: [question] }));
      expect(undrawn({ text: JSON.stringify(item) })).toEqual(undrawn(single));
    }
  });
});

test('"order is kept"', async () => {
  const wanted = Array.from({ length: LIMITS.batchItems }, (_, index) => index % 3 === 0);
  expect(await decisions(wanted.map((isAllowed) => (isAllowed ? YES : NO)))).toEqual(wanted);
});

test.each([
  ["a number", 7],
  ["null", null],
  ["a list", []],
  ["nothing in it", {}],
  ["an action without a name", { action: {} }],
  ["an id that is empty", { ...YES, resource: { type: "application", id: "" } }],
  ["an id with a NUL", { ...YES, resource: { type: "application", id: "a\0" } }],
  ["properties that are a list", { action: { name: "view", properties: [] } }],
  ["a context that is text", { ...YES, context: "now" }],
])('"a broken item is `decision:false` with `context.error`, and 200": %s', async (_what, broken) => {
  const answer = await send({ subject: viewer(), resource: application(), evaluations: [YES, broken, YES] });
  expect(answer.status).toBe(200);
  const [before, item, after] = itemsOf(answer);
  expect([before?.decision, after?.decision]).toEqual([true, true]);
  expect(item).toEqual({ decision: false, context: { error: { status: 400, message: expect.any(String) } } });
  expect(item?.context.error?.message).toMatch(/^body\.evaluations\.1[.:]/);
});

describe('Semantics: "the two short circuits truncate the answer after the deciding item"', () => {
  test('"`execute_all` (default)" answers every item', async () => {
    for (const more of [{}, short("execute_all"), { options: {} }, { options: { more: 1 } }]) {
      expect(await decisions([NO, YES, FORBIDDEN, YES], more)).toEqual([false, true, false, true]);
    }
  });

  test('"`deny_on_first_deny`" truncates the answer after the first denial', async () => {
    const semantic = short("deny_on_first_deny");
    expect(await decisions([YES, YES, NO, YES], semantic)).toEqual([true, true, false]);
    expect(await decisions([YES, YES], semantic)).toEqual([true, true]);
  });

  test('"`permit_on_first_permit`" truncates the answer after the first permit', async () => {
    const semantic = short("permit_on_first_permit");
    expect(await decisions([NO, FORBIDDEN, YES, NO], semantic)).toEqual([false, false, true]);
    expect(await decisions([NO, NO], semantic)).toEqual([false, false]);
  });

  test('"an *invalid* item of a batch is `decision:false` with `context.error` and counts as a denial"', async () => {
    expect(await decisions([YES, 7, YES], short("deny_on_first_deny"))).toEqual([true, null]);
    expect(await decisions([7, YES, NO], short("permit_on_first_permit"))).toEqual([null, true]);
  });

  test("in every window of a long batch the answer ends with the deciding item", async () => {
    for (const deciding of [0, LIMITS.batchWindow - 1, LIMITS.batchWindow, LIMITS.batchItems - 1]) {
      const items = Array.from({ length: LIMITS.batchItems }, (_, index) => (index === deciding ? NO : YES));
      expect(await decisions(items, short("deny_on_first_deny"))).toHaveLength(deciding + 1);
    }
  });

  test.each([["run_all"], [""], [null], [7], [["execute_all"]]])('"any other value: 400": %j', async (semantic) => {
    const answer = await send({ subject: viewer(), resource: application(), evaluations: [YES], ...short(semantic) });
    expect([answer.status, answer.body.code]).toEqual([400, "INVALID_REQUEST"]);
  });
});

describe('"an item that *cannot be decided* makes the whole batch 503"', () => {
  /** Cerbos does not answer in time what is asked about retiring. */
  const silentAboutRetiring = (): void => {
    Object.assign(gateway.gateway.deps, {
      judge: async (...[question, timeoutMs]: Parameters<typeof judge>) => {
        if (question.actions.includes("retire")) throw cannotDecide("cerbos", new Error("silent"));
        return await judge(question, timeoutMs);
      },
    });
  };

  test("wherever it stands, when every item is to be decided", async () => {
    silentAboutRetiring();
    for (const evaluations of [[FORBIDDEN, YES], [YES, FORBIDDEN], [FORBIDDEN]]) {
      const answer = await send({ subject: viewer(), resource: application(), evaluations });
      expect([answer.status, answer.body.code]).toEqual([503, "CANNOT_DECIDE"]);
      expect(answer.headers.get("retry-after")).toMatch(/^[0-9]+$/);
    }
  });

  test("but not when it stands after the deciding item", async () => {
    silentAboutRetiring();
    expect(await decisions([YES, NO, FORBIDDEN], short("deny_on_first_deny"))).toEqual([true, false]);
    expect(await decisions([NO, YES, FORBIDDEN], short("permit_on_first_permit"))).toEqual([false, true]);
    const before = { subject: viewer(), resource: application(), evaluations: [YES, FORBIDDEN, NO] };
    expect((await send({ ...before, ...short("deny_on_first_deny") })).status).toBe(503);
  });
});

describe("Limits", () => {
  test("as many items as there may be are answered, one more is 400", async () => {
    const evaluations = (count: number): Members[] => Array.from({ length: count }, () => YES);
    expect(await decisions(evaluations(LIMITS.batchItems))).toHaveLength(LIMITS.batchItems);
    const answer = await send({
      subject: viewer(),
      resource: application(),
      evaluations: evaluations(LIMITS.batchItems + 1),
    });
    expect([answer.status, answer.body.code]).toEqual([400, "INVALID_REQUEST"]);
  });

  test.each([[7], [null], [{}], ["all"]])("`evaluations` that are %j are 400", async (evaluations) => {
    expect((await send({ subject: viewer(), resource: application(), ...YES, evaluations })).status).toBe(400);
  });

  test("people ask about themselves only, in every item", async () => {
    const about = (person: Person): Members => ({ ...YES, subject: { type: "account", id: person.alias } });
    const own = await send({ resource: application(), evaluations: [about(bob), about(bob)] }, bob);
    expect(itemsOf(own).map(({ decision }) => decision)).toEqual([true, true]);
    const both = await send({ resource: application(), evaluations: [about(bob), about(alice)] }, bob);
    expect([both.status, both.body.code]).toEqual([403, "NOT_ABOUT_SELF"]);
  });
});
