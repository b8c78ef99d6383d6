/** The example of a host's own kinds, for tests that walk over every route. */
import path from "node:path";
import { LINES_TYPE } from "../../src/http/contract.ts";
import type { Person, TestGateway } from "./gateway.ts";
import { must } from "./world.ts";

export const DOCUMENTS = path.resolve(import.meta.dirname, "../../examples/document-tree/policies");

/** Of what a body of lines says it is. */
export const LINES = { "content-type": LINES_TYPE } as const;

export interface KeptEntity {
  readonly type: string;
  readonly id: string;
}

/** A group with this title, as it is stored. */
export function group(title: string): Readonly<Record<string, unknown>> {
  return { attributes: { title }, relations: {} };
}

export const TITLE = "Editors";

/** A service that keeps the entities of these organizations; it has called once, and so is registered. */
export async function addKeeper(
  { service }: Pick<TestGateway, "service">,
  name: string,
  slugs: readonly string[],
): Promise<Person> {
  const keeper = await service(name, { scopes: ["entities:write"], organizations: slugs });
  for (const slug of slugs) must(await keeper.get(`/v1/organizations/${slug}/entities/group`), 200);
  return keeper;
}

export function entityPath(slug: string, { type, id }: KeptEntity): string {
  return `/v1/organizations/${slug}/entities/${type}/${id}`;
}

/** Stores a group. */
export async function addEntity(keeper: Person, slug: string, id: string): Promise<KeptEntity> {
  const entity = { type: "group", id };
  must(await keeper.put(entityPath(slug, entity), group(TITLE)), 201);
  return entity;
}
