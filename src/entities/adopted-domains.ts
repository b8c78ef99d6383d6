import { domainToASCII } from "node:url";
import { LIMITS } from "./limits.ts";

/** `pending`: nobody has seen its proof yet; `verified`: the organization holds it, and no other does; `lapsed`: it did, once. */
export const DOMAIN_STATES = ["pending", "verified", "lapsed"] as const;
export type DomainState = (typeof DOMAIN_STATES)[number];

/** What the DNS is to show. */
export interface ProofRecord {
  readonly name: string;
  readonly type: "TXT";
  readonly value: string;
}

/** S0.1: a domain that an organization has adopted, as it is told. */
export interface AdoptedDomain {
  readonly domain: string;
  readonly state: DomainState;
  readonly record: ProofRecord;
  readonly verifiedAt: string | null; // when it was last verified anew
  readonly seenAt: string | null; // when the proof was last seen
  readonly missingSince: string | null; // of a verified one: since when the DNS answers without the proof
  readonly createdAt: string;
}

const LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
/** In lower case, of two labels or more, the last of which begins with a letter: no address of IP is one. How long it may be is LIMITS' to say. */
export const DOMAIN_PATTERN = new RegExp(`^(${LABEL}\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`);

/** By their definition no DNS answers for them: RFC 6761, 6762, 7686, 9476. */
const NEVER_IN_DNS: ReadonlySet<string> = new Set(["localhost", "local", "invalid", "onion", "alt"]);

/** What a URL would take for something else than a part of a host. */
const NO_NAME = /[\s%/\\:?#@[\]]/u;

/** The one form of a domain's name, in lower case and IDN as A-labels; null: it is none that could be adopted. */
export function canonicalDomain(text: string): string | null {
  const domain = NO_NAME.test(text) ? "" : domainToASCII(text);
  const isName = domain.length <= LIMITS.domainCharacters && DOMAIN_PATTERN.test(domain);
  const isKnown = isName && !NEVER_IN_DNS.has(domain.slice(domain.lastIndexOf(".") + 1));
  return isKnown ? domain : null;
}

/** RFC 8552: a name that is no host's. The value is the organization's own, and no secret: the DNS shows it to everybody. */
export function proofOf(domain: string, token: string): ProofRecord {
  return { name: `_bailiwick-challenge.${domain}`, type: "TXT", value: `bailiwick-domain-verification=${token}` };
}

/** In the audit log, whoever or whatever ends it: the organization holds the domain no longer. */
export function lapseOf(domain: string): {
  readonly action: string;
  readonly target: { readonly kind: string; readonly id: string };
  readonly before: { readonly state: DomainState };
  readonly after: { readonly state: DomainState };
} {
  const target = { kind: "domain", id: domain };
  return { action: "domain.lapse", target, before: { state: "verified" }, after: { state: "lapsed" } };
}

/** Looks the TXT records of a name up. Gives the text of each; none where the DNS has none. Throws DNS_UNAVAILABLE where it does not answer in time. */
export type LookUpTexts = (name: string, timeoutMs: number) => Promise<readonly string[]>;

/** What a later look at the proof of a verified domain came to. */
export type DomainCheck = "seen" | "missing" | "lapsed" | "unavailable";
export const DOMAIN_CHECKS: readonly DomainCheck[] = ["seen", "missing", "lapsed", "unavailable"];
