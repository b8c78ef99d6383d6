import { ACTIONS, type Kind } from "../entities/kinds.ts";

/** What somebody who has only the address needs before the first call: the beginning of the page at /docs. */
export interface GuideSection {
  readonly id: string;
  readonly title: string;
  /** Markdown, as far as docs-page.ts reads it. */
  readonly text: string;
  /** To be pasted. */
  readonly shell?: string;
  readonly table?: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };
}

const IDS: Readonly<Record<Kind, string>> = {
  account: "the alias",
  organization: "the slug",
  sector: "the id: `sec-…`",
  application: "the anchor: `app-…`",
  member: "slug and alias: `acme/bob`",
  invitation: "the id: `inv-…`",
};

export const GUIDE: readonly GuideSection[] = [
  {
    id: "start",
    title: "Start here",
    text: `
Every call brings an access token: a signed JWT of the issuer that the operators of this service trust, for their audience
(\`iss\`, \`aud\`, \`sub\` and \`exp\` are required). A *person* becomes known by its first call; its alias comes from the claim
\`preferred_username\`, unless the operators chose another one. A *service* brings \`client_id\` and \`scope\` and is registered at
\`POST /v1/platform/clients\`. A service that runs on your own machine by \`npm start\`, with no issuer configured, has one for
development: it makes tokens in the folder where it was started.

From there: createOrganization, createApplication, createInvitation (the invited person has made a call before, or nobody knows the alias),
acceptInvitation, evaluate. To retire something, first GET the same address: it answers with the calls that lead there.`.trim(),
    shell: `alice=$(npm run -s token -- alice)
shop=$(npm run -s token -- --service shop --scope authz:evaluate)
curl -X POST http://127.0.0.1:8080/v1/organizations -H "Authorization: Bearer $alice" \\
  -H 'Content-Type: application/json' -d '{"slug":"acme","name":"Acme"}'
curl -X POST http://127.0.0.1:8080/access/v1/evaluation -H "Authorization: Bearer $shop" -H 'Content-Type: application/json' \\
  -d '{"subject":{"type":"account","id":"alice"},"action":{"name":"rename"},"resource":{"type":"organization","id":"acme"}}'`,
  },
  {
    id: "roles",
    title: "Roles",
    text: `
\`viewer\`, \`member\`, \`admin\`, \`owner\`, from the lowest to the highest: each may what the one before it may. \`billing\` stands beside this
order: it sees the organization and nothing in it. "Any member" is everybody with a role, billing too. Who has none is no member: in
answers to checks its role is \`none\`, and only an invitation helps. *Sole owner* is the Owner of an organization that has no other.`.trim(),
  },
  {
    id: "asking",
    title: "What can be asked",
    text: `
A check names a subject, an action and a resource by ids; roles and states are known here. The subject's \`type\` is \`account\`, its \`id\` the
alias. \`properties\` and \`context\` are accepted and not read. A denial is an answer, with status 200.`.trim(),
    table: {
      head: ["resource's type", "its id", "actions"],
      rows: Object.entries(ACTIONS).map(([kind, actions]) => [
        `\`${kind}\``,
        IDS[kind as Kind], // Object.entries forgets what it was given
        actions.map((action) => `\`${action}\``).join(", "),
      ]),
    },
  },
  {
    id: "words",
    title: "Words",
    text: `
- **anchor**: an application's permanent id.
- **sector**: the applications that see a person as the same one; each application is in one, of its own unless another is named.
- **retired**: of an organization: frozen, nothing in it changes until it is enabled; of a sector or an application: no longer used.
- **archived**: gone for good; the slug is never given again.
- **matrix**: the set of policies that says who may, \`default\` unless the organization follows another; states are judged the same for all.
- **plan**: what limits an organization; \`limit\` in a reason is one of applications, sectors, members, pendingInvitations and
  ownedOrganizations, \`max\` how many there may be.
- **unit**: a hash of all policies, schemas and plans: equal units decide alike.
- **graph**: whether OpenFGA, the second witness of every role, agrees. \`pending\` and \`unavailable\`: it is behind or silent, and the ledger
  alone has decided. \`disagrees\`: the smaller right has counted, and it is being repaired. Callers need do nothing.`.trim(),
  },
];
