import { type ApplicationDocuments, DEFAULT_DOCUMENTS, type DocumentName } from "../entities/application-documents.ts";
import type { Caller } from "../entities/callers.ts";
import { AppError, type Remedy } from "../entities/errors.ts";
import { ANYWHERE_SLUG } from "../entities/ids.ts";
import type { Verdict } from "../entities/judge.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Grant, LoginRequest } from "../entities/logins.ts";
import { LOGIN_ACTIONS } from "../entities/policy-kinds.ts";
import type { Facts } from "../stores/facts.ts";
import { type LoginBasis, type LoginPlace, type LoginRules, noteLogin, readLoginRules } from "../stores/logins.ts";
import { inOrganization } from "../stores/scope.ts";
import { type GraphWord, type Witnessed, witnessed } from "./access.ts";
import { type Deadline, deadlineIn } from "./deadline.ts";
import type { Deps } from "./deps.ts";
import { isWithheld, leaving, WITHHELD } from "./login-claims.ts";
import { requireApplication } from "./login-caller.ts";
import { loginAttributes } from "./login-facts.ts";
import { aliasFor, becomesKnown } from "./login-subject.ts";
import { type SealedKey, signLogin } from "./login-token.ts";
import { type ClassifiedReason, classified } from "./reasons.ts";
import { callerIn, factsRead, type Note, type Recorded, recorded } from "./recorded.ts";
import { remediesFor } from "./remedies.ts";
import { NOBODY, SECTOR_SUBJECT } from "./sector-names.ts";
import { makeSectorSecret, sectorSubject } from "./sector-subjects.ts";
import { addMissingKey } from "./signing-keys.ts";

interface LoginContext {
  readonly reasons: readonly ClassifiedReason[];
  readonly remedies?: readonly Remedy[];
  /** Absent: what the claim policy lists leaves. */
  readonly withheld?: typeof WITHHELD;
  readonly graph: GraphWord;
  readonly version?: number;
  readonly matrix?: string;
  readonly unit: string;
}

/** A decision about a login, and with a favourable one what it begins. */
export interface LoginDecision {
  readonly decision: boolean;
  readonly context: LoginContext;
  readonly login?: Grant;
}

/** A service asks on its way: for whom, by which issuer's name the tokens go out. */
export interface Asking {
  readonly deps: Deps;
  readonly caller: Caller;
  readonly request: LoginRequest;
  /** `iss` of the application's tokens. */
  readonly issuer: string;
}

/**
 * May this person log in to this application, and with what? A denial is a value and carries all of its reasons. A grant was decided on what still was so when
 * everything else was done: no login begins after a change was answered that forbids it (S0.31). Throws what is wrong with the caller (NOT_A_CLIENT, SCOPE_MISSING,
 * ALIAS_REFUSED), NOT_FOUND, CANNOT_DECIDE or CONTENTION.
 */
export async function logIn(asking: Asking): Promise<Recorded<LoginDecision>> {
  return await recorded(asking.deps, async (note) => {
    const deadline = deadlineIn(asking.deps.timeouts.changeMs);
    for (let round = 0; round <= LIMITS.lostLogins; round += 1) {
      const decision = await attempt(asking, note, deadline);
      if (decision !== undefined) return decision;
    }
    throw new AppError("CONTENTION", "The organization changes faster than a login can begin. Try again.");
  });
}

/** Undefined: something that it rests on has moved, or had to be made first. */
async function attempt(asking: Asking, note: Note, deadline: Deadline): Promise<LoginDecision | undefined> {
  const { deps, caller, request } = asking;
  const alias = await aliasFor(asking);
  const target = { kind: "application", id: request.anchor, slug: ANYWHERE_SLUG } as const;
  const known = await witnessed(deps, caller, { target, alias: alias ?? NOBODY }, deadline);
  requireMayLogIn(asking, known.facts);
  note({ ...seen(known.facts), graph: known.graph });
  const place = placeOf(known.facts);
  if (place === null) {
    if (await becomesKnown(asking)) return undefined;
    return denied(deps, known, [{ code: "UNKNOWN_SUBJECT" }]);
  }
  await deps.admit(place.organization, "questions");
  const { authentication, connector } = request;
  const rules = await inOrganization(deps.database, place.organization, async (tx) => {
    return await readLoginRules(tx, { ...place, domain: request.domain, connector }, known.facts.now);
  });
  const { key, secret } = rules;
  if (key === null) await addMissingKey(deps, place);
  if (secret === null) await makeSectorSecret(deps, place);
  if (key === null || secret === null) return undefined;
  const documents = documentsIn(rules);
  const attributes = loginAttributes(known.facts, { ...rules, documents, authentication, connector });
  note({ facts: factsRead(known.role, attributes) });
  const question = {
    kind: "login",
    role: known.role,
    matrix: place.matrix,
    actions: LOGIN_ACTIONS,
    attributes: { ...attributes },
  };
  const verdicts = await deps.judge(question, Math.min(deps.timeouts.decisionMs, deadline()));
  const refused = LOGIN_ACTIONS.flatMap((action) => reasonsIn(verdicts.get(action)));
  if (refused.length > 0) return denied(deps, known, refused);
  const withheld = isWithheld(rules.withdrawnAt, request.consentedAt);
  const permitted = { place, rules: { ...rules, key, secret }, documents, isWithheld: withheld };
  const login = await begun(asking, known.facts.now, permitted);
  const context = { reasons: [], ...(withheld && { withheld: WITHHELD }), ...common(deps, known) };
  return login && { decision: true, context, login };
}

interface Permitted {
  readonly place: Place;
  readonly rules: LoginRules & { readonly key: SealedKey; readonly secret: string };
  readonly documents: ApplicationDocuments;
  readonly isWithheld: boolean;
}

/** Undefined where what allowed it no longer holds when all is done: nothing has left then. */
async function begun(
  { deps, request, issuer }: Asking,
  now: Date,
  { place, rules, documents, ...said }: Permitted,
): Promise<Grant | undefined> {
  const { organization, anchor, alias } = place;
  const { authentication } = request;
  const subject = sectorSubject(deps, place, rules.secret, place.account);
  const claims = leaving(request.claims, { ...said, policy: documents.claims, alias, name: rules.profileName });
  const expiresAt = endOf(documents.session, authentication.at, now);
  const about = { organization, anchor, issuer, subject, authentication, now, expiresAt };
  const token = await signLogin(deps, rules.key, { ...about, claims: claims.token });
  const isHeld = await inOrganization(deps.database, organization, async (tx) => {
    const { withdrawnAt } = rules;
    const basis = { ...place.basis, documents: rules.documentRevisions, signs: true } as const;
    const { kid } = rules.key;
    return await noteLogin(tx, { ...place, ...said, basis, kid, subject, claims: claims.names, withdrawnAt, now });
  });
  if (!isHeld) return undefined;
  return {
    subject: { type: SECTOR_SUBJECT, id: subject },
    ...{ token, expiresAt: expiresAt.toISOString(), claims: claims.service },
  };
}

type AboutApplication = Facts<"application">;

function requireMayLogIn({ caller, request }: Asking, facts: AboutApplication): void {
  const { applications } = requireApplication(caller, facts, request.anchor).client;
  if (applications.length > 0 && request.subject.type === "account") {
    const message = "This client is bound to applications, and knows people by the subjects of their sector.";
    throw new AppError("ALIAS_REFUSED", `${message} Name this one by sector_subject, or by identity.`);
  }
}

interface Place extends LoginPlace {
  readonly organization: string;
  readonly organizationVersion: number;
  readonly matrix: string;
  readonly accountVersion: number;
  readonly alias: string;
  readonly basis: Pick<LoginBasis, "application" | "sector">;
}

/** Where and about whom; null: nobody is known by this name. */
function placeOf({ organization, subject, resource }: AboutApplication): Place | null {
  if (organization === null || subject === null || resource === null) return null;
  return {
    ...{ organization: organization.id, organizationVersion: organization.version, matrix: organization.matrix },
    ...{ anchor: resource.anchor, sector: resource.sector },
    basis: { application: resource.revision, sector: resource.sectorState },
    ...{ account: subject.id, accountVersion: subject.version, alias: subject.alias },
  };
}

function seen(facts: AboutApplication): Parameters<Note>[0] {
  const { organization, subject, resource } = facts;
  return {
    caller: callerIn(facts),
    organization: organization?.id ?? null,
    version: organization?.version ?? null,
    matrix: organization?.matrix ?? null,
    question: {
      subject: { type: "account", id: subject?.pseudonym ?? null },
      action: "log_in",
      resource: { type: "application", id: resource?.anchor ?? null },
    },
  };
}

/** What was never set is the default. */
function documentsIn({ documents }: LoginRules): ApplicationDocuments {
  const whole = <Name extends DocumentName>(name: Name): ApplicationDocuments[Name] => ({
    ...DEFAULT_DOCUMENTS[name],
    ...documents?.[name],
  });
  return {
    settings: whole("settings"),
    admission: whole("admission"),
    authentication: whole("authentication"),
    session: whole("session"),
    claims: whole("claims"),
  };
}

function endOf(session: ApplicationDocuments["session"], authenticatedAt: Date, now: Date): Date {
  const { tokenLifetimeSeconds, reauthenticateAfterSeconds } = session;
  const ends = [now.getTime() + tokenLifetimeSeconds * 1000];
  if (reauthenticateAfterSeconds !== null) ends.push(authenticatedAt.getTime() + reauthenticateAfterSeconds * 1000);
  return new Date(Math.min(...ends));
}

/** An action that the policies say nothing of is not allowed. */
function reasonsIn(verdict: Verdict | undefined): Verdict["reasons"] {
  if (verdict?.allowed === true) return [];
  return verdict?.reasons ?? [{ code: "NO_REASON_GIVEN" }];
}

type Known = Witnessed<"application">;

/** The states of things are the same for every layer. */
function denied(deps: Deps, known: Known, reasons: Verdict["reasons"]): LoginDecision {
  const each = [...new Map(reasons.map((reason) => [JSON.stringify(reason), reason])).values()];
  const remedies = remediesFor(each, known.facts);
  return { decision: false, context: { reasons: each.map(classified), remedies, ...common(deps, known) } };
}

function common(deps: Deps, { facts, graph }: Known): Omit<LoginContext, "reasons"> {
  const { organization } = facts;
  const at = organization === null ? {} : { version: organization.version, matrix: organization.matrix };
  return { graph, ...at, unit: deps.unit };
}
