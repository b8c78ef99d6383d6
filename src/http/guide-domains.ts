import { LIMITS } from "../entities/limits.ts";
import type { GuideSection } from "./guide.ts";

/** What the guide says of the domains that an organization adopts. */
export const OF_DOMAINS: readonly GuideSection[] = [
  {
    id: "domains",
    title: "Domains",
    text: `
An organization adopts a domain by showing that it runs the domain's DNS. Admins do it, Viewers see it; up to ${LIMITS.domains} for an organization.

- [addDomain](#addDomain) answers with a \`record\`: a TXT record to be set in the DNS, with a text of this organization's own. It is no secret. Until the proof is seen the domain is \`pending\`.
- [verifyDomain](#verifyDomain) looks for it. Found: the domain is \`verified\`, and the organization holds it. Not found: 409, which says what the DNS has and what to set. A DNS that
  does not answer is 503: neither yes nor no.
- **One organization at a time holds a domain.** Several may have it pending, and learn nothing of each other. Who shows the proof while another one holds the domain gets it where
  that one's proof is gone from the DNS, and 409 where it is there as well.
- The proof has to stay. It is looked for again, each day unless the operators chose otherwise; where it is missing, \`missingSince\` says since when. Unless it comes back within the grace (three days, likewise) the
  domain is \`lapsed\`, and can be verified again. A DNS that does not answer ends nothing.
- A retired organization holds no domain: what it held has lapsed.
- An application's rules of admission can list domains ([setAdmissionRules](#setAdmissionRules)). The service that authenticates people tells with a login the \`domain\` of the address that **it has verified** as the person's;
  admitted is who has one of the listed domains, exactly that one, while the organization holds it. Names are in lower case, of other scripts as A-labels.`.trim(),
  },
];
