import { inParallel } from "../src/entities/parallel.ts";
import type { DevelopmentIssuer } from "../src/local/issuer.ts";

/** Who is in an organization of the bench, by alias. */
export interface Organization {
  readonly slug: string;
  readonly owners: readonly [founder: string, ...others: string[]];
  readonly admin: string;
  readonly viewer: string;
  /** A member of other organizations only. */
  readonly outsider: string;
  readonly applications: readonly string[];
}

export interface World {
  readonly organizations: readonly Organization[];
  /** One more organization, with many members: all changes of a round go to it. */
  readonly crowd: { readonly slug: string; readonly founder: string; readonly members: readonly string[] };
  readonly tokenOf: (alias: string) => Promise<string>;
  /** A token of a service that may ask about everybody, or about these organizations only; each time another one. */
  readonly serviceToken: (organizations?: readonly string[]) => Promise<string>;
  /** Of a service that may search everywhere. */
  readonly searchToken: () => Promise<string>;
  /** Of a service that stores, asks and searches in one organization. */
  readonly keeperToken: (organization: string) => Promise<string>;
  /** One more organization with these viewers; gives who founded it, an account of its own. */
  readonly found: (slug: string, viewers: readonly string[]) => Promise<string>;
  readonly call: Call;
}

const ORGANIZATIONS = 100;
const APPLICATIONS = 3;
const EACH = 20; // founders, admins and viewers
const AT_ONCE = 8;
const HOURS_12 = 12 * 3600;

/** Fills an empty gateway over REST, as its users would. */
export async function fillWorld(url: string, issuer: DevelopmentIssuer, crowd: number): Promise<World> {
  const tokens = new Map<string, string>();
  const tokenOf = async (alias: string): Promise<string> => {
    const token = tokens.get(alias) ?? (await personToken(issuer, alias));
    tokens.set(alias, token);
    return token;
  };
  const call: Call = async (alias, method, path, body) =>
    await exchange({ url, token: await tokenOf(alias) }, method, path, body);
  const members = numbered("crowd", crowd);
  const people = [...["founder", "admin", "viewer"].flatMap((stem) => numbered(stem, EACH)), ...members];
  await inParallel(people, AT_ONCE, async (alias) => await call(alias, "GET", "/v1/me/organizations"));
  const organizations = await inParallel(
    [...Array(ORGANIZATIONS).keys()],
    AT_ONCE,
    async (index) => await found(call, index),
  );
  const founder = "founder-000";
  await call(founder, "POST", "/v1/organizations", { slug: "crowd", name: "Crowd" });
  await inParallel(
    members,
    AT_ONCE,
    async (alias) => await join(call, { slug: "crowd", founder, alias, role: "viewer" }),
  );
  return {
    organizations,
    crowd: { slug: "crowd", founder, members },
    tokenOf,
    call,
    found: async (slug, viewers) => {
      const founder = `${slug}-owner`;
      await call(founder, "GET", "/v1/me/organizations");
      await call(founder, "POST", "/v1/organizations", { slug, name: slug });
      for (const viewer of viewers) await join(call, { slug, founder, alias: viewer, role: "viewer" });
      return founder;
    },
    ...serviceTokens(issuer),
  };
}

function serviceTokens(issuer: DevelopmentIssuer): Pick<World, "serviceToken" | "searchToken" | "keeperToken"> {
  const tokenFor = async (client_id: string, scope: string, organizations: readonly string[]): Promise<string> => {
    const claims = { client_id, scope, bailiwick_organizations: organizations };
    return await issuer.sign({ subject: `client:${client_id}`, claims, expiresInSeconds: HOURS_12 });
  };
  return {
    serviceToken: async (organizations = []) =>
      await tokenFor(organizations.length === 0 ? "bench" : "bound", "authz:evaluate", organizations),
    searchToken: async () => await tokenFor("seeker", "authz:search", []),
    keeperToken: async (organization) =>
      await tokenFor(`keeper-${organization}`, "authz:evaluate authz:search entities:write", [organization]),
  };
}

/** Every third organization has two Owners. */
async function found(call: Call, index: number): Promise<Organization> {
  const slug = `organization-${index}`;
  const founder = alias("founder", index);
  const [admin, viewer, outsider] = [alias("admin", index), alias("viewer", index * 7), alias("admin", index + 5)];
  await call(founder, "POST", "/v1/organizations", { slug, name: `Organization ${index}` });
  await join(call, { slug, founder, alias: admin, role: "admin" });
  await join(call, { slug, founder, alias: viewer, role: "viewer" });
  const others = index % 3 === 0 ? [alias("founder", index + 1)] : [];
  for (const other of others) {
    await join(call, { slug, founder, alias: other, role: "admin" });
    await call(founder, "PATCH", `/v1/organizations/${slug}/members/${other}`, { role: "owner" });
  }
  const applications: string[] = [];
  for (let number = 0; number < APPLICATIONS; number += 1) {
    const body = { name: `Application ${number}`, kind: "web" };
    const { anchor } = await call(founder, "POST", `/v1/organizations/${slug}/applications`, body);
    applications.push(String(anchor));
  }
  return { slug, owners: [founder, ...others], admin, viewer, outsider, applications };
}

interface Joining {
  readonly slug: string;
  readonly founder: string;
  readonly alias: string;
  readonly role: "admin" | "viewer";
}

async function join(call: Call, { slug, founder, alias, role }: Joining): Promise<void> {
  const { id } = await call(founder, "POST", `/v1/organizations/${slug}/invitations`, { alias, role });
  await call(alias, "POST", `/v1/invitations/${String(id)}/accept`);
}

function alias(stem: string, index: number): string {
  return `${stem}-${String(index % EACH).padStart(3, "0")}`;
}

function numbered(stem: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${stem}-${String(index).padStart(3, "0")}`);
}

async function personToken(issuer: DevelopmentIssuer, alias: string): Promise<string> {
  return await issuer.sign({ subject: alias, claims: { preferred_username: alias }, expiresInSeconds: HOURS_12 });
}

type Call = (alias: string, method: string, path: string, body?: object) => Promise<Readonly<Record<string, unknown>>>;

async function exchange(
  { url, token }: { readonly url: string; readonly token: string },
  method: string,
  path: string,
  body?: object,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}
