import { AuthorError } from "./author-error.ts";
import type { Part } from "./cells.ts";
import { type Fact, ordinary } from "./facts.ts";
import { ROLE } from "./reads.ts";
import type { KindPolicies } from "./revision.ts";
import { type Dimension, type Point, type Space, SUBJECT_ROLES } from "./space.ts";
import { listed, short } from "./words.ts";

/** A fact of the one cell that is asked about. */
export interface GivenFact extends Dimension {
  readonly words: string | null;
  readonly point: Point;
  /** Nobody has given it: it has an ordinary value. */
  readonly isAssumed: boolean;
}

export interface Situation {
  readonly kind: KindPolicies;
  readonly parts: readonly Part[];
  readonly space: Space;
  readonly role: string | undefined;
  /** `name=value`. */
  readonly facts: readonly string[];
}

/** Of whom nothing is said: it has no role. */
const ORDINARY_ROLE = "none";

/** How a fact is said to be missing. */
const MISSING = "missing";

/**
 * The role, every fact that decides, and those that were given beside them. Throws AuthorError with all that there is where a name or a
 * value is none.
 */
export function givenFacts(situation: Situation): GivenFact[] {
  const { kind, parts, space, role } = situation;
  const given = new Map(situation.facts.map((text) => readGiven(text, situation)));
  const read = new Set(parts.flatMap(({ reads }) => [...reads]));
  if (role !== undefined) {
    if (!SUBJECT_ROLES.some((each) => each === role))
      throw new AuthorError(`a role is ${listed(SUBJECT_ROLES, "or")}, not ${role}`);
    given.set(ROLE, { is: "value", value: role });
  }
  const isRole = (fact: string): boolean => fact === ROLE;
  const all = new Set([...[...read].filter(isRole), ...[...read].sort(), ...given.keys()]);
  return [...all].map((fact) => {
    const point = given.get(fact);
    const { points } = space.get(fact) ?? { points: [] };
    const declared = kind.schema.facts.get(fact);
    return {
      ...{ fact, points, words: declared?.words ?? null, isAssumed: point === undefined },
      point: point ?? assumedOf(fact, declared, points),
    };
  });
}

/** What the first plan allows, and else what a schema has as its example, or comes first. */
function assumedOf(fact: string, declared: Fact | undefined, points: readonly Point[]): Point {
  const [first] = points;
  if (fact === ROLE) return { is: "value", value: ORDINARY_ROLE };
  if (first?.is === "limit") return first;
  if (declared?.isRequired !== true) return { is: "missing", fits: true };
  return { is: "value", value: ordinary(declared) };
}

function readGiven(text: string, { kind, parts }: Situation): [fact: string, point: Point] {
  const [name, value] = [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)];
  if (!text.includes("=")) throw new AuthorError(`--fact takes name=value, not ${text}`);
  const known = new Set([...kind.schema.facts.keys(), ...parts.flatMap(({ reads }) => [...reads])]);
  known.delete(ROLE);
  const fact = [...known].find((each) => each === name || short(each) === name);
  if (fact === undefined)
    throw new AuthorError(`${kind.kind} has no fact ${name}; it has ${listed([...known].map(short))}`);
  const declared = kind.schema.facts.get(fact);
  if (value === MISSING) return [fact, { is: "missing", fits: declared?.isRequired !== true }];
  return [fact, { is: "value", value: declared === undefined ? parsed(value) : valueOf(value, declared) }];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Throws AuthorError where the schema does not take it: no cell of that kind is ever asked about. */
function valueOf(text: string, { path, listed: values, types, least, most }: Fact): unknown {
  const wrong = (what: string): AuthorError => new AuthorError(`${short(path)} is ${what}, or ${MISSING}; not ${text}`);
  if (values !== null) {
    const value = values.find((each) => String(each) === text);
    if (value === undefined) throw wrong(values.map(String).join(", "));
    return value;
  }
  const isText = types.includes("string") && !(text === "null" && types.includes("null"));
  const value = isText ? text : parsed(text);
  if (types.length > 0 && !types.some((type) => isOf(type, value))) throw wrong(`of type ${types.join(" or ")}`);
  if (typeof value === "number" && least !== null && value < least) throw wrong(`${least} or more`);
  if (typeof value === "number" && most !== null && value > most) throw wrong(`${most} or less`);
  return value;
}

function isOf(type: string, value: unknown): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}
