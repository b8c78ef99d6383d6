import { ACTIONS, type Kind } from "../entities/kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Scope } from "../entities/records.ts";
import { OF_APPLICATIONS } from "./guide-applications.ts";
import { OF_DOMAINS } from "./guide-domains.ts";

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
  transfer: "the id: `tra-…`",
};

const SCOPE_USES: Readonly<Record<Scope, string>> = {
  "authz:evaluate": "[evaluate](#evaluate) and [evaluateAll](#evaluateAll), of a service",
  "authz:all":
    "nothing by itself: with it a check may be about any organization, not only those of the registration, and about accounts",
  "platform:admin":
    "[registerClient](#registerClient), [listClients](#listClients), [viewClient](#viewClient), [updateClient](#updateClient), and whatever lies under `/v1/platform`",
  "authz:search":
    "[searchSubjects](#searchSubjects), [searchResources](#searchResources), [searchActions](#searchActions), of a service",
  "authz:explain": "[explain](#explain), of a service",
  "entities:write":
    "[storeEntity](#storeEntity) and whatever lies under `/entities` of an organization that the registration names",
  "logins:create":
    "[logIn](#logIn) and [authenticateClient](#authenticateClient), of the applications of an organization that the registration names, or to those that it names alone",
};

const TOUR = `at=http://127.0.0.1:8080  # where this page is
alice=$(npm run -s token -- alice)  # or any access tokens of two people and a service
bob=$(npm run -s token -- bob)
shop=$(npm run -s token -- --service shop --scope authz:evaluate)
api() { curl -s -w ' [%{http_code}]\\n' -X "$2" "$at$3" -H "Authorization: Bearer $1" \${4:+-H 'Content-Type: application/json' -d "$4"}; }

# Bob calls once, and is known. Alice founds an organization: she is its Owner.
api $bob GET /v1/me/organizations
api $alice POST /v1/organizations '{"slug":"acme","name":"Acme"}'
acme=/v1/organizations/acme

# A sector, and an application in it. Without "sector" the application gets one of its own.
api $alice POST $acme/sectors '{"name":"Games"}' | tee made.txt
sector=$(grep -o 'sec-[0-9a-z]*' made.txt | head -1)
api $alice POST $acme/applications '{"name":"Chess","kind":"game","sector":"'$sector'"}' | tee made.txt
anchor=$(grep -o 'app-[0-9a-z]*' made.txt | head -1)

# Bob is invited, finds the invitation, and accepts it.
api $alice POST $acme/invitations '{"alias":"bob","role":"admin"}'
api $bob GET /v1/me/invitations | tee made.txt
api $bob POST /v1/invitations/$(grep -o 'inv-[0-9a-z]*' made.txt | head -1)/accept

# A service asks: may Bob rotate the application's keys? Yes. May he retire it? No, and why.
ask() { api $shop POST /access/v1/evaluation '{"subject":{"type":"account","id":"bob"},"action":{"name":"'$1'"},"resource":{"type":"application","id":"'$anchor'"}}'; }
ask rotate_keys
ask retire

# Before Alice retires the organization, she asks what stands in the way. The answer's "plan" is what she then does.
api $alice GET $acme/retire
api $alice POST $acme/applications/$anchor/retire
api $alice POST $acme/sectors/$sector/retire
api $alice POST $acme/retire`;

export const GUIDE: readonly GuideSection[] = [
  {
    id: "start",
    title: "Start here",
    text: `
Every operation that requires anything takes an access token: a signed JWT of the issuer that the operators of this service trust, for
their audience (\`iss\`, \`aud\`, \`sub\` and \`exp\` are required). A *person* becomes known by its first call; its alias comes from the claim
\`preferred_username\`, unless the operators chose another one: what is not a-z or 0-9 becomes -, and five characters are added where it is
given, or was once; [viewMe](#viewMe) tells it. A *service* brings \`client_id\` and \`scope\` and is registered by
[registerClient](#registerClient). A service that runs on your own machine by \`npm start\`, with no issuer configured, has one for
development: \`npm run token\` makes tokens in the folder where it was started, and its services register themselves.

- Make something: [createOrganization](#createOrganization), [createSector](#createSector), [createApplication](#createApplication).
- Let others in: [invite](#invite) (by alias: the person has made a call before), [acceptInvitation](#acceptInvitation),
  [changeRole](#changeRole).
- Ask: [evaluate](#evaluate); [many at once, and searches](#many); ask why: [explain](#explain). Of [things of your own kinds](#entities) too.
- Leave for good: [preflightErasure](#preflightErasure) first, then [eraseAccount](#eraseAccount).
- Retire something: first GET the address that retires it. It answers with all that stands in the way and, in order, the calls that lead
  there.

All of it once, to be pasted:`.trim(),
    shell: TOUR,
  },
  {
    id: "roles",
    title: "Roles",
    text: `
\`viewer\`, \`member\`, \`admin\`, \`owner\`, from the lowest to the highest: each may what the one before it may. \`billing\` stands beside this
order: it sees the organization and nothing in it. Who has none is no member: in answers to checks its role is \`none\`, and only an
invitation helps. What an operation requires:

- **any account**: any person, member or not.
- **any member**: everybody with a role, billing too.
- **viewer**, **admin**, **owner**: this role, or a higher one.
- **sole owner**: the Owner of an organization that has no other.
- **scope …**: a service; its token and its registration must both have the scope.`.trim(),
  },
  {
    id: "scopes",
    title: "Scopes of services",
    text: `
A scope counts where token and registration both have it. A registration's \`organizations\` are those that it may ask about; with none it
may ask about nothing, but with \`authz:all\` about everything. A service of the development issuer whose token names no organization is
registered with \`authz:all\`. Its \`applications\` restrict nothing yet.`.trim(),
    table: {
      head: ["scope", "asked for by"],
      rows: Object.entries(SCOPE_USES).map(([scope, uses]) => [`\`${scope}\``, uses]),
    },
  },
  {
    id: "asking",
    title: "What can be asked",
    text: `
A check names a subject, an action and a resource by ids; roles, states and relations are known here. The subject's \`type\` is \`account\`, its
\`id\` the alias. \`properties\` and \`context\` are accepted; built-in kinds do not read them. A denial is an answer, with status 200. People may ask
about themselves only, services about everybody. [Things of your own kinds](#entities) are asked about in the same way, [many at once](#many) too.`.trim(),
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
    id: "many",
    title: "Many questions, and searches",
    text: `
- **A batch**, [evaluateAll](#evaluateAll): at most ${LIMITS.batchItems} questions, answered in order. What stands beside \`evaluations\` is the default of
  every item. An item that is no question is a denial with \`context.error\`; one that cannot be decided makes the whole batch 503.
  \`options.evaluations_semantic\`: \`execute_all\`, or up to the first of \`deny_on_first_deny\` and \`permit_on_first_permit\`. Every item counts
  against the caller's budget.
- **A search** finds who may ([searchSubjects](#searchSubjects)), to what one may ([searchResources](#searchResources)), or what one may do
  ([searchActions](#searchActions)). Nothing is missing, and every result is a yes when it is asked about by itself. People search about themselves; who may is
  for services.
- **Pages**: \`page.limit\` results, ${LIMITS.defaultPageSize} unless another number up to ${LIMITS.searchPage} is sent; \`page.next_token\` of the answer is the next request's
  \`page.token\`, with the same question; \`""\` is the end. \`page.cut\`: the time was over before the page was full.
- **One organization**: \`/o/{slug}\` before a path asks within it, and knows nothing of others. For things of your own kinds the plain paths mean the one
  organization that the client is bound to; a client of several, or of none, is told 400 there.`.trim(),
  },
  {
    id: "explaining",
    title: "Why, and what would turn it",
    text: `
Every answer to a check says in its \`context\` why: \`reasons\` has every reason that holds, with what it is about (its \`kind\`),
\`remedies\` what would help, \`rules\` the rules that decided, \`facts\` what they read. A person is told no facts of what it may not view: of
another member not what it owns elsewhere, of an organization to which it is only invited no numbers. A service without \`authz:all\` is not
told either what somebody owns elsewhere, and one that is bound to kinds nothing that is stored of a subject of another kind.

[explain](#explain) takes the same question and answers the same, with the whole story beside it. It is for a service's support staff and
for who writes policies, not for every request: it asks the policies some hundred times.

- **rules**: each with its own verdict, its reasons, and its conditions by the words of the policy; \`holds\` is left out where the reasons do
  not tell.
- **facts**: each with its source: \`ledger\` (kept here), \`graph\` (OpenFGA), \`plan\` (a limit that the organization has no other of), \`sent\`
  (the caller's own word), and the organization's version.
- **relations**: those that counted, with the ways by which they come about in the graph: the role in the organization is one stop; a
  document in a folder that is shared with a group is three.
- **changes**: everything that by itself would turn the answer, the role's first: each other role, each other value of what the kind's
  schema lists, the whole numbers nearest to what is so, each relation. \`along\` is what changes with it: who becomes an Owner makes one
  Owner more. \`isChangeable: false\`: nobody can, it follows from who the two are. None: no single change will do; \`reasons\` has all that is in
  the way.
- **isComplete**: false where a limit was met, so that there may be more.`.trim(),
  },
  {
    id: "entities",
    title: "Things of your own kinds",
    text: `
A host brings kinds of its own in the folders of \`HOST_POLICIES\`: for each a schema, mostly policies, and a model of its relations. Its services store
the things here, those that checks are about and those that ask: [storeEntity](#storeEntity), [changeEntity](#changeEntity),
[removeEntity](#removeEntity), many at once by the line with [importEntities](#importEntities), back with
[exportEntities](#exportEntities). Members of the organization, Owners too, see of them what the host's policies let them see in answers to checks.

Asked about, they are decided by the host's policies alone, on what is stored of subject and resource, on the subject's role in the organization, and on
the relations that the kind's schema names, however far the graph has to be followed; all of it of one version. What has been changed and is not yet in
the graph is waited for; if that takes too long, or OpenFGA is silent, the answer is 503. A kind may say that its things, or those who ask, need not be stored: then what
was sent is all that is known of them. What was sent is never taken for what is stored.

- **type**: the kind, as its folder names it. **id**: the host's own, compared byte by byte; it stays out of OpenFGA. In a path it is percent-encoded; \`.\` and \`..\` cannot stand in
  one (whoever reads a URL takes them out), so a thing with such an id is stored by the import, and asked about like any other.
- **attributes**: what the kind's schema declares, without what the gateway adds (\`organizationState\`, \`relations\`, \`sent\`).
- **relations**: by name, whom or what each points to: \`{"viewer": [{"type": "account", "id": "bob"}]}\`. Accounts must be members of the organization; other
  things may be named before they are stored. \`{"type": "team", "id": "editors", "relation": "member"}\` is everybody in that relation to it.
- What is stored already is replaced by who names its \`ETag\` in \`If-Match\`, or sends \`If-Match: *\`; to say the same again needs neither.
- Who leaves the organization loses what was shared with it; what is removed takes everything along that points to it.`.trim(),
  },
  ...OF_APPLICATIONS,
  ...OF_DOMAINS,
  {
    id: "words",
    title: "Words",
    text: `
- **anchor**: an application's permanent id.
- **sector**: the applications that see a person as the same one; each application is in one, of its own unless another is named.
- **retired**: of an organization: frozen, nothing in it changes until it is enabled; of a sector or an application: no longer used.
- **archived**: gone for good; the slug is never given again.
- **matrix**: the set of policies that says who may, \`default\` unless the organization follows another; states are judged the same for all.
- **plan**: what limits an organization; \`limit\` in a reason is one of applications, sectors, members, pendingInvitations,
  ownedOrganizations and signInMethods, \`max\` how many there may be.
- **kind** of a reason, in the answer to a check: what the refusal is about. \`role\`: the subject's; \`state\`: that of a thing;
  \`relation\`: how two are related; \`attribute\`: another fact; \`frozen\`: the organization is retired or archived; \`unknown\`: there is
  no such thing, or the caller may know nothing of it.
- **rules**: the rules of the policies that decided, \`<policy>#<rule>\`: who may, then (\`_floor\`) when it can be done at all.
- **unit**: a hash of all policies, schemas and plans: equal units decide alike.
- **graph**: whether OpenFGA, the second witness of every role, agrees. \`pending\` and \`unavailable\`: it is behind or silent, and the ledger
  alone has decided. \`disagrees\`: the smaller right has counted, and it is being repaired. Callers need do nothing.`.trim(),
  },
];
