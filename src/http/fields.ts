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

const NAME_PATTERN =
  "^[^\\s\\u0000-\\u001f\\u007f-\\u009f]([^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*[^\\s\\u0000-\\u001f\\u007f-\\u009f])?$";

export const name = z
  .string()
  .refine((text) => ONE_TO_MOST.test(text), `expected 1 to ${LIMITS.nameCharacters} characters`)
  .refine((text) => !EDGE_SPACE.test(text), "expected no white space at the beginning or the end")
  .refine((text) => !UNPRINTABLE.test(text), "expected no control characters")
  // The contract cannot run the lines above: it says the same in its own words.
  .meta({ minLength: 1, maxLength: LIMITS.nameCharacters, pattern: NAME_PATTERN, examples: ["Shop"] });

function patterned(pattern: RegExp, example: string, description: string): z.ZodString {
  return z
    .string()
    .regex(pattern, `expected ${pattern.source}`)
    .meta({ description, examples: [example] });
}

export const slug = patterned(/^[a-z0-9-]{1,100}$/, "acme", "The slug of an organization"); // S2.15
export const alias = patterned(/^[a-z0-9-]{3,40}$/, "bob", "The alias of an account"); // S0.26: never an internal id
export const sectorId = patterned(/^sec-[0-9a-z]{20}$/, "sec-ctjjdpj1r2x898hen5w0", "The id of a sector");
export const anchor = patterned(/^app-[0-9a-z]{20}$/, "app-mptm5ctgtztv26tgmbvv", "The anchor of an application");
export const invitationId = patterned(/^inv-[0-9a-z]{20}$/, "inv-qaqavref52jjejx8v5k9", "The id of an invitation");
export const clientId = patterned(/^cli-[0-9a-z]{20}$/, "cli-2m0d9sbf6tqx4kz81hwe", "The id of a registration");

export const role = z.enum(ROLES).meta({ examples: ["admin"] });
export const applicationKind = z.enum(APPLICATION_KINDS);
export const resourceState = z.enum(["enabled", "retired"]);
export const scopes = z
  .array(z.enum(SCOPES))
  .max(SCOPES.length)
  .refine((list) => new Set(list).size === list.length, "expected each scope once")
  .meta({ uniqueItems: true, examples: [["authz:evaluate"]] });

/** Opaque identifiers of other systems: compared byte by byte, never normalized. */
export const foreignId = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) <= LIMITS.idBytes, `expected at most ${LIMITS.idBytes} bytes`)
  .refine((text) => text.isWellFormed() && !text.includes("\0"), "expected no NUL and no lone surrogate")
  .meta({ maxLength: LIMITS.idBytes, pattern: "^[^\\u0000]*$", examples: ["checkout"] });

export const pageQuery = z.strictObject({
  page_size: z
    .string()
    .regex(/^([1-9][0-9]?|100)$/, `expected a whole number from 1 to ${LIMITS.pageSize}`)
    .default(String(LIMITS.defaultPageSize))
    .meta({ description: `Items on a page: a whole number from 1 to ${LIMITS.pageSize}`, examples: ["50"] }),
  page_token: z
    .string()
    .max(LIMITS.pageTokenCharacters)
    .default("")
    .meta({ description: "The next_page_token of the page before", examples: [""] }),
});

/** What answers have beside what requests have. */

export const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  .meta({ format: "date-time", examples: ["2026-11-21T00:55:05.977Z"] });
export const etag = z
  .string()
  .regex(/^"[1-9][0-9]*"$/)
  .meta({ description: "The entity's revision, for If-Match", examples: ['"1"'] });
export const dated = { createdAt: time, updatedAt: time };
