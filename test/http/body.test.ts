import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
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

describe("Bodies", () => {
  test.each([["application/json"], ["application/json; charset=utf-8"], ["APPLICATION/JSON ;x=y"]])(
    "%s is JSON",
    async (type) => {
      const answer = await sample.send({ ...make, headers: { ...json, "content-type": type }, body: good });
      expect(answer.status).toBe(201);
      expect(sample.calls).toMatchObject([{ caller: { subject: "alice" }, body: { name: "One" } }]);
    },
  );

  const wrong: [string, number, string, string | Buffer][] = [
    ["an unknown member", 400, "INVALID_REQUEST", '{"name":"One","admin":true}'],
    ["an unknown member of the prototype's name", 400, "INVALID_REQUEST", '{"name":"One","__proto__":{}}'],
    ["a wrong type", 400, "INVALID_REQUEST", '{"name":1}'],
    ["null, which is not the same as absent", 400, "INVALID_REQUEST", '{"name":"One","slug":null}'],
    ["a missing member", 400, "INVALID_REQUEST", "{}"],
    ["an array", 400, "INVALID_REQUEST", '[{"name":"One"}]'],
    ["a JSON value that is no object", 400, "INVALID_REQUEST", "null"],
    ["malformed JSON", 400, "MALFORMED_JSON", '{"name":'],
    ["bytes that are not UTF-8", 400, "MALFORMED_JSON", Buffer.from('{"name":"\xff"}', "latin1")],
    ["nothing", 400, "INVALID_REQUEST", ""],
    ["white space", 400, "MALFORMED_JSON", " "],
    ["a name of white space", 400, "INVALID_REQUEST", '{"name":" "}'],
    ["a name with white space at its end", 400, "INVALID_REQUEST", '{"name":"One "}'],
    ["a name with a control character", 400, "INVALID_REQUEST", String.raw`{"name":"O\u0000ne"}`],
    ["a name with a lone surrogate", 400, "INVALID_REQUEST", String.raw`{"name":"O\ud800ne"}`],
    ["a name one character too long", 400, "INVALID_REQUEST", JSON.stringify({ name: "x".repeat(201) })],
    ["a slug in upper case", 400, "INVALID_REQUEST", '{"name":"One","slug":"One"}'],
    ["a slug of 101 characters", 400, "INVALID_REQUEST", JSON.stringify({ name: "One", slug: "x".repeat(101) })],
  ];
  test.each(wrong)("%s is refused with %i %s", async (_what, status, code, body) => {
    const answer = await sample.send({ ...make, headers: json, body });
    expect([answer.status, answer.json["code"]]).toEqual([status, code]);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.text).not.toMatch(/at .*\.ts|node_modules/);
    expect(sample.calls).toEqual([]);
  });

  test("a name of 200 characters that are two code units each is not too long, and a slug of 100 neither", async () => {
    const body = JSON.stringify({ name: "\u{1f600}".repeat(200), slug: "x".repeat(100) });
    expect((await sample.send({ ...make, headers: json, body })).status).toBe(201);
  });

  test("the problem says where it does not fit", async () => {
    const { json: document } = await sample.send({ ...make, headers: json, body: '{"name":1,"x":2}' });
    expect(document).toMatchObject({ type: "/docs#INVALID_REQUEST", status: 400 });
    expect(document["issues"]).toEqual([
      { path: "body.name", message: expect.any(String) },
      { path: "body", message: expect.stringContaining('"x"') },
    ]);
  });

  test.each([
    ["nothing", "", "body: required: expected a JSON object"],
    ["no name", "{}", "body.name: required: expected string"],
    ["an unknown member", '{"name":"One","nmae":1}', 'body: unknown member "nmae"; known: slug, name'],
    ["a slug in upper case", '{"name":"One","slug":"One"}', "body.slug: expected 1 to 100 of a-z, 0-9 and -"],
  ])("%s is told in words: %s", async (_what, body, words) => {
    const { json: document } = await sample.send({ ...make, headers: json, body });
    expect(document["issues"]).toHaveLength(1);
    expect(document["detail"]).toBe(`${words}.`);
  });

  test("the detail names the first issue, and says how many more there are", async () => {
    const { json: document } = await sample.send({
      ...make,
      headers: json,
      body: '{"name":" One","slug":"One","x":1}',
    });
    expect(document["detail"]).toMatch(/^body\.slug: expected 1 to 100 .+\. And 2 more: see "issues"\.$/);
  });

  test.each([["text/plain"], ["application/jsonp"], ["application/x-www-form-urlencoded"]])(
    "%s is 415",
    async (type) => {
      const answer = await sample.send({ ...make, headers: { ...json, "content-type": type }, body: good });
      expect([answer.status, answer.json["code"]]).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"]);
    },
  );

  test("no Content-Type is 415, and so is a compressed body", async () => {
    expect((await sample.send({ ...make, headers: alice, body: good })).status).toBe(415);
    const headers = { ...json, "content-encoding": "gzip" };
    expect((await sample.send({ ...make, headers, body: good })).status).toBe(415);
  });

  test("a body of the limit is read, one byte more is 413, announced or not, and the connection lives on", async () => {
    const padded = (size: number): string => good.padEnd(size, " ");
    expect((await sample.send({ ...make, headers: json, body: padded(LIMITS.bodyBytes) })).status).toBe(201);
    const large = padded(LIMITS.bodyBytes + 1);
    const announced = await sample.send({ ...make, headers: json, body: large });
    expect([announced.status, announced.json["code"]]).toEqual([413, "BODY_TOO_LARGE"]);
    const chunked = await sample.send({ ...make, headers: { ...json, "transfer-encoding": "chunked" }, body: large });
    expect(chunked.status).toBe(413);
    expect(sample.calls).toHaveLength(1);
  });

  test("where none is needed, none and {} are the same, and anything else is refused", async () => {
    const retire = { method: "POST", path: "/v1/things/one/retire" };
    expect((await sample.send({ ...retire, headers: alice })).status).toBe(200);
    expect((await sample.send({ ...retire, headers: json, body: "{}" })).status).toBe(200);
    expect((await sample.send({ ...retire, headers: json, body: '{"force":true}' })).status).toBe(400);
    expect((await sample.send({ ...retire, headers: json, body: "[]" })).status).toBe(400);
    expect((await sample.send({ ...retire, headers: json, body: "null" })).status).toBe(400);
  });

  test("AuthZEN ignores unknown members, and everything that is no JSON is 400", async () => {
    const ask = { method: "POST", path: "/access/v1/sample" };
    const body = '{"question":"?","more":1}';
    const answer = await sample.send({ ...ask, headers: json, body });
    expect([answer.status, answer.json]).toEqual([200, { decision: false }]);
    expect(sample.calls).toMatchObject([{ body: { question: "?" } }]);
    const plain = { ...json, "content-type": "text/plain" };
    expect((await sample.send({ ...ask, headers: plain, body })).status).toBe(400);
    expect((await sample.send({ ...ask, headers: alice, body })).status).toBe(400);
    expect((await sample.send({ ...ask, headers: json, body: "" })).status).toBe(400);
    expect((await sample.send({ ...ask, headers: json, body: "[]" })).status).toBe(400);
  });
});
