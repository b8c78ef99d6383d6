/** Adopted domains, and their proofs in a DNS. */
import type { AdoptedDomain } from "../../src/entities/adopted-domains.ts";
import type { TestDns } from "./dns.ts";
import type { Person } from "./gateway.ts";
import { must } from "./world.ts";

export const domainPath = (slug: string, domain: string): string => `/v1/organizations/${slug}/domains/${domain}`;

/** Of nobody else in the tests: slugs are given once. */
export const domainOf = (slug: string): string => `${slug}.example.com`;

export async function adopt(by: Person, slug: string, domain = domainOf(slug)): Promise<AdoptedDomain> {
  const made = must(await by.post(`/v1/organizations/${slug}/domains`, { domain }), 201);
  return made.body as unknown as AdoptedDomain; // the contract tests hold its shape
}

/** Adopted, and the proof is to be seen. */
export async function adoptShown(dns: TestDns, by: Person, slug: string, domain?: string): Promise<AdoptedDomain> {
  const made = await adopt(by, slug, domain);
  dns.adds(made.record.name, made.record.value);
  return made;
}

/** The organization holds it from now on. */
export async function hold(dns: TestDns, by: Person, slug: string, domain?: string): Promise<AdoptedDomain> {
  const made = await adoptShown(dns, by, slug, domain);
  const verified = must(await by.post(`${domainPath(slug, made.domain)}/verify`), 200);
  return verified.body as unknown as AdoptedDomain; // as above
}
