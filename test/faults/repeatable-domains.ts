import { adoptShown, domainOf, domainPath } from "../support/domains.ts";
import { foundOrganization } from "../support/world.ts";
import type { Prepare } from "./repeatable-posts.ts";

const AT = "/v1/organizations/:slug/domains";

export const OF_DOMAINS: Readonly<Record<string, Prepare>> = {
  [AT]: async ({ founder }) => {
    const slug = await foundOrganization(founder);
    const body = { domain: domainOf(slug) };
    const made = { by: founder, path: `/v1/organizations/${slug}/domains`, body, slug, view: null };
    return { ...made, events: ["domain.add"], adds: { domains: 1 } };
  },
  [`${AT}/:domain/verify`]: async ({ founder, dns }) => {
    const slug = await foundOrganization(founder);
    const { domain } = await adoptShown(dns, founder, slug);
    const view = domainPath(slug, domain);
    return { by: founder, path: `${view}/verify`, slug, view, events: ["domain.verify"], adds: {} };
  },
};
