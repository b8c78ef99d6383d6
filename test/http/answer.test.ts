import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type Sample, startSample } from "./sample-app.ts";

let sample: Sample;
beforeAll(async () => {
  sample = await startSample();
});
afterAll(async () => await sample.close());
beforeEach(() => sample.forget());

const alice = { authorization: "Bearer alice" };
const json = { ...alice, "content-type": "application/json" };
const make = { method: "POST", path: "/v1/things" };
const good = '{"name":"One"}';

describe("Answers", () => {
  test("a revision is the ETag, in no body, and a list's items carry theirs", async () => {
    const one = await sample.send({ path: "/v1/things/one", headers: alice });
    expect([one.headers.etag, one.json]).toEqual(['"7"', { slug: "one", state: "enabled" }]);
    const all = await sample.send({ path: "/v1/things", headers: alice });
    expect(all.json["items"]).toEqual([{ slug: "one", state: "enabled", etag: '"7"' }]);
    expect(all.headers.etag).toBeUndefined();
  });

  test("what the caller has already is 304", async () => {
    const fresh = await sample.send({ path: "/v1/things/one", headers: { ...alice, "if-none-match": '"7"' } });
    expect([fresh.status, fresh.text]).toEqual([304, ""]);
    const asked = async (tags: string, more = {}): Promise<number> =>
      (await sample.send({ path: "/v1/things/one", headers: { ...alice, "if-none-match": tags, ...more } })).status;
    expect(await asked('"6"')).toBe(200);
    expect(await asked('"6", W/"7"')).toBe(304);
    expect(await asked("*")).toBe(304);
    expect(await asked('"7"', { "cache-control": "no-cache" })).toBe(304); // as fetch sends it
  });

  test("what was made says where it is", async () => {
    const { status, headers } = await sample.send({ ...make, headers: json, body: good });
    expect([status, headers.location, headers.etag]).toEqual([201, "/v1/things/one", '"7"']);
    expect(headers["bailiwick-graph"]).toBeUndefined();
  });

  test("a change whose tuples are on their way says so", async () => {
    sample.graph = "pending";
    expect((await sample.send({ ...make, headers: json, body: good })).headers["bailiwick-graph"]).toBe("pending");
    const gone = await sample.send({ method: "DELETE", path: "/v1/things/one", headers: alice });
    expect([gone.status, gone.text, gone.headers["bailiwick-graph"]]).toEqual([204, "", "pending"]);
  });

  test("nothing is stored on the way, nothing names the server, and helmet's headers are there", async () => {
    const { headers } = await sample.send({ path: "/v1/things/one", headers: alice });
    expect(headers).toMatchObject({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    expect(headers["content-security-policy"]).toContain("default-src 'self'");
    expect(headers["x-powered-by"]).toBeUndefined();
  });

  test("If-Match reaches the rule, and a malformed one is 400", async () => {
    const path = "/v1/things/one/retire";
    await sample.send({ method: "POST", path, headers: { ...alice, "if-match": ['"3"', '"4"'] } });
    expect(sample.calls).toMatchObject([{ ifMatch: [3, 4] }]);
    const answer = await sample.send({ method: "POST", path, headers: { ...alice, "if-match": "3" } });
    expect([answer.status, answer.json["code"]]).toEqual([400, "INVALID_REQUEST"]);
  });
});
