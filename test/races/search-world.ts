import type { Person, TestGateway } from "../support/gateway.ts";
import type { Chance } from "../support/seed.ts";
import { addApplication, addMember, must } from "../support/world.ts";
import type { Organization, Rank } from "./oracle.ts";

export interface Draw {
  readonly pick: <Item>(items: readonly Item[]) => Item;
  readonly chance: Chance;
  /** Begins every name in it. */
  readonly name: string;
}

const RANKS: readonly Rank[] = ["viewer", "member", "billing", "admin", "owner"];

/** Organizations of each state with members of each role, who come, go, are invited and are offered ownership; and what the oracle knows of it. */
export async function makeWorld(
  gateway: TestGateway,
  draw: Draw,
): Promise<{ organizations: Organization[]; people: Person[] }> {
  const names = ["ann", "ben", "cas", "dan", "eve", "fay", "gus"].map((name) => `${draw.name}-${name}`);
  const people = await Promise.all(names.map(async (name) => await gateway.person(name)));
  const organizations: Organization[] = [];
  for (const index of [0, 1, 2, 3]) {
    const made = await makeOrganization(people, draw, `${draw.name}-org-${index}`);
    if (index === 3) await freeze(people, made);
    organizations.push(made);
  }
  return { organizations, people };
}

async function makeOrganization(people: readonly Person[], draw: Draw, slug: string): Promise<Organization> {
  const { pick, chance } = draw;
  const owner = pick(people);
  must(await owner.post("/v1/organizations", { slug, name: "Organization" }), 201);
  const made: Organization = {
    ...{ slug, isFrozen: false, members: new Map([[owner.alias, "owner"]]) },
    ...{ sectors: [], applications: [], invitations: [], transfers: [] },
  };
  const path = `/v1/organizations/${slug}`;
  for (let count = chance.below(4); count > 0; count -= 1) await addSector(owner, made, draw);
  for (const person of people) {
    if (person === owner) continue;
    const fate = chance.below(10);
    if (fate < 5) await join(owner, made, person, pick(RANKS.slice(0, 4)));
    else if (fate < 8) await invite(owner, made, person, pick(["pending", "declined", "revoked"] as const));
  }
  await offer(owner, made, people, draw);
  for (const person of people) {
    const role = made.members.get(person.alias);
    if (role === undefined || person === owner) continue;
    const fate = chance.below(6);
    if (fate === 0) {
      must(await owner.delete(`${path}/members/${person.alias}`), 204);
      made.members.delete(person.alias);
    }
    if (fate === 1) {
      must(await owner.patch(`${path}/members/${person.alias}`, { role: "owner" }), 200);
      made.members.set(person.alias, "owner");
    }
  }
  return made;
}

/** A sector with applications, some of them retired, and where all are, it may be too. Its Owner must be the sole one still. */
async function addSector(owner: Person, made: Organization, { chance }: Draw): Promise<void> {
  const path = `/v1/organizations/${made.slug}`;
  const id = String(must(await owner.post(`${path}/sectors`, { name: "Sector" }), 201).body.id);
  const applications: Organization["applications"] = [];
  for (let count = chance.below(4); count > 0; count -= 1) {
    const { anchor } = await addApplication(owner, made.slug, { sector: id });
    const isEnabled = chance.below(2) === 0;
    if (!isEnabled) must(await owner.post(`${path}/applications/${anchor}/retire`), 200);
    applications.push({ anchor, sector: id, isEnabled });
  }
  const isEnabled = applications.some((each) => each.isEnabled) || chance.below(2) === 0;
  if (!isEnabled) must(await owner.post(`${path}/sectors/${id}/retire`), 200);
  made.sectors.push({ id, isEnabled });
  made.applications.push(...applications);
}

async function join(owner: Person, made: Organization, person: Person, role: Rank): Promise<void> {
  await addMember(owner, made.slug, person, role);
  made.members.set(person.alias, role);
  const { body } = await owner.get(`/v1/organizations/${made.slug}/invitations?page_size=100`);
  for (const { id, alias } of body.items as { id: string; alias: string }[]) {
    if (alias === person.alias) made.invitations.push({ id, alias, state: "accepted" });
  }
}

async function invite(
  owner: Person,
  made: Organization,
  person: Person,
  state: "pending" | "declined" | "revoked",
): Promise<void> {
  const invitation = { alias: person.alias, role: "viewer" };
  const { body } = must(await owner.post(`/v1/organizations/${made.slug}/invitations`, invitation), 201);
  const id = String(body.id);
  if (state === "declined") must(await person.post(`/v1/invitations/${id}/decline`), 200);
  if (state === "revoked") {
    must(await owner.post(`/v1/organizations/${made.slug}/invitations/${id}/revoke`), 200);
  }
  made.invitations.push({ id, alias: person.alias, state });
}

async function offer(owner: Person, made: Organization, people: readonly Person[], { pick }: Draw): Promise<void> {
  const others = people.filter((person) => person !== owner && made.members.has(person.alias));
  if (others.length === 0) return;
  const to = pick(others);
  const path = `/v1/organizations/${made.slug}/transfers`;
  const id = String(must(await owner.post(path, { alias: to.alias }), 201).body.id);
  const state = pick(["pending", "declined", "cancelled"] as const);
  if (state === "cancelled") must(await owner.post(`${path}/${id}/cancel`), 200);
  if (state === "declined") must(await to.post(`${path}/${id}/decline`), 200);
  made.transfers.push({ id, to: to.alias, by: owner.alias, state });
}

/** Everything in it is retired, and so is it, where one Owner is left to do so. */
async function freeze(people: readonly Person[], made: Organization): Promise<void> {
  const owners = people.filter(({ alias }) => made.members.get(alias) === "owner");
  const [owner] = owners;
  if (owner === undefined || owners.length > 1) return;
  const path = `/v1/organizations/${made.slug}`;
  for (const application of made.applications.filter(({ isEnabled }) => isEnabled)) {
    must(await owner.post(`${path}/applications/${application.anchor}/retire`), 200);
    application.isEnabled = false;
  }
  for (const sector of made.sectors.filter(({ isEnabled }) => isEnabled)) {
    must(await owner.post(`${path}/sectors/${sector.id}/retire`), 200);
    sector.isEnabled = false;
  }
  must(await owner.post(`${path}/retire`), 200);
  made.isFrozen = true;
}
