import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type Sample, startSample } from "./sample-app.ts";

let sample: Sample;
beforeAll(async () => {
  sample = await startSample();
});
afterAll(async () => await sample.close());
beforeEach(() => sample.forget());

const alice = { authorization: "Bearer alice" };

describe("The log", () => {
  test("has one line for an answer: the pattern, and neither path, token nor body", async () => {
    const headers = { ...alice, "content-type": "application/json", "x-request-id": "r-3" };
    await sample.send({ method: "POST", path: "/v1/things/secret-slug/retire", headers, body: "{}" });
    const line = await sample.lineWith("r-3");
    expect(JSON.parse(line)).toMatchObject({
      requestId: "r-3",
      method: "POST",
      route: "/v1/things/:slug/retire",
      status: 200,
      durationMs: expect.any(Number),
    });
    expect(line).not.toMatch(/secret-slug|alice|Bearer/);
    expect(sample.lines.filter((other) => other.includes("r-3"))).toHaveLength(1);
  });

  test("and a refusal's line tells no more", async () => {
    const headers = { ...alice, "x-request-id": "r-4" };
    await sample.send({ path: "/v1/things/%zz?token=alice", headers });
    expect(await sample.lineWith("r-4")).not.toMatch(/alice|%zz/);
  });
});
