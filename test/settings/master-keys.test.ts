import { describe, expect, test } from "@jest/globals";
import { readConfig } from "../../src/config.ts";
import { problemsOf } from "../support/settings.ts";

describe("MASTER_KEYS", () => {
  const [one, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const key = (id: string, secret: Buffer): string => `${id}:${secret.toString("base64")}`;

  test("are read in their order; none are set where the secret is enough", () => {
    const { masterKeys } = readConfig({ MASTER_KEYS: `${key("k2", other)}, ${key("k1", one)}` });
    expect(masterKeys.map(({ id, secret }) => [id, Buffer.from(secret)])).toEqual([
      ["k2", other],
      ["k1", one],
    ]);
    expect(readConfig({}).masterKeys).toEqual([]);
  });

  test.each([
    ["no id", one.toString("base64")],
    ["an id of other letters", key("K1", one)],
    ["31 bytes", key("k1", one.subarray(1))],
    ["33 bytes", key("k1", Buffer.alloc(33, 1))],
    ["no base64", `k1:${"!".repeat(43)}=`],
    ["an id twice", `${key("k1", one)},${key("k1", other)}`],
    ["a comma too many", `${key("k1", one)},`],
  ])("with %s are refused, and are not repeated", (_what, set) => {
    const [problem = "", ...others] = problemsOf({ MASTER_KEYS: set });
    expect([problem, others]).toEqual([expect.stringMatching(/^MASTER_KEYS: expected <id>:<32 bytes in base64>/), []]);
    expect(problem).not.toContain(one.toString("base64").slice(0, 8));
  });

  test("cannot have the id of one that is made of BAILIWICK_SECRET", () => {
    expect(problemsOf({ MASTER_KEYS: key("secret-1", one) })).toEqual([
      "MASTER_KEYS: ids that begin with secret- are those that are made of BAILIWICK_SECRET",
    ]);
  });
});
