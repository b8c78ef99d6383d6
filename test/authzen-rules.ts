/**
 * What AUTHZEN.md promises, sentence by sentence, in its own words (case and line breaks apart): each is quoted by the title of a test that
 * shows it, which authzen-rules.test.ts holds.
 */
export const RULES: readonly string[] = [
  "POST, JSON object bodies; metadata is GET",
  "`/access/v1/evaluation` | `access_evaluation_endpoint`",
  "`/access/v1/evaluations` | `access_evaluations_endpoint`",
  "`/access/v1/search/{subject,resource,action}` | `search_{subject,resource,action}_endpoint`",
  "`policy_decision_point` (from configuration, never from the Host header)",

  "`subject{type,id,properties?}`, `resource{type,id,properties?}`, `action{name,properties?}`, `context?`",
  "Unknown members are ignored, in AuthZEN bodies only",
  "Missing required member: 400",
  "Not `application/json` (with or without charset): 400",
  "Malformed JSON, empty body, top-level array: 400",

  "A denial is 200 with `decision:false`",
  "401 and 403 are about the *caller*",
  "is 503: never `false`, never `true`",
  "Our answers carry `context`: stable reason codes, the matrix and the policy unit, the organization's version",

  "top-level members are defaults for each item",
  "a member present in an item replaces the default whole",
  "only a missing `type` may be taken from the default",
  "Absent or empty `evaluations` behaves as a single evaluation and answers the single shape",
  "Order is kept",
  "a broken item is `decision:false` with `context.error`, and 200",
  "`execute_all` (default)",
  "`deny_on_first_deny`",
  "`permit_on_first_permit`",
  "the two short circuits truncate the answer after the deciding item",
  "Any other value: 400",
  "An *invalid* item of a batch is `decision:false` with `context.error` and counts as a denial",
  "an item that *cannot be decided* makes the whole batch 503",

  "the searched entity's `id` is ignored if sent",
  "action search has no `action`",
  "`results` are bare `{type,id}` (or `{name}`) objects",
  "an unknown type gives 200 `[]`",
  '`page{limit,token}` in, `page{next_token,count}` out, `next_token:""` at the end',
  "a page that is not the last always carries a token",
  "changing the question between pages is 400",
  "default limit 50",
  "Every result evaluates to `true` when asked, and nothing that evaluates to `true` is missing",
  "Subject search over `account` covers the organization's accounts",
  "Each page is exact at its own version",

  "`X-Request-ID` is echoed exactly, made when absent",
  "Decisions are `Cache-Control: no-store`",
  "metadata has a max-age",

  "reach a policy only under `R.attr.sent.…`, and only those that the kind's schema declares",
  "stored facts are elsewhere (`P.attr`, `R.attr`), so a sent `role` is never taken for a stored one",
  "A policy that wants to believe a sent property says so",

  "Which organization? Requests name none",
  "Built-in ids are unique everywhere (organization: slug; application: anchor; sector: id; member: `slug/alias`)",
  "each organization is a PDP of its own at `/o/{slug}/access/v1/…`",
  "metadata at `/.well-known/authzen-configuration/o/{slug}`",
  "a credential bound to one organization makes the plain paths mean it",
  "neither: 400 that says so",

  "an unknown resource of a built-in kind is a denial with a reason",
  "A host's kind says whether its resources and subjects must be stored",
  "an unstored one has no stored facts and the policy decides on what was sent",

  "any non-empty string up to 256 bytes (slashes, colons, `#`, `@`, braces, spaces, any Unicode)",
  "compared byte by byte, never normalized",
  "NUL and lone surrogates: 400",
  "They never enter the graph: the ledger maps (organization, type, id) to a short surrogate",

  "users `alice` and `bob` (stored `role: admin`), records `record-1` (active) and `record-2` (archived), actions read, write, delete",
  "alice read r1 yes; alice write r1 yes; bob read r1 yes; bob write r1 no; alice write r2 no; bob (admin) write r2 yes; alice delete r1 with action property `soft:true` yes, `soft:false` no",
  "who reads r1 ⊇ {alice,bob}; what alice reads ⊇ {r1}; alice on r1 ⊇ {read,write}; who writes r2 ⊇ {bob}; what bob writes ⊇ {r2}; bob on r2 ⊇ {write}",
  "Bring it in as a host would: a policy file, a model type, stored subjects and resources",
  "no line of `src/` may know of it",
];
