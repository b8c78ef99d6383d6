/** What becomes of adopted domains, in the audit log. */
import { adopt, domainPath } from "../support/domains.ts";
import { foundOrganization } from "../support/world.ts";
import type { Expected } from "./audited-request.ts";

const AT = "/v1/organizations/:slug/domains";
const rule = "organization#manage_domains";
const [pending, verified] = [{ state: "pending" }, { state: "verified" }];

export const OF_DOMAINS: Readonly<Record<string, Expected>> = {
  [`POST ${AT}`]: { rule, events: [["domain.add", "domain", null, pending]] },
  [`POST ${AT}/:domain/verify`]: { rule, events: [["domain.verify", "domain", pending, verified]] },
  [`DELETE ${AT}/:domain`]: {
    rule,
    events: [["domain.remove", "domain", pending, null]],
    ask: async ({ founder }) => {
      const slug = await foundOrganization(founder);
      return { by: founder, path: domainPath(slug, (await adopt(founder, slug)).domain) };
    },
  },
};
