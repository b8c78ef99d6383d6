/** Every bound in one place. Sizes in bytes, times in milliseconds. */
export const LIMITS = {
  bodyBytes: 64 * 1024,
  /** Of a check: its body, and how deep objects and lists may lie in each other there, the body itself being the first. */
  checkBytes: 256 * 1024,
  checkDepth: 8,
  /** Questions of one batch, and how many of them are decided at once. */
  batchItems: 100,
  batchWindow: 10,
  /** Results on a page of a search, and how many candidates are looked at in one go. */
  searchPage: 500,
  searchMost: 100,
  /** Objects that one subject's tuples lead to, for a search to look at these alone; more: at what hangs under them, so many at a time. */
  searchReach: 2_000,
  headerBytes: 16 * 1024,
  tokenBytes: 8 * 1024,
  idBytes: 256,
  nameCharacters: 200,
  requestIdCharacters: 128,
  pageSize: 100,
  defaultPageSize: 50,
  clockSkewSeconds: 60,
  pageTokenCharacters: 4096,
  /** Audit events that an export reads at once, and how long its reader may take nothing of it. */
  exportPage: 500,
  exportStallMs: 30_000,
  /** Organizations, and applications, that one client can be bound to. */
  clientBindings: 100,
  /** That one question to Cerbos can name. */
  actionsAtOnce: 50,
  /** Of one entity of a host's: what is stored with it, how deep, what it is related to, and what may point to it when it goes. */
  attributesBytes: 16 * 1024,
  attributesDepth: 8,
  entityRelations: 10_000,
  entityPointedTo: 10_000,
  /** Relations to who has left that one transaction ends: ten rows of the outbox, which questions wait for. */
  relationsEnded: 980,
  /** Issues that one problem document lists. */
  issues: 20,

  /** A connection that sends slower than this is closed. */
  headersMs: 10_000,
  requestMs: 30_000,
  /** An import may come in for as long as it takes, but not for ever; its lines, and how many make a change at the most. */
  importMs: 600_000,
  importLineBytes: 64 * 1024,
  importLinesAtOnce: 200,
  /** Relations of what is there already that one of these changes reads; an entity with more is read alone. */
  importRelations: 1_000,
  importGraphMs: 10_000,
  importChunksToProgress: 20,
  exportEntities: 500,
  readinessMs: 400,
  /** An issuer's keys: how long one fetch may take, and how long an unknown key id is not looked up again. */
  issuerKeysMs: 2_000,
  issuerKeysCooldownMs: 30_000,

  /** When a stranger's question is answered, whatever there was to find: longer than finding takes. */
  strangerMs: 4,

  /** How often a decision is taken again because a version moved, before the facts are gathered under the lock. */
  lostRaces: 2,
  /** The same of a login, which is decided on what still is so when it begins. */
  lostLogins: 5,
  /** Deadlocks and serialization failures in a row. */
  transactionRetries: 3,
  /** Changes of one organization that wait for each other in one gateway. */
  organizationQueue: 256,

  /** Reads of the graph that fail in a row before questions leave it alone, and for how long they do. */
  graphFailures: 3,
  graphRestMs: 1_000,
  /** A Read that was given less than this and failed is no failure of the graph. */
  graphFairMs: 25,

  /** Tuples of one Write beside the fence's swap; OpenFGA allows 100. */
  tuplesPerRow: 98,
  invitationDays: 7,
  /** After a change of alias, until the next. */
  aliasCoolDownDays: 30,
  /** How long whoever verifies may keep an application's key set, and how long a token of a login is valid at the most. */
  jwksSeconds: 300,
  loginTokenSeconds: 24 * 60 * 60,
  /** How long one is valid where nobody has said. */
  defaultTokenSeconds: 60 * 60,
  /** By which an application's tokens are verified at one time. */
  signingKeys: 10,
  /** That it authenticates with at one time, and how long one is good: at the most, and where nobody has said. */
  clientKeys: 10,
  clientKeyDays: 730,
  defaultClientKeyDays: 365,
  /** How far ahead an assertion may expire that it authenticates with, and used ones that are over, cleared away by each that is used. */
  clientAssertionSeconds: 600,
  assertionsCleared: 100,
  /** Adopted by one organization; the characters of a name, with `_bailiwick-challenge.` before which the DNS takes 253. */
  domains: 20,
  domainCharacters: 232,
  /** A look at the DNS, whole, and how often it is asked in it. */
  dnsMs: 3_000,
  dnsTries: 2,
  /** How often those are looked for whose proof is due, how many at once, and for how long they are the finder's. */
  domainRoundMs: 60_000,
  domainsAtOnce: 16,
  domainClaimMs: 60_000,
  /** When a proof is looked for again that was missing, or where the DNS did not answer. */
  domainRetryMs: 60 * 60 * 1_000,
  /** Of an organization; what one's addresses, secret, certificates and scopes may be at the most. */
  connectors: 50,
  connectorAddressCharacters: 1_024, // SAML 2.0 core, 8.3.6
  connectorSecretCharacters: 512,
  certificates: 5,
  certificateCharacters: 8 * 1024,
  connectorScopes: 20,
  /** Of an application's settings, rules and claim policy: addresses and their length, accounts of a list, domains, methods, claims. */
  redirectUris: 20,
  redirectUriCharacters: 500,
  listedAccounts: 500,
  listedDomains: 20,
  loginMethods: 20,
  claims: 50,
  /** Accounts that a sector gets to know in one go, before a search of a service that is bound to it. */
  introducedAtOnce: 2_000,
  /** What one login tells of: claims that a service vouches for, as JSON. */
  sentClaimsBytes: 8 * 1024,
  /** An offer of ownership. */
  transferHours: 24,

  /** Tombstones that are over, cleared away by each erasure. */
  tombstonesCleared: 100,

  idempotencyHours: 24,
  /** Records that are too old, cleared away by each change that brings a key. */
  idempotencyCleared: 100,

  /** Lines of the decision log that wait for the disk, of one write, and how long they gather before it. */
  decisionQueueBytes: 8 * 1024 * 1024,
  decisionBatchBytes: 256 * 1024,
  decisionFlushMs: 100,
  /** How long a disk that takes no lines is left alone, and how long a stopping gateway waits for it. */
  decisionRetryMs: 1_000,
  decisionDrainMs: 5_000,
  /** Files of the decision log, whatever their sizes. Each gateway touches its open one so often; untouched for longer it is nobody's. */
  decisionFiles: 10_000,
  decisionTouchMs: 60_000,
  decisionOrphanMs: 600_000,
  /** Decisions that are listed at once. */
  decisionsListed: 1_000,

  /** Outbox rows that a relay takes in one claim; a row that the graph refuses is looked at and tried this often in one go. */
  relayBatch: 16,
  relayTries: 5,
  /** Claims in a row for one organization before the others get their turn. */
  relayClaims: 64,
  /** Organizations that one look of the relay picks up, and how many of them it works on at once. */
  relayOrganizations: 64,
  relayConcurrency: 8,
  relayLeaseMs: 5_000,
  backoffFirstMs: 100,
  backoffMostMs: 10_000,
  /** How long who waits for an organization's tuples waits between two tries. */
  catchUpEveryMs: 50,

  /** Rebuilds back for which a given-up Write is kept from beginning a graph, beside the very first. */
  epochsKept: 20,
  /** Fence tuples that one Write can clear beside what it writes; there should be one. */
  fencesCleared: 70,
  /** Tuples of one organization that are compared; more is an error, not an answer. */
  graphTuples: 200_000,
  graphReadsAtOnce: 8,
  /** Checks in one call; what OpenFGA takes by default. */
  checksAtOnce: 50,
  /** How a relation came about, for an explanation: calls of Expand, stops on a way, branches of one stop, ways that are told. */
  pathExpands: 100,
  pathSteps: 25,
  pathBranches: 100,
  paths: 10,
  /** An explanation, beside the question itself; values that Cerbos is asked about in place of what is so. */
  explainMs: 2_000,
  explainCandidates: 500,
  reconcileTries: 5,
  /** Entities of an organization that one comparison looks at, each by a Read; the next one goes on behind them. */
  reconcileEntities: 500,
  /** Entities, and tuples of theirs, that a rebuild or a comparison reads at once. */
  entitySlice: 2_000,
  entitySliceTuples: 20_000,
  /** How long a rebuild that is filed may go without another row of it in OpenFGA; longer than any back-off. */
  rebuildSettlesMs: 15_000,
  rebuildLooksEveryMs: 100,
  reconcileConcurrency: 4,
  reconcileQueue: 1_000,
  reportsKept: 100,
  tuplesLogged: 20,
  /** Of entities, each way, that one report names. */
  tuplesReported: 1_000,

  /** How long a policy unit that was replaced is kept for what was begun with it. */
  unitPatienceMs: 60_000,
  canaryMs: 5_000,
  /** Characters of what is wrong with policies that an answer tells. */
  policyProblem: 4_000,
} as const;
