import { z } from "zod";
import { DOMAIN_PATTERN } from "../entities/adopted-domains.ts";
import { LIMITS } from "../entities/limits.ts";

/** What an application's rules and logins to it are made of. */

/** A list in which nothing stands twice. */
export function distinct(item: z.ZodString, most: number): z.ZodArray<z.ZodString> {
  return z
    .array(item)
    .max(most)
    .refine((list) => new Set(list).size === list.length, "expected each once")
    .meta({ uniqueItems: true });
}

export const method = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,49}$/, "expected 1 to 50 of a-z, 0-9, _ and -, a letter first")
  .meta({ description: "As the service that asks names it; RFC 8176 has names for many", examples: ["pwd"] });

export const claimName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.:/-]{0,99}$/, "expected 1 to 100 of a-z, A-Z, 0-9 and _ . : / -, a letter first")
  .meta({ description: "The name of a claim", examples: ["email"] });

const DOMAIN_FORM = `two labels or more in lower case, IDN as A-labels, up to ${LIMITS.domainCharacters} characters`;
/** In its canonical form. */
export const domainName = z
  .string()
  .max(LIMITS.domainCharacters)
  .regex(DOMAIN_PATTERN, `expected ${DOMAIN_FORM}`)
  .meta({ description: `The name of a domain: ${DOMAIN_FORM}`, examples: ["acme.example.com"] });
