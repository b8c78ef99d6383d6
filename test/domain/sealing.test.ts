/** How secrets are kept in the ledger. */
import { describe, expect, test } from "@jest/globals";
import { createSealing, masterKeyOf } from "../../src/domain/sealing.ts";
import { AppError } from "../../src/entities/errors.ts";
import type { MasterKey, SealedPlace } from "../../src/entities/master-keys.ts";

const OLD: MasterKey = { id: "k1", secret: Buffer.alloc(32, 1) };
const NEW: MasterKey = { id: "k2", secret: Buffer.alloc(32, 2) };
const PLACE: SealedPlace = { purpose: "signing key", organization: "org-1", owner: "app-1", row: "key-1" };
const SECRET = Buffer.from("what nobody reads");

/** What the log would have of it. */
function refusalOf(open: () => unknown): string {
  try {
    open();
  } catch (error) {
    if (error instanceof AppError && error.code === "CANNOT_DECIDE" && error.cause instanceof Error) {
      expect(error.message).not.toContain("k1");
      return error.cause.message;
    }
    throw error;
  }
  throw new Error("it opened");
}

describe("What is sealed", () => {
  test("opens at its place, and says by which key it is sealed and nothing else", () => {
    const sealing = createSealing([OLD]);
    const sealed = sealing.seal(SECRET, PLACE);
    expect(sealed).toMatch(/^1\.k1\.[A-Za-z0-9_-]+$/);
    expect(Buffer.from(sealed.split(".")[2] ?? "", "base64url").includes(SECRET)).toBe(false);
    expect(Buffer.from(sealing.open(sealed, PLACE))).toEqual(SECRET);
    expect(sealing.seal(SECRET, PLACE)).not.toBe(sealed);
  });

  test.each<[string, Partial<SealedPlace>]>([
    ["purpose", { purpose: "sector secret" }],
    ["organization", { organization: "org-2" }],
    ["owner", { owner: "app-2" }],
    ["row", { row: "key-2" }],
    ["row that the owner's name runs into", { owner: "app-1key", row: "-1" }],
  ])("does not open with another %s", (_which, other) => {
    const sealing = createSealing([OLD]);
    const sealed = sealing.seal(SECRET, PLACE);
    expect(refusalOf(() => sealing.open(sealed, { ...PLACE, ...other }))).toMatch(/sealed for another place/);
  });

  test("opens with the older of two master keys, and the newer one seals", () => {
    const before = createSealing([OLD]).seal(SECRET, PLACE);
    const both = createSealing([NEW, OLD]);
    expect(Buffer.from(both.open(before, PLACE))).toEqual(SECRET);
    const after = both.seal(SECRET, PLACE);
    expect([after.split(".")[1], both.newest]).toEqual(["k2", "k2"]);
    expect(["k1", "k2", "k3"].filter((id) => both.knows(id))).toEqual(["k1", "k2"]);
    expect(Buffer.from(createSealing([NEW]).open(after, PLACE))).toEqual(SECRET);
  });

  test("does not open where its master key is gone, or another one has its name", () => {
    const sealed = createSealing([OLD]).seal(SECRET, PLACE);
    expect(refusalOf(() => createSealing([NEW]).open(sealed, PLACE))).toMatch(/no master key k1 is configured/);
    const impostor = createSealing([{ ...NEW, id: "k1" }]);
    expect(refusalOf(() => impostor.open(sealed, PLACE))).toMatch(/with another key/);
  });

  test("by the secret of a gateway says by which one", () => {
    const [one, other] = ["one secret", "another secret"].map(masterKeyOf);
    expect([one?.id, other?.id]).toEqual([masterKeyOf("one secret").id, expect.stringMatching(/^secret-[0-9a-f]{8}$/)]);
    expect(one?.id).not.toBe(other?.id);
  });

  test("does not open when a character of it has changed, or is missing", () => {
    const sealing = createSealing([OLD]);
    const sealed = sealing.seal(SECRET, PLACE);
    for (let at = "1.k1.".length; at < sealed.length; at += 1) {
      const changed = sealed[at] === "A" ? "B" : "A";
      const other = sealed.slice(0, at) + changed + sealed.slice(at + 1);
      if (Buffer.from(other.slice(5), "base64url").equals(Buffer.from(sealed.slice(5), "base64url"))) continue; // its last bits mean nothing
      expect(refusalOf(() => sealing.open(other, PLACE))).toMatch(/has changed since/);
    }
    for (const cut of ["", "1.k1.", sealed.slice(0, 30), sealed.slice(2), `2${sealed.slice(1)}`, `${sealed}=`]) {
      expect(refusalOf(() => sealing.open(cut, PLACE))).toMatch(/a secret of the ledger/);
    }
  });
});
