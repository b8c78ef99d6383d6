import { z } from "zod";
import type { Reach } from "../entities/host-kinds.ts";
import { type Role, ROLES } from "../entities/kinds.ts";

/** Who, or what, a question about a host's kind is about: a member, or an entity. */
export const Candidate = z.object({
  key: z.string(), // where a page goes on; for nobody's eyes
  id: z.string(), // a member's is the alias
  name: z.string(), // the graph's: a pseudonym, a surrogate
  role: z.enum(ROLES).nullable(),
  isStored: z.boolean(),
  attributes: z.record(z.string(), z.unknown()),
  isPassed: z.boolean().optional(), // it is not in the reach, and only tells where the page goes on
  goesOn: z.boolean().optional(), // others may come behind it, though the page has fewer than were asked for
  unled: z.array(z.string()).optional(), // relations of the reach that no tuple leads to there: it is in none of them
});
export type Candidate = z.infer<typeof Candidate>;

/** Those with these ids, or the next ones of all by `key`. */
export type Selector =
  | { readonly type: string; readonly ids: readonly string[] }
  | ({ readonly type: string; readonly after: string; readonly limit: number } & Whole);

/** What a page is taken from. */
export interface Whole {
  /** Also what is only named? */
  readonly unstored: boolean;
  /** Only what tuples lead the subject to, or whom they lead from the resource to, as far as no more than `most` objects tell what that is. */
  readonly reach?: Reach & { readonly most: number } & ({ readonly subject: Named } | { readonly resource: Named });
  /** Of members, only those with one of these roles. */
  readonly roles?: readonly Role[];
  /** Of members, whom this sector knows, by what it calls them: that is their key. */
  readonly sector?: string;
}

interface Named {
  readonly type: string;
  readonly id: string;
}
