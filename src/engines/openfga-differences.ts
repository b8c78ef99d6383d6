/** When two relationship models are the same, and in what they are not. */
import type { Model } from "./openfga-model.ts";

/** Members of a model that mean something although they are empty. */
const MEANINGFUL = ["this", "wildcard"];

/** The same text for the same model: OpenFGA sorts keys, and gives back `""`, `null`, `[]` and `{}` where nothing was sent. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (key, member: unknown) => {
    if (isEmpty(member) && !MEANINGFUL.includes(key)) return undefined;
    if (key === "type_definitions" && Array.isArray(member)) return sortedByType(member);
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function isEmpty(member: unknown): boolean {
  return member === "" || member === null || (typeof member === "object" && Object.keys(member).length === 0);
}

/** Where something was written; whoever writes the same model by other means says it otherwise. */
function isPlace(name: string, member: unknown): boolean {
  if (name === "module") return typeof member === "string";
  return name === "source_info" && typeof member === "object" && member !== null && "file" in member;
}

/** A part of a model without its places, and without what is empty then. */
function meaning(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(meaning);
  if (typeof part !== "object" || part === null) return part;
  const members = Object.entries(part).filter(([name, member]) => !isPlace(name, member));
  const meant = members.map(([name, member]) => [name, meaning(member)] as const);
  const isSaid = (member: unknown): boolean => member !== undefined && !isEmpty(member);
  return Object.fromEntries(meant.filter(([name, member]) => isSaid(member) || MEANINGFUL.includes(name)));
}

/** In what a model decides otherwise than the one that is wanted, in words; nothing where both decide alike. */
export function modelDifferences(wanted: Model, found: Model): string[] {
  const partsOf = ({ type_definitions: types, conditions = {} }: Model): Map<string, string> => {
    const all = [
      ...types.map((definition) => [`type ${definition.type}`, definition] as const),
      ...Object.entries(conditions).map(([name, condition]) => [`condition ${name}`, condition] as const),
    ];
    return new Map(all.map(([name, part]) => [name, canonical(meaning(part))]));
  };
  const [ofWanted, ofFound] = [partsOf(wanted), partsOf(found)];
  return [...new Set([...ofWanted.keys(), ...ofFound.keys()])].flatMap((name) => {
    if (ofWanted.get(name) === ofFound.get(name)) return [];
    if (!ofFound.has(name)) return [`${name} is missing`];
    return [`${name} is ${ofWanted.has(name) ? "another one" : "not theirs"}`];
  });
}

function sortedByType(definitions: readonly unknown[]): unknown[] {
  return [...definitions].sort((a, b) => (canonical(a) < canonical(b) ? -1 : 1));
}
