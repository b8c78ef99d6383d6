/** Which promises (PROMISES.md) have to have a test in this folder. */

const SUDOMIMUS = Array.from({ length: 42 }, (_none, index) => `S0.${index + 1}`);

/** Of the other documents, those that the central checks and the host's own kinds keep. */
const IDENTSPHERE = ["S2.13", "S2.14"];
const CDT = ["S3.1", "S3.2", "S3.4", "S3.5", "S3.7", "S3.8", "S3.9", "S3.10", "S3.12"];

export const REQUIRED: readonly string[] = [...SUDOMIMUS, ...IDENTSPHERE, ...CDT];

/** The promises that a test's title names. */
export function promisesIn(title: string): string[] {
  return [...new Set(title.match(/\bS[0-3]\.[0-9]+\b/g))];
}
