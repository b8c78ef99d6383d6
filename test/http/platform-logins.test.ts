/** K8: people log in to what the platform has as to any application; the last look holds on that application alone, for the platform's version moves with everybody's profile. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import {
  attemptOf,
  codesOf,
  decidedBefore,
  logIn,
  type LoginAnswer,
  loginService,
  tryLogin,
  verified,
} from "../support/logins.ts";
import { admission, CLAIMS } from "../support/rules.ts";
import { addApplication, addPlatformApplication, foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let operator: Person;
let alice: Person;
let bob: Person;
/** Bound to no organization. */
let service: Person;
let anchor: string;
let sector: string;
let signingKey: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  operator = await gateway.service("operator", { scopes: ["platform:admin"] });
  [alice, bob] = [await gateway.person("alice"), await gateway.person("bob")];
  service = await loginService(gateway, "id-service", []);
});
afterAll(async () => await gateway.close());
beforeEach(async () => {
  ({ anchor, sector, signingKey } = await addPlatformApplication(operator));
  await admit({ everyone: true });
});

const at = (): string => `/v1/platform/applications/${anchor}`;
const admit = async (rules: Parameters<typeof admission>[0]): Promise<void> => {
  must(await operator.put(`${at()}/rules/admission`, admission(rules), { "if-match": "*" }), 200);
};
const logBobIn = async (): Promise<LoginAnswer> => await logIn(service, anchor, attemptOf(bob));

describe("A login to an application of the platform's", () => {
  test("is granted by its rules, with a token of its own, and noted where the person sees it", async () => {
    must(
      await operator.put(`${at()}/claims`, { ...CLAIMS, service: ["preferred_username"] }, { "if-match": "*" }),
      200,
    );
    const { login, context } = await logBobIn();
    expect([context.reasons, login?.claims]).toEqual([[], { preferred_username: bob.alias }]);
    const { payload } = await verified(gateway, anchor, login?.token ?? "");
    expect(payload.sub).toBe(login?.subject.id);
    const { items } = must(await bob.get("/v1/me/data-sharing?page_size=100"), 200).body as { items: object[] };
    expect(items).toContainEqual(
      expect.objectContaining({ application: anchor, organization: "platform", claims: ["preferred_username"] }),
    );
    must(await bob.delete(`/v1/me/data-sharing/${anchor}`), 204);
    expect((await logBobIn()).context.withheld).toBe("DATA_SHARING_WITHDRAWN");
  });

  test("is denied to whom its rules do not admit: nobody is a member of the platform", async () => {
    await admit({ members: true });
    expect(codesOf(await logBobIn())).toEqual(["NOT_ADMITTED"]);
    await admit({ accounts: [bob.alias] });
    expect((await logBobIn()).decision).toBe(true);
  });

  test("is denied once the application is retired", async () => {
    must(await operator.post(`${at()}/retire`), 200);
    expect(codesOf(await logBobIn())).toEqual(["APPLICATION_RETIRED"]);
    must(await operator.post(`${at()}/enable`), 200);
    expect((await logBobIn()).decision).toBe(true);
  });

  test("is no more to checks than before: what the platform has is found by none (S0.42)", async () => {
    const check = {
      subject: { type: "account", id: bob.alias },
      action: { name: "view" },
      resource: { type: "application", id: anchor },
    };
    const { body } = must(await gateway.shop.post("/access/v1/evaluation", check), 200);
    const absent = { ...check, resource: { type: "application", id: `app-${"0".repeat(20)}` } };
    const { body: unknown } = must(await gateway.shop.post("/access/v1/evaluation", absent), 200);
    const told = ({ decision, context }: Readonly<Record<string, unknown>>): unknown => [
      decision,
      { ...(context as object), id: "" },
    ];
    expect(told(body)).toEqual(told(unknown));
    expect(body["decision"]).toBe(false);
  });

  test("by a secret of the application's the service finds out that it is the application", async () => {
    const made = must(await operator.post(`${at()}/client-keys`, { name: "Deployment" }), 201).body;
    const ask = async (secret: unknown): Promise<unknown> =>
      must(await service.post(`/v1/applications/${anchor}/client-authentications`, { secret }), 200).body["valid"];
    expect([await ask(made["secret"]), await ask("bws_another")]).toEqual([true, false]);
  });
});

/** What forbids the login, and what it then says. */
const CHANGES: readonly (readonly [string, () => Promise<void>, string])[] = [
  [
    "the application is retired",
    async () => void must(await operator.post(`${at()}/retire`), 200),
    "APPLICATION_RETIRED",
  ],
  ["the account is blocked", async () => await admit({ everyone: true, blocked: [bob.alias] }), "ACCOUNT_BLOCKED"],
  [
    "the sector is retired with it",
    async () => {
      must(await operator.post(`${at()}/retire`), 200);
      must(await operator.post(`/v1/platform/sectors/${sector}/retire`), 200);
      await gateway.sql("update applications set state = 'enabled', revision = 2 where anchor = $1", [anchor]);
    },
    "SECTOR_RETIRED",
  ],
];

describe("The last look of a login to an application of the platform's", () => {
  test.each(CHANGES)("sees that %s", async (_what, change, code) => {
    await gateway.sql("update applications set revision = 2 where anchor = $1", [anchor]);
    expect((await logBobIn()).decision).toBe(true);
    expect(codesOf(await decidedBefore(gateway, change, logBobIn))).toEqual([code]);
  });

  test("sees that the key is revoked that has signed: another one signs", async () => {
    await logBobIn();
    const answer = await decidedBefore(
      gateway,
      async () => void must(await operator.post(`${at()}/keys/${signingKey}/revoke`), 200),
      logBobIn,
    );
    await verified(gateway, anchor, answer.login?.token ?? "");
  });

  test("is content when only others change something of themselves: it is decided once", async () => {
    await logBobIn();
    const { deps } = gateway.gateway;
    const { judge } = deps;
    let decisions = 0;
    const counting: typeof judge = async (...asked) => {
      if (asked[0].kind === "login") decisions += 1;
      return await judge(...asked);
    };
    Object.assign(deps, { judge: counting });
    try {
      const rename = async (): Promise<void> =>
        void must(await alice.patch("/v1/me", { name: `Alice ${Date.now()}` }), 200);
      expect((await decidedBefore(gateway, rename, logBobIn)).decision).toBe(true);
      expect(decisions).toBe(1);
    } finally {
      Object.assign(deps, { judge });
    }
  });
});

describe("Who asks about an application of the platform's", () => {
  test("may be bound to none, or to that application; a service that is bound to an organization finds none", async () => {
    const slug = await foundOrganization(alice);
    const bound = await loginService(gateway, "bound", [slug]);
    const { anchor: theirs } = await addApplication(alice, slug);
    must(await tryLogin(bound, theirs, attemptOf(alice)), 200);
    const refused = await tryLogin(bound, anchor, attemptOf(bob));
    expect([refused.status, refused.body.code]).toEqual([404, "NOT_FOUND"]);
    const id = (await logBobIn()).login?.subject.id ?? "";
    const registered =
      "update clients set applications = $2, organizations = '{}', origin = 'registered' where client_id = $1";
    await gateway.sql(registered, [bound.alias, [anchor]]);
    const own = attemptOf("", { subject: { type: "sector_subject", id } });
    expect((await logIn(bound, anchor, own)).login?.subject.id).toBe(id);
    expect((await tryLogin(bound, theirs, own)).body.code).toBe("NOT_FOUND");
  });
});
