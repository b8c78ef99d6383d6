import type { Person, TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";
import type { Thing } from "./action-requests.ts";

export const INVITATIONS = ["pending", "revoked", "declined", "accepted", "expired"] as const;

/** An organization with one person of each role, and of everything one in each state. */
export interface Stage {
  readonly slug: string;
  readonly owner: Person;
  readonly admin: Person;
  /** By role; `none` is a stranger, and who is invited is named by the invitation's state. */
  readonly people: Readonly<Record<string, Person>>;
  readonly things: readonly Thing[];
  /** Invited nowhere. */
  readonly guest: string;
}

export async function makeStage(gateway: TestGateway, name: string): Promise<Stage> {
  const person = async (role: string): Promise<Person> => await gateway.person(`${role}-${name}`);
  const owner = await person("owner");
  const slug = await foundOrganization(owner);
  const people: Record<string, Person> = { owner };
  for (const role of ["viewer", "member", "billing", "admin"]) {
    people[role] = await person(role);
    await addMember(owner, slug, people[role], role);
  }
  const members = Object.entries(people).map(([role, { alias }]) => member(slug, role, alias));
  const things = [...(await belongings(owner, slug)), ...members];
  for (const state of INVITATIONS) {
    people[state] = await person(state);
    things.push(await invitation({ gateway, owner, slug }, people[state], state));
  }
  things.push(...(await offers({ gateway, owner, slug }, people["member"])));
  people["none"] = await person("none");
  const { admin = owner } = people;
  return { slug, owner, admin, people, things, guest: (await person("guest")).alias };
}

interface Place {
  readonly gateway: TestGateway;
  readonly owner: Person;
  readonly slug: string;
}

function member(slug: string, role: string, alias: string): Thing {
  const organization = `/v1/organizations/${slug}`;
  return { kind: "member", organization, path: `${organization}/members/${alias}`, id: alias, name: `the ${role}` };
}

/** The organization itself, and a sector and an application of each state. */
async function belongings(owner: Person, slug: string): Promise<Thing[]> {
  const organization = `/v1/organizations/${slug}`;
  const things: Thing[] = [{ kind: "organization", organization, path: organization, id: slug, name: "it" }];
  for (const state of ["retired", "enabled"]) {
    const { anchor, sector } = await addApplication(owner, slug);
    const application = `${organization}/applications/${anchor}`;
    const path = `${organization}/sectors/${sector}`;
    if (state === "retired") for (const each of [application, path]) must(await owner.post(`${each}/retire`), 200);
    things.push({ kind: "application", organization, path: application, id: anchor, name: state });
    things.push({ kind: "sector", organization, path, id: sector, name: state });
  }
  return things;
}

async function invitation({ gateway, owner, slug }: Place, guest: Person, state: string): Promise<Thing> {
  const organization = `/v1/organizations/${slug}`;
  const made = must(await owner.post(`${organization}/invitations`, { alias: guest.alias, role: "viewer" }), 201);
  const id = String(made.body.id);
  const path = `/v1/invitations/${id}`;
  if (state === "revoked") must(await owner.post(`${organization}/invitations/${id}/revoke`), 200);
  if (state === "declined") must(await guest.post(`${path}/decline`), 200);
  if (state === "accepted") must(await guest.post(`${path}/accept`), 200);
  if (state === "expired") {
    await gateway.sql("update invitations set expires_at = now() - interval '1 day' where id = $1", [id]);
  }
  return { kind: "invitation", organization, path, id, name: state };
}

/** One offer after the other to the same member, since only one can wait. */
async function offers({ gateway, owner, slug }: Place, recipient: Person | undefined): Promise<Thing[]> {
  if (recipient === undefined) throw new Error("there is nobody to offer to");
  const organization = `/v1/organizations/${slug}`;
  const things: Thing[] = [];
  for (const state of ["declined", "cancelled", "expired", "pending"]) {
    const made = must(await owner.post(`${organization}/transfers`, { alias: recipient.alias }), 201);
    const id = String(made.body.id);
    const path = `${organization}/transfers/${id}`;
    if (state === "declined") must(await recipient.post(`${path}/decline`), 200);
    if (state === "cancelled") must(await owner.post(`${path}/cancel`), 200);
    if (state === "expired") {
      await gateway.sql("update transfers set expires_at = now() - interval '1 day' where id = $1", [id]);
    }
    things.push({ kind: "transfer", organization, path, id, name: state });
  }
  return things;
}
