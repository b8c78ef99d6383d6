/** The three layers against every kind of attempt: a table of its own says what each comes to, and why (S0.12). */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { ApplicationDocuments } from "../../src/entities/application-documents.ts";
import { addConnector, addEnabled } from "../support/connectors.ts";
import { adopt, hold } from "../support/domains.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { attemptOf, codesOf, foundForLogins, logIn } from "../support/logins.ts";
import { type Chance, chanceOf, takeSeed } from "../support/seed.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
const ATTEMPTS = IS_FULL ? 2_000 : 240;
/** Rules stay as they are for so many. */
const ATTEMPTS_EACH = 20;

let gateway: TestGateway;
let alice: Person;
let service: Person;
let slug: string;
beforeAll(async () => {
  gateway = await startTestGateway();
  ({ alice, slug, service } = await foundForLogins(gateway));
  for (const name of PEOPLE) await gateway.person(name);
});
afterAll(async () => await gateway.close());

const PEOPLE = ["member", "billing", "stranger", "listed"] as const;
/** The organization holds the first two; of the third the proof was never seen. */
const DOMAINS = ["one", "two", "three"] as const;
const METHODS = ["pwd", "otp", "hwk"] as const;
/** Federation connectors of the organization, but for the last: that is enabled in another one. */
const CONNECTORS = ["first", "second", "disabled", "foreign"] as const;
const idOf = new Map<string, string>();

interface Rules {
  readonly admission: ApplicationDocuments["admission"];
  readonly authentication: ApplicationDocuments["authentication"];
  readonly session: ApplicationDocuments["session"];
  readonly application: "enabled" | "retired";
}

interface Tried {
  readonly who: (typeof PEOPLE)[number] | "nobody-here";
  readonly methods: readonly string[];
  readonly assurance: number;
  readonly factors: number;
  readonly ageSeconds: number;
  /** By the word before the organization's; null: none is told. */
  readonly domain: (typeof DOMAINS)[number] | null;
  readonly connector: (typeof CONNECTORS)[number] | null;
}

/** What the document says, by hand: the reasons in the order of the layers, none where it is granted. */
function expected(rules: Rules, tried: Tried): string[] {
  const { admission, authentication, session } = rules;
  if (tried.who === "nobody-here") return ["UNKNOWN_SUBJECT"];
  const isMember = tried.who === "member" || tried.who === "billing";
  const table: readonly (readonly [string, boolean])[] = [
    [
      "NOT_ADMITTED",
      !admission.everyone &&
        !(admission.members && isMember) &&
        !admission.accounts.includes(tried.who) &&
        !(tried.domain !== null && tried.domain !== "three" && admission.domains.includes(domainOf(tried.domain))),
    ],
    ["ACCOUNT_BLOCKED", admission.blocked.includes(tried.who)],
    [
      "METHOD_NOT_ALLOWED",
      authentication.methods !== null && !authentication.methods.some((each) => tried.methods.includes(each)),
    ],
    ["CONNECTOR_NOT_ALLOWED", !comesRight(authentication.connectors, tried.connector)],
    ["ASSURANCE_TOO_LOW", tried.assurance < authentication.assurance],
    ["SECOND_FACTOR_REQUIRED", authentication.secondFactor && tried.factors < 2],
    [
      "AUTHENTICATION_TOO_OLD",
      authentication.maximumAgeSeconds !== null && tried.ageSeconds > authentication.maximumAgeSeconds,
    ],
    [
      "REAUTHENTICATION_REQUIRED",
      session.reauthenticateAfterSeconds !== null && tried.ageSeconds > session.reauthenticateAfterSeconds,
    ],
    ["APPLICATION_RETIRED", rules.application === "retired"],
  ];
  return table.flatMap(([code, holds]) => (holds ? [code] : []));
}

const domainOf = (name: (typeof DOMAINS)[number]): string => `${name}.example.com`;

/** Who names none takes whom a connector of the organization's brings, or none; who names some, whom one of these brings. */
function comesRight(named: readonly string[] | null, by: string | null): boolean {
  if (by === null) return named === null;
  return ["first", "second"].includes(by) && named?.includes(by) !== false;
}

const oneOf = <Value>(chance: Chance, ...values: readonly Value[]): Value =>
  values[chance.below(values.length)] as Value;
const some = <Value>(chance: Chance, values: readonly Value[]): Value[] => values.filter(() => chance.below(2) === 0);
const often = (chance: Chance): boolean => chance.below(3) > 0;

function drawRules(chance: Chance): Rules {
  const methods = some(chance, METHODS);
  const connectors = some(chance, ["first", "second", "disabled"]);
  return {
    admission: {
      everyone: chance.below(3) === 0,
      members: often(chance),
      accounts: [...(often(chance) ? ["listed"] : []), ...some(chance, ["stranger"])].sort(),
      blocked: chance.below(4) === 0 ? [oneOf(chance, ...PEOPLE)] : [],
      domains: some(chance, DOMAINS).map(domainOf),
    },
    authentication: {
      methods: methods.length === 0 ? null : methods,
      connectors: connectors.length === 0 || often(chance) ? null : connectors,
      assurance: 1 + chance.below(3),
      secondFactor: chance.below(2) === 0,
      maximumAgeSeconds: oneOf(chance, null, 600, 3600),
    },
    session: {
      tokenLifetimeSeconds: oneOf(chance, 60, 3600),
      reauthenticateAfterSeconds: oneOf(chance, null, 1200, 7200),
    },
    application: chance.below(6) === 0 ? "retired" : "enabled",
  };
}

/** Ages lie half a minute beside what decides: a slow machine is no fault to be found here. */
function drawTried(chance: Chance): Tried {
  const methods = some(chance, METHODS);
  return {
    who: chance.below(12) === 0 ? "nobody-here" : oneOf(chance, ...PEOPLE),
    methods: methods.length === 0 ? ["pwd"] : methods,
    assurance: 1 + chance.below(3),
    factors: 1 + chance.below(3),
    ageSeconds: oneOf(chance, 0, 0, 570, 630, 1170, 1230, 3570, 3630, 7170, 7230),
    domain: oneOf(chance, null, ...DOMAINS),
    connector: oneOf(chance, null, null, null, ...CONNECTORS),
  };
}

async function applicationWith(rules: Rules): Promise<string> {
  const { anchor } = await addApplication(alice, slug);
  const at = `/v1/organizations/${slug}/applications/${anchor}`;
  const { connectors } = rules.authentication;
  const authentication = { ...rules.authentication, connectors: connectors?.map((each) => idOf.get(each)) ?? null };
  for (const layer of ["admission", "authentication", "session"] as const) {
    must(await alice.put(`${at}/rules/${layer}`, { ...rules, authentication }[layer]), 200);
  }
  if (rules.application === "retired") must(await alice.post(`${at}/retire`), 200);
  return anchor;
}

async function makeConnectors(): Promise<void> {
  for (const name of ["first", "second"]) idOf.set(name, await addEnabled(alice, slug, name));
  idOf.set("disabled", await addConnector(alice, slug));
  idOf.set("foreign", await addEnabled(alice, await foundOrganization(alice), "first"));
}

test(`${ATTEMPTS} random attempts on random rules come to what the table says, with its reasons, and every reason occurs`, async () => {
  const seed = takeSeed("login rules");
  const chance = chanceOf(seed);
  for (const name of ["member", "billing"]) await addMember(alice, slug, await gateway.person(name), name);
  for (const name of ["one", "two"] as const) await hold(gateway.dns, alice, slug, domainOf(name));
  await adopt(alice, slug, domainOf("three"));
  await makeConnectors();
  const met = new Set<string>();
  for (let round = 0; round < ATTEMPTS / ATTEMPTS_EACH; round += 1) {
    const drawnRules = drawRules(chance);
    const rules: Rules = round === 0 ? { ...drawnRules, application: "retired" } : drawnRules; // chance may retire none
    const anchor = await applicationWith(rules);
    const drawn = Array.from({ length: ATTEMPTS_EACH }, () => drawTried(chance));
    await Promise.all(
      drawn.map(async (tried) => {
        const { who, ageSeconds, domain, connector: by, ...authentication } = tried;
        const more = {
          ...(domain !== null && { domain: domainOf(domain) }),
          ...(by !== null && { connector: idOf.get(by) }),
        };
        const at = new Date(Date.now() - ageSeconds * 1000).toISOString();
        const answer = await logIn(
          service,
          anchor,
          attemptOf(who, { ...more, authentication: { ...authentication, at } }),
        );
        const codes = codesOf(answer).map(String);
        expect({ seed, rules, tried, codes: codes.sort() }).toEqual({
          seed,
          rules,
          tried,
          codes: expected(rules, tried).sort(),
        });
        expect([answer.decision, answer.login === undefined]).toEqual([codes.length === 0, codes.length > 0]);
        for (const code of codes.length === 0 ? ["granted"] : codes) met.add(code);
      }),
    );
  }
  expect([...met].sort()).toEqual([
    ...["ACCOUNT_BLOCKED", "APPLICATION_RETIRED", "ASSURANCE_TOO_LOW", "AUTHENTICATION_TOO_OLD"],
    ...[
      "CONNECTOR_NOT_ALLOWED",
      "METHOD_NOT_ALLOWED",
      "NOT_ADMITTED",
      "REAUTHENTICATION_REQUIRED",
      "SECOND_FACTOR_REQUIRED",
      "UNKNOWN_SUBJECT",
      "granted",
    ],
  ]);
});
