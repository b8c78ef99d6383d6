/** Bodies about things of the host's kinds, by chance. */
import type { Chance } from "../support/seed.ts";
import { aliasOf, once, oneOf, type Situation } from "./situations.ts";

/** One that is there, or that perhaps was made by another request. */
export function entityId({ entities }: Situation, chance: Chance): string {
  return oneOf(chance, `drawn-${chance.below(3)}`, ...entities, ...entities);
}

/** A group, now and then one that is not as it should be, or names somebody who is no member. */
export function drawnEntity(situation: Situation, chance: Chance): Readonly<Record<string, unknown>> {
  const title = oneOf(chance, "Editors", `Group ${chance.below(1000)}`);
  const related = { member: [{ type: "account", id: once(chance, 8) ? "nobody-here" : aliasOf(situation, chance) }] };
  return { attributes: once(chance, 8) ? { colour: "red" } : { title }, relations: once(chance, 2) ? related : {} };
}

export function drawnLines(situation: Situation, chance: Chance): string {
  const lines = Array.from({ length: chance.below(4) }, () => {
    const entity = { type: once(chance, 8) ? "spaceship" : "group", id: entityId(situation, chance) };
    return once(chance, 8) ? "{" : JSON.stringify({ ...entity, ...drawnEntity(situation, chance) });
  });
  return lines.join("\n");
}

export function patchOf(
  { attributes, relations }: Readonly<Record<string, unknown>>,
  chance: Chance,
): Record<string, unknown> {
  return { attributes, [oneOf(chance, "relate", "unrelate")]: relations };
}
