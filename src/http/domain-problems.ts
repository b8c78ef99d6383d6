import type { ErrorCode } from "../entities/errors.ts";
import type { ProblemKind } from "./problem-kinds.ts";

type DomainCode = Extract<ErrorCode, `DOMAIN_${string}` | `DNS_${string}` | "TOO_MANY_DOMAINS">;

/** Of adopted domains. */
export const DOMAIN_PROBLEMS: Readonly<Record<DomainCode, ProblemKind>> = {
  DOMAIN_EXISTS: {
    status: 409,
    title: "The organization has this domain already",
    help: "Read it: it says what the DNS is to show.",
  },
  TOO_MANY_DOMAINS: {
    status: 409,
    title: "The organization has as many domains as it may",
    help: "Remove one that is no longer used.",
  },
  DOMAIN_UNPROVEN: {
    status: 409,
    title: "The DNS does not show the proof",
    help: "`detail` says what was found and what to set. What the DNS showed before may go on showing for a while; verify again then.",
  },
  DOMAIN_HELD: {
    status: 409,
    title: "Another organization holds the domain",
    help: "Its proof is in the DNS as well. Whoever runs the DNS takes that record away; verify again then.",
  },
  DNS_UNAVAILABLE: {
    status: 503,
    title: "The DNS does not answer for the domain",
    help: "Neither proved nor disproved; nothing was written. Look at the domain's name servers, and try again.",
    headers: { "Retry-After": "1" },
  },
};
