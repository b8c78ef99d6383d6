import type { FactDomain, IntegerRange } from "../entities/fact-domains.ts";
import type { JudgeQuestion } from "../entities/judge.ts";
import { type PrincipalRole, ROLES } from "../entities/kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import type { RuleReads } from "../entities/rules.ts";
import type { Deadline } from "./deadline.ts";
import type { Deps } from "./deps.ts";

type Facts = Readonly<Record<string, unknown>>;

/** One thing that could be otherwise. */
export interface Turn {
  /** The subject's role; a relation; what was sent with the question; or any other fact. */
  readonly of: "role" | "relation" | "fact" | "sent";
  /** As in the context's facts: `subject.role`, `resource.state`, `resource.relations.viewer`. */
  readonly name: string;
  readonly from: unknown;
  readonly to: unknown;
  /** False: it follows from who the two are, and nobody can change it. */
  readonly isChangeable: boolean;
  /** What is otherwise with it: who becomes an Owner makes one Owner more. */
  readonly along: readonly { readonly name: string; readonly from: unknown; readonly to: unknown }[];
}

interface Candidate extends Turn {
  readonly question: JudgeQuestion;
  /** How far from what is so, for whole numbers: only the nearest on either side is told. */
  readonly distance: number | null;
}

/** A question to the policies, and how its facts hang together. */
export interface Turnable {
  readonly question: JudgeQuestion & { readonly actions: readonly [string] };
  readonly allowed: boolean;
  /** What the kind's facts can be. */
  readonly domains: readonly FactDomain[];
  /** What is stored of the subject, as far as who asked may know it. */
  readonly subject: Facts;
  /** What that can be; null: nothing can be stored. */
  readonly subjectDomains: readonly FactDomain[] | null;
  /** What the rules that decided read. */
  readonly reads: readonly RuleReads[];
  /** Facts that who asked may not know, by the names that they are told by. */
  readonly isHidden: (name: string) => boolean;
  /** The facts if the subject had this role instead; null: that cannot be. */
  readonly withRole: (role: PrincipalRole) => Facts | null;
}

export interface Turns {
  readonly turns: readonly Turn[];
  /** False: there was more that could be otherwise than was tried. */
  readonly isComplete: boolean;
}

const ORDER = ["role", "fact", "relation", "sent"] as const;

/**
 * Every single change that turns the answer, the role's first: found by asking the policies again, about every other role, every other
 * value of what is enumerated or true or false, and the whole numbers that can matter. Throws CANNOT_DECIDE.
 */
export async function findTurns(deps: Pick<Deps, "judge">, asked: Turnable, deadline: Deadline): Promise<Turns> {
  const places = placesIn(asked);
  const known = places.filter(({ name }) => !asked.isHidden(name));
  const compared = [...asked.reads.flatMap(({ numbers }) => numbers), ...numbersIn(asked)];
  const all = [...otherRoles(asked), ...known.flatMap((place) => otherValues(asked, place, compared))];
  const tried = all.slice(0, LIMITS.explainCandidates);
  const [action] = asked.question.actions;
  const answers = await Promise.all(tried.map(async ({ question }) => await deps.judge(question, deadline())));
  const turning = tried.filter((_, index) => answers[index]?.get(action)?.allowed === !asked.allowed);
  const nearest = turning.filter((turn) => !turning.some((other) => isNearer(other, turn)));
  const rank = ({ of, isChangeable }: Turn): number => ORDER.indexOf(of) + (isChangeable ? 0 : ORDER.length);
  const turns = nearest
    .sort((a, b) => rank(a) - rank(b))
    .map(({ of, name, from, to, isChangeable, along }) => ({ of, name, from, to, isChangeable, along }));
  const isWhole = tried.length === all.length && known.length === places.length;
  return { turns, isComplete: isWhole && asked.reads.every((reads) => isCovered(asked, reads)) };
}

/** Is everything that a rule reads tried with all the values that can matter? */
function isCovered({ domains, subjectDomains }: Turnable, { facts }: RuleReads): boolean {
  const paths = (root: string, of: readonly FactDomain[]): string[] => of.map(({ path }) => [root, ...path].join("."));
  const covered = new Set(["role", ...paths("R.attr", domains), ...paths("P.attr", subjectDomains ?? [])]);
  return facts?.every((fact) => covered.has(fact) || (subjectDomains === null && fact.startsWith("P."))) ?? false;
}

/** The same number, on the same side, and closer to what is so. */
function isNearer(other: Candidate, turn: Candidate): boolean {
  if (other.name !== turn.name || other.distance === null || turn.distance === null) return false;
  return Math.sign(other.distance) === Math.sign(turn.distance) && Math.abs(other.distance) < Math.abs(turn.distance);
}

function otherRoles({ question, withRole, isHidden }: Turnable): Candidate[] {
  const roles: readonly PrincipalRole[] = ["none", ...ROLES];
  return roles.flatMap((role) => {
    const attributes = role === question.role ? null : withRole(role);
    if (attributes === null) return [];
    const along = Object.keys(attributes)
      .filter((name) => attributes[name] !== question.attributes[name])
      .map((name) => ({ name: `resource.${name}`, from: question.attributes[name], to: attributes[name] }))
      .filter(({ name }) => !isHidden(name));
    const turn = {
      of: "role",
      name: "subject.role",
      from: question.role,
      to: role,
      isChangeable: true,
      along,
    } as const;
    return [{ ...turn, distance: null, question: { ...question, role, attributes } }];
  });
}

const STANDS_IN = { subject: "subject", resource: "attributes" } as const;

/** A fact that could be otherwise. */
interface Place extends FactDomain {
  readonly whose: keyof typeof STANDS_IN;
  /** As it is told. */
  readonly name: string;
  readonly from: unknown;
}

function placesIn({ question, domains, subjectDomains }: Turnable): Place[] {
  const of = (whose: Place["whose"], each: readonly FactDomain[]): Place[] =>
    each.map((domain) => {
      const from = valueAt(question[STANDS_IN[whose]] ?? {}, domain.path);
      return { ...domain, whose, name: [whose, ...domain.path].join("."), from };
    });
  return [...of("subject", subjectDomains ?? []), ...of("resource", domains)];
}

function otherValues({ question }: Turnable, place: Place, compared: readonly number[]): Candidate[] {
  const { whose, name, path, values, from, isFixed } = place;
  const [first] = path;
  const of = first === "relations" ? "relation" : first === "sent" ? "sent" : "fact";
  const others = "each" in values ? values.each : numbersAround(compared, from, values);
  return others
    .filter((to) => to !== from)
    .map((to) => ({
      ...{ of, name, to },
      from: from ?? null,
      isChangeable: !isFixed,
      along: [],
      distance: isNumber(to) && isNumber(from) ? to - from : null,
      question: { ...question, [STANDS_IN[whose]]: withValue(question[STANDS_IN[whose]] ?? {}, path, to) },
    }));
}

/** Of the facts, at any depth; what who asked may not know is no boundary of what it is told. */
function numbersIn({ question, subject, isHidden }: Turnable): number[] {
  const known = Object.entries(question.attributes).filter(([name]) => !isHidden(`resource.${name}`));
  const within = (value: unknown): number[] => {
    if (isNumber(value)) return [value];
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(within) : [];
  };
  return within([known, subject]);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function valueAt(facts: Facts, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (isFacts(at) ? at[name] : undefined), facts);
}

function withValue(facts: Facts, [name, ...deeper]: readonly string[], value: unknown): Facts {
  if (name === undefined) return facts;
  const inner = facts[name];
  const [next] = deeper;
  return { ...facts, [name]: next === undefined ? value : withValue(isFacts(inner) ? inner : {}, deeper, value) };
}

function isFacts(value: unknown): value is Facts {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Policies compare a number with 0, with 1, with what they name, or with another fact: those, and their neighbours. */
function numbersAround(compared: readonly number[], from: unknown, { least, most }: IntegerRange): number[] {
  const around = [0, 1, ...compared.flatMap((number) => [Math.ceil(number) - 1, number, Math.floor(number) + 1])];
  const fitting = [...new Set(around)].filter(
    (number) => Number.isInteger(number) && number >= least && number <= most,
  );
  const start = isNumber(from) ? from : 0;
  return fitting.sort((a, b) => Math.abs(a - start) - Math.abs(b - start));
}
