import type { WayBetween } from "./space.ts";
import { code, listed } from "./words.ts";

/** What is told of one chain of tuples, from a thing to somebody. */
export interface Chain {
  /** "any `editor` of the project", "whoever has the role `member` in the organization" */
  readonly begins: string;
  /** From the thing to what the chain begins with. */
  readonly hops: readonly Hop[];
}

export interface Hop {
  /** "`parent` folder"; the type alone where the relation is called so. */
  readonly words: string;
  /** Does it lead to a thing of the same type? */
  readonly isRecursive: boolean;
}

export type ToldWay = Pick<WayBetween, "words" | "begins" | "anyDepth" | "tried">;

/** What begins a chain: a relation of one thing, and who can have it. */
export interface Beginning {
  readonly type: string;
  readonly relation: string;
  readonly target: { readonly type: string; readonly wildcard?: object };
}

/** The graph knows no rank: an owner is no member there. A host's own people are told from accounts, and everybody from somebody. */
export function beginsWith({ type, relation, target }: Beginning): string {
  const isRole = type === "organization";
  const which = `${code(relation)} ${isRole ? "in" : "of"} the ${type}`;
  if (target.wildcard !== undefined) return `every ${target.type}, as ${which}`;
  if (isRole) return `whoever has the role ${which}`;
  return target.type === "account" ? `any ${which}` : `any ${target.type} that is ${which}`;
}

export function hopTo({ type, relation, target }: Beginning): Hop {
  const words = relation === target.type ? target.type : `${code(relation)} ${target.type}`;
  return { words, isRecursive: target.type === type };
}

/** Each with the words of those that differ from it in nothing but how often they go from a thing to one of its own type. */
export function toldWays<Each extends Chain>(type: string, chains: readonly Each[]): (Each & ToldWay)[] {
  const familyOf = ({ begins, hops }: Chain): string =>
    JSON.stringify([begins, hops.filter(({ isRecursive }) => !isRecursive)]);
  const families = Map.groupBy(chains, familyOf);
  return chains.map((chain) => {
    const family = families.get(familyOf(chain)) ?? [];
    const tried = [...new Set(family.map((each) => inWords(type, each)))];
    return { ...chain, words: inWords(type, chain), anyDepth: anyDepthOf(type, family), tried };
  });
}

/** Two at a time are of no family. */
export function toldPair(one: ToldWay, other: ToldWay): ToldWay {
  const words = `${one.words}, and ${other.words}`;
  return { words, begins: `${one.begins}, and ${other.begins}`, anyDepth: words, tried: [words] };
}

/** With relations that the same subject has by other ways, whichever these are. */
export function toldBeside(one: ToldWay, relations: readonly string[], kind: string): ToldWay {
  const besides = (words: string): string => `${words} who is ${listed(relations.map(code))} of the ${kind} besides`;
  const { words, begins, anyDepth, tried } = one;
  return { words: besides(words), begins, anyDepth: besides(anyDepth), tried: tried.map(besides) };
}

function inWords(type: string, { begins, hops }: Chain): string {
  return hops.length === 0 ? begins : `${begins} (${[type, ...hops.map(({ words }) => words)].join(" → ")})`;
}

function anyDepthOf(type: string, family: readonly Chain[]): string {
  const [first] = family;
  const straight = first?.hops.filter(({ isRecursive }) => !isRecursive) ?? [];
  const path = [type, ...straight.map(({ words }) => words)].flatMap((words, place) => {
    const loops = family.map(({ hops }) => loopsAfter(hops, place));
    const between = [...new Set(loops.flat())].map((loop) => {
      const counts = [...new Set(loops.map((each) => each.filter((one) => one === loop).length))].sort((a, b) => a - b);
      return `${loop} at any depth (tried: ${listed(counts.map(String))})`;
    });
    return [words, ...between];
  });
  return `${first?.begins ?? ""} (${path.join(" → ")})`;
}

/** What a chain repeats when it has gone so many steps from one type to another. */
function loopsAfter(hops: readonly Hop[], place: number): string[] {
  let straight = 0;
  return hops.flatMap(({ words, isRecursive }) => {
    if (!isRecursive) straight += 1;
    return isRecursive && straight === place ? [words] : [];
  });
}
