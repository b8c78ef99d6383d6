/** What setting an application's documents writes into the audit log: which members differ, and of a list how many it has. */
import type { Person } from "../support/gateway.ts";
import { admission, AUTHENTICATION, CLAIMS, SESSION, SETTINGS } from "../support/rules.ts";
import { addApplication, addPlatformApplication, foundOrganization } from "../support/world.ts";
import type { Ask, Expected } from "./audited-request.ts";

interface Setting {
  readonly body: object;
  readonly rule: string;
  readonly event: string;
  readonly document: string;
  readonly before: object;
  readonly after: object;
}

/** Behind the application's path. */
const SETTINGS_OF: Readonly<Record<string, Setting>> = {
  "/settings": {
    ...{ body: SETTINGS, rule: "edit", event: "edit_settings", document: "settings" },
    ...{ before: { redirectUris: 0 }, after: { redirectUris: 1 } },
  },
  "/rules/admission": {
    ...{ body: admission({ everyone: true }), rule: "edit", event: "configure_rules", document: "admission" },
    ...{ before: { everyone: false }, after: { everyone: true } },
  },
  "/rules/authentication": {
    ...{ body: AUTHENTICATION, rule: "edit", event: "configure_rules", document: "authentication" },
    before: { methods: null, assurance: 1, secondFactor: false, maximumAgeSeconds: null },
    after: { methods: 2, assurance: 2, secondFactor: true, maximumAgeSeconds: 600 },
  },
  "/rules/session": {
    ...{ body: SESSION, rule: "edit", event: "configure_rules", document: "session" },
    before: { tokenLifetimeSeconds: 3600, reauthenticateAfterSeconds: null },
    after: { tokenLifetimeSeconds: 600, reauthenticateAfterSeconds: 7200 },
  },
  "/claims": {
    ...{ body: CLAIMS, rule: "edit", event: "set_claim_policy", document: "claims" },
    ...{ before: { token: 0, service: 0 }, after: { token: 1, service: 2 } },
  },
};

type Place = readonly [by: Person, path: string];
export type Found = (stage: Parameters<Ask>[0]) => Promise<Place>;

const inOrganization: Found = async ({ founder }) => {
  const slug = await foundOrganization(founder);
  return [founder, `/v1/organizations/${slug}/applications/${(await addApplication(founder, slug)).anchor}`];
};
const onPlatform: Found = async ({ operator }) => {
  return [operator, `/v1/platform/applications/${(await addPlatformApplication(operator)).anchor}`];
};

function expectedAt(root: string, found: Found): [string, Expected][] {
  return Object.entries(SETTINGS_OF).map(([rest, setting]) => {
    const { body, rule, event, document, before, after } = setting;
    const ask: Ask = async (stage) => {
      const [by, path] = await found(stage);
      return { by, path: path + rest, body };
    };
    const told = [
      { document, values: before },
      { document, values: after },
    ] as const;
    const events: Expected["events"] = [[`application.${event}`, "application", ...told]];
    return [`PUT ${root}/applications/:anchor${rest}`, { rule: `application#${rule}`, events, ask }];
  });
}

/** Where there are applications, and one that is there. */
export const FOUND: Readonly<Record<string, Found>> = {
  "/v1/organizations/:slug": inOrganization,
  "/v1/platform": onPlatform,
};

export const OF_DOCUMENTS: Readonly<Record<string, Expected>> = Object.fromEntries(
  Object.entries(FOUND).flatMap(([root, found]) => expectedAt(root, found)),
);
