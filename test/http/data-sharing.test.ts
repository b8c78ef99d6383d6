/** S0.4: a person withdraws what is shared with an application, and consents to it anew. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { decodeJwt } from "jose";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { attemptOf, codesOf, foundForLogins, logIn, type LoginAnswer, tryLogin } from "../support/logins.ts";
import { admission, CLAIMS } from "../support/rules.ts";
import { addApplication, addMember, must } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let service: Person;
let slug: string;
let anchor: string;
let scene = 0;

beforeAll(async () => {
  gateway = await startTestGateway();
  ({ alice, slug, service } = await foundForLogins(gateway));
});
afterAll(async () => await gateway.close());
beforeEach(async () => {
  scene += 1;
  bob = await gateway.person(`bob-${scene}`);
  await addMember(alice, slug, bob, "viewer");
  anchor = await makeApplication();
});

const at = (application = anchor): string => `/v1/organizations/${slug}/applications/${application}`;
const entry = (application = anchor): string => `/v1/me/data-sharing/${application}`;

/** One that is told names and addresses. */
async function makeApplication(): Promise<string> {
  const made = await addApplication(alice, slug);
  must(await alice.put(`${at(made.anchor)}/claims`, CLAIMS, { "if-match": "*" }), 200);
  return made.anchor;
}

const EMAIL = { email: "bob@example.com" };
const logBobIn = async (more: { readonly consent?: boolean } = {}, application = anchor): Promise<LoginAnswer> =>
  await logIn(service, application, attemptOf(bob, { claims: EMAIL, ...more }));

interface Shared {
  readonly application: string;
  readonly claims: readonly string[];
  readonly firstAt: string;
  readonly withdrawnAt: string | null;
}

async function shared(by = bob, application = anchor): Promise<Shared | undefined> {
  const { items } = must(await by.get("/v1/me/data-sharing?page_size=100"), 200).body as { items: Shared[] };
  return items.find((item) => item.application === application);
}

async function withdrawals(): Promise<unknown[]> {
  return await gateway.sql("select from audit_events where action = 'account.withdraw_data_sharing'");
}

describe("Once a person has withdrawn what is shared with an application", () => {
  beforeEach(async () => {
    expect((await logBobIn()).login?.claims).toEqual(EMAIL);
    must(await bob.delete(entry()), 204);
  });

  test("it stays in the person's list, with all that it was told, and says since when", async () => {
    expect(await shared()).toMatchObject({ claims: ["email"], withdrawnAt: expect.stringMatching(/Z$/) });
  });

  test("a login to it is granted, tells no claim, neither the service nor in the token, and says why", async () => {
    must(await bob.patch("/v1/me", { name: "Bob Builder" }), 200);
    const { decision, context, login } = await logBobIn();
    expect([decision, codesOf({ decision, context }), context.withheld]).toEqual([true, [], "DATA_SHARING_WITHDRAWN"]);
    const payload = decodeJwt(login?.token ?? "");
    expect([login?.claims, "name" in payload, "email" in payload]).toEqual([{}, false, false]);
    expect([payload.sub, payload.aud]).toEqual([login?.subject.id, anchor]);
    expect(await shared()).toMatchObject({ claims: ["email"], withdrawnAt: expect.any(String) });
  });

  test("a login to another one tells what it told before, and nobody else's login to this one changes", async () => {
    const elsewhere = await logBobIn({}, await makeApplication());
    expect([elsewhere.login?.claims, elsewhere.context.withheld]).toEqual([EMAIL, undefined]);
    const hers = await logIn(service, anchor, attemptOf(alice, { claims: EMAIL }));
    expect([hers.login?.claims, hers.context.withheld]).toEqual([EMAIL, undefined]);
  });

  test("a login that says that the person consents anew ends that, for itself and for those after it", async () => {
    const before = await shared();
    const { context, login } = await logBobIn({ consent: true });
    expect([login?.claims, context.withheld]).toEqual([EMAIL, undefined]);
    expect(await shared()).toMatchObject({ claims: ["email"], firstAt: before?.firstAt, withdrawnAt: null });
    const next = await logBobIn({ consent: false });
    expect([next.login?.claims, next.context.withheld]).toEqual([EMAIL, undefined]);
  });

  test("a login that is denied ends nothing, whatever it says of consent", async () => {
    must(await alice.put(`${at()}/rules/admission`, admission({ blocked: [bob.alias] }), { "if-match": "*" }), 200);
    const { context } = await logBobIn({ consent: true });
    expect([context.reasons.map(({ code }) => code), context.withheld]).toEqual([["ACCOUNT_BLOCKED"], undefined]);
    expect(await shared()).toMatchObject({ withdrawnAt: expect.any(String) });
  });

  test("withdrawing again answers the first result: the same time, and no second event", async () => {
    const [first, events] = [await shared(), await withdrawals()];
    must(await bob.delete(entry()), 204);
    expect([await shared(), await withdrawals()]).toEqual([first, events]);
  });

  test("and has consented, it can be withdrawn again, which is another event", async () => {
    await logBobIn({ consent: true });
    const events = await withdrawals();
    must(await bob.delete(entry()), 204);
    expect((await logBobIn()).context.withheld).toBe("DATA_SHARING_WITHDRAWN");
    expect(await withdrawals()).toHaveLength(events.length + 1);
  });

  test("erasing the account leaves nothing of it", async () => {
    const rows = "select from data_sharing where application_anchor = $1";
    expect(await gateway.sql(rows, [anchor])).toHaveLength(1);
    must(await bob.delete("/v1/me"), 204);
    expect(await gateway.sql(rows, [anchor])).toHaveLength(0);
  });
});

describe("What is shared", () => {
  test("is withdrawn by who is a member of nothing any more, and of an application that is retired (S0.4)", async () => {
    await logBobIn();
    must(await bob.delete(`/v1/organizations/${slug}/members/${bob.alias}`), 204);
    must(await alice.post(`${at()}/retire`), 200);
    must(await bob.delete(entry()), 204);
    expect(await shared()).toMatchObject({ withdrawnAt: expect.any(String) });
  });

  test("with somebody else, or with no application that there is, is nothing to withdraw", async () => {
    await logIn(service, anchor, attemptOf(alice));
    for (const application of [anchor, `app-${"0".repeat(20)}`]) {
      const refused = await bob.delete(entry(application));
      expect([refused.status, refused.body.code]).toEqual([404, "NOT_FOUND"]);
    }
    expect(await shared(alice)).toMatchObject({ withdrawnAt: null });
  });

  test("is withdrawn by the person alone: no service does it", async () => {
    await logBobIn();
    const refused = await service.delete(entry());
    expect([refused.status, refused.body.code]).toEqual([403, "NOT_A_USER"]);
    expect(await shared()).toMatchObject({ withdrawnAt: null });
  });

  test("stays shared when it is withdrawn as a dry run, or by who has seen another revision of the account", async () => {
    await logBobIn();
    must(await bob.delete(`${entry()}?dryRun=true`), 204);
    expect((await bob.delete(entry(), { "if-match": '"999"' })).status).toBe(412);
    expect([(await shared())?.withdrawnAt, (await logBobIn()).login?.claims]).toEqual([null, EMAIL]);
    const etag = must(await bob.get("/v1/me"), 200).headers.get("etag") ?? "";
    must(await bob.delete(entry(), { "if-match": etag }), 204);
  });

  test("is consented to at the first login, too; a consent that is no yes or no is refused", async () => {
    expect((await logBobIn({ consent: true })).login?.claims).toEqual(EMAIL);
    const refused = await tryLogin(service, anchor, { ...attemptOf(bob), consent: "yes" });
    expect([refused.status, (refused.body["issues"] as { path: string }[])[0]?.path]).toEqual([400, "body.consent"]);
  });
});
