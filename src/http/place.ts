import { PLATFORM_SLUG } from "../entities/ids.ts";
import type { Contract, Requirement } from "./contract.ts";
import { slug } from "./fields.ts";

/** Where sectors, applications and the audit log are: in the organization that the path names, or on the platform (K8). */
export interface Place {
  readonly path: string;
  /** Of the path. The platform's names no organization. */
  readonly params: { readonly slug?: typeof slug };
  /** Who may: on the platform its administrators, whatever a member would need. */
  readonly requires: (ofMembers: Requirement) => Requirement;
  readonly operation: (verb: string, noun: string) => string;
  readonly problems: Contract["problems"];
  /** Begins a summary. */
  readonly whose: string;
}

export const IN_ORGANIZATION: Place = {
  path: "/v1/organizations/:slug",
  params: { slug },
  requires: (ofMembers) => ofMembers,
  operation: (verb, noun) => verb + noun,
  problems: [],
  whose: "The organization's",
};

export const ON_PLATFORM: Place = {
  path: "/v1/platform",
  params: {},
  requires: () => "scope platform:admin",
  operation: (verb, noun) => `${verb}Platform${noun}`,
  problems: ["SCOPE_MISSING"],
  whose: "The platform's",
};

/** What the domain calls the organization of these parameters. */
export function slugOf({ slug }: { readonly slug?: unknown }): string {
  return typeof slug === "string" ? slug : PLATFORM_SLUG; // checked by `params`, whose type forgets it
}

/** The address of what the domain calls so. */
export function addressOf(slug: string): string {
  return slug === PLATFORM_SLUG ? ON_PLATFORM.path : `/v1/organizations/${slug}`;
}
