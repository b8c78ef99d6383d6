import type { Person, TestGateway } from "./gateway.ts";

let counter = 0;

/** Makes an organization owned by this person; gives its slug. */
export async function foundOrganization(owner: Person, name = "Organization"): Promise<string> {
  counter += 1;
  const slug = `org-${process.pid}-${counter}`;
  must(await owner.post("/v1/organizations", { slug, name }), 201);
  return slug;
}

export interface Wide {
  readonly alice: Person;
  readonly slug: string;
}

/** An organization of alice's, with as many applications and sectors as a test wants. */
export async function foundWide({ person, sql }: Pick<TestGateway, "person" | "sql">): Promise<Wide> {
  const alice = await person("alice");
  const slug = await foundOrganization(alice);
  const text = `
    insert into limits
    select o.id, l.name, 100000
    from organizations o
    cross join unnest(array['applications', 'sectors']) l (name)
    where o.slug = $1`;
  await sql(text, [slug]);
  return { alice, slug };
}

/** The same, with an Admin and a Viewer. */
export async function foundWideTeam(
  gateway: TestGateway,
): Promise<Wide & { readonly admin: Person; readonly viewer: Person }> {
  const world = await foundWide(gateway);
  const [admin, viewer] = [await gateway.person("admin"), await gateway.person("viewer")];
  await addMember(world.alice, world.slug, admin, "admin");
  await addMember(world.alice, world.slug, viewer, "viewer");
  return { ...world, admin, viewer };
}

export interface MadeApplication {
  readonly anchor: string;
  readonly sector: string;
}

export async function addApplication(
  by: Person,
  slug: string,
  options: { readonly sector?: string } = {},
): Promise<MadeApplication> {
  const body = { name: "Shop", kind: "web", ...options };
  const made = must(await by.post(`/v1/organizations/${slug}/applications`, body), 201);
  return { anchor: String(made.body["anchor"]), sector: String(made.body["sector"]) };
}

/** An application on the platform, in a fresh sector there (K8). */
export async function addPlatformApplication(operator: Person): Promise<MadeApplication & WithKeys> {
  const made = must(await operator.post("/v1/platform/applications", { name: "Console", kind: "web" }), 201);
  const anchor = String(made.body["anchor"]);
  return {
    anchor,
    sector: String(made.body["sector"]),
    ...(await keysOf(operator, `/v1/platform/applications/${anchor}`)),
  };
}

export interface WithKeys {
  readonly signingKey: string;
  readonly clientKey: string;
}

/** The first key that it signs with, and one that it authenticates with from now on. */
export async function keysOf(by: Person, application: string): Promise<WithKeys> {
  const made = must(await by.post(`${application}/client-keys`, { name: "Deployment" }), 201);
  return { signingKey: await signingKeyOf(by, application), clientKey: String(made.body["id"]) };
}

/** The first key that it signs with. */
export async function signingKeyOf(by: Person, application: string): Promise<string> {
  const { items } = must(await by.get(`${application}/keys`), 200).body as { items: { kid: string }[] };
  return items[0]?.kid ?? "";
}

/** The application knows the person from now on, as after a login. */
export async function letKnow(
  { sql }: { readonly sql: (text: string, values: readonly unknown[]) => Promise<unknown> },
  person: Person,
  anchor: string,
): Promise<void> {
  const text = `
    insert into data_sharing (account_id, application_anchor, claims, first_at, last_at)
    select s.account_id, $2, '{name}', now(), now() from sign_in_methods s where s.subject = $1`;
  await sql(text, [person.alias, anchor]);
}

/** For good: nobody sees it again. It must be retired. */
export async function archive(owner: Person, slug: string): Promise<void> {
  must(await owner.post(`/v1/organizations/${slug}/archive`, { confirm: slug }), 200);
}

/** Invites, accepts and, where the role is not one that an invitation carries, promotes. */
export async function addMember(owner: Person, slug: string, person: Person, role: string): Promise<void> {
  const invited = role === "owner" ? "admin" : role;
  const body = { alias: person.alias, role: invited };
  const invitation = must(await owner.post(`/v1/organizations/${slug}/invitations`, body), 201);
  must(await person.post(`/v1/invitations/${String(invitation.body["id"])}/accept`), 200);
  if (role === "owner") must(await owner.patch(`/v1/organizations/${slug}/members/${person.alias}`, { role }), 200);
}

/** Retires every application and sector, then the organization. */
export async function retireEverything(owner: Person, slug: string): Promise<void> {
  const path = `/v1/organizations/${slug}`;
  const applications = (await owner.get(`${path}/applications`)).body["items"] as { anchor: string }[];
  for (const { anchor } of applications) must(await owner.post(`${path}/applications/${anchor}/retire`), 200);
  const sectors = (await owner.get(`${path}/sectors`)).body["items"] as { id: string }[];
  for (const { id } of sectors) must(await owner.post(`${path}/sectors/${id}/retire`), 200);
  must(await owner.post(`${path}/retire`), 200);
}

export interface TestDecision {
  readonly decision: boolean;
  readonly context: { readonly reasons: readonly { readonly code: string }[]; readonly graph?: string };
}

/** Asks as another service would. */
export async function decide(
  gateway: TestGateway,
  person: Person,
  action: string,
  [type, id]: readonly [type: string, id: string],
): Promise<TestDecision> {
  const question = { subject: { type: "account", id: person.alias }, action: { name: action }, resource: { type, id } };
  const answer = must(await gateway.shop.post("/access/v1/evaluation", question), 200);
  return answer.body as unknown as TestDecision; // the contract tests hold its shape
}

/** An answer's text without the ids of its decisions, which are drawn anew for each. */
export function undrawn({ text }: { readonly text: string }): string {
  return text.replaceAll(/"id":"dec-[0-9a-z]{20}"/g, '"id":"dec-"');
}

interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** An arrangement that fails is a broken test, and says where. */
export function must<Answer extends Answered>(answer: Answer, status: number): Answer {
  if (answer.status !== status)
    throw new Error(`expected ${status}, got ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
}
