/** Random situations: an organization in which much has happened already, and the requests that somebody could send there. */
import type { Person, TestGateway } from "../support/gateway.ts";
import type { Chance } from "../support/seed.ts";
import { addConnector } from "../support/connectors.ts";
import { adopt, adoptShown, domainOf, hold } from "../support/domains.ts";
import { addEntity, addKeeper, entityPath } from "../support/documents.ts";
import {
  addApplication,
  addMember,
  archive,
  foundOrganization,
  letKnow,
  must,
  retireEverything,
} from "../support/world.ts";

export const ROLES = ["viewer", "member", "billing", "admin", "owner"] as const;

/** Who there is beside the founder: one who can get each role, guests to be invited, and a stranger. */
export interface Cast {
  readonly founder: Person;
  readonly people: Readonly<Record<(typeof ROLES)[number], Person>>;
  readonly guests: readonly Person[];
  readonly stranger: Person;
  readonly operator: Person;
}

export interface Situation extends Cast {
  readonly slug: string;
  /** Another organization of the founder's, to which nothing of this one belongs. */
  readonly elsewhere: string;
  readonly sectors: readonly string[];
  readonly applications: readonly string[];
  readonly invitations: readonly string[];
  readonly transfers: readonly string[];
  /** Adopted; the proofs of some are to be seen. */
  readonly domains: readonly string[];
  /** Groups, where the gateway has such a kind, by id; and who keeps them. */
  readonly entities: readonly string[];
  readonly keeper: Person;
  /** How it was made, for the reader of a failure. */
  readonly story: readonly string[];
}

export async function makeCast(gateway: TestGateway): Promise<Cast> {
  const person = async (name: string): Promise<Person> => await gateway.person(name);
  const [viewer, member, billing] = [await person("viewer"), await person("member"), await person("billing")];
  const operator = await gateway.service("operator", { scopes: ["platform:admin"] });
  must(await operator.get("/v1/platform/clients"), 200); // seen once, as people are: that alone is noted
  return {
    founder: await person("founder"),
    people: { viewer, member, billing, admin: await person("admin"), owner: await person("co-owner") },
    guests: [await person("guest-0"), await person("guest-1"), await person("guest-2")],
    stranger: await person("stranger"),
    operator,
  };
}

export function oneOf<Value>(chance: Chance, ...values: readonly [Value, ...Value[]]): Value {
  return values[chance.below(values.length)] ?? values[0];
}

/** True once in so many times. */
export function once(chance: Chance, times: number): boolean {
  return chance.below(times) === 0;
}

export function aliasOf({ founder, people, guests }: Situation, chance: Chance): string {
  return oneOf(chance, founder, ...Object.values(people), ...guests).alias;
}

type Built = { -readonly [Key in keyof Situation]: Situation[Key] } & {
  sectors: string[];
  applications: string[];
  invitations: string[];
  transfers: string[];
  domains: string[];
  entities: string[];
  story: string[];
};

export async function makeSituation(gateway: TestGateway, cast: Cast, chance: Chance): Promise<Situation> {
  await gateway.sql("update accounts set max_owned_organizations = 1000000");
  const elsewhere = await foundOrganization(cast.founder);
  const slug = await foundOrganization(cast.founder);
  const things = { sectors: [], applications: [], invitations: [], transfers: [], domains: [], entities: [] };
  const hasKinds = gateway.gateway.deps.kinds.served.has("group");
  const keeper = hasKinds ? await addKeeper(gateway, "keeper", [slug, elsewhere]) : cast.operator;
  const built: Built = { ...cast, slug, elsewhere, keeper, ...things, story: [] };
  for (const role of ROLES) {
    if (once(chance, role === "owner" ? 2 : 4)) continue;
    await addMember(cast.founder, slug, cast.people[role], role);
    built.story.push(`with the ${role}`);
  }
  await addThings(gateway, built, chance);
  await addDomains(gateway, built, chance);
  if (hasKinds) await addEntities(built, chance);
  for (const guest of cast.guests) await invite(gateway, built, guest, chance);
  await offer(gateway, built, chance);
  await settleState(built, chance);
  await limit(gateway, built, chance);
  return built;
}

async function addThings(
  gateway: TestGateway,
  { founder, stranger, slug, sectors, applications, story }: Built,
  chance: Chance,
): Promise<void> {
  const path = `/v1/organizations/${slug}`;
  if (once(chance, 2)) await addConnector(founder, slug);
  for (let count = chance.below(3); count > 0; count -= 1) {
    const made = await addApplication(founder, slug);
    applications.push(made.anchor);
    sectors.push(made.sector);
    if (once(chance, 2)) await letKnow(gateway, stranger, made.anchor);
    if (once(chance, 2)) continue;
    must(await founder.post(`${path}/applications/${made.anchor}/client-keys`, { name: "Deployment" }), 201);
  }
  if (once(chance, 2))
    sectors.push(String(must(await founder.post(`${path}/sectors`, { name: "Sector" }), 201).body.id));
  // Taking a sole Owner, the rest is refused where there are two: that is a situation as well.
  for (const anchor of applications) {
    if (!once(chance, 2)) continue;
    const { status } = await founder.post(`${path}/applications/${anchor}/retire`);
    story.push(`an application retired: ${status}`);
  }
  for (const id of sectors) {
    if (!once(chance, 2)) continue;
    const { status } = await founder.post(`${path}/sectors/${id}/retire`);
    story.push(`a sector retired: ${status}`);
  }
}

async function addDomains({ dns }: TestGateway, { founder, slug, domains }: Built, chance: Chance): Promise<void> {
  for (const name of ["one", "two"].slice(chance.below(3))) {
    const domain = `${name}.${domainOf(slug)}`;
    const shown = oneOf(chance, "not at all", "in the DNS", "and seen");
    if (shown === "not at all") await adopt(founder, slug, domain);
    else await (shown === "in the DNS" ? adoptShown : hold)(dns, founder, slug, domain);
    domains.push(domain);
  }
}

/** Those of the same ids in the other organization, too; the founder is in some of them. */
async function addEntities({ keeper, founder, slug, elsewhere, entities }: Built, chance: Chance): Promise<void> {
  for (let count = chance.below(3); count > 0; count -= 1) {
    const entity = await addEntity(keeper, slug, `group-${count}`);
    await addEntity(keeper, elsewhere, entity.id);
    entities.push(entity.id);
    if (once(chance, 2)) continue;
    const relate = { member: [{ type: "account", id: founder.alias }] };
    must(await keeper.patch(entityPath(slug, entity), { relate }), 200);
  }
}

async function invite(
  gateway: TestGateway,
  { founder, slug, invitations, story }: Built,
  guest: Person,
  chance: Chance,
): Promise<void> {
  const fate = oneOf(chance, "none", "pending", "revoked", "accepted", "declined", "expired");
  if (fate === "none") return;
  const body = { alias: guest.alias, role: oneOf(chance, "viewer", "billing", "admin") };
  const made = must(await founder.post(`/v1/organizations/${slug}/invitations`, body), 201);
  const id = String(made.body.id);
  invitations.push(id);
  story.push(`${guest.alias}'s invitation ${fate}`);
  if (fate === "revoked") must(await founder.post(`/v1/organizations/${slug}/invitations/${id}/revoke`), 200);
  if (fate === "accepted") must(await guest.post(`/v1/invitations/${id}/accept`), 200);
  if (fate === "declined") must(await guest.post(`/v1/invitations/${id}/decline`), 200);
  if (fate === "expired")
    await gateway.sql("update invitations set expires_at = now() - interval '1 day' where id = $1", [id]);
}

/** To somebody who may be no member, or an Owner already: then there is none. */
async function offer(
  gateway: TestGateway,
  { founder, people, slug, transfers, story }: Built,
  chance: Chance,
): Promise<void> {
  const fate = oneOf(chance, "none", "pending", "pending", "cancelled", "declined", "expired");
  if (fate === "none") return;
  const recipient = people[oneOf(chance, "viewer", "admin", "owner")];
  const path = `/v1/organizations/${slug}/transfers`;
  const made = await founder.post(path, { alias: recipient.alias });
  if (made.status !== 201) return;
  const id = String(made.body.id);
  transfers.push(id);
  story.push(`an offer to ${recipient.alias} ${fate}`);
  if (fate === "cancelled") must(await founder.post(`${path}/${id}/cancel`), 200);
  if (fate === "declined") must(await recipient.post(`${path}/${id}/decline`), 200);
  if (fate === "expired")
    await gateway.sql("update transfers set expires_at = now() - interval '1 day' where id = $1", [id]);
}

async function settleState(built: Built, chance: Chance): Promise<void> {
  const { founder, people, slug, story } = built;
  const state = oneOf(chance, "active", "active", "active", "active", "active", "retired", "retired", "archived");
  if (state !== "active") {
    await founder.patch(`/v1/organizations/${slug}/members/${people.owner.alias}`, { role: "admin" });
    await retireEverything(founder, slug);
  }
  if (state === "archived") await archive(founder, slug);
  story.push(state);
}

const COUNTED = {
  applications: "select count(*) from applications where organization_id = o.id and state = 'enabled'",
  sectors: "select count(*) from sectors where organization_id = o.id and state = 'enabled'",
  members: "select count(*) from memberships where organization_id = o.id",
  pendingInvitations: "select count(*) from invitations where organization_id = o.id and state = 'pending'",
};

/** Just reached, or one away. */
async function limit(gateway: TestGateway, { slug, story }: Built, chance: Chance): Promise<void> {
  for (const [name, counted] of Object.entries(COUNTED)) {
    if (!once(chance, 2)) continue;
    const room = chance.below(2);
    const text = `insert into limits select o.id, $2, (${counted}) + $3 from organizations o where slug = $1`;
    await gateway.sql(text, [slug, name, room]);
    story.push(`room for ${room} of ${name}`);
  }
  if (once(chance, 3)) {
    const owned = "select count(*) from memberships where account_id = a.id and role = 'owner'";
    await gateway.sql(`update accounts a set max_owned_organizations = (${owned}) + $1`, [chance.below(2)]);
    story.push("limits of what one owns");
  }
}
