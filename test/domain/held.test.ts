import { describe, expect, test } from "@jest/globals";
import { hold } from "../../src/domain/held.ts";

const PATIENT_MS = 60_000;

/** Work that goes on until it is told to end. */
function work(): { readonly goesOn: Promise<void>; readonly end: () => void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  return { goesOn: promise.then(() => undefined), end: () => resolve(undefined) };
}

describe("What is held", () => {
  test("stays the same for who has begun with it, and is the next one for who begins later", async () => {
    const held = hold("first", PATIENT_MS);
    const { goesOn, end } = work();
    const early = held.use(async (value) => {
      await goesOn;
      return value;
    });
    const unused = held.replace("second");
    expect([held.current, await held.use(async (value) => await Promise.resolve(value))]).toEqual(["second", "second"]);
    end();
    expect(await early).toBe("first");
    await unused;
  });

  test("is needed no more when the last who began with it has ended, also by an error, and not before", async () => {
    const held = hold("first", PATIENT_MS);
    const [one, other] = [work(), work()];
    const ends: string[] = [];
    const failing = held.use(async () => {
      await one.goesOn;
      throw new Error("failed");
    });
    const working = held.use(async () => await other.goesOn);
    const unused = held.replace("second").then(() => ends.push("unused"));
    one.end();
    await expect(failing).rejects.toThrow("failed");
    ends.push("one ended");
    other.end();
    await Promise.all([working, unused]);
    expect(ends).toEqual(["one ended", "unused"]);
  });

  test("that nobody uses is needed no more at once", async () => {
    await hold("first", PATIENT_MS).replace("second");
  });

  test("is not waited for without end", async () => {
    const held = hold("first", 1);
    const { goesOn, end } = work();
    const working = held.use(async () => await goesOn);
    await held.replace("second");
    end();
    await working;
  });
});
