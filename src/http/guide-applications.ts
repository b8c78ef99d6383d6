import { LIMITS } from "../entities/limits.ts";
import type { GuideSection } from "./guide.ts";

/** What the guide says of what an application carries. */
export const OF_APPLICATIONS: readonly GuideSection[] = [
  {
    id: "keys",
    title: "Keys that an application signs with",
    text: `
- Each application has its own, from its first day; [keySet](#keySet) gives the public parts to everybody (RFC 7517), and may be kept for ${LIMITS.jwksSeconds} seconds.
- [rotateSigningKeys](#rotateSigningKeys) publishes the \`next\` key. It signs when everybody has it who keeps the key set for as long as that: after
  ${LIMITS.jwksSeconds + LIMITS.clockSkewSeconds} seconds it is \`active\`. The one before is \`retiring\` then: it stays in the key set until the last token that it has signed has expired, and is \`gone\`.
- [revokeSigningKey](#revokeSigningKey) is for the day that a key is known to others. What it has signed is valid no longer: it leaves the key set at once, and where it was
  the one that signs, the next one takes its place. Who has kept the key set meets a key that it does not know, and has to ask again.
- What a key is changes with the time alone: no job has to run for it.
- What the application itself authenticates with is another thing: [addClientKey](#addClientKey) takes a public key (for \`private_key_jwt\`), or makes a secret, which is in
  that one answer and nowhere else. The service that issues tokens asks [authenticateClient](#authenticateClient) whether what it was sent is one of them: a secret, or an assertion (RFC 7523) with
  \`iss\` and \`sub\` the anchor, \`aud\` that service alone, \`exp\` at the most ${LIMITS.clientAssertionSeconds} seconds ahead, and a \`jti\` that is good once. Up to ${LIMITS.clientKeys} at a time, each until it expires or is removed: add the next one, change over, remove the last.`.trim(),
  },
  {
    id: "rules",
    title: "Who may log in to an application, and how",
    text: `
An application carries five documents. Each is read with its \`ETag\`, and replaced whole by who names that in \`If-Match\`; one that nobody has set yet, and one that stays what it is,
needs none. Until then it is the default. Admins change them, Viewers read them.

- **settings** ([setApplicationSettings](#setApplicationSettings)): \`redirectUris\`, compared as they are, up to ${LIMITS.redirectUris}. For the kinds web and oidc: https, or http on
  localhost, 127.0.0.1 or [::1]. For cli: http on 127.0.0.1 or [::1] without a port (any will do). For game: a scheme of one's own such as \`com.example.game:/in\`,
  https, or what a cli may. None has a fragment, a wildcard, a user or a password.
- **admission** ([setAdmissionRules](#setAdmissionRules)): who may log in. \`everyone\`; \`members\` of the organization (the default); \`accounts\` that are named by their alias, and stay bound to
  the account whatever it is called later; whoever has a verified address of one of the \`domains\` ([below](#domains)); never those that are \`blocked\`.
- **authentication** ([setAuthenticationRules](#setAuthenticationRules)): one of these \`methods\`, by one of these [\`connectors\`](#connectors), the least \`assurance\` (1 to 3), a \`secondFactor\`, and how long ago somebody may have authenticated.
- **session** ([setSessionRules](#setSessionRules)): for how long a token is valid (an hour by default, a day at the most), and when somebody has to authenticate anew.
- **claims** ([setClaimPolicy](#setClaimPolicy)): which claims leave, in the \`token\` for whoever reads it, or in the answer to the \`service\` alone that asks. None by default. Claims that
  tokens have a meaning of their own for (\`sub\`, \`aud\`, \`exp\` …) and \`scope\` cannot be set.

The audit log tells of a change which members differ: numbers, yes or no, and of a list how many it has.`.trim(),
  },
  {
    id: "connectors",
    title: "Federation connectors",
    text: `
An organization's connectors say from which identity providers its people may come. Admins manage them, Viewers see them. This service calls none of them: the one that authenticates people reads a
connector here, follows it, and names it when it asks about the [login](#logins).

- [createConnector](#createConnector) makes one, of OpenID Connect or of SAML 2.0, up to ${LIMITS.connectors}; it is disabled until [enableConnector](#enableConnector). [replaceConnector](#replaceConnector) replaces it whole, but for its
  state and its secret, by who names its \`ETag\` in \`If-Match\`. An issuer, or an entity, has one connector in an organization; none can be of an issuer whose tokens are taken here, or made.
- **clientSecret** is needed with \`client_secret_basic\` and \`client_secret_post\`, and refused with everything else. Nobody is told it again: \`clientSecretSetAt\` says since when there is one. Absent, it stays, while the issuer does;
  null, or another \`authentication\`, removes it.
- **certificates** of SAML are public. The answer tells when each expires: put the next one beside it before that, up to ${LIMITS.certificates}.
- An application's rules of authentication can name \`connectors\`: then nobody logs in but by one of them, while it is enabled. Where they name none, people come by any that is enabled, or by none. One that is
  disabled or removed lets nobody in any more, though rules name it.`.trim(),
  },
  {
    id: "logins",
    title: "Logins",
    text: `
This service is no identity provider. The one that authenticates people asks it, with the scope \`logins:create\`, before it lets somebody in: [logIn](#logIn) says whom it is about and how that
person has proved who it is. The state of application, sector and organization, and the three layers of rules, decide; \`context.reasons\` has every reason that holds, and \`context.remedies\` what would
help. A denial is an answer, 200; 503 is neither yes nor no. What was decided still held when everything else was done: once a change is answered that forbids a login, none begins.

- **subject**: by the type of name. \`identity\`: the id that the person has at the issuer of the asking service's own tokens; who is not known yet becomes known by it. \`sector_subject\`: as
  this application's sector knows the person. \`account\`: by alias; not for a service that is bound to applications.
- **domain**: of the address that the service has verified as the person's, where the application admits people by [domains](#domains).
- A service whose registration names applications is bound to them, all of one sector: it lets people log in to these alone, and in checks and searches too it knows people as
  \`{"type": "sector_subject", "id": …}\`, and by no alias. Two such services of different sectors have nothing by which they could find out whom they both know.
- **login.subject**: what the application sees of the person: the same in all applications of its sector, and unrelated to what others see.
- **login.token**: a JWT with \`typ\` login+jwt, by the application's own key and under its own \`iss\` (\`{this address}/v1/applications/{anchor}\`), for it alone (\`aud\`: the anchor). Verify it with the
  [key set](#keySet). It works until it expires, whatever becomes of the application; nobody calls this service with it.
- **connector**: the [federation connector](#connectors) by which the person came, if by one.
- **claims**: what the service vouches for. Of that, of the alias (\`preferred_username\`) and of the profile's name (\`name\`) leaves what the application's claim policy lists, to whom it says.
- Which applications know a person, and which claims they were told, that person sees at [listDataSharing](#listDataSharing), and withdraws with [withdrawDataSharing](#withdrawDataSharing): from
  then on a login to that application is granted as before, but tells it no claim, and \`context.withheld\` says so. Ask that person, and say \`consent: true\` in the login with which
  it agrees: that ends it.`.trim(),
  },
];
