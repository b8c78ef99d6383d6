import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { AppError } from "../../src/entities/errors.ts";
import { type Sample, startSample } from "./sample-app.ts";

let sample: Sample;
beforeAll(async () => {
  sample = await startSample();
});
afterAll(async () => await sample.close());
beforeEach(() => sample.forget());

const alice = { authorization: "Bearer alice" };

describe("Refusals and defects", () => {
  const reasons = [{ code: "NOT_SOLE_OWNER", owners: 2 }, { code: "CHILDREN_ENABLED" }];

  test("a matrix refuses with 403, a floor with 409, and the code is the first reason's", async () => {
    const remedies = [{ for: "NOT_SOLE_OWNER", message: "Ask.", owners: 2 }];
    sample.throws = new AppError("DENIED", "No.", { refusedBy: "matrix", reasons, remedies });
    const matrix = await sample.send({ path: "/v1/things/one", headers: alice });
    expect(matrix.status).toBe(403);
    expect(matrix.json).toMatchObject({ code: "NOT_SOLE_OWNER", detail: "No.", status: 403, reasons, remedies });
    expect(matrix.json["type"]).toBe("/docs#NOT_SOLE_OWNER");
    sample.throws = new AppError("DENIED", "No.", { refusedBy: "floor", reasons: reasons.slice(1) });
    const floor = await sample.send({ path: "/v1/things/one", headers: alice });
    expect([floor.status, floor.json["code"]]).toEqual([409, "CHILDREN_ENABLED"]);
  });

  test.each([["CANNOT_DECIDE"], ["CONTENTION"]] as const)("%s is 503 and says when to try again", async (code) => {
    sample.throws = new AppError(code, "Try again.");
    const answer = await sample.send({ path: "/v1/things/one", headers: alice });
    expect([answer.status, answer.json["code"], answer.headers["retry-after"]]).toEqual([503, code, "1"]);
  });

  test("a thing that is at another revision is 412 and says at which", async () => {
    sample.throws = new AppError("PRECONDITION_FAILED", "It has changed.", { revision: 7 });
    const answer = await sample.send({ path: "/v1/things/one", headers: alice });
    expect([answer.status, answer.headers.etag]).toEqual([412, '"7"']);
  });

  test("a scope that is missing is 403 with a challenge", async () => {
    sample.throws = new AppError("SCOPE_MISSING", "Needed.");
    const answer = await sample.send({ path: "/v1/things/one", headers: alice });
    expect([answer.status, answer.headers["www-authenticate"]]).toEqual([
      403,
      'Bearer realm="bailiwick", error="insufficient_scope"',
    ]);
  });

  test("a defect is 500: the log tells what the answer does not", async () => {
    sample.throws = Object.assign(new Error("boom"), { detail: "Key (alias)=(alice) exists" });
    const answer = await sample.send({ path: "/v1/things/one", headers: { ...alice, "x-request-id": "r-2" } });
    expect([answer.status, answer.json["code"]]).toEqual([500, "INTERNAL"]);
    expect(answer.text).not.toContain("boom");
    const defect = await sample.lineWith("boom");
    expect(defect).toContain("r-2");
    expect(defect).not.toContain("Key (alias)");
  });
});
