/** Organizations in every state that the table knows, each once with a sole Owner and once with two. */
import type { Person, TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, foundOrganization, must, retireEverything } from "../support/world.ts";
import type { Thing } from "../http/action-requests.ts";
import type { Column } from "./table.ts";

/** In `offered` ownership is, in each state that an offer can have: while one waits no other is made. */
export const SCENES = ["busy", "idle", "offered", "frozen", "archived"] as const;
const MEMBERS = ["viewer", "member", "billing", "admin"] as const;
export const INVITATIONS = ["pending", "revoked", "declined", "accepted", "expired"] as const;
const OFFERS = ["declined", "cancelled", "accepted", "expired", "pending"] as const; // the last one waits

/** Somebody of a column, and a thing in a state, in the same organization. */
export interface Meeting {
  readonly column: Column;
  readonly by: Person;
  readonly thing: Thing;
  /** Of the table. */
  readonly state: string;
  /** Invited nowhere. */
  readonly guest: Person;
  readonly scene: Scene;
}

/** What kind of organization it is, and whether two own it. */
export type Scene = readonly [(typeof SCENES)[number], isShared: boolean];

/** To whom something is offered, and as which column of the table it answers. */
interface Addressee {
  readonly column: "invitee" | "recipient";
  readonly person: Person;
}

interface Organization {
  readonly scene: (typeof SCENES)[number];
  readonly slug: string;
  readonly people: ReadonlyMap<Column, Person>;
  readonly things: readonly (Thing & { readonly state: string; readonly addressee?: Addressee })[];
}

/** Everybody meets everything. */
export async function allMeetings(gateway: TestGateway, scenes: readonly Scene[0][] = SCENES): Promise<Meeting[]> {
  await gateway.sql("update accounts set max_owned_organizations = 1000000");
  const all: Meeting[] = [];
  for (const scene of scenes) {
    for (const isShared of [false, true]) all.push(...(await meetings(gateway, "all", [scene, isShared])));
  }
  return all;
}

/** In a new organization, of new people. */
export async function meetings(gateway: TestGateway, name: string, scene: Scene): Promise<Meeting[]> {
  const [state, isShared] = scene;
  const full = `${state}-${isShared ? "co" : "sole"}-${name}`;
  const guest = await gateway.person(`guest-${full}`);
  const organization = await make(gateway, full, state, isShared);
  return meetingsIn(organization, guest).map((meeting) => ({ ...meeting, scene }));
}

function meetingsIn({ slug, scene, people, things }: Organization, guest: Person): Omit<Meeting, "scene">[] {
  return [...people].flatMap(([column, by]) => {
    const own = people.get(column)?.alias ?? "";
    const met = things
      .filter((thing) => thing.kind !== "member" || thing.id !== own) // that is `self`
      .map((thing) => ({
        column: thing.addressee?.person.alias === own ? thing.addressee.column : column,
        by,
        thing,
        state: thing.state,
        guest,
      }));
    const addressees = things.flatMap(({ addressee, ...thing }) =>
      addressee === undefined
        ? []
        : [{ column: addressee.column, by: addressee.person, thing, state: thing.state, guest }],
    );
    const self = { column, by, thing: member(slug, own, "self"), state: scene === "frozen" ? "frozen" : "self", guest };
    const isMember = column !== "none";
    return [...met, ...(column === "none" ? addressees : []), ...(isMember && scene === "busy" ? [self] : [])];
  });
}

async function make(
  gateway: TestGateway,
  name: string,
  scene: Organization["scene"],
  isShared: boolean,
): Promise<Organization> {
  const person = async (role: string): Promise<Person> => await gateway.person(`${role}-${name}`);
  const founder = await person("owner");
  const slug = await foundOrganization(founder);
  const other = await person("other");
  await addMember(founder, slug, other, "viewer");
  const people = new Map<Column, Person>(
    isShared
      ? []
      : [
          ["owner", founder],
          ["none", await person("none")],
        ],
  );
  const things = [
    ...(await belongings(founder, slug, scene)),
    ...(await invitations(gateway, founder, slug, name)),
    ...(scene === "busy" ? [] : await offers(gateway, founder, slug, other)),
  ];
  if (scene !== "busy") await retireEverything(founder, slug);
  await settle(gateway, slug, "active");
  for (const role of isShared ? [] : MEMBERS) {
    people.set(role, await person(role));
    await addMember(founder, slug, people.get(role) as Person, role); // just set
  }
  if (isShared) {
    people.set("co-owner", await person("co-owner"));
    await addMember(founder, slug, people.get("co-owner") as Person, "owner");
  }
  if (scene === "frozen") await settle(gateway, slug, "retired");
  if (scene === "archived") await settle(gateway, slug, "archived");
  const members = [
    { ...member(slug, other.alias, "other"), state: "other" },
    { ...member(slug, founder.alias, "owner"), state: "owner" },
  ];
  const all = [...things, ...members].filter(({ kind }) => {
    return scene === "idle" ? kind === "organization" : scene !== "offered" || kind === "transfer";
  });
  return { scene, slug, people, things: all.map((thing) => ({ ...thing, state: stateIn(scene, thing) })) };
}

/** In what is frozen or archived that alone counts; an idle organization is there for its own sake. */
function stateIn(scene: Organization["scene"], thing: Organization["things"][number]): string {
  if (thing.kind === "organization") return scene;
  return scene === "busy" || scene === "offered" ? thing.state : scene;
}

function member(slug: string, alias: string, name: string): Thing {
  const organization = `/v1/organizations/${slug}`;
  return { kind: "member", organization, path: `${organization}/members/${alias}`, id: alias, name };
}

async function settle(gateway: TestGateway, slug: string, state: string): Promise<void> {
  await gateway.sql("update organizations set state = $2, version = version + 1 where slug = $1", [slug, state]);
}

/** The organization; of sectors a live, an empty and a retired one; of applications an enabled one, a retired one, and one in a retired sector. */
async function belongings(founder: Person, slug: string, scene: string): Promise<Organization["things"]> {
  const organization = `/v1/organizations/${slug}`;
  const things = [
    { kind: "organization" as const, organization, path: organization, id: slug, name: "it", state: scene },
  ];
  const made: Organization["things"][number][] = [...things];
  for (const [ofSector, ofApplication] of [
    ["live", "enabled"],
    ["empty", "retired"],
    ["retired", "shut"],
  ] as const) {
    const { anchor, sector } = await addApplication(founder, slug);
    const application = `${organization}/applications/${anchor}`;
    const path = `${organization}/sectors/${sector}`;
    if (ofSector !== "live") must(await founder.post(`${application}/retire`), 200);
    if (ofSector === "retired") must(await founder.post(`${path}/retire`), 200);
    made.push({
      kind: "application",
      organization,
      path: application,
      id: anchor,
      name: ofApplication,
      state: ofApplication,
    });
    made.push({ kind: "sector", organization, path, id: sector, name: ofSector, state: ofSector });
  }
  return made;
}

async function invitations(
  gateway: TestGateway,
  founder: Person,
  slug: string,
  name: string,
): Promise<Organization["things"]> {
  const organization = `/v1/organizations/${slug}`;
  const made: Organization["things"][number][] = [];
  for (const state of INVITATIONS) {
    const invitee = await gateway.person(`${state}-${name}`);
    const { body } = must(
      await founder.post(`${organization}/invitations`, { alias: invitee.alias, role: "viewer" }),
      201,
    );
    const id = String(body.id);
    const path = `/v1/invitations/${id}`;
    if (state === "revoked") must(await founder.post(`${organization}/invitations/${id}/revoke`), 200);
    if (state === "declined") must(await invitee.post(`${path}/decline`), 200);
    if (state === "accepted") must(await invitee.post(`${path}/accept`), 200);
    if (state === "expired") {
      await gateway.sql("update invitations set expires_at = now() - interval '1 day' where id = $1", [id]);
    }
    const addressee = { column: "invitee", person: invitee } as const;
    made.push({ kind: "invitation", organization, path, id, name: state, state, addressee });
  }
  return made;
}

async function offers(
  gateway: TestGateway,
  founder: Person,
  slug: string,
  recipient: Person,
): Promise<Organization["things"]> {
  const organization = `/v1/organizations/${slug}`;
  const made: Organization["things"][number][] = [];
  for (const state of OFFERS) {
    const { body } = must(await founder.post(`${organization}/transfers`, { alias: recipient.alias }), 201);
    const id = String(body.id);
    const path = `${organization}/transfers/${id}`;
    if (state === "declined") must(await recipient.post(`${path}/decline`), 200);
    if (state === "cancelled") must(await founder.post(`${path}/cancel`), 200);
    // Without the swap, which would make others of both.
    if (state === "accepted") await gateway.sql("update transfers set state = 'accepted' where id = $1", [id]);
    if (state === "expired") {
      await gateway.sql("update transfers set expires_at = now() - interval '1 day' where id = $1", [id]);
    }
    const addressee = { column: "recipient", person: recipient } as const;
    made.push({ kind: "transfer", organization, path, id, name: state, state, addressee });
  }
  return made;
}
