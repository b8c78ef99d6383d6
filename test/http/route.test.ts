import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type Sample, startSample } from "./sample-app.ts";

let sample: Sample;
beforeAll(async () => {
  sample = await startSample();
});
afterAll(async () => await sample.close());
beforeEach(() => sample.forget());

const alice = { authorization: "Bearer alice" };

describe("Lists", () => {
  test("a page's token opens the next page, and the last has none", async () => {
    const first = await sample.send({ path: "/v1/things?page_size=1", headers: alice });
    const token = String(first.json["next_page_token"]);
    const second = await sample.send({ path: `/v1/things?page_token=${token}`, headers: alice });
    expect(second.json).toEqual({ items: [{ id: "2" }], next_page_token: "" });
    expect(sample.calls).toMatchObject([{ page: { after: "", size: 1 } }, { page: { after: "one", size: 50 } }]);
  });

  test("a page's token is nobody else's", async () => {
    const first = await sample.send({ path: "/v1/things", headers: alice });
    const path = `/v1/things?page_token=${String(first.json["next_page_token"])}`;
    expect((await sample.send({ path, headers: { authorization: "Bearer bob" } })).status).toBe(400);
    expect((await sample.send({ path: `${path}x`, headers: alice })).status).toBe(400);
  });

  test.each([["0"], ["101"], ["-1"], ["1.5"], ["1e1"], ["ten"], [""], ["01"]])(
    "page_size=%s is refused",
    async (size) => {
      expect((await sample.send({ path: `/v1/things?page_size=${size}`, headers: alice })).status).toBe(400);
    },
  );

  test("page_size goes to 100 and is given once", async () => {
    expect((await sample.send({ path: "/v1/things?page_size=100", headers: alice })).status).toBe(200);
    expect((await sample.send({ path: "/v1/things?page_size=1&page_size=2", headers: alice })).status).toBe(400);
  });
});
