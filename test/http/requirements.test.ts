/** Who may, as the contract says it, is who may by the policies: asked of Cerbos for every role. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Cerbos, connectCerbos } from "../../src/engines/cerbos.ts";
import { ACTIONS, type Attributes, type Kind, KINDS, type PrincipalRole, ROLES } from "../../src/entities/kinds.ts";
import type { Requirement } from "../../src/http/contract.ts";
import { ROUTES } from "../../src/http/registry.ts";
import { testEngines } from "../support/test-engines.ts";
import { WITHOUT_ROUTE } from "./action-requests.ts";

let cerbos: Cerbos;
beforeAll(() => {
  cerbos = connectCerbos(testEngines().cerbosTarget, false);
});
afterAll(() => cerbos.close());

const PEOPLE: readonly PrincipalRole[] = ["none", ...ROLES];
const ALL: readonly PrincipalRole[] = [...PEOPLE, "service"];
const VIEWERS = ["viewer", "member", "admin", "owner"] as const;

/** Who asks with a scope, by the role that the policies are told: the platform's only Owner, or the service that keeps the entities. */
const OF_SCOPES: Partial<Record<Requirement, PrincipalRole>> = {
  "scope platform:admin": "owner",
  "scope entities:write": "service",
};

/** Whom each requirement lets in: roles, for somebody else and for whom it is about; with two Owners fewer. */
interface Meaning {
  readonly others: readonly PrincipalRole[];
  readonly oneself: readonly PrincipalRole[];
  readonly withTwoOwners?: readonly PrincipalRole[];
}
const same = (roles: readonly PrincipalRole[]): Meaning => ({ others: roles, oneself: roles });
const MEANINGS: Partial<Record<Requirement, Meaning>> = {
  "any account": { others: [], oneself: PEOPLE },
  "any member": same(ROLES),
  viewer: same(VIEWERS),
  admin: same(["admin", "owner"]),
  owner: same(["owner"]),
  "sole owner": { ...same(["owner"]), withTwoOwners: [] },
  "viewer, or the member itself": { others: VIEWERS, oneself: PEOPLE },
  "owner, or the member itself": { others: ["owner"], oneself: PEOPLE },
  "owner, or the invited account": { others: ["owner"], oneself: PEOPLE },
  "the invited account": { others: [], oneself: PEOPLE },
  "owner, or a party to the offer": { others: ["owner"], oneself: PEOPLE },
  "owner, or who made the offer": { others: ["owner"], oneself: PEOPLE },
  "the recipient of the offer": { others: [], oneself: PEOPLE },
};

/** Facts under which every floor allows. */
function attributes(who: { readonly isOneself: boolean; readonly owners: number }): Attributes {
  const limits = { maxApplications: 9, maxSectors: 9, maxMembers: 9, maxPendingInvitations: 9 };
  const organization = { organizationState: "active", ownerCount: who.owners } as const;
  const owned = { ownedOrganizations: 0, maxOwnedOrganizations: 9 };
  const personal = { aliasCoolingDown: false, aliasChangeableAt: null, signInMethods: 2, maxSignInMethods: 9 };
  const counts = { enabledApplications: 0, enabledSectors: 0, members: 1, pendingInvitations: 0 };
  const { maxApplications, maxSectors, maxMembers, maxPendingInvitations } = limits;
  const sectors = { organizationApplications: 0, maxApplications, organizationSectors: 0, maxSectors };
  const applications = { organizationApplications: 0, maxApplications };
  return {
    account: { self: who.isOneself, ...owned, ...personal, blockingOrganizations: 0 },
    organization: { state: "active", ownerCount: who.owners, ...counts, ...limits },
    sector: { state: "enabled", ...organization, enabledApplications: 0, ...sectors },
    application: { state: "enabled", sectorState: "enabled", ...organization, ...applications },
    member: { role: "viewer", self: who.isOneself, ...organization, ...owned, transferPending: false },
    invitation: {
      ...{ role: "viewer", state: "pending", invitee: who.isOneself, inviteeIsMember: false },
      ...{ organizationState: "active", members: 1, maxMembers, pendingInvitations: 0, maxPendingInvitations },
    },
    transfer: {
      ...{ state: "pending", recipient: who.isOneself, offerer: who.isOneself, recipientRole: "admin" },
      ...{ offererIsOwner: true, organizationState: "active", ...owned },
    },
  };
}

/** Reasons that the facts above leave: no organization is active and retired at once, and nobody is invited as an Owner. */
const OF_FLOORS = ["OWNER_NOT_BY_INVITATION", "ORGANIZATION_NOT_RETIRED"];

async function whoMay(asks: readonly string[], isOneself: boolean, owners: number): Promise<PrincipalRole[]> {
  const may: PrincipalRole[] = [];
  for (const role of ALL) {
    const answers = asks.map(async (asked) => {
      const [kind = "", action = ""] = asked.split(".");
      const facts = { ...attributes({ isOneself, owners })[kind as Kind] };
      const question = { kind, role, matrix: "default", actions: [action], attributes: facts };
      return (await cerbos.judge(question, 5_000)).get(action)?.reasons ?? [];
    });
    const reasons = await Promise.all(answers);
    const isLetIn = reasons.some((each) => each.every(({ code }) => OF_FLOORS.includes(code)));
    if (isLetIn) may.push(role);
  }
  return may;
}

const asking = ROUTES.filter(({ asks }) => asks.length > 0);
const [byScope, ofMembers] = [
  asking.filter(({ requires }) => requires.startsWith("scope ")),
  asking.filter(({ requires }) => !requires.startsWith("scope ")),
];

test.each(byScope.map((route) => [route.operation, route.requires, route.asks] as const))(
  "%s requires: %s, and its holder may",
  async (_operation, requires, asks) => {
    const role = OF_SCOPES[requires];
    if (role === undefined) throw new Error(`as whom do the policies know the holder of "${requires}"?`);
    const may = await whoMay(asks, false, 1);
    expect(may).toContain(role);
    if (role === "service") expect(may).toEqual([role]); // no member, whatever the role, and no stranger
  },
);

/** A service is none: NOT_A_USER, before anybody asks the policies. */
async function whichPeople(...asked: Parameters<typeof whoMay>): Promise<PrincipalRole[]> {
  return (await whoMay(...asked)).filter((role) => role !== "service");
}

test.each(ofMembers.map((route) => [route.operation, route.requires, route.asks] as const))(
  "%s requires: %s",
  async (_operation, requires, asks) => {
    const meaning = MEANINGS[requires];
    if (meaning === undefined) throw new Error(`what does "${requires}" mean?`);
    expect(await whichPeople(asks, false, 1)).toEqual(meaning.others);
    expect(await whichPeople(asks, true, 1)).toEqual(meaning.oneself);
    const withTwoOwners = meaning.withTwoOwners ?? meaning.others;
    expect(await whichPeople(asks, false, 2)).toEqual(withTwoOwners);
  },
);

/** Asked for the role that a request names; a contract names the least of them. */
const BY_ROLE = /^(organization\.invite|member\.grant)_(member|billing|admin)$/;

test("every action of every kind has a route that asks for it, or is one that only checks ask for; no route asks for another", () => {
  const known = KINDS.flatMap((kind) => ACTIONS[kind].map((action) => `${kind}.${action}`));
  const asked = asking.flatMap(({ asks }): readonly string[] => asks);
  expect(known).toEqual(expect.arrayContaining(asked));
  const checked = Object.keys(WITHOUT_ROUTE.application).map((action) => `application.${action}`);
  const without = known.filter((action) => !asked.includes(action) && !BY_ROLE.test(action));
  expect(without.sort()).toEqual(checked.sort());
});
