import { z } from "zod";
import { APPLICATION_KINDS, ROLES } from "../entities/kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import { SCOPES } from "../entities/records.ts";

/** The members that requests are made of. Messages say what is expected and never repeat what was sent. */

/** For a route whose query, path or body has no members. */
export const NOTHING = z.strictObject({});

const ONE_TO_MOST = new RegExp(`^.{1,${LIMITS.nameCharacters}}$`, "su"); // Code points, as Postgres counts them.
const EDGE_SPACE = /^\s|\s$/u;
// Control characters, line and paragraph separators, lone surrogates: nothing that a person would type as a name.
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

export const name = z
  .string()
  .refine((text) => ONE_TO_MOST.test(text), `expected 1 to ${LIMITS.nameCharacters} characters`)
  .refine((text) => !EDGE_SPACE.test(text), "expected no white space at the beginning or the end")
  .refine((text) => !UNPRINTABLE.test(text), "expected no control characters");

function patterned(pattern: RegExp): z.ZodString {
  return z.string().regex(pattern, `expected ${pattern.source}`);
}

export const slug = patterned(/^[a-z0-9-]{1,100}$/); // S2.15
export const alias = patterned(/^[a-z0-9-]{3,40}$/); // S0.26: never an internal id
export const sectorId = patterned(/^sec-[0-9a-z]{20}$/);
export const anchor = patterned(/^app-[0-9a-z]{20}$/);
export const invitationId = patterned(/^inv-[0-9a-z]{20}$/);
export const clientId = patterned(/^cli-[0-9a-z]{20}$/);

export const role = z.enum(ROLES);
export const applicationKind = z.enum(APPLICATION_KINDS);
export const scopes = z
  .array(z.enum(SCOPES))
  .max(SCOPES.length)
  .refine((list) => new Set(list).size === list.length, "expected each scope once");

/** Opaque identifiers of other systems: compared byte by byte, never normalized. */
export const foreignId = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) <= LIMITS.idBytes, `expected at most ${LIMITS.idBytes} bytes`)
  .refine((text) => text.isWellFormed() && !text.includes("\0"), "expected no NUL and no lone surrogate");

export const pageQuery = z.strictObject({
  page_size: z
    .string()
    .regex(/^([1-9][0-9]?|100)$/, `expected a whole number from 1 to ${LIMITS.pageSize}`)
    .default(String(LIMITS.defaultPageSize)),
  page_token: z.string().max(LIMITS.pageTokenCharacters).default(""),
});
