/** What the platform's routes write into its log, written by hand. */
import { addPlatformApplication, type MadeApplication } from "../support/world.ts";
import { type Ask, enabled, type Expected, renamed, retired, TEXT } from "./audited-request.ts";

const PLATFORM = "/v1/platform";

const deciding = { unit: TEXT, commit: null, model: TEXT };

const renameOnPlatform =
  (pathOf: (made: MadeApplication) => string): Ask =>
  async ({ operator }) => ({
    by: operator,
    path: PLATFORM + pathOf(await addPlatformApplication(operator)),
    body: { name: "Renamed" },
  });

export const ON_PLATFORM: Readonly<Record<string, Expected>> = {
  [`POST ${PLATFORM}/sectors`]: {
    rule: "organization#create",
    events: [["sector.create", "sector", null, { name: TEXT }]],
  },
  [`PATCH ${PLATFORM}/sectors/:id`]: {
    rule: "sector#rename",
    events: [["sector.rename", "sector", ...renamed]],
    ask: renameOnPlatform(({ sector }) => `/sectors/${sector}`),
  },
  [`POST ${PLATFORM}/sectors/:id/retire`]: { rule: "sector#retire", events: [["sector.retire", "sector", ...retired]] },
  [`POST ${PLATFORM}/sectors/:id/enable`]: { rule: "sector#enable", events: [["sector.enable", "sector", ...enabled]] },
  [`POST ${PLATFORM}/applications`]: {
    rule: "organization#create",
    events: [
      ["sector.create", "sector", null, { name: TEXT }],
      ["application.create", "application", null, { name: TEXT, kind: "web", sector: TEXT }],
    ],
  },
  [`PATCH ${PLATFORM}/applications/:anchor`]: {
    rule: "application#edit",
    events: [["application.edit", "application", ...renamed]],
    ask: renameOnPlatform(({ anchor }) => `/applications/${anchor}`),
  },
  [`POST ${PLATFORM}/applications/:anchor/retire`]: {
    rule: "application#retire",
    events: [["application.retire", "application", ...retired]],
  },
  [`POST ${PLATFORM}/applications/:anchor/enable`]: {
    rule: "application#enable",
    events: [["application.enable", "application", ...enabled]],
  },
  [`POST ${PLATFORM}/policies/reload`]: {
    rule: null,
    events: [["policies.deploy", "policies", deciding, deciding]],
    ask: async ({ operator, touchPolicies }) => {
      await touchPolicies?.();
      return { by: operator, path: `${PLATFORM}/policies/reload` };
    },
  },
  [`GET ${PLATFORM}/audit/export`]: {
    rule: "organization#export_audit",
    events: [["audit.export", "organization", null, null]],
    ask: async ({ operator }) => await Promise.resolve({ by: operator, path: `${PLATFORM}/audit/export` }),
  },
};
