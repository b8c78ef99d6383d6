/** For each POST that an Idempotency-Key makes happen once: where it can happen once only, or what a second time would leave behind. */
import { PLATFORM } from "../../src/entities/ids.ts";
import type { TestDns } from "../support/dns.ts";
import type { Person } from "../support/gateway.ts";
import { addApplication, addMember, addPlatformApplication, foundOrganization, must } from "../support/world.ts";
import { OF_DOMAINS } from "./repeatable-domains.ts";
import { OF_CONNECTORS } from "./repeatable-connectors.ts";
import { OF_KEYS } from "./repeatable-keys.ts";

/** One round's place for one POST: people and an organization of its own. */
export interface Stage {
  readonly founder: Person;
  readonly guest: Person;
  readonly operator: Person;
  /** A name that nobody else has. */
  readonly name: string;
  /** A token of somebody whom nobody has seen. */
  readonly unseen: string;
  /** That the gateways ask. */
  readonly dns: TestDns;
  /** The service that keeps the entities of this organization. */
  readonly keeperOf: (slug: string) => Promise<Person>;
  /** Changes a folder of policies, to no effect; absent: nothing can be reloaded here. */
  readonly touchPolicies?: () => Promise<void>;
  readonly sql: (text: string, values: readonly unknown[]) => Promise<unknown>;
}

export interface Repeatable {
  readonly by: Person;
  readonly path: string;
  readonly body?: object;
  /** The organization that it changes, or makes; the platform's, which others change meanwhile. */
  readonly slug: string | null;
  /** What the answer shows is read here; a POST that makes something tells in Location. */
  readonly view: string | null;
  /** Nobody sees what the answer shows any more. */
  readonly isGone?: boolean;
  /** The audit events of one change. */
  readonly events: readonly string[];
  /** What one change adds to the ledger's tables. */
  readonly adds: Readonly<Record<string, number>>;
}

type Limit = "applications" | "sectors" | "members" | "pendingInvitations";

async function limit({ sql }: Stage, slug: string, limits: Readonly<Partial<Record<Limit, number>>>): Promise<void> {
  for (const [name, max] of Object.entries(limits)) {
    await sql("insert into limits (organization_id, name, max) select id, $2, $3 from organizations where slug = $1", [
      ...[slug, name, max],
    ]);
  }
}

async function invited(stage: Stage, slug: string): Promise<string> {
  const body = { alias: stage.guest.alias, role: "member" };
  const invitation = must(await stage.founder.post(`/v1/organizations/${slug}/invitations`, body), 201);
  return String(invitation.body.id);
}

const item = (slug: string, rest: string): string => `/v1/organizations/${slug}/${rest}`;

export type Prepare = (stage: Stage) => Promise<Repeatable>;

/** Retires or enables what is there: nothing is added. */
async function turn(stage: Stage, noun: "sectors" | "applications", verb: "retire" | "enable"): Promise<Repeatable> {
  const { founder } = stage;
  const slug = await foundOrganization(founder);
  const { anchor, sector } = await addApplication(founder, slug);
  const application = item(slug, `applications/${anchor}`);
  const path = noun === "sectors" ? item(slug, `sectors/${sector}`) : application;
  if (noun === "sectors" || verb === "enable") must(await founder.post(`${application}/retire`), 200);
  if (noun === "sectors" && verb === "enable") must(await founder.post(`${path}/retire`), 200);
  await limit(stage, slug, { applications: 1, sectors: 1 });
  const events = [`${noun.slice(0, -1)}.${verb}`];
  return { by: founder, path: `${path}/${verb}`, slug, view: path, events, adds: {} };
}

async function turnOrganization({ founder }: Stage, verb: "retire" | "enable"): Promise<Repeatable> {
  const slug = await foundOrganization(founder);
  const path = `/v1/organizations/${slug}`;
  if (verb === "enable") must(await founder.post(`${path}/retire`), 200);
  return { by: founder, path: `${path}/${verb}`, slug, view: path, events: [`organization.${verb}`], adds: {} };
}

/** Of the platform's own (K8): what stands there counts for all of these together, so that each is known by its audit events alone. */
async function turnPlatforms(
  stage: Stage,
  noun: "sectors" | "applications",
  verb: "retire" | "enable",
): Promise<Repeatable> {
  const { operator } = stage;
  const { anchor, sector } = await addPlatformApplication(operator);
  const application = `/v1/platform/applications/${anchor}`;
  const path = noun === "sectors" ? `/v1/platform/sectors/${sector}` : application;
  if (noun === "sectors" || verb === "enable") must(await operator.post(`${application}/retire`), 200);
  if (noun === "sectors" && verb === "enable") must(await operator.post(`${path}/retire`), 200);
  const events = [`${noun.slice(0, -1)}.${verb}`];
  return { by: operator, path: `${path}/${verb}`, slug: PLATFORM, view: path, events, adds: {} };
}

async function answerInvitation(stage: Stage, verb: "accept" | "decline"): Promise<Repeatable> {
  const slug = await foundOrganization(stage.founder);
  const view = `/v1/invitations/${await invited(stage, slug)}`;
  await limit(stage, slug, { members: 2 });
  const isAccepted = verb === "accept";
  return {
    ...{ by: stage.guest, path: `${view}/${verb}`, slug, view },
    events: [`invitation.${verb}`, ...(isAccepted ? ["member.add"] : [])],
    adds: isAccepted ? { memberships: 1 } : {},
  };
}

/** The guest is a member, to whom ownership is offered. */
async function joined(stage: Stage): Promise<string> {
  const slug = await foundOrganization(stage.founder);
  await addMember(stage.founder, slug, stage.guest, "member");
  return slug;
}

async function settleTransfer(stage: Stage, verb: "accept" | "decline" | "cancel"): Promise<Repeatable> {
  const slug = await joined(stage);
  const offered = must(await stage.founder.post(item(slug, "transfers"), { alias: stage.guest.alias }), 201);
  const view = item(slug, `transfers/${String(offered.body.id)}`);
  const by = verb === "cancel" ? stage.founder : stage.guest;
  const swap = verb === "accept" ? ["member.change_role", "member.change_role"] : [];
  return { by, path: `${view}/${verb}`, slug, view, events: [...swap, `transfer.${verb}`], adds: {} };
}

const ORGANIZATION = "/v1/organizations/:slug";

export const PREPARE: Readonly<Record<string, Prepare>> = {
  ...OF_KEYS,
  ...OF_DOMAINS,
  ...OF_CONNECTORS,
  "/v1/me/sign-in-methods": async ({ founder, unseen }) =>
    await Promise.resolve({
      ...{ by: founder, path: "/v1/me/sign-in-methods", body: { token: unseen }, slug: "platform", view: null },
      events: ["account.link_sign_in_method"],
      adds: { sign_in_methods: 1 },
    }),
  "/v1/organizations": async ({ founder, name, sql }) => {
    await sql("update accounts set max_owned_organizations = 1 where alias = $1", [founder.alias]);
    return await Promise.resolve({
      ...{ by: founder, path: "/v1/organizations", body: { slug: name, name }, slug: name, view: null },
      events: ["organization.create", "member.add"],
      adds: { memberships: 1 },
    });
  },
  [`${ORGANIZATION}/retire`]: async (stage) => await turnOrganization(stage, "retire"),
  [`${ORGANIZATION}/enable`]: async (stage) => await turnOrganization(stage, "enable"),
  [`${ORGANIZATION}/archive`]: async ({ founder }) => {
    const slug = await foundOrganization(founder);
    must(await founder.post(`/v1/organizations/${slug}/retire`), 200);
    const path = `/v1/organizations/${slug}`;
    return {
      ...{ by: founder, path: `${path}/archive`, body: { confirm: slug }, slug, view: path, isGone: true },
      events: ["organization.archive"],
      adds: {},
    };
  },
  [`${ORGANIZATION}/sectors`]: async (stage) => {
    const slug = await foundOrganization(stage.founder);
    await limit(stage, slug, { sectors: 1 });
    return {
      ...{ by: stage.founder, path: item(slug, "sectors"), body: { name: "Sector" }, slug, view: null },
      events: ["sector.create"],
      adds: { sectors: 1 },
    };
  },
  [`${ORGANIZATION}/sectors/:id/retire`]: async (stage) => await turn(stage, "sectors", "retire"),
  [`${ORGANIZATION}/sectors/:id/enable`]: async (stage) => await turn(stage, "sectors", "enable"),
  [`${ORGANIZATION}/applications`]: async (stage) => {
    const slug = await foundOrganization(stage.founder);
    await limit(stage, slug, { applications: 1, sectors: 1 });
    const body = { name: "Shop", kind: "web" };
    return {
      ...{ by: stage.founder, path: item(slug, "applications"), body, slug, view: null },
      events: ["sector.create", "application.create"],
      adds: { sectors: 1, applications: 1, signing_keys: 1 },
    };
  },
  [`${ORGANIZATION}/applications/:anchor/retire`]: async (stage) => await turn(stage, "applications", "retire"),
  [`${ORGANIZATION}/applications/:anchor/enable`]: async (stage) => await turn(stage, "applications", "enable"),
  [`${ORGANIZATION}/invitations`]: async (stage) => {
    const slug = await foundOrganization(stage.founder);
    await limit(stage, slug, { pendingInvitations: 1 });
    const body = { alias: stage.guest.alias, role: "admin" };
    return {
      ...{ by: stage.founder, path: item(slug, "invitations"), body, slug, view: null },
      events: ["member.invite"],
      adds: { invitations: 1 },
    };
  },
  [`${ORGANIZATION}/invitations/:id/resend`]: async (stage) => {
    const slug = await foundOrganization(stage.founder);
    const id = await invited(stage, slug);
    const path = item(slug, `invitations/${id}/resend`);
    const view = `/v1/invitations/${id}`;
    return { by: stage.founder, path, slug, view, events: ["invitation.resend"], adds: {} };
  },
  [`${ORGANIZATION}/invitations/:id/revoke`]: async (stage) => {
    const slug = await foundOrganization(stage.founder);
    const id = await invited(stage, slug);
    const path = item(slug, `invitations/${id}/revoke`);
    return {
      ...{ by: stage.founder, path, slug, view: `/v1/invitations/${id}` },
      events: ["invitation.revoke"],
      adds: {},
    };
  },
  "/v1/invitations/:id/accept": async (stage) => await answerInvitation(stage, "accept"),
  "/v1/invitations/:id/decline": async (stage) => await answerInvitation(stage, "decline"),
  "/v1/platform/sectors": async ({ operator, name }) => {
    const made = { by: operator, path: "/v1/platform/sectors", body: { name }, slug: PLATFORM, view: null };
    return await Promise.resolve({ ...made, events: ["sector.create"], adds: {} });
  },
  "/v1/platform/sectors/:id/retire": async (stage) => await turnPlatforms(stage, "sectors", "retire"),
  "/v1/platform/sectors/:id/enable": async (stage) => await turnPlatforms(stage, "sectors", "enable"),
  "/v1/platform/applications": async ({ operator, name }) => {
    const body = { name, kind: "web" };
    const made = { by: operator, path: "/v1/platform/applications", body, slug: PLATFORM, view: null };
    return await Promise.resolve({ ...made, events: ["sector.create", "application.create"], adds: {} });
  },
  "/v1/platform/applications/:anchor/retire": async (stage) => await turnPlatforms(stage, "applications", "retire"),
  "/v1/platform/applications/:anchor/enable": async (stage) => await turnPlatforms(stage, "applications", "enable"),
  [`${ORGANIZATION}/transfers`]: async (stage) => {
    const slug = await joined(stage);
    const body = { alias: stage.guest.alias };
    return {
      ...{ by: stage.founder, path: item(slug, "transfers"), body, slug, view: null },
      events: ["transfer.offer"],
      adds: { transfers: 1 },
    };
  },
  [`${ORGANIZATION}/transfers/:id/accept`]: async (stage) => await settleTransfer(stage, "accept"),
  [`${ORGANIZATION}/transfers/:id/decline`]: async (stage) => await settleTransfer(stage, "decline"),
  [`${ORGANIZATION}/transfers/:id/cancel`]: async (stage) => await settleTransfer(stage, "cancel"),
  "/v1/platform/clients": async ({ operator, name }) => {
    const ids = { issuer: "https://id.example.com", clientId: name, subject: name, name };
    const body = { ...ids, scopes: ["authz:evaluate"] };
    return await Promise.resolve({
      ...{ by: operator, path: "/v1/platform/clients", body, slug: null, view: null },
      events: [],
      adds: { clients: 1 },
    });
  },
};
