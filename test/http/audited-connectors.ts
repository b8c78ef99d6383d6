/** What becomes of federation connectors, in the audit log: the names of what changed, and no value. */
import { addConnector, CONNECTOR } from "../support/connectors.ts";
import { foundOrganization } from "../support/world.ts";
import type { Stage } from "../faults/repeatable-posts.ts";
import type { Asked, Expected } from "./audited-request.ts";

const AT = "/v1/organizations/:slug/connectors";
const rule = "organization#manage_connectors";
const target = "connector";
const fields = ["name", "protocol", "issuer", "clientId", "authentication", "scopes", "subjectClaim"];
const [off, on] = [{ state: "disabled" }, { state: "enabled" }] as const;

async function made({ founder }: Stage): Promise<Asked> {
  const slug = await foundOrganization(founder);
  return { by: founder, path: `/v1/organizations/${slug}/connectors/${await addConnector(founder, slug)}` };
}

export const OF_CONNECTORS: Readonly<Record<string, Expected>> = {
  [`POST ${AT}`]: {
    rule,
    events: [["connector.create", target, null, { fields: [...fields, "clientSecret"] }]],
  },
  [`PUT ${AT}/:id`]: {
    rule,
    events: [["connector.edit", target, null, { fields: ["name", "issuer"] }]],
    ask: async (stage) => {
      const settings = { ...CONNECTOR.settings, issuer: "https://other.example.com" };
      return { ...(await made(stage)), body: { name: "Other", settings }, headers: { "if-match": "*" } };
    },
  },
  [`DELETE ${AT}/:id`]: { rule, events: [["connector.remove", target, null, null]], ask: made },
  [`POST ${AT}/:id/enable`]: { rule, events: [["connector.enable", target, off, on]] },
  [`POST ${AT}/:id/disable`]: { rule, events: [["connector.disable", target, on, off]] },
};
