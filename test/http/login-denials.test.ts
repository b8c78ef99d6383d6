/** S0.12, S0.31: logins that are denied, with all of their reasons, and the nearest that are granted. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addEnabled } from "../support/connectors.ts";
import { adopt, domainPath, hold } from "../support/domains.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import {
  type Attempt,
  attemptOf,
  codesOf,
  foundForLogins,
  granted,
  logIn,
  tryLogin,
  verified,
} from "../support/logins.ts";
import { admission, AUTHENTICATION } from "../support/rules.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
/** No member of anything. */
let eve: Person;
let service: Person;
let slug: string;
let anchor: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  ({ alice, slug, service } = await foundForLogins(gateway));
  [bob, eve] = [await gateway.person("bob"), await gateway.person("eve")];
  await addMember(alice, slug, bob, "viewer");
});
afterAll(async () => await gateway.close());
beforeEach(async () => {
  ({ anchor } = await addApplication(alice, slug));
});

const at = (): string => `/v1/organizations/${slug}/applications/${anchor}`;
const set = async (document: string, body: object): Promise<void> => {
  must(await alice.put(`${at()}/${document}`, body, { "if-match": "*" }), 200);
};

describe("A login that is denied", () => {
  const NOBODY = admission({ members: false });
  const strictly = (methods: string[]): object => ({ ...AUTHENTICATION, methods });
  const admitted = "rules/admission";
  const proved = "rules/authentication";
  const whole = [
    ...["NOT_ADMITTED", "METHOD_NOT_ALLOWED", "ASSURANCE_TOO_LOW", "SECOND_FACTOR_REQUIRED", "AUTHENTICATION_TOO_OLD"],
  ];
  interface Denial {
    readonly rules: readonly [document: string, body: object];
    readonly who: string;
    readonly authentication?: object;
    readonly codes: readonly string[];
  }
  test.each<[string, Denial]>([
    ["nobody is admitted", { rules: [admitted, NOBODY], who: "bob", codes: ["NOT_ADMITTED"] }],
    ["a stranger, where members are", { rules: [admitted, admission()], who: "eve", codes: ["NOT_ADMITTED"] }],
    [
      "who is blocked, everyone or not",
      { rules: [admitted, admission({ everyone: true, blocked: ["bob"] })], who: "bob", codes: ["ACCOUNT_BLOCKED"] },
    ],
    [
      "another method",
      {
        ...{ rules: [proved, strictly(["hwk"])], who: "bob", authentication: { factors: 2, assurance: 2 } },
        codes: ["METHOD_NOT_ALLOWED"],
      },
    ],
    [
      "too little assurance",
      { rules: [proved, AUTHENTICATION], who: "bob", authentication: { factors: 2 }, codes: ["ASSURANCE_TOO_LOW"] },
    ],
    [
      "one factor",
      {
        rules: [proved, AUTHENTICATION],
        who: "bob",
        authentication: { assurance: 2 },
        codes: ["SECOND_FACTOR_REQUIRED"],
      },
    ],
    [
      "everything at once",
      { rules: [proved, strictly(["hwk"])], who: "eve", authentication: { at: "2026-01-01T00:00:00Z" }, codes: whole },
    ],
  ])("%s: every reason, and no token", async (_what, { rules, who, authentication = {}, codes }) => {
    await set(...rules);
    const answer = await logIn(service, anchor, attemptOf(who, { authentication }));
    expect([answer.decision, codesOf(answer), answer.login]).toEqual([false, codes, undefined]);
  });

  test("by a connector is granted while that is enabled and the rules allow it, and denied in every other way to come", async () => {
    const [ours, other] = [await addEnabled(alice, slug, "ours"), await addEnabled(alice, slug, "other")];
    const path = `/v1/organizations/${slug}/connectors/${ours}`;
    const by = async (connector?: string): Promise<unknown> =>
      codesOf(await logIn(service, anchor, attemptOf(bob, connector === undefined ? {} : { connector })));
    const none = `con-${"0".repeat(20)}`;
    const refused = ["CONNECTOR_NOT_ALLOWED"];
    expect([await by(), await by(ours), await by(other), await by(none)]).toEqual([[], [], [], refused]);
    const rules = { methods: null, assurance: 1, secondFactor: false, maximumAgeSeconds: null };
    await set("rules/authentication", { ...rules, connectors: [ours] });
    expect([await by(), await by(ours), await by(other)]).toEqual([refused, [], refused]);
    must(await alice.post(`${path}/disable`), 200);
    expect(await by(ours)).toEqual(refused);
    must(await alice.post(`${path}/enable`), 200);
    expect(await by(ours)).toEqual([]);
    must(await alice.delete(path), 204); // though rules name it
    expect([await by(ours), await by(), await by(other)]).toEqual([refused, refused, refused]);
    await set("rules/authentication", { ...rules, connectors: null });
    expect([await by(), await by(other)]).toEqual([[], []]);
  });

  test("is one that is granted where one thing is otherwise: listed, everyone, a member, recent enough", async () => {
    await set("rules/admission", admission({ members: false, accounts: ["eve"] }));
    expect([
      (await logIn(service, anchor, attemptOf(eve))).decision,
      codesOf(await logIn(service, anchor, attemptOf(bob))),
    ]).toEqual([true, ["NOT_ADMITTED"]]);
    await set("rules/admission", admission({ everyone: true, members: false }));
    expect((await logIn(service, anchor, attemptOf(bob))).decision).toBe(true);
    await set("rules/authentication", AUTHENTICATION);
    const enough = { assurance: 2, factors: 2, methods: ["otp", "pwd"] };
    expect((await logIn(service, anchor, attemptOf(bob, { authentication: enough }))).decision).toBe(true);
  });

  test("of a person of a domain is granted while the organization holds the domain and the application lists it, that one alone", async () => {
    const { domain, record } = await adopt(alice, slug, `${anchor}.example.com`);
    await hold(gateway.dns, alice, slug, `unlisted.${domain}`);
    await set("rules/admission", admission({ members: false, domains: [domain] }));
    const codes = async (more: Attempt): Promise<unknown[]> =>
      codesOf(await logIn(service, anchor, attemptOf(eve, more)));
    expect(await codes({ domain })).toEqual(["NOT_ADMITTED"]); // the proof was not seen yet
    gateway.dns.says(record.name, { texts: [record.value] });
    must(await alice.post(`${domainPath(slug, domain)}/verify`), 200);
    expect(await codes({ domain })).toEqual([]);
    for (const other of [`unlisted.${domain}`, `sub.${domain}`, "example.com"]) {
      expect(await codes({ domain: other })).toEqual(["NOT_ADMITTED"]);
    }
    expect(await codes({})).toEqual(["NOT_ADMITTED"]);
    await set("rules/admission", admission({ members: false, domains: [domain], blocked: ["eve"] }));
    expect(await codes({ domain })).toEqual(["ACCOUNT_BLOCKED"]);
    await set("rules/admission", admission({ members: false, domains: [domain] }));
    must(await alice.delete(domainPath(slug, domain)), 204); // it is listed still, and admits nobody
    expect(await codes({ domain })).toEqual(["NOT_ADMITTED"]);
  });

  test("by a domain that another organization holds is none of this one's", async () => {
    const other = await foundOrganization(bob);
    const { domain } = await hold(gateway.dns, bob, other);
    await adopt(alice, slug, domain);
    await set("rules/admission", admission({ members: false, domains: [domain] }));
    expect(codesOf(await logIn(service, anchor, attemptOf(eve, { domain })))).toEqual(["NOT_ADMITTED"]);
  });

  test.each(["Acme.example.com", "acme", "acme.example.com.", "192.0.2.1", ""])(
    "by the domain %j is malformed",
    async (domain) => {
      const { status, body } = await tryLogin(service, anchor, attemptOf(eve, { domain }));
      expect([status, body["issues"]]).toEqual([400, [expect.objectContaining({ path: "body.domain" })]]);
    },
  );

  test("fails at once when the application is retired (S0.31), and works again when it is enabled", async () => {
    const { token } = granted(await logIn(service, anchor, attemptOf(bob)));
    must(await alice.post(`${at()}/retire`), 200);
    expect(codesOf(await logIn(service, anchor, attemptOf(bob)))).toEqual(["APPLICATION_RETIRED"]);
    await verified(gateway, anchor, token); // S0.32: it works until it expires
    must(await alice.post(`${at()}/enable`), 200);
    expect((await logIn(service, anchor, attemptOf(bob))).decision).toBe(true);
  });

  test("of nobody who is known says so", async () => {
    expect(codesOf(await logIn(service, anchor, attemptOf("nobody-here")))).toEqual(["UNKNOWN_SUBJECT"]);
    const unknown = attemptOf("", { subject: { type: "sector_subject", id: "0".repeat(26) } });
    expect(codesOf(await logIn(service, anchor, unknown))).toEqual(["UNKNOWN_SUBJECT"]);
  });
});
