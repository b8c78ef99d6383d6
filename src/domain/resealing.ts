import { countSealed, listSealed, replaceSealed, type SealedSecret } from "../stores/sealed.ts";
import { inOrganization } from "../stores/scope.ts";
import type { Deps } from "./deps.ts";

const AT_ONCE = 100;

/** By master key that is not configured, how many secrets of the ledger it has sealed: nobody can open them. */
export async function unopenable({
  database,
  sealing,
}: Pick<Deps, "database" | "sealing">): Promise<ReadonlyMap<string, number>> {
  const sealed = await countSealed(database);
  return new Map([...sealed].filter(([masterKey]) => !sealing.knows(masterKey)));
}

/** At a start. A master key that is missing keeps nothing from starting: what it has sealed cannot be used, and everything else can. */
export async function tellUnopenable(deps: Pick<Deps, "database" | "sealing" | "warn">): Promise<void> {
  for (const [masterKey, secrets] of await unopenable(deps)) deps.warn("secrets.unopenable", { masterKey, secrets });
}

/** How it goes with one of them. */
export type Resealed = (secret: SealedSecret, error: unknown) => void;

/**
 * Seals everything with the newest master key that is sealed with an older one, of all organizations. What is replaced or removed meanwhile stays as that
 * left it, so that it can run beside gateways, and again.
 * @param told with each; null: it is done
 */
export async function resealAll(
  { database, sealing }: Pick<Deps, "database" | "sealing">,
  told: Resealed,
): Promise<void> {
  for (let after = ""; ;) {
    const found = await listSealed(database, sealing.newest, { after, limit: AT_ONCE });
    for (const secret of found) {
      const { organization, sealed } = secret;
      try {
        const fresh = sealing.seal(sealing.open(sealed, secret), secret);
        await inOrganization(database, organization, async (tx) => await replaceSealed(tx, secret, fresh));
        told(secret, null);
      } catch (error) {
        told(secret, error);
      }
    }
    const last = found.at(-1);
    if (last === undefined || found.length < AT_ONCE) return;
    after = last.row;
  }
}
