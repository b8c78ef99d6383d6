import { createHmac, randomBytes } from "node:crypto";
import { inAlphabet } from "../entities/ids.ts";
import { inOrganization } from "../stores/scope.ts";
import { insertSectorSecret } from "../stores/sector-names.ts";
import type { Deps } from "./deps.ts";

/** Which sector, of which organization. */
export interface SectorPlace {
  readonly organization: string;
  readonly sector: string;
}

const SECRET_BYTES = 32;

/** Of the system's randomness alone. The first that is written counts, whoever writes it. */
export async function makeSectorSecret(deps: Deps, { organization, sector }: SectorPlace): Promise<void> {
  const sealed = deps.sealing.seal(randomBytes(SECRET_BYTES), placeOf({ organization, sector }));
  await inOrganization(deps.database, organization, async (tx) => {
    await insertSectorSecret(tx, { organization, sector, sealed, now: deps.clock() });
  });
}

/** 130 bits: two never meet. */
const SUBJECT_LENGTH = 26;

/**
 * S0.15, S0.16: what the applications of a sector see of an account, always the same: a keyed hash (HMAC-SHA-256) of its id. Without the secret nobody can tell
 * whose it is, though he knew the id, nor that two of different sectors are one person's. Throws CANNOT_DECIDE where the secret cannot be opened.
 */
export function sectorSubject(deps: Deps, place: SectorPlace, sealed: string, account: string): string {
  const secret = deps.sealing.open(sealed, placeOf(place));
  return inAlphabet(createHmac("sha256", secret).update(account).digest().subarray(0, SUBJECT_LENGTH));
}

function placeOf({ organization, sector }: SectorPlace) {
  return { purpose: "sector secret", organization, owner: sector, row: sector } as const;
}
