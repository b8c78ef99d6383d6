import { LIMITS } from "../entities/limits.ts";
import { ALL_ENTITIES } from "./entity-drift.ts";
import type { Turns } from "./reconcile.ts";

interface Place {
  readonly epoch: number;
  readonly after: string;
}

/**
 * Goes round the entities of each organization, LIMITS.reconcileEntities at a time. After a rebuild all of them are looked at: that look is
 * part of it (docs/decisions/0001-fence.md).
 * @param beginsAt the first turn's, since nobody knows where the last gateway ended
 */
export function createTurns(beginsAt: () => string): Turns {
  const places = new Map<string, Place>(); // one for each organization: as many as are compared in a round
  return {
    of: (organization, epoch) => {
      const place = places.get(organization) ?? { epoch, after: beginsAt() };
      return place.epoch === epoch ? { after: place.after, most: LIMITS.reconcileEntities } : ALL_ENTITIES;
    },
    ended: (organization, epoch, next) => void places.set(organization, { epoch, after: next }),
  };
}
