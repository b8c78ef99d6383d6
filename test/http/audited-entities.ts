/** What the routes of a host's entities write into the organization's log, written by hand: no attribute, and nobody's name. */
import type { Stage } from "../faults/repeatable-posts.ts";
import { addEntity, entityPath, group, LINES, TITLE } from "../support/documents.ts";
import type { Person } from "../support/gateway.ts";
import { addMember, foundOrganization } from "../support/world.ts";
import type { Ask, Expected } from "./audited-request.ts";

const PATH = "/v1/organizations/:slug/entities";
const RULE = "organization#entities";

interface Kept {
  readonly slug: string;
  readonly keeper: Person;
  readonly path: string;
}

/** An organization with a group in it, and a guest who could be in the group. */
async function kept({ founder, guest, keeperOf }: Stage): Promise<Kept> {
  const slug = await foundOrganization(founder);
  await addMember(founder, slug, guest, "viewer");
  const keeper = await keeperOf(slug);
  return { slug, keeper, path: entityPath(slug, await addEntity(keeper, slug, "editors")) };
}

const asking =
  (request: (kept: Kept, stage: Stage) => Omit<Awaited<ReturnType<Ask>>, "by">): Ask =>
  async (stage) => {
    const place = await kept(stage);
    return { by: place.keeper, ...request(place, stage) };
  };

const members = ({ guest }: Stage): object => ({ member: [{ type: "account", id: guest.alias }] });

export const OF_ENTITIES: Readonly<Record<string, Expected>> = {
  [`PUT ${PATH}/:type/:id`]: {
    rule: RULE,
    events: [["entity.store", "group", null, { revision: 1, relations: 1 }]],
    ask: asking(({ slug }, stage) => ({
      path: entityPath(slug, { type: "group", id: "authors" }),
      body: { ...group("Authors"), relations: members(stage) },
    })),
  },
  [`PATCH ${PATH}/:type/:id`]: {
    rule: RULE,
    events: [["entity.store", "group", { revision: 1, relations: 0 }, { revision: 2, relations: 1 }]],
    ask: asking(({ path }, stage) => ({ path, body: { attributes: { title: "Renamed" }, relate: members(stage) } })),
  },
  [`DELETE ${PATH}/:type/:id`]: {
    rule: RULE,
    events: [["entity.remove", "group", { revision: 1, relations: 0, pointedTo: 0 }, null]],
    ask: asking(({ path }) => ({ path })),
  },
  [`POST ${PATH}`]: {
    rule: RULE,
    events: [["entities.import", "organization", null, { stored: 2 }]],
    ask: asking((_kept, stage) => {
      const lines = [
        { type: "group", id: "editors", ...group(TITLE) }, // is there, and stays as it is
        { type: "group", id: "authors", ...group("Authors"), relations: members(stage) },
        { type: "group", id: "readers", ...group("Readers") },
      ];
      return {
        path: `/v1/organizations/${_kept.slug}/entities`,
        body: lines.map((line) => JSON.stringify(line)).join("\n"),
        headers: LINES,
      };
    }),
  },
};
