import { type AdoptedDomain, lapseOf, proofOf } from "../entities/adopted-domains.ts";
import type { Caller } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import * as store from "../stores/domains.ts";
import type { Facts, Versioned } from "../stores/facts.ts";
import { enterOrganization, inOrganization } from "../stores/scope.ts";
import { change, type ChangeSpec, type Changing } from "./change.ts";
import type { Deps, IfMatch } from "./deps.ts";
import { adopted, type DomainPath, recordOf, targetOf } from "./domains.ts";
import { MOVED } from "./once.ts";

/** What the DNS shows at the one name where every organization's proof of a domain is. */
interface Shown {
  readonly texts: ReadonlySet<string>;
  /** Nothing newer than this is known. */
  readonly at: Date;
}

/**
 * The proof is looked for in the DNS; found, the organization holds the domain from then on. Where another one holds it, the same answer of the DNS says whether
 * that one's proof is still there: if not, the domain changes hands. Throws NOT_FOUND, DOMAIN_UNPROVEN, DNS_UNAVAILABLE, and, to who has shown the proof
 * alone, DOMAIN_HELD.
 */
export async function verifyDomain(
  deps: Deps,
  caller: Caller,
  path: DomainPath,
  input: { readonly ifMatch: IfMatch },
): Promise<AdoptedDomain> {
  const { slug, domain } = path;
  let shown: Shown | undefined;
  const spec: ChangeSpec<"organization"> = {
    target: targetOf(slug),
    action: "manage_domains",
    ...input,
    beforehand: async (facts) => {
      shown = await look(deps, facts, domain);
    },
    reaches: async (facts) => await otherHolder(deps, facts, domain),
  };
  const { value } = await change(deps, caller, spec, async (changing) => {
    const { tx, organization } = changing;
    await enterOrganization(tx, organization); // the last that was locked may be another one
    const row = await adopted(tx, organization, domain);
    if (isSettled(row)) return recordOf(row); // A retry is not an error.
    if (shown === undefined) return MOVED; // it was settled a moment ago
    requireProof(row, shown);
    if ((await withoutOthers(changing, domain, shown)) === MOVED) return MOVED;
    const checkAt = new Date(shown.at.getTime() + deps.domainRecheckMs);
    await store.setVerified(tx, { organization, domain, seenAt: shown.at, checkAt });
    if (row.state !== "verified") changing.note(verified(row));
    return recordOf(await adopted(tx, organization, domain));
  });
  return value;
}

/** Nothing is to be looked for: the organization holds it, and its proof is not known to be missing. */
function isSettled({ state, missingSince }: store.DomainRow): boolean {
  return state === "verified" && missingSince === null;
}

/** For a domain that the organization has adopted, and no other: nobody is asked about names that anybody makes up. */
async function look(deps: Deps, { organization }: Facts<"organization">, domain: string): Promise<Shown | undefined> {
  const id = organization?.id ?? "";
  const row = await inOrganization(deps.database, id, async (tx) => await adopted(tx, id, domain));
  if (isSettled(row)) return undefined;
  const at = deps.clock();
  // Half of the change is for what comes after it.
  const patience = Math.min(LIMITS.dnsMs, deps.timeouts.changeMs / 2);
  return { texts: new Set(await deps.lookUpTexts(proofOf(domain, row.token).name, patience)), at };
}

async function otherHolder(deps: Deps, { organization }: Facts<"organization">, domain: string): Promise<Versioned[]> {
  const holder = await store.findHolder(deps.database, domain);
  return holder === undefined || holder.id === organization?.id ? [] : [holder];
}

function requireProof({ domain, token }: store.DomainRow, { texts }: Shown): void {
  const { name, value } = proofOf(domain, token);
  if (texts.has(value)) return;
  const found = texts.size === 0 ? "no TXT record" : `${texts.size} TXT records, of which none is the proof`;
  const message = `The DNS has ${found} at ${name}. Set a TXT record with the text ${value} there, and verify again when it is to be seen.`;
  throw new AppError("DOMAIN_UNPROVEN", message);
}

/** MOVED where another organization has come to hold it that this change has not locked. Throws DOMAIN_HELD. */
async function withoutOthers(
  changing: Changing<"organization">,
  domain: string,
  shown: Shown,
): Promise<typeof MOVED | undefined> {
  const { tx, organization } = changing;
  await store.lockHolding(tx, domain);
  const holder = await store.findHolder(tx, domain);
  if (holder === undefined || holder.id === organization) return undefined;
  if (!changing.holds(holder.id)) return MOVED;
  await enterOrganization(tx, holder.id);
  const theirs = await adopted(tx, holder.id, domain);
  const isSeenSince = theirs.seenAt !== null && theirs.seenAt > shown.at;
  if (isSeenSince || shown.texts.has(proofOf(domain, theirs.token).value)) throw held(domain);
  await store.setLapsed(tx, holder.id, domain);
  changing.elsewhere(holder.id).note(lapseOf(domain));
  await enterOrganization(tx, organization);
  return undefined;
}

function verified({ domain, state }: store.DomainRow): Parameters<Changing<"organization">["note"]>[0] {
  const target = { kind: "domain", id: domain };
  return { action: "domain.verify", target, before: { state }, after: { state: "verified" } };
}

function held(domain: string): AppError {
  const message = `Another organization holds ${domain}, and its proof is in the DNS as well. Take that record away, and verify again.`;
  return new AppError("DOMAIN_HELD", message);
}
