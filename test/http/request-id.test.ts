import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type Sample, startSample } from "./sample-app.ts";

let sample: Sample;
beforeAll(async () => {
  sample = await startSample();
});
afterAll(async () => await sample.close());
beforeEach(() => sample.forget());

describe("The request's id", () => {
  test.each([["r-1"], ["!~"], ["x".repeat(128)]])("%s is echoed exactly", async (id) => {
    expect((await sample.send({ path: "/livez", headers: { "x-request-id": id } })).headers["x-request-id"]).toBe(id);
  });

  test.each([["with space"], ["x".repeat(129)], ["caf\u00e9"], [""]])("%s is replaced", async (id) => {
    const { headers } = await sample.send({ path: "/livez", headers: { "x-request-id": id } });
    expect(headers["x-request-id"]).toMatch(/^[0-9a-z]{20}$/);
  });

  test("is made when absent, and no two are alike; refusals carry it too", async () => {
    const [one, other] = [await sample.send({ path: "/livez" }), await sample.send({ path: "/nowhere" })];
    expect(one.headers["x-request-id"]).not.toBe(other.headers["x-request-id"]);
  });
});
