import { randomBytes } from "node:crypto";

/** Gives `count` random bytes; passed in, so that a test can repeat itself. */
export type RandomBytes = (count: number) => Uint8Array;

export const systemRandom: RandomBytes = (count) => randomBytes(count);

/** Lower case without the letters that people confuse (i, l, o, u): Crockford's base 32. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const ID_LENGTH = 20; // 100 bits: two never meet

/** A new id: 20 characters of `[0-9a-z]`, behind a prefix that tells people what it names. */
export function newId(random: RandomBytes, prefix: IdPrefix): string {
  return `${prefix}${randomText(random, ID_LENGTH)}`;
}

export function randomText(random: RandomBytes, length: number): string {
  return Array.from(random(length), (byte) => ALPHABET.charAt(byte & 31)).join("");
}

export type IdPrefix =
  | "acc-" // account: never leaves
  | "p-" // account's pseudonym: in tuples
  | "a-" // account's audit pseudonym
  | "org-" // organization: in tuples
  | "sec-"
  | "app-"
  | "inv-"
  | "cli-"
  | "rel-"; // a relay: holds leases
