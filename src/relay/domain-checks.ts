import { setTimeout as wait } from "node:timers/promises";
import { type DomainCheck, lapseOf, type LookUpTexts, proofOf } from "../entities/adopted-domains.ts";
import { AppError } from "../entities/errors.ts";
import { newId, type RandomBytes } from "../entities/ids.ts";
import { LIMITS } from "../entities/limits.ts";
import { recordChange } from "../stores/audit.ts";
import type { Database, Transaction } from "../stores/database.ts";
import * as store from "../stores/domains.ts";
import { lockPosition } from "../stores/ledger.ts";
import { inOrganization } from "../stores/scope.ts";
import { described, type RelayLog } from "./log.ts";

export interface DomainCheckOptions {
  readonly database: Database;
  readonly lookUpTexts: LookUpTexts;
  readonly clock: () => Date;
  readonly random: RandomBytes;
  /** The policy unit that is served: events name it. */
  readonly unit: () => string;
  readonly recheckMs: number;
  /** For how long a proof may be missing before the domain lapses. */
  readonly graceMs: number;
  /** Told of each look. */
  readonly checked: (outcome: DomainCheck) => void;
  readonly log: RelayLog;
}

export interface DomainChecks {
  /** Looks for the proofs that are due, and are no other gateway's. Gives how many there were. */
  round(): Promise<number>;
  /** A round now and again after each interval, until `close`. */
  start(): void;
  /** Begins nothing more, and waits for what is under way. */
  close(): Promise<void>;
}

/**
 * Verified domains are looked at again. An answer without the proof begins the grace, one with it ends that, and after it an answer without the proof ends the
 * holding. No answer ends nothing, however long there is none.
 */
export function createDomainChecks(options: DomainCheckOptions): DomainChecks {
  const closing = new AbortController();
  let rounds: Promise<void> | undefined;
  const round = async (): Promise<number> => {
    let found = 0;
    while (!closing.signal.aborted) {
      const claimed = await claimDue(options); // what is claimed is due no longer: this ends
      if (claimed.length === 0) break;
      found += claimed.length;
      await Promise.all(claimed.map(async (each) => await checked(options, each)));
    }
    return found;
  };
  const repeat = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await round().catch((error: unknown) => options.log("warn", "domains.not_checked", described(error)));
      await wait(LIMITS.domainRoundMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined);
    }
  };
  return {
    round,
    start: () => {
      rounds ??= repeat();
    },
    close: async () => {
      closing.abort();
      await rounds;
    },
  };
}

async function claimDue({ database, clock }: DomainCheckOptions): Promise<store.ClaimedDomain[]> {
  const now = clock();
  const until = new Date(now.getTime() + LIMITS.domainClaimMs);
  return await store.claimDomains(database, { now, until, most: LIMITS.domainsAtOnce });
}

/** What fails here is looked at again when the claim has run out. */
async function checked(options: DomainCheckOptions, claimed: store.ClaimedDomain): Promise<void> {
  try {
    const outcome = await check(options, claimed);
    if (outcome !== undefined) options.checked(outcome);
  } catch (error) {
    const { organization } = claimed;
    options.log("warn", "domain.not_checked", { organization, ...described(error) });
  }
}

interface Looked extends store.ClaimedDomain {
  readonly at: Date;
  /** Undefined: the DNS does not answer. */
  readonly isShown: boolean | undefined;
}

/** Undefined: it is not what it was when it was claimed. */
async function check(options: DomainCheckOptions, claimed: store.ClaimedDomain): Promise<DomainCheck | undefined> {
  const { organization } = claimed;
  const at = options.clock();
  const isShown = await look(options, claimed);
  return await inOrganization(options.database, organization, async (tx) => {
    await lockPosition(tx, organization);
    return await settle(options, tx, { ...claimed, at, isShown });
  });
}

async function look({ lookUpTexts }: DomainCheckOptions, claimed: store.ClaimedDomain): Promise<boolean | undefined> {
  const { name, value } = proofOf(claimed.domain, claimed.token);
  try {
    return (await lookUpTexts(name, LIMITS.dnsMs)).includes(value);
  } catch (error) {
    if (error instanceof AppError && error.code === "DNS_UNAVAILABLE") return undefined;
    throw error;
  }
}

/** Under the organization's lock: what happened since it was claimed counts. */
async function settle(options: DomainCheckOptions, tx: Transaction, looked: Looked): Promise<DomainCheck | undefined> {
  const { organization, domain, token, at, isShown } = looked;
  const row = await store.findDomain(tx, organization, domain);
  const isSame = row?.state === "verified" && row.token === token && (row.seenAt === null || row.seenAt <= at);
  if (!isSame) return undefined;
  const after = (ms: number): Date => new Date(at.getTime() + ms);
  if (isShown === true) {
    await store.setVerified(tx, { organization, domain, seenAt: at, checkAt: after(options.recheckMs) });
    return "seen";
  }
  const since = isShown === undefined ? row.missingSince : (row.missingSince ?? at);
  if (isShown === false && at.getTime() - (since ?? at).getTime() >= options.graceMs) {
    await lapse(options, tx, looked);
    return "lapsed";
  }
  const checkAt = after(Math.min(options.recheckMs, LIMITS.domainRetryMs));
  await store.postponeCheck(tx, { organization, domain, since, checkAt });
  return isShown === undefined ? "unavailable" : "missing";
}

/** It is the system that acts: nobody is asked, and no rule is named. */
async function lapse({ random, unit }: DomainCheckOptions, tx: Transaction, looked: Looked): Promise<void> {
  const { organization, domain, at } = looked;
  await store.setLapsed(tx, organization, domain);
  await recordChange(tx, {
    organization,
    actor: { kind: "system", id: "system" },
    matrix: null,
    unit: unit(),
    requestId: null,
    entries: [lapseOf(domain)],
    freshPseudonyms: Array.from({ length: 2 }, () => newId(random, "a-")),
    now: at,
  });
}
