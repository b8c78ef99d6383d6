/** What the ledger keeps of a body that came with an Idempotency-Key. */
import { describe, expect, test } from "@jest/globals";
import { createHash, createHmac } from "node:crypto";
import { createFingerprints } from "../../src/domain/fingerprints.ts";
import type { Idempotency } from "../../src/entities/callers.ts";
import type { MasterKey } from "../../src/entities/master-keys.ts";

const OLD: MasterKey = { id: "k1", secret: Buffer.alloc(32, 1) };
const NEW: MasterKey = { id: "k2", secret: Buffer.alloc(32, 2) };
const SENT: Idempotency = { key: "once", route: "post /v1/organizations", body: '{"pin":"1234"}' };

describe("A fingerprint", () => {
  const fingerprints = createFingerprints([OLD]);
  const of = (sent: Idempotency): string => fingerprints.of(sent);
  const fits = (made: string, sent: Idempotency): boolean | null => fingerprints.fits(made, sent);

  test("fits its request, and none with another body, another key or another route", () => {
    const made = of(SENT);
    expect(fits(made, { ...SENT })).toBe(true);
    for (const other of [{ body: '{"pin":"1235"}' }, { key: "twice" }, { route: "post /v1/me" }]) {
      expect(fits(made, { ...SENT, ...other })).toBe(false);
      expect(of({ ...SENT, ...other })).not.toBe(made);
    }
  });

  test("is nothing that can be computed without the master key", () => {
    const text = of(SENT).split(".")[2] ?? "";
    const [hash, empty] = [createHash("sha256"), createHmac("sha256", "")];
    const guesses = [hash.update(SENT.body), empty.update(SENT.body)].map((each) => each.digest("base64url"));
    expect(text).toMatch(/^[\w-]{43}$/);
    expect([...guesses, createFingerprints([NEW]).of(SENT).split(".")[2]]).not.toContain(text);
  });

  test("is known again after the master key was rotated, by whoever has both; who has the new one alone cannot tell", () => {
    const before = of(SENT);
    const both = createFingerprints([NEW, OLD]);
    const after = both.of(SENT);
    expect([before, after].map((each) => each.slice(0, 5))).toEqual(["1.k1.", "1.k2."]);
    expect([both.fits(before, SENT), both.fits(after, SENT), both.fits(before, { ...SENT, body: "{}" })]).toEqual([
      ...[true, true, false],
    ]);
    expect([createFingerprints([NEW]).fits(before, SENT), fits(after, SENT)]).toEqual([null, null]);
  });

  test("of before there were any, a hash without a key, is known as well", () => {
    const unkeyed = createHash("sha256").update(SENT.body).digest("base64url");
    expect([fits(unkeyed, SENT), fits(unkeyed, { ...SENT, body: "{}" })]).toEqual([true, false]);
  });
});
