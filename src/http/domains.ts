import { z } from "zod";
import { addDomain, listDomains, removeDomain, viewDomain } from "../domain/domains.ts";
import { verifyDomain } from "../domain/domain-proofs.ts";
import { canonicalDomain, DOMAIN_STATES } from "../entities/adopted-domains.ts";
import { LIMITS } from "../entities/limits.ts";
import { added } from "./answer.ts";
import { addedReply, plainReply, REMOVED, type Reply } from "./contract.ts";
import { NOTHING, slug, time } from "./fields.ts";
import { invalid } from "./invalid.ts";
import { domainName } from "./login-fields.ts";
import { command, inquiry, list, type Route } from "./route.ts";

const record = z.strictObject({
  name: z
    .string()
    .min(1)
    .meta({ examples: ["_bailiwick-challenge.acme.example.com"] }),
  type: z.literal("TXT"),
  value: z
    .string()
    .min(1)
    .meta({ examples: ["bailiwick-domain-verification=7f3m9x0q2k5vtw8ch1zd4w7n5h2j6s8b"] }),
});
const domain = z
  .strictObject({
    domain: domainName,
    state: z.enum(DOMAIN_STATES).meta({
      description:
        "`pending`: its proof was not seen yet; `verified`: the organization holds it, and no other does; `lapsed`: it did, once",
    }),
    record: record.meta({ description: "What the DNS is to show, as long as the organization is to hold it" }),
    verifiedAt: time.nullable().meta({ description: "When it was last verified anew; null: never" }),
    seenAt: time.nullable().meta({ description: "When the proof was last seen; null: never" }),
    missingSince: time.nullable().meta({
      description: "Of a verified one, since when the DNS answers without the proof; it lapses unless that ends",
    }),
    createdAt: time,
  })
  .meta({ id: "AdoptedDomain" });

const expected = `expected a domain of two labels or more, up to ${LIMITS.domainCharacters} characters, that a DNS can answer for`;
const newDomain = z.strictObject({
  domain: z
    .string()
    .min(1)
    .meta({ description: "As people write it: upper case and other scripts will do", examples: ["acme.example.com"] }),
});

const verifiedReply: Reply = {
  ...plainReply(domain),
  means: "The organization holds it; also when it did so before",
  headers: ["Bailiwick-Dry-Run"],
};

const path = "/v1/organizations/:slug/domains";
const params = z.strictObject({ slug });
const domainParams = z.strictObject({ slug, domain: domainName });
const view = { requires: "viewer", asks: ["organization.view_domains"] } as const;
const manage = { requires: "admin", asks: ["organization.manage_domains"] } as const;

const LIST: Route = list({
  ...view,
  path,
  summary: "The domains that the organization has adopted",
  operation: "listDomains",
  item: domain,
  params,
  page: async (deps, { caller, params: given, page }) => await listDomains(deps, caller, given.slug, page),
});

const ADD: Route = command({
  ...manage,
  method: "post",
  path,
  summary: "Adopt a domain: the answer says what the DNS is to show",
  operation: "addDomain",
  problems: ["PRECONDITION_FAILED", "DOMAIN_EXISTS", "TOO_MANY_DOMAINS"],
  reply: addedReply(domain),
  params,
  body: newDomain,
  answer: async (deps, { caller, params: given, body, ifMatch }) => {
    const name = canonicalDomain(body.domain);
    if (name === null) throw invalid("body.domain", expected);
    const made = await addDomain(deps, caller, { ...given, domain: name }, { ifMatch });
    return added(made, `/v1/organizations/${given.slug}/domains/${name}`);
  },
});

const VIEW: Route = inquiry({
  ...view,
  path: `${path}/:domain`,
  summary: "Read an adopted domain",
  operation: "viewDomain",
  problems: ["NOT_FOUND"],
  reply: domain,
  params: domainParams,
  answer: async (deps, { caller, params: given }) => ({ status: 200, body: await viewDomain(deps, caller, given) }),
});

const REMOVE: Route = command({
  ...manage,
  method: "delete",
  path: `${path}/:domain`,
  summary: "Remove a domain: the organization holds it no longer",
  operation: "removeDomain",
  problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
  reply: REMOVED,
  params: domainParams,
  body: NOTHING,
  answer: async (deps, { caller, params: given, ifMatch }) => {
    await removeDomain(deps, caller, given, { ifMatch });
    return { status: 204 };
  },
});

const VERIFY: Route = command({
  ...manage,
  method: "post",
  path: `${path}/:domain/verify`,
  summary: "Look for the proof in the DNS: found, the organization holds the domain",
  operation: "verifyDomain",
  problems: ["NOT_FOUND", "PRECONDITION_FAILED", "DOMAIN_UNPROVEN", "DOMAIN_HELD", "DNS_UNAVAILABLE"],
  reply: verifiedReply,
  params: domainParams,
  body: NOTHING,
  answer: async (deps, { caller, params: given, ifMatch }) => {
    return { status: 200, body: await verifyDomain(deps, caller, given, { ifMatch }) };
  },
});

/** S0.1 */
export const DOMAIN_ROUTES: readonly Route[] = [LIST, ADD, VIEW, REMOVE, VERIFY];
