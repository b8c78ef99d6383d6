/** Who may, as the contract says it, is who may by the policies: asked of Cerbos for every role. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Cerbos, connectCerbos } from "../../src/engines/cerbos.ts";
import { ACTIONS, type Attributes, type Kind, KINDS, type PrincipalRole, ROLES } from "../../src/entities/kinds.ts";
import type { Requirement } from "../../src/http/contract.ts";
import { ROUTES } from "../../src/http/registry.ts";
import { testEngines } from "../support/test-engines.ts";

let cerbos: Cerbos;
beforeAll(() => {
  cerbos = connectCerbos(testEngines().cerbosTarget, false);
});
afterAll(() => cerbos.close());

const ALL: readonly PrincipalRole[] = ["none", ...ROLES];
const VIEWERS = ["viewer", "member", "admin", "owner"] as const;

/** Whom each requirement lets in: roles, for somebody else and for whom it is about; with two Owners fewer. */
interface Meaning {
  readonly others: readonly PrincipalRole[];
  readonly oneself: readonly PrincipalRole[];
  readonly withTwoOwners?: readonly PrincipalRole[];
}
const same = (roles: readonly PrincipalRole[]): Meaning => ({ others: roles, oneself: roles });
const MEANINGS: Partial<Record<Requirement, Meaning>> = {
  "any account": { others: [], oneself: ALL },
  "any member": same(ROLES),
  viewer: same(VIEWERS),
  admin: same(["admin", "owner"]),
  owner: same(["owner"]),
  "sole owner": { ...same(["owner"]), withTwoOwners: [] },
  "viewer, or the member itself": { others: VIEWERS, oneself: ALL },
  "owner, or the member itself": { others: ["owner"], oneself: ALL },
  "owner, or the invited account": { others: ["owner"], oneself: ALL },
  "the invited account": { others: [], oneself: ALL },
  "owner, or a party to the offer": { others: ["owner"], oneself: ALL },
  "owner, or who made the offer": { others: ["owner"], oneself: ALL },
  "the recipient of the offer": { others: [], oneself: ALL },
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
const [onPlatform, ofMembers] = [
  asking.filter(({ requires }) => requires === "scope platform:admin"),
  asking.filter(({ requires }) => requires !== "scope platform:admin"),
];

test.each(onPlatform.map((route) => [route.operation, route.asks] as const))(
  "%s requires a scope, and its holder is taken for the only Owner, who may",
  async (_operation, asks) => {
    expect(await whoMay(asks, false, 1)).toContain("owner");
  },
);

test.each(ofMembers.map((route) => [route.operation, route.requires, route.asks] as const))(
  "%s requires: %s",
  async (_operation, requires, asks) => {
    const meaning = MEANINGS[requires];
    if (meaning === undefined) throw new Error(`what does "${requires}" mean?`);
    expect(await whoMay(asks, false, 1)).toEqual(meaning.others);
    expect(await whoMay(asks, true, 1)).toEqual(meaning.oneself);
    const withTwoOwners = meaning.withTwoOwners ?? meaning.others;
    expect(await whoMay(asks, false, 2)).toEqual(withTwoOwners);
  },
);

test("every action of every kind that routes ask for is known", () => {
  const known = KINDS.flatMap((kind) => ACTIONS[kind].map((action) => `${kind}.${action}`));
  expect(known).toEqual(expect.arrayContaining(asking.flatMap(({ asks }) => asks)));
});
