/** POSTs about federation connectors, for repeatable-posts.ts. */
import { addConnector, BY_SECRET } from "../support/connectors.ts";
import { foundOrganization, must } from "../support/world.ts";
import type { Prepare, Repeatable, Stage } from "./repeatable-posts.ts";

async function turn({ founder }: Stage, verb: "enable" | "disable"): Promise<Repeatable> {
  const slug = await foundOrganization(founder);
  const view = `/v1/organizations/${slug}/connectors/${await addConnector(founder, slug)}`;
  if (verb === "disable") must(await founder.post(`${view}/enable`), 200);
  return { by: founder, path: `${view}/${verb}`, slug, view, events: [`connector.${verb}`], adds: {} };
}

const AT = "/v1/organizations/:slug/connectors";

export const OF_CONNECTORS: Readonly<Record<string, Prepare>> = {
  [AT]: async ({ founder }) => {
    const slug = await foundOrganization(founder);
    const body = { name: "Example login", settings: BY_SECRET, clientSecret: "what nobody reads" };
    return {
      ...{ by: founder, path: `/v1/organizations/${slug}/connectors`, body, slug, view: null },
      events: ["connector.create"],
      adds: { connectors: 1 },
    };
  },
  [`${AT}/:id/enable`]: async (stage) => await turn(stage, "enable"),
  [`${AT}/:id/disable`]: async (stage) => await turn(stage, "disable"),
};
