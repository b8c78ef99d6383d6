/** What every changing route writes into the audit log, written by hand: with which request, by which rule, before and after. */
import type { Stage } from "../faults/repeatable-posts.ts";
import { addApplication, addMember, foundOrganization, letKnow, must } from "../support/world.ts";
import { OF_CONNECTORS } from "./audited-connectors.ts";
import { OF_DOCUMENTS } from "./audited-documents.ts";
import { OF_DOMAINS } from "./audited-domains.ts";
import { OF_ENTITIES } from "./audited-entities.ts";
import { OF_KEYS } from "./audited-keys.ts";
import { ON_PLATFORM } from "./audited-on-platform.ts";
import { type Ask, enabled, type Expected, renamed, retired, TEXT } from "./audited-request.ts";

const client = { scopes: ["authz:evaluate"], organizations: [], applications: [], kinds: [], state: "enabled" };
const ORGANIZATION = "/v1/organizations/:slug";

const in_ = (slug: string, rest = ""): string => `/v1/organizations/${slug}${rest}`;

/** Renames what the path names. */
const rename =
  (pathOf: (stage: Stage) => Promise<string>): Ask =>
  async (stage) => ({ by: stage.founder, path: await pathOf(stage), body: { name: "Renamed" } });

async function withGuest({ founder, guest }: Stage): Promise<string> {
  const slug = await foundOrganization(founder);
  await addMember(founder, slug, guest, "viewer");
  return in_(slug, `/members/${guest.alias}`);
}

export const EXPECTED: Readonly<Record<string, Expected>> = {
  "POST /v1/organizations": {
    rule: "account#create_organization",
    events: [
      ["organization.create", "organization", null, { slug: TEXT, name: TEXT }],
      ["member.add", "member", null, { role: "owner" }],
    ],
  },
  "DELETE /v1/me": {
    rule: "account#erase",
    events: [["account.erase", "account", null, null]], // each organization's own log: domain/erasure.test.ts
    ask: async ({ guest }) => await Promise.resolve({ by: guest, path: "/v1/me" }),
  },
  [`PATCH ${ORGANIZATION}`]: {
    rule: "organization#rename",
    events: [["organization.rename", "organization", ...renamed]],
    ask: rename(async ({ founder }) => in_(await foundOrganization(founder))),
  },
  [`POST ${ORGANIZATION}/retire`]: {
    rule: "organization#retire",
    events: [["organization.retire", "organization", { state: "active" }, { state: "retired" }]],
  },
  [`POST ${ORGANIZATION}/enable`]: {
    rule: "organization#enable",
    events: [["organization.enable", "organization", { state: "retired" }, { state: "active" }]],
  },
  [`POST ${ORGANIZATION}/sectors`]: {
    rule: "organization#create",
    events: [["sector.create", "sector", null, { name: "Sector" }]],
  },
  [`PATCH ${ORGANIZATION}/sectors/:id`]: {
    rule: "sector#rename",
    events: [["sector.rename", "sector", ...renamed]],
    ask: rename(async ({ founder }) => {
      const slug = await foundOrganization(founder);
      return in_(slug, `/sectors/${(await addApplication(founder, slug)).sector}`);
    }),
  },
  [`POST ${ORGANIZATION}/sectors/:id/retire`]: {
    rule: "sector#retire",
    events: [["sector.retire", "sector", ...retired]],
  },
  [`POST ${ORGANIZATION}/sectors/:id/enable`]: {
    rule: "sector#enable",
    events: [["sector.enable", "sector", ...enabled]],
  },
  [`POST ${ORGANIZATION}/applications`]: {
    rule: "organization#create",
    events: [
      ["sector.create", "sector", null, { name: "Shop" }],
      ["application.create", "application", null, { name: "Shop", kind: "web", sector: TEXT }],
    ],
  },
  [`PATCH ${ORGANIZATION}/applications/:anchor`]: {
    rule: "application#edit",
    events: [["application.edit", "application", ...renamed]],
    ask: rename(async ({ founder }) => {
      const slug = await foundOrganization(founder);
      return in_(slug, `/applications/${(await addApplication(founder, slug)).anchor}`);
    }),
  },
  [`POST ${ORGANIZATION}/applications/:anchor/retire`]: {
    rule: "application#retire",
    events: [["application.retire", "application", ...retired]],
  },
  [`POST ${ORGANIZATION}/applications/:anchor/enable`]: {
    rule: "application#enable",
    events: [["application.enable", "application", ...enabled]],
  },
  [`PATCH ${ORGANIZATION}/members/:alias`]: {
    rule: "member#grant",
    events: [["member.change_role", "member", { role: "viewer" }, { role: "admin" }]],
    ask: async (stage) => ({ by: stage.founder, path: await withGuest(stage), body: { role: "admin" } }),
  },
  [`DELETE ${ORGANIZATION}/members/:alias`]: {
    rule: "member#remove",
    events: [["member.remove", "member", { role: "viewer" }, null]],
    ask: async (stage) => ({ by: stage.founder, path: await withGuest(stage) }),
  },
  [`POST ${ORGANIZATION}/invitations`]: {
    rule: "organization#invite",
    events: [["member.invite", "member", null, { invitation: TEXT, role: "admin" }]],
  },
  [`POST ${ORGANIZATION}/invitations/:id/revoke`]: {
    rule: "invitation#manage",
    events: [["invitation.revoke", "invitation", { state: "pending" }, { state: "revoked" }]],
  },
  "POST /v1/invitations/:id/accept": {
    rule: "invitation#answer",
    events: [
      ["invitation.accept", "invitation", { state: "pending" }, { state: "accepted" }],
      ["member.add", "member", null, { role: "member" }],
    ],
  },
  "POST /v1/invitations/:id/decline": {
    rule: "invitation#answer",
    events: [["invitation.decline", "invitation", { state: "pending" }, { state: "declined" }]],
  },
  "PATCH /v1/me": {
    rule: "account#edit",
    events: [["account.edit", "account", null, { fields: ["name"] }]],
    ask: async ({ founder }) => await Promise.resolve({ by: founder, path: "/v1/me", body: { name: "Renamed" } }),
  },
  "POST /v1/me/sign-in-methods": {
    rule: "account#link_sign_in_method",
    events: [["account.link_sign_in_method", "account", null, { signInMethod: TEXT }]],
  },
  "DELETE /v1/me/sign-in-methods/:id": {
    rule: "account#unlink_sign_in_method",
    events: [["account.unlink_sign_in_method", "account", null, { signInMethod: TEXT }]],
    ask: async ({ founder, unseen }) => {
      const linked = must(await founder.post("/v1/me/sign-in-methods", { token: unseen }), 201);
      return { by: founder, path: `/v1/me/sign-in-methods/${String(linked.body.id)}` };
    },
  },
  "DELETE /v1/me/data-sharing/:anchor": {
    rule: "account#edit",
    events: [["account.withdraw_data_sharing", "account", null, { application: TEXT }]],
    ask: async ({ founder, sql }) => {
      const { anchor } = await addApplication(founder, await foundOrganization(founder));
      await letKnow({ sql }, founder, anchor);
      return { by: founder, path: `/v1/me/data-sharing/${anchor}` };
    },
  },
  [`POST ${ORGANIZATION}/invitations/:id/resend`]: {
    rule: "invitation#manage",
    events: [["invitation.resend", "invitation", { expiresAt: TEXT }, { expiresAt: TEXT }]],
  },
  [`POST ${ORGANIZATION}/transfers`]: {
    rule: "member#offer_ownership",
    events: [["transfer.offer", "member", null, { transfer: TEXT }]],
  },
  [`POST ${ORGANIZATION}/transfers/:id/accept`]: {
    rule: "transfer#answer",
    events: [
      ["member.change_role", "member", { role: "member" }, { role: "owner" }],
      ["member.change_role", "member", { role: "owner" }, { role: "admin" }],
      ["transfer.accept", "transfer", { state: "pending" }, { state: "accepted" }],
    ],
  },
  [`POST ${ORGANIZATION}/transfers/:id/decline`]: {
    rule: "transfer#answer",
    events: [["transfer.decline", "transfer", { state: "pending" }, { state: "declined" }]],
  },
  [`POST ${ORGANIZATION}/transfers/:id/cancel`]: {
    rule: "transfer#cancel",
    events: [["transfer.cancel", "transfer", { state: "pending" }, { state: "cancelled" }]],
  },
  [`POST ${ORGANIZATION}/archive`]: {
    rule: "organization#retire",
    events: [["organization.archive", "organization", { state: "retired" }, { state: "archived" }]],
  },
  ...ON_PLATFORM,
  ...OF_DOCUMENTS,
  ...OF_DOMAINS,
  ...OF_KEYS,
  ...OF_ENTITIES,
  ...OF_CONNECTORS,
  [`GET ${ORGANIZATION}/audit/export`]: {
    rule: "organization#export_audit",
    events: [["audit.export", "organization", null, null]],
    ask: async ({ founder }) => ({ by: founder, path: in_(await foundOrganization(founder), "/audit/export") }),
  },
  "POST /v1/platform/clients": {
    rule: null,
    events: [["client.register", "client", null, { ...client, clientId: TEXT, name: TEXT }]],
  },
  "PATCH /v1/platform/clients/:id": {
    rule: null,
    events: [["client.update", "client", { name: "N", state: "enabled" }, { name: "Renamed", state: "disabled" }]],
    ask: async ({ operator, name }) => {
      const ids = {
        issuer: "https://id.example.com",
        clientId: `${name}-client`,
        subject: `${name}-client`,
        name: "N",
      };
      const { body } = must(await operator.post("/v1/platform/clients", { ...ids, scopes: ["authz:evaluate"] }), 201);
      const path = `/v1/platform/clients/${String(body.id)}`;
      return { by: operator, path, body: { name: "Renamed", state: "disabled" } };
    },
  },
};
