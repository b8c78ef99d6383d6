import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { DECIDING, type Sample, startSample } from "./sample-app.ts";

let sample: Sample;
beforeAll(async () => {
  sample = await startSample();
});
afterAll(async () => await sample.close());
beforeEach(() => sample.forget());

const alice = { authorization: "Bearer alice" };
const make = { method: "POST", path: "/v1/things" };

describe("Who calls", () => {
  test("is asked before a body is read", async () => {
    const answer = await sample.send({ ...make, body: '{"name":' });
    expect([answer.status, answer.json["code"]]).toEqual([401, "TOKEN_MISSING"]);
    expect(answer.headers["www-authenticate"]).toBe('Bearer realm="bailiwick"');
  });

  test("and the call knows it, with the request's id", async () => {
    await sample.send({ path: "/v1/things/one", headers: { ...alice, "x-request-id": "r-1" } });
    expect(sample.calls).toMatchObject([{ caller: { issuer: "urn:test", subject: "alice", requestId: "r-1" } }]);
  });
});

describe("The policy unit", () => {
  test.each([
    ["an answer", "/v1/things/one", 200],
    ["a refusal", "/v1/things/One", 400],
    ["who is not known", "/v1/things/one", 401],
    ["an open answer", "/livez", 200],
  ])("by which it was answered is a header of every operation's answers: %s", async (_of, path, status) => {
    const answer = await sample.send({ path, ...(status !== 401 && { headers: alice }) });
    expect([answer.status, answer.headers["bailiwick-policy-unit"]]).toEqual([status, DECIDING.unit]);
  });

  test("also of those that fail", async () => {
    sample.throws = new Error("a defect");
    const answer = await sample.send({ path: "/v1/things/one", headers: alice });
    expect([answer.status, answer.headers["bailiwick-policy-unit"]]).toEqual([500, DECIDING.unit]);
  });

  test("where no operation was found nothing was answered by any", async () => {
    for (const sent of [
      { path: "/v1/nothing" },
      { method: "PUT", path: "/livez" },
      { method: "OPTIONS", path: "/livez" },
    ]) {
      expect((await sample.send(sent)).headers["bailiwick-policy-unit"]).toBeUndefined();
    }
  });
});

describe("Paths, methods and queries", () => {
  test.each([["/v1/nothing"], ["/v1/things/"], ["/V1/things"], ["/"], ["/v1/things/one/two/three"]])(
    "%s is no route: 404 without a token",
    async (path) => {
      const answer = await sample.send({ path });
      expect([answer.status, answer.json["code"]]).toEqual([404, "NO_SUCH_ROUTE"]);
    },
  );

  test("a method that a path does not know is 405, and Allow says which it knows", async () => {
    const answer = await sample.send({ method: "PUT", path: "/v1/things/one" });
    expect([answer.status, answer.json["code"]]).toEqual([405, "METHOD_NOT_ALLOWED"]);
    expect(answer.headers.allow).toBe("GET, HEAD, DELETE, OPTIONS");
    expect((await sample.send({ method: "OPTIONS", path: "/livez" })).headers.allow).toBe("GET, HEAD, OPTIONS");
  });

  test.each([["/v1/things/%zz"], ["/v1/things/%ff"], ["/v1/things/One"], ["/v1/things/a%2Fb"], ["/v1/things/%00"]])(
    "%s is a bad id: 400",
    async (path) => {
      const answer = await sample.send({ path, headers: alice });
      expect([answer.status, answer.json["code"]]).toEqual([400, "INVALID_REQUEST"]);
      expect(sample.calls).toEqual([]);
    },
  );

  test.each([["?x=1"], ["?x"], ["?__proto__=1"], ["?page_size=1"]])(
    "%s is an unknown query parameter",
    async (query) => {
      expect((await sample.send({ path: `/v1/things/one${query}`, headers: alice })).status).toBe(400);
      expect((await sample.send({ path: `/livez${query}` })).status).toBe(400);
    },
  );

  test.each([
    ["/v1/things?size=1", 'query: unknown parameter "size"; known: page_size, page_token'],
    ["/v1/things/one?x=1", 'query: unknown parameter "x"; there is none'],
    ["/v1/things?page_size=1&page_size=2", "query.page_size: given more than once; expected once at most"],
    ["/v1/things/One", "path.slug: expected 1 to 100 of a-z, 0-9 and -"],
  ])("%s is told in words", async (path, words) => {
    const answer = await sample.send({ path, headers: alice });
    expect([answer.status, answer.json["detail"]]).toEqual([400, `${words}.`]);
  });

  test("HEAD answers as GET, without the body", async () => {
    const answer = await sample.send({ method: "HEAD", path: "/v1/things/one", headers: alice });
    expect([answer.status, answer.headers.etag, answer.text]).toEqual([200, '"7"', ""]);
  });
});
