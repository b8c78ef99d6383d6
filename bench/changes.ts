import type { Exchange } from "./exchange.ts";
import { CONNECTIONS, dealt } from "./load.ts";
import type { World } from "./world.ts";

interface Place {
  readonly slug: string;
  readonly founder: string;
  /** Somebody whose role nobody else changes. */
  readonly member: string;
}

/** A rename files no tuples, a change of a role files two. Each differs from the one before: a repetition would write nothing. */
async function changesAt({ slug, founder, member }: Place, { tokenOf }: World): Promise<Exchange[]> {
  const token = await tokenOf(founder);
  const patch = (path: string, body: Readonly<Record<string, unknown>>): Exchange => {
    return { token, method: "PATCH", path, body, expected: { status: 200, members: body } };
  };
  const organization = `/v1/organizations/${slug}`;
  return [
    patch(organization, { name: `First of ${member}` }),
    patch(`${organization}/members/${member}`, { role: "admin" }),
    patch(organization, { name: `Second of ${member}` }),
    patch(`${organization}/members/${member}`, { role: "viewer" }),
  ];
}

/** All in one organization, where they wait for each other; a member each connection. */
export async function changesOfOne(world: World): Promise<Exchange[][]> {
  const { slug, founder, members } = world.crowd;
  return await Promise.all(members.map(async (member) => await changesAt({ slug, founder, member }, world)));
}

/** In every organization, each of which is one connection's. */
export async function changesOfHundred(world: World): Promise<Exchange[][]> {
  const lanes = dealt(world.organizations, CONNECTIONS).map(async (organizations) => {
    const places = organizations.map(({ slug, owners, viewer }) => ({ slug, founder: owners[0], member: viewer }));
    const changes = await Promise.all(places.map(async (place) => await changesAt(place, world)));
    // One change in each organization, then the next in each.
    return dealt(changes.flat(), 4).flat();
  });
  return await Promise.all(lanes);
}
