import type { FactDomain, IntegerRange } from "../entities/fact-domains.ts";
import type { JudgeQuestion } from "../entities/judge.ts";
import { type PrincipalRole, ROLES } from "../entities/kinds.ts";
import { LIMITS } from "../entities/limits.ts";
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
  const all = [...otherRoles(asked), ...asked.domains.flatMap((domain) => otherValues(asked, domain))];
  const tried = all.slice(0, LIMITS.explainCandidates);
  const [action] = asked.question.actions;
  const answers = await Promise.all(tried.map(async ({ question }) => await deps.judge(question, deadline())));
  const turning = tried.filter((_, index) => answers[index]?.get(action)?.allowed === !asked.allowed);
  const nearest = turning.filter((turn) => !turning.some((other) => isNearer(other, turn)));
  const rank = ({ of, isChangeable }: Turn): number => ORDER.indexOf(of) + (isChangeable ? 0 : ORDER.length);
  const turns = nearest
    .sort((a, b) => rank(a) - rank(b))
    .map(({ of, name, from, to, isChangeable, along }) => ({ of, name, from, to, isChangeable, along }));
  return { turns, isComplete: tried.length === all.length };
}

/** The same number, on the same side, and closer to what is so. */
function isNearer(other: Candidate, turn: Candidate): boolean {
  if (other.name !== turn.name || other.distance === null || turn.distance === null) return false;
  return Math.sign(other.distance) === Math.sign(turn.distance) && Math.abs(other.distance) < Math.abs(turn.distance);
}

function otherRoles({ question, withRole }: Turnable): Candidate[] {
  const roles: readonly PrincipalRole[] = ["none", ...ROLES];
  return roles.flatMap((role) => {
    const attributes = role === question.role ? null : withRole(role);
    if (attributes === null) return [];
    const along = Object.keys(attributes)
      .filter((name) => attributes[name] !== question.attributes[name])
      .map((name) => ({ name: `resource.${name}`, from: question.attributes[name], to: attributes[name] }));
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

function otherValues({ question }: Turnable, { path, values, isFixed }: FactDomain): Candidate[] {
  const from = valueAt(question.attributes, path);
  const [first] = path;
  const of = first === "relations" ? "relation" : first === "sent" ? "sent" : "fact";
  const others = "each" in values ? values.each : numbersAround(question.attributes, from, values);
  return others
    .filter((to) => to !== from)
    .map((to) => ({
      of,
      name: `resource.${path.join(".")}`,
      from: from ?? null,
      to,
      isChangeable: !isFixed,
      along: [],
      distance: typeof to === "number" && typeof from === "number" ? to - from : null,
      question: { ...question, attributes: withValue(question.attributes, path, to) },
    }));
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

/** Policies compare a number with 0, with 1, or with another fact: those, and their neighbours. */
function numbersAround(facts: Facts, from: unknown, { least, most }: IntegerRange): number[] {
  const numbers = Object.values(facts).filter((value) => Number.isInteger(value)) as number[];
  const around = [0, 1, ...numbers.flatMap((number) => [number - 1, number, number + 1])];
  const fitting = [...new Set(around)].filter((number) => number >= least && number <= most);
  const start = typeof from === "number" ? from : 0;
  return fitting.sort((a, b) => Math.abs(a - start) - Math.abs(b - start));
}
