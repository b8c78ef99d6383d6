import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { DECIDING, GRAPH_STATUS, type Sample, startSample } from "./sample-app.ts";

let sample: Sample;
beforeAll(async () => {
  sample = await startSample();
});
afterAll(async () => await sample.close());
beforeEach(() => sample.forget());

describe("Health", () => {
  test("livez asks nobody", async () => {
    const answer = await sample.send({ path: "/livez" });
    expect([answer.status, answer.json]).toEqual([200, { status: "alive" }]);
  });

  const down = async (): Promise<never> => await Promise.reject(new Error("down"));
  const silent = async (): Promise<never> => await new Promise<never>(() => undefined);

  test.each([
    ["down", down],
    ["silent", silent],
  ] as const)("OpenFGA %s: degraded, but ready", async (_how, check) => {
    const before = sample.checks.openfga;
    sample.checks.openfga = check;
    const answer = await sample.send({ path: "/readyz" });
    sample.checks.openfga = before;
    const engines = { postgres: "up", cerbos: "up", openfga: "down" };
    const policies = { ...DECIDING, served: DECIDING.unit };
    expect([answer.status, answer.json]).toEqual([200, { status: "degraded", engines, policies, graph: GRAPH_STATUS }]);
    expect((await sample.send({ path: "/readyz" })).json["status"]).toBe("ready");
  });

  test.each([
    ["postgres", down],
    ["cerbos", silent],
  ] as const)("without %s: 503", async (engine, check) => {
    const before = { ...sample.checks };
    Object.assign(sample.checks, { [engine]: check });
    const answer = await sample.send({ path: "/readyz" });
    Object.assign(sample.checks, before);
    expect([answer.status, answer.json["status"]]).toEqual([503, "unavailable"]);
    expect(answer.json["engines"]).toMatchObject({ [engine]: "down", openfga: "up" });
  });

  test.each([
    ["another unit", "fedcba9876543210"],
    ["none that it knows of", null],
  ])("a Cerbos that serves %s: 503, and both are told", async (_what, served) => {
    const before = sample.checks.cerbos;
    sample.checks.cerbos = async () => await Promise.resolve(served);
    const answer = await sample.send({ path: "/readyz" });
    sample.checks.cerbos = before;
    expect([answer.status, answer.json["status"]]).toEqual([503, "unavailable"]);
    expect(answer.json["engines"]).toMatchObject({ cerbos: "up" });
    expect(answer.json["policies"]).toEqual({ ...DECIDING, served });
  });

  test.each([
    ["kept", { isFailing: false, refuses: true }, 200],
    ["failing, but checks go on", { isFailing: true, refuses: false }, 200],
    ["failing, and checks are refused", { isFailing: true, refuses: true }, 503],
  ])("the decision log %s: it says so, with the right status", async (_how, status, expected) => {
    sample.decisionLog = status;
    const answer = await sample.send({ path: "/readyz" });
    expect([answer.status, answer.json["decisionLog"]]).toEqual([expected, status.isFailing ? "failing" : "kept"]);
  });

  test("about to stop: 503 whatever the engines say, and each answer asks for the connection's end; requests are answered still", async () => {
    const leaving = await startSample();
    const kept = await leaving.send({ path: "/livez", headers: { Connection: "keep-alive" } });
    expect(kept.headers.connection).toBe("keep-alive");
    leaving.drain.begin();
    const ready = await leaving.send({ path: "/readyz" });
    expect([ready.status, ready.json]).toEqual([503, { status: "draining" }]);
    const answer = await leaving.send({ path: "/livez", headers: { Connection: "keep-alive" } });
    expect([answer.status, answer.headers.connection]).toEqual([200, "close"]);
    await leaving.close();
  });
});
