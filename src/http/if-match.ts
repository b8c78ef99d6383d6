import type { IfMatch } from "../domain/deps.ts";
import { invalid } from "./invalid.ts";

/** RFC 9110, 8.8.3: an entity-tag, and the list of them that `If-Match` is. Empty members of a list are allowed (5.6.1). */
const TAG = String.raw`(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"`;
const LIST = new RegExp(String.raw`^[\t ,]*${TAG}(?:[\t ]*,[\t ]*(?:${TAG})?)*[\t ]*$`);
const STRONG_REVISION = /(?<!W\/)"([1-9][0-9]{0,14})"/g;

/**
 * The revisions that the header accepts. Weak tags never match (13.1.1), nor does a tag that is none of ours: such a header accepts
 * nothing, which is not the same as saying nothing.
 */
export function parseIfMatch(header: string | undefined): IfMatch {
  if (header === undefined) return undefined;
  if (header.trim() === "*") return "any";
  if (!LIST.test(header)) throw invalid("header.If-Match", 'expected * or a list of entity tags such as "3"');
  return Array.from(header.matchAll(STRONG_REVISION), (match) => Number(match[1]));
}
