import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { createLog, naming } from "../../src/http/log.ts";
import { DECIDING, type Sample, startSample } from "./sample-app.ts";

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
      unit: DECIDING.unit, // of which it was answered, whatever is served when it is logged
    });
    expect(line).not.toMatch(/secret-slug|alice|Bearer/);
    expect(sample.lines.filter((other) => other.includes("r-3"))).toHaveLength(1);
  });

  test("and a refusal's line tells no more", async () => {
    const headers = { ...alice, "x-request-id": "r-4" };
    await sample.send({ path: "/v1/things/%zz?token=alice", headers });
    expect(await sample.lineWith("r-4")).not.toMatch(/alice|%zz/);
  });

  test("a defect's line names the unit as well", async () => {
    sample.throws = new Error("it broke");
    await sample.send({ path: "/v1/things/one", headers: { ...alice, "x-request-id": "r-5" } });
    expect(JSON.parse(await sample.lineWith("it broke"))).toMatchObject({ requestId: "r-5", unit: DECIDING.unit });
  });

  test("has the unit that is served in every line, once there is one; what is about another names that", () => {
    const lines: string[] = [];
    let served: string | undefined;
    const log = naming(createLog("info", { write: (line: string) => lines.push(line) }), () => served);
    log.info({ event: "waiting" }, "waiting");
    served = "first";
    log.warn({ event: "relay.stopped" }, "relay.stopped");
    served = "second";
    log.error({ unit: "first" }, "answered");
    log.info({}, "policies.served");
    expect(lines.map((line) => (JSON.parse(line) as { unit?: string }).unit)).toEqual([
      undefined,
      "first",
      "first",
      "second",
    ]);
    expect([log.isLevelEnabled("info"), log.isLevelEnabled("trace")]).toEqual([true, false]);
  });
});
